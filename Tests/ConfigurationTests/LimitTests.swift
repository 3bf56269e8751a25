// The limits of a Plan, and damaged files: an answer within bounds, never a trap.
import Configuration
import Foundation
import Model
import Testing
import YAML

struct LimitTests {
  /// So many host prefixes, from 10.0.0.0 upwards.
  private func prefixes(_ count: Int, from start: Int = 0) -> String {
    (start..<(start + count)).map { "\(IPv4Address(bits: 0x0a00_0000 + UInt32($0)))" }
      .joined(separator: ", ")
  }

  private func vips(_ lists: [String]) -> String {
    lists.enumerated().map { "v\($0): {prefixes: [\n\($1)], owner: {when: address}}" }
      .joined(separator: "\n  ")
  }

  private let generic = "platform: generic\n  asn: 65000\n  peers: [192.0.2.1, 192.0.2.2]"

  @Test func azureTakesHalfOfItsLimit() {
    let halves = [prefixes(1_500), prefixes(500, from: 1_500)]
    #expect(check(file(vips: vips(halves))).plan != nil)
    let over = [prefixes(1_500), prefixes(501, from: 1_500)]
    let report = check(file(vips: vips(over)))
    #expect(report.plan == nil)
    let errors = report.problems.filter { $0.severity == .error }
    #expect(
      errors.map(\.message) == [
        "2001 prefixes: when all move at once, Azure Route Server counts 2001 held + 2001 in the "
          + "UPDATE = 4002 routes and ends the session above 4000"
      ])
    #expect(errors.first?.suggestion == "keep to 2000 in all VIPs")
    #expect(errors.first?.position.line == 10)
    #expect(check(file(servers: generic, vips: vips(over))).plan != nil)
  }

  /// Those that were made before September 2025 may take a quarter of it.
  @Test func anOlderRouteServerTakesFewer() {
    func warnings(_ count: Int, _ servers: String? = nil) -> [String] {
      let vips = vips([prefixes(count)])
      let report = servers.map { check(file(servers: $0, vips: vips)) } ?? check(file(vips: vips))
      #expect(report.plan != nil)
      return report.problems.map(\.message).filter { $0.contains("prefixes: ") }
    }
    #expect(warnings(500) == [] && warnings(501, generic) == [])
    #expect(
      warnings(501) == [
        "501 prefixes: when all move at once, a Route Server from before September 2025, which "
          + "takes 1000 routes, ends the session"
      ])
  }

  @Test func aPlanHoldsSoManyPrefixes() throws {
    let half = PlanLimits.prefixes / 2
    let full = vips([prefixes(half), prefixes(half, from: half)])
    let plan = try #require(check(file(servers: generic, vips: full)).plan)
    #expect(plan.vips.map(\.prefixes.count) == [half, half])
    // The largest plan's own text is within the size of a file.
    #expect(check(Configuration.effective(plan)).plan == plan)
    let over = vips([prefixes(half), prefixes(half + 1, from: half)])
    #expect(
      check(file(servers: generic, vips: over)).problems.map(\.message).contains(
        "200001 prefixes; a plan holds at most 200000"))
    let one = vips([prefixes(PlanLimits.prefixes + 1)])
    #expect(
      check(file(servers: generic, vips: one)).problems.map(\.message) == [
        "takes at most 200000 entries; there are 200001"
      ] + check(file()).problems.map(\.message))
  }

  @Test func aPlanHoldsSoManyVIPs() {
    func text(_ count: Int) -> String {
      file(servers: generic, vips: vips((0..<count).map { prefixes(1, from: $0) }))
    }
    #expect(check(text(PlanLimits.vips)).plan?.vips.count == PlanLimits.vips)
    #expect(
      check(text(PlanLimits.vips + 1)).problems.map(\.message) == [
        "takes at most 10000 entries; there are 10001"
      ])
  }

  @Test func interfacesHaveALimit() {
    func text(_ count: Int) -> String {
      let names = (0..<count).map { "eth\($0)" }.joined(separator: ", ")
      return file(
        vips: "v: {prefixes: [10.1.0.5], owner: {when: address, interfaces: [\(names)]}}")
    }
    #expect(check(text(PlanLimits.interfacesPerVIP)).plan != nil)
    #expect(
      check(text(PlanLimits.interfacesPerVIP + 1)).problems.last?.message
        == "takes at most 16 entries; there are 17")
  }

  /// Hosts named h0, h1 and so on, each with so many probes.
  private func hosts(_ count: Int, probes: Int) -> String {
    let list = (0..<probes).map { "link: {interface: e\($0)}" }.joined(separator: ", ")
    return (0..<count).map { "h\($0): {address: 10.9.\($0 / 200).\($0 % 200), probes: [\(list)]}" }
      .joined(separator: "\n  ")
  }

  @Test func hostsAndProbesHaveALimit() {
    let vips = "v: {prefixes: [10.1.0.5], owner: {when: address}}"
    func errors(_ hosts: String) -> [String] {
      check(file(vips: vips, hosts: hosts)).problems.filter { $0.severity == .error }.map(\.message)
    }
    let most = PlanLimits.targets / PlanLimits.hosts
    #expect(errors(hosts(PlanLimits.hosts, probes: most)).isEmpty)
    #expect(
      errors(hosts(PlanLimits.hosts, probes: most + 1)) == [
        "1280 probes; a plan holds at most 1024"
      ])
    #expect(
      errors(hosts(PlanLimits.hosts + 1, probes: 1)) == [
        "takes at most 256 entries; there are 257"
      ])
    #expect(errors(hosts(1, probes: PlanLimits.targetsPerHost)).isEmpty)
    #expect(
      errors(hosts(1, probes: PlanLimits.targetsPerHost + 1)) == [
        "takes at most 16 entries; there are 17"
      ])
  }

  @Test func aVIPHasSoManyHosts() {
    func report(_ count: Int) -> ConfigurationReport {
      let names = (0..<count).map { "h\($0)" }.joined(separator: ", ")
      return check(
        file(
          vips: "v: {prefixes: [10.1.0.5], hosts: [\(names)]}", hosts: hosts(count, probes: 1)))
    }
    #expect(
      report(PlanLimits.candidatesPerVIP).plan?.vips[0].candidates.count
        == PlanLimits.candidatesPerVIP)
    #expect(
      report(PlanLimits.candidatesPerVIP + 1).problems.filter { $0.severity == .error }
        .map(\.message) == ["takes at most 8 entries; there are 9"])
  }

  /// An owner's own next hop needs a place among the hosts, which may be full.
  @Test func thisMachineNeedsAPlaceAmongTheHosts() throws {
    func report(_ count: Int) -> ConfigurationReport {
      check(
        file(
          vips: "v: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.3.10}}",
          hosts: hosts(count, probes: 0)))
    }
    let plan = try #require(report(PlanLimits.hosts - 1).plan)
    #expect(plan.hosts.count == PlanLimits.hosts)
    #expect(check(Configuration.effective(plan)).plan == plan)
    #expect(
      report(PlanLimits.hosts).problems.filter { $0.severity == .error }.map(\.message) == [
        "this machine needs a place among the hosts, and there are 256 others"
      ])
  }

  @Test func aFullPlanOfWatchersReadsBack() throws {
    let names = (0..<PlanLimits.candidatesPerVIP).map { "h\($0)" }.joined(separator: ", ")
    let vips = (0..<PlanLimits.vips).map {
      "v\($0): {prefixes: [\(prefixes(1, from: $0))], hosts: [\(names)], tie: t\($0 / 2)}"
    }
    let text = file(
      servers: generic, vips: vips.joined(separator: "\n  "),
      hosts: hosts(PlanLimits.hosts, probes: 4))
    let plan = try #require(check(text).plan)
    #expect(plan.vips.count == PlanLimits.vips)
    #expect(plan.vips.last?.tie == PlanLimits.vips / 2 - 1)
    #expect(check(Configuration.effective(plan)).plan == plan)
  }

  @Test func problemsHaveALimit() {
    let text = file() + (0..<5_000).map { "k\($0): 1\n" }.joined()
    let problems = check(text).problems
    #expect(problems.count == 1_001)
    // The 5,000 unknown keys and the warning that every file with a VIP has.
    #expect(problems.last?.message == "4001 more problems are not shown")
    #expect(problems.last?.severity == .error)
  }

  private static let examples = ["hopshift", "pair-healthy", "two-watchers"]

  @Test(arguments: examples)
  func everyTruncationOfAnExampleHasAnAnswer(name: String) throws {
    let bytes = try Documents.bytes("packaging/examples/\(name).yaml")
    for count in 0..<bytes.count { expectSound(Array(bytes[..<count])) }
  }

  @Test(arguments: 1...8, examples)
  func damagedExamplesHaveAnAnswer(seed: UInt64, name: String) throws {
    let bytes = try Documents.bytes("packaging/examples/\(name).yaml")
    let pieces = [
      "\t", "\n", ": ", "- ", "[", "]", "{", "}", "\"", "#", "asn", "0", "9", ".", "/", "'",
    ].map { Array($0.utf8) }
    var state = seed &* 0x9e37_79b9_7f4a_7c15
    func below(_ limit: Int) -> Int {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return Int((state &* 0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
    for _ in 0..<150 {
      var damaged = bytes
      for _ in 0...below(3) {
        let index = below(damaged.count)
        switch below(3) {
        case 0: damaged[index] = UInt8(below(128))
        case 1: damaged.remove(at: index)
        default: damaged.insert(contentsOf: pieces[below(pieces.count)], at: index)
        }
      }
      expectSound(damaged)
    }
  }

  /// A Plan exactly without errors, a rendering for each problem, and a Plan prints and reads back.
  private func expectSound(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let report = check(text)
    #expect((report.plan == nil) == report.problems.contains { $0.severity == .error })
    let printed = ProblemRenderer(file: "f", bytes: bytes).render(report.problems)
    #expect(printed.split(separator: "\n").count >= report.problems.count)
    if let plan = report.plan { #expect(check(Configuration.effective(plan)).plan == plan) }
  }
}
