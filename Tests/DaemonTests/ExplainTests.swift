// The answers to `explain`, from an engine that has lived through what they tell of.

import Chronicle
import Control
import Engine
import Failover
import Model
import Testing
import World

@testable import Daemon

/// A daemon without route servers that are there, and the links its hosts are known by.
private final class Explained {
  private let driver: Driver
  private var kernel = FakeKernel(port: 7)
  private(set) var now = Instant.zero + .seconds(1_000)

  init(_ plan: Plan, links: [String], addresses: [IPv4Address] = []) {
    driver = Driver(plan, seed: 5)
    for (place, name) in links.enumerated() {
      kernel.set(KernelLink(index: UInt32(place + 2), name: name))
    }
    for address in addresses {
      kernel.add(KernelAddress(interface: 2, address: address, prefixLength: 32))
    }
    kernel.open()
    take(driver.feed(.opened(.interfaces, port: kernel.port), at: now))
    while kernel.hasDumpRunning || kernel.isReadable {
      if kernel.hasDumpRunning { kernel.continueDump() }
      read()
    }
  }

  private func read() {
    while case .datagram(let bytes, _) = kernel.read() {
      take(driver.feed(.kernel(.interfaces), bytes, at: now))
    }
    take(driver.feed(.drained(.interfaces), at: now))
  }

  private func take(_ effects: [Effect]) {
    for case .dump(let what, let sequence) in effects {
      kernel.request(what, sequence: sequence)
    }
  }

  func link(_ index: UInt32, _ name: String, isUp: Bool) {
    kernel.set(KernelLink(index: index, name: name, isUp: isUp))
    read()
  }

  func add(_ address: IPv4Address) {
    kernel.add(KernelAddress(interface: 2, address: address, prefixLength: 32))
    read()
  }

  func remove(_ address: IPv4Address) {
    kernel.remove(KernelAddress(interface: 2, address: address, prefixLength: 32))
    read()
  }

  func feed(_ input: Input) { take(driver.feed(input, at: now)) }

  func pass(_ length: Nanoseconds) {
    let end = now + length
    while let due = driver.deadline, due <= end {
      now = max(now, due)
      take(driver.feed(.turn, at: now))
    }
    now = end
  }

  /// The records of one type, each as the values of these fields.
  func said(_ type: String, _ fields: String...) -> [String] {
    guard let request = try? Request(id: "ask", verb: .explain, words: ["web"]) else { return [] }
    let answer = ExplainReport.answer(request, driver.engine, at: now)
    return answer.split(separator: 10).compactMap { line in
      guard let record = try? Record(line: Array(line).span) else { return "no record" }
      guard record.type == type else { return nil }
      return fields.map { field -> String in
        switch record[field] {
        case .string(let text)?: text
        case .integer(let count)?: "\(count)"
        case .boolean(let isSo)?: "\(isSo)"
        case .null?: "-"
        default: "?"
        }
      }.joined(separator: " | ")
    }
  }

  func refused(_ words: [String]) throws -> String {
    let request = try Request(id: "ask", verb: .explain, words: words)
    return String(
      decoding: ExplainReport.answer(request, driver.engine, at: now), as: UTF8.self)
  }
}

@Suite struct ExplainTests {
  private static let local = IPv4Address(10, 0, 2, 10)
  private static let vip = IPv4Address(10, 1, 0, 5)

  private static func plan(
    _ role: Plan.Role, hosts: [(String, [Plan.Evidence], Plan.Requirement)] = [],
    selfHost: Int? = nil, isInGroup: Bool = false, failback: Nanoseconds? = .seconds(60)
  ) throws -> Plan {
    var targets: [Plan.Target] = []
    var planned: [Plan.Host] = []
    for (place, host) in hosts.enumerated() {
      let first = targets.count
      for evidence in host.1 {
        targets.append(Plan.Target(host: HostSlot(place), evidence: evidence))
      }
      planned.append(
        Plan.Host(
          name: host.0, address: IPv4Address(10, 0, 2, UInt8(31 + place)),
          isSelf: place == selfHost, targets: first..<targets.count, requirement: host.2))
    }
    var plan = Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4), IPv4Address(10, 0, 1, 5)], damping: .azure),
      vips: [
        Plan.VIP(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))], role: role,
          candidates: planned.indices.map {
            Plan.Candidate(host: HostSlot($0), nextHop: planned[$0].address)
          }, failback: failback)
      ])
    plan.hosts = planned
    plan.targets = targets
    if isInGroup {
      plan.group = Plan.Group(
        peers: [IPv4Address(10, 0, 2, 20)], address: local, keyFile: "/nowhere")
    }
    return plan
  }

  private static func links(_ count: Int, failback: Nanoseconds? = .seconds(60)) throws -> Explained
  {
    let names = (1...count).map { "eth\($0)" }
    let hosts = try names.enumerated().map { place, name in
      ("ws\(place + 1)", [Plan.Evidence.link(try #require(InterfaceName(name)))], .all)
        as (String, [Plan.Evidence], Plan.Requirement)
    }
    return Explained(
      try plan(.watcher(rank: 100), hosts: hosts, failback: failback), links: names)
  }

  @Test func aWatcher() throws {
    let daemon = try Self.links(3)
    #expect(
      daemon.said(
        "explain", "state", "host", "next-hop", "because", "decided-by",
        "next-cause") == [
          "watching | ws1 | 10.0.2.31 | that is what was found at the start "
            + "| the first candidate that is well; nobody else is asked | ws1 going down"
        ])
    #expect(
      daemon.said("evidence", "host", "health", "require", "evidence", "state", "since-ms") == [
        "ws1 | up | all | link eth1 | up | 0", "ws2 | up | all | link eth2 | up | 0",
        "ws3 | up | all | link eth3 | up | 0",
      ])
    #expect(
      daemon.said("alternative", "when", "host", "next-hop") == [
        "if ws1 goes down | ws2 | 10.0.2.32", "if ws1 and ws2 go down | ws3 | 10.0.2.33",
      ])
    daemon.link(3, "eth2", isUp: false)
    daemon.pass(.seconds(3))
    #expect(
      daemon.said("alternative", "when", "host") == [
        "if ws1 goes down and ws2 comes up | ws2", "if ws1 goes down | ws3",
      ])
    daemon.link(2, "eth1", isUp: false)
    #expect(
      daemon.said("explain", "host", "because") == ["ws3 | link eth1 does not run"])
    daemon.pass(.seconds(7))
    #expect(
      daemon.said("evidence", "host", "health", "state", "since-ms") == [
        "ws1 | down | down | 7000", "ws2 | down | down | 10000", "ws3 | up | up | 10000",
      ])
    // The way back waits for both.
    daemon.link(2, "eth1", isUp: true)
    #expect(
      daemon.said("wait", "what", "for-ms") == [
        "changes that can wait, by the platform's damping window | 23000",
        "the return to a better host or owner | 60000",
      ])
    #expect(
      daemon.said("alternative", "when", "host").first
        == "once ws1 has been up for 60 s, or if ws3 goes down while it is up | ws1")
  }

  @Test func aWatcherThatNeverGoesBack() throws {
    let daemon = try Self.links(2, failback: nil)
    daemon.link(2, "eth1", isUp: false)
    daemon.link(2, "eth1", isUp: true)
    #expect(
      daemon.said("alternative", "when", "host") == ["if ws2 goes down while ws1 is up | ws1"])
  }

  @Test func nothingIsUp() throws {
    let daemon = try Self.links(1)
    daemon.link(2, "eth1", isUp: false)
    #expect(daemon.said("explain", "host") == ["ws1"])
    let stranger = try daemon.refused(["api"])
    #expect(stranger.contains("there is no VIP called api; there are "), "\(stranger)")
    #expect(try daemon.refused([]).contains("explain takes one VIP"))
  }

  @Test func anAddress() throws {
    let owner = Plan.Owner(address: .v4(Self.vip), interfaces: [], settle: .zero)
    let daemon = Explained(try Self.plan(.address(owner)), links: ["eth0"])
    daemon.pass(.seconds(1))
    #expect(
      daemon.said("explain", "state", "next-hop", "decided-by") == [
        "standby | 10.0.2.10 | who has the address 10.1.0.5; nobody else is asked"
      ])
    #expect(
      daemon.said("alternative", "when", "rung") == [
        "once 10.1.0.5 comes to this machine | takeover-1"
      ])
    daemon.add(Self.vip)
    #expect(daemon.said("explain", "state", "rung") == ["active | takeover-1"])
    #expect(
      daemon.said("alternative", "when", "rung") == [
        "if 10.1.0.5 leaves and comes back | takeover-3"
      ])
    daemon.remove(Self.vip)
    #expect(
      daemon.said("wait", "what", "for-ms").contains(
        "the step down, in case the address comes back | 5000"))
  }

  @Test func anOwnerInAGroup() throws {
    let up = Plan.Evidence.link(try #require(InterfaceName("eth1")))
    let plan = try Self.plan(
      .healthy(Plan.HealthyOwner(rank: 7)), hosts: [("self", [up], .any)], selfHost: 0,
      isInGroup: true)
    let daemon = Explained(plan, links: ["eth1"])
    #expect(
      daemon.said("speaker", "speaker", "state", "rank", "wants") == [
        "this machine | alive | 7 | true", "10.0.2.20 | never heard | 255 | false",
      ])
    #expect(
      daemon.said("wait", "what").contains("claims, until the other speakers were heard"))
    #expect(
      daemon.said("alternative", "when") == [
        "if whoever claims it falls silent, is not well, or is worse in rank"
      ])
    daemon.pass(.seconds(1))
    #expect(
      daemon.said("explain", "state", "decided-by", "next-cause") == [
        "active | health, then rank 7; claims are told by hello "
          + "| self going down, or a speaker of better rank being well for long enough"
      ])
    // What it claims is above everybody: there is nothing else that it would say now.
    #expect(daemon.said("alternative", "when") == [])
  }

  @Test func anOwnerInBalance() throws {
    let up = Plan.Evidence.link(try #require(InterfaceName("eth1")))
    let owner = Plan.HealthyOwner(isBalanced: true)
    let plan = try Self.plan(
      .healthy(owner), hosts: [("self", [up], .all)], selfHost: 0, isInGroup: true)
    let daemon = Explained(plan, links: ["eth1"])
    daemon.pass(.seconds(1))
    #expect(daemon.said("alternative", "when") == ["if self goes down"])
    #expect(daemon.said("explain", "next-cause") == ["self going down"])
    daemon.link(2, "eth1", isUp: false)
    #expect(daemon.said("alternative", "when") == ["once self is up"])
  }
}
