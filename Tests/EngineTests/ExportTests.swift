// The engine and the kernel's routes: what is told when, in which order, and to whom.

import BGP
import Engine
import Model
import Redistribution
import Testing
import World

/// An engine with one VIP and one rule, driven by hand, with two route servers.
final class Exporting {
  static let local = IPv4Address(10, 0, 2, 10)

  private var engine: Engine
  private var outputs: Outputs
  private(set) var now = Instant(nanoseconds: 1_000_000_000)
  private(set) var plan: Plan
  private(set) var alarms: [Alarm] = []
  /// The last number of each dump that was asked for.
  private var asked: [UInt8: UInt32] = [:]

  init(
    limit: Int = 500, grace: Nanoseconds = .zero, allow: String = "10.0.0.0/8",
    udr: Plan.UDR? = nil, mode: Plan.TableMode? = nil, azure: Plan.Azure? = nil,
    drain: Nanoseconds = .zero
  ) throws {
    let vip = IPAddress.v4(EngineStage.vip)
    var web = Plan.VIP(
      name: "web", prefixes: [try #require(Prefix(vip, length: 32))],
      owner: .init(address: vip, interfaces: []))
    web.udr = udr
    plan = Plan(
      local: .init(asn: ASNumber(65001), address: Self.local, identifier: Self.local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)], drain: drain),
      vips: [web],
      redistributions: [
        Plan.Redistribution(
          name: "branches", allow: [.init(try #require(Prefix(allow)), 9...24)], prepend: 1,
          limit: limit, grace: grace, tablesMode: mode)
      ], azure: azure)
    engine = Engine(plan, seed: 1)
    outputs = Outputs(for: plan)
    give(.opened(.interfaces, port: KernelMessages.port))
    let links = try dump(.links)
    give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try dump(.addresses)
    give(.kernel(.interfaces), KernelMessages.address(Self.local, on: 2, .dump(addresses)))
    give(.kernel(.interfaces), KernelMessages.done(addresses))
    #expect(outputs.list.contains(.subscribe(.routes)))
  }

  @discardableResult
  func give(_ input: Input, _ bytes: [UInt8] = []) -> [WireUpdate] {
    outputs.removeAll()
    engine.handle(input, bytes.span, at: now, into: &outputs)
    for case .note(.alarm(let alarm)) in outputs.list { alarms.append(alarm) }
    for case .dump(let what, let sequence) in outputs.list { asked[what.rawValue] = sequence }
    return told(PeerSlot(0))
  }

  func dump(_ what: DumpRequest) throws -> UInt32 {
    guard let sequence = asked[what.rawValue] else { throw Missing.dump(what) }
    return sequence
  }

  enum Missing: Error { case dump(DumpRequest) }

  /// The routes that the kernel lists, by their second octet.
  func list(_ routes: [UInt8]) throws {
    give(.kernel(.routes), KernelMessages.done(try dump(.nextHops)))
    let sequence = try dump(.ipv4Routes)
    for route in routes {
      give(.kernel(.routes), KernelMessages.route(route, .dump(sequence)))
    }
    give(.kernel(.routes), KernelMessages.done(sequence))
    give(.kernel(.routes), KernelMessages.done(try dump(.ipv6Routes)))
    give(.drained(.routes))
  }

  func route(_ second: UInt8, isGone: Bool = false) {
    give(.kernel(.routes), KernelMessages.route(second, isGone: isGone))
    give(.drained(.routes))
  }

  /// The same, and more stands in the socket.
  func routeOfMany(_ second: UInt8, isGone: Bool = false) {
    give(.kernel(.routes), KernelMessages.route(second, isGone: isGone))
  }

  func establish(_ peer: PeerSlot) {
    give(.connected(peer))
    let open = WireMessage.writeOpen(
      asn: RouteServer.asn, holdTime: 180, identifier: IPv4Address(10, 10, 1, 4),
      families: [.ipv4])
    give(.received(ConnectionSlot(peer, .outgoing)), open + WireMessage.writeKeepalive())
  }

  /// UPDATEs to a peer that are no volleys.
  func told(_ peer: PeerSlot) -> [WireUpdate] {
    outputs.list.flatMap { output -> [WireUpdate] in
      guard case .send(let slot, let piece) = output, slot.peer == peer else { return [] }
      var stream = Array(outputs.bytes[piece])
      return WireMessage.take(from: &stream).compactMap {
        if case .update(let update) = $0.message { update } else { nil }
      }
    }
  }

  /// Time passes, and both route servers say that they are there.
  func pass(_ length: Nanoseconds) -> [WireUpdate] {
    let end = now + length
    var updates: [WireUpdate] = []
    while let due = engine.deadline, due <= end {
      now = max(now, due)
      updates += give(.turn)
    }
    now = end
    return updates
  }

  /// Time passes, and nobody looks.
  func wait(_ length: Nanoseconds) { now = now + length }

  /// Another Plan takes over; the answer is what the first route server is told at once.
  func reload(_ change: (inout Plan) -> Void) -> [WireUpdate] {
    var next = plan
    change(&next)
    let kept = engine.sessionsKept(for: next, hasSamePassword: true)
    outputs.removeAll()
    engine.retire(for: next, keeping: kept, at: now, into: &outputs)
    #expect(outputs.list.isEmpty)
    outputs = Outputs(for: next)
    var successor = Engine(next, succeeding: &engine, keeping: kept, at: now, into: &outputs)
    swap(&engine, &successor)
    plan = next
    asked = [:]
    for case .dump(let what, let sequence) in outputs.list { asked[what.rawValue] = sequence }
    return told(PeerSlot(0)) + pass(.zero)
  }

  var hasClosedRoutes: Bool { outputs.list.contains(.unsubscribe(.routes)) }

  var volleys: Int {
    outputs.list.count { if case .fire = $0 { true } else { false } }
  }

  var total: Int { engine.exports.total }

  var tables: TableRoutes { engine.tableRoutes }

  /// As if the state went into another process.
  func transplant() -> Bool {
    var other = Engine(plan, seed: 1)
    let isGood = other.restore(engine.state())
    engine = other
    return isGood
  }
}

struct ExportTests {
  private static let start: [UInt8] = [64, 65, 66]

  private func ready(_ routes: [UInt8] = start, grace: Nanoseconds = .zero) throws -> Exporting {
    let exporting = try Exporting(grace: grace)
    exporting.establish(PeerSlot(0))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list(routes)
    return exporting
  }

  private func texts(_ prefixes: [Prefix]) -> [String] { prefixes.map(\.description) }

  @Test func whatTheKernelHasIsOneUPDATEAndThenTheEnd() throws {
    let exporting = try ready()
    let updates = exporting.pass(.milliseconds(100))
    #expect(updates.count == 2)
    #expect(texts(updates[0].announced) == ["10.64.0.0/16", "10.65.0.0/16", "10.66.0.0/16"])
    #expect(updates[0].path == [65001, 65001])
    #expect(updates[0].nextHop == .v4(Exporting.local))
    #expect(updates[1].isEndOfRIB)
    #expect(exporting.pass(.milliseconds(100)).isEmpty)
    // Another route server hears the same, with its own end.
    exporting.establish(PeerSlot(1))
    exporting.give(.turn)
    #expect(exporting.told(PeerSlot(1)).map(\.announced.count) == [3])
    exporting.give(.turn)
    #expect(exporting.told(PeerSlot(1)).map(\.isEndOfRIB) == [true])
  }

  @Test func aBurstIsOneUPDATEAndAFlickerNone() throws {
    let exporting = try ready()
    _ = exporting.pass(.milliseconds(100))
    for second in UInt8(100)..<150 { exporting.route(second) }
    exporting.route(64, isGone: true)
    exporting.route(65, isGone: true)
    exporting.route(65)
    #expect(exporting.pass(.milliseconds(9)).isEmpty)
    let updates = exporting.pass(.milliseconds(10))
    #expect(updates.map(\.announced.count) == [0, 50])
    #expect(texts(updates[0].withdrawn) == ["10.64.0.0/16"])
  }

  /// Its grace is over, and its return may stand in the socket.
  @Test func nothingIsTakenBackBeforeTheSocketIsEmpty() throws {
    let exporting = try ready(grace: .seconds(5))
    _ = exporting.pass(.milliseconds(100))
    exporting.route(64, isGone: true)
    exporting.route(65, isGone: true)
    _ = exporting.pass(.seconds(4))
    exporting.wait(.milliseconds(999))
    exporting.routeOfMany(80)
    #expect(exporting.pass(.milliseconds(20)).isEmpty)
    exporting.route(64)
    let updates = exporting.pass(.milliseconds(20))
    #expect(updates.flatMap { texts($0.withdrawn) } == ["10.65.0.0/16"])
    // A flood without end does not put it off for ever.
    exporting.routeOfMany(66, isGone: true)
    exporting.wait(.seconds(5))
    exporting.routeOfMany(81)
    #expect(exporting.pass(.zero).flatMap { texts($0.withdrawn) } == ["10.66.0.0/16"])
  }

  @Test func aStaleViewChangesNothing() throws {
    let exporting = try ready()
    _ = exporting.pass(.milliseconds(100))
    exporting.give(.overrun(.routes))
    exporting.routeOfMany(64, isGone: true)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    exporting.give(.drained(.routes))
    try exporting.list([65, 67])
    let updates = exporting.pass(.milliseconds(100))
    #expect(updates.flatMap { texts($0.withdrawn) } == ["10.64.0.0/16", "10.66.0.0/16"])
    #expect(updates.flatMap { texts($0.announced) } == ["10.67.0.0/16"])
  }

  /// While a VIP moves nothing else leaves, and the very next turn says the rest.
  @Test func aShiftComesFirst() throws {
    let exporting = try ready()
    _ = exporting.pass(.milliseconds(100))
    exporting.route(70)
    exporting.give(
      .kernel(.interfaces), KernelMessages.address(EngineStage.vip, on: 2))
    #expect(exporting.volleys == 1)
    #expect(exporting.told(PeerSlot(0)).isEmpty)
    #expect(exporting.pass(.milliseconds(20)).map(\.announced.count) == [1])
    // Both are due in one turn: the address has been away for the grace of a claim, and a route
    // has waited for its delay.
    exporting.give(
      .kernel(.interfaces), KernelMessages.address(EngineStage.vip, on: 2, isGone: true))
    // With an address routes may go without a word: they are listed anew.
    _ = exporting.pass(.seconds(2))
    try exporting.list([64, 65, 66, 70])
    let delay = Plan.Redistribution.usualDelay
    _ = exporting.pass(Ladder.grace - .seconds(2) - delay)
    exporting.route(71)
    exporting.wait(delay)
    exporting.give(.turn)
    #expect(exporting.volleys == 1)
    #expect(exporting.told(PeerSlot(0)).isEmpty)
    exporting.give(.turn)
    #expect(exporting.volleys == 0)
    #expect(exporting.told(PeerSlot(0)).map(\.announced.count) == [1])
  }

  /// A fallback waits for the proof that a VIP's volley was acknowledged, and that is only there
  /// when nothing else is under way.
  @Test func aProofIsNotPutOff() throws {
    let prefix = try #require(Prefix(.v4(EngineStage.vip), length: 32))
    let exporting = try Exporting(udr: Plan.UDR(mode: .fallback, prefixes: [prefix]))
    exporting.establish(PeerSlot(0))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64])
    #expect(exporting.pass(.milliseconds(500)).isEmpty)
    exporting.give(.acknowledged(ConnectionSlot(PeerSlot(0), .outgoing)))
    #expect(exporting.pass(.milliseconds(1)).map(\.announced.count) == [1, 0])
    exporting.give(
      .kernel(.interfaces), KernelMessages.address(EngineStage.vip, on: 2))
    exporting.route(70)
    #expect(exporting.pass(.milliseconds(500)).isEmpty)
    exporting.give(.acknowledged(ConnectionSlot(PeerSlot(0), .outgoing)))
    #expect(exporting.pass(.milliseconds(1)).map(\.announced.count) == [1])
  }

  @Test func whoIsSlowIsToldLess() throws {
    let exporting = try ready()
    _ = exporting.pass(.milliseconds(100))
    let slot = ConnectionSlot(PeerSlot(0), .outgoing)
    exporting.give(.held(slot))
    exporting.route(70)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    exporting.route(70, isGone: true)
    exporting.route(71)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    exporting.give(.taken(slot))
    let updates = exporting.pass(.milliseconds(1))
    // What it never heard of is not withdrawn.
    #expect(updates.map { texts($0.announced) } == [["10.71.0.0/16"]])
    #expect(updates.allSatisfy { $0.withdrawn.isEmpty })
  }

  @Test func everythingAgainWhenItIsAsked() throws {
    let exporting = try ready()
    _ = exporting.pass(.milliseconds(100))
    exporting.give(
      .received(ConnectionSlot(PeerSlot(0), .outgoing)), WireMessage.writeRefresh())
    #expect(exporting.pass(.milliseconds(100)).map(\.announced.count) == [3])
  }

  @Test func theStateGoesOnElsewhere() throws {
    let exporting = try ready(grace: .seconds(5))
    _ = exporting.pass(.milliseconds(100))
    exporting.route(64, isGone: true)
    _ = exporting.pass(.seconds(1))
    #expect(exporting.transplant())
    #expect(exporting.total == 3)
    #expect(exporting.pass(.seconds(3)).isEmpty)
    let updates = exporting.pass(.seconds(2))
    #expect(updates.flatMap { texts($0.withdrawn) } == ["10.64.0.0/16"])
  }

  @Test func whatThereIsNoRoomForIsAnAlarmOnce() throws {
    let exporting = try Exporting(limit: 2)
    exporting.establish(PeerSlot(0))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list(Self.start)
    _ = exporting.pass(.seconds(1))
    exporting.route(80)
    _ = exporting.pass(.seconds(1))
    #expect(exporting.alarms == [.routesLeftOut(RuleSlot(0), count: 1)])
    #expect(exporting.total == 2)
  }

  @Test func withoutASessionNobodyIsTold() throws {
    let exporting = try Exporting()
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list(Self.start)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    #expect(exporting.total == 3)
  }
}
