// When the engine speaks to its group: at once, at its pace, and not after its last word.

import Engine
import Hello
import Model
import Testing

/// An engine of one VIP and one fellow, whose kernel has been heard.
private final class Speaking {
  private static let local = IPv4Address(10, 0, 2, 10)
  static let interval = Nanoseconds.milliseconds(100)

  private var engine: Engine
  private var outputs: Outputs
  private(set) var now = Instant(nanoseconds: 1_000_000_000)

  init(vips: Int = 1) throws {
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: Speaking.local, identifier: Speaking.local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: try (0..<vips).map { place in
        let vip = IPAddress.v4(IPv4Address(10, 1, UInt8(place >> 8), UInt8(place & 255)))
        return Plan.VIP(
          name: "web\(place)", prefixes: [try #require(Prefix(vip, length: 32))],
          owner: .init(address: vip, interfaces: []))
      },
      group: .init(
        peers: [IPv4Address(10, 0, 2, 20)], address: Speaking.local, keyFile: "",
        interval: Speaking.interval))
    engine = Engine(plan, seed: 1, run: 7)
    outputs = Outputs(for: plan)
  }

  var deadline: Instant? { engine.deadline }

  /// The hellos that an input leads to.
  @discardableResult
  func give(_ input: Input, _ bytes: [UInt8] = []) throws -> [HelloHeader] {
    outputs.removeAll()
    engine.handle(input, bytes.span, at: now, into: &outputs)
    var headers: [HelloHeader] = []
    for case .hello(let piece) in outputs.list {
      let body = Array(outputs.bytes[piece])
      headers.append(try HelloReader(body.span).header)
    }
    return headers
  }

  /// Turns as often as the engine asks for it until `end`, and says when it spoke.
  func run(until end: Instant) throws -> [(at: Instant, header: HelloHeader)] {
    var said: [(at: Instant, header: HelloHeader)] = []
    while let next = engine.deadline, next <= end {
      now = max(now, next)
      for header in try give(.turn) { said.append((now, header)) }
    }
    now = end
    return said
  }

  private func dump(_ what: DumpRequest) throws -> UInt32 {
    for case .dump(what, let sequence) in outputs.list { return sequence }
    throw Missing.dump(what)
  }

  enum Missing: Error { case dump(DumpRequest) }

  func start() throws {
    try give(.opened(.interfaces, port: KernelMessages.port))
    let links = try dump(.links)
    try give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    try give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try dump(.addresses)
    try give(
      .kernel(.interfaces), KernelMessages.address(Speaking.local, on: 2, .dump(addresses)))
    try give(.kernel(.interfaces), KernelMessages.done(addresses))
  }
}

struct HelloNewsTests {
  @Test func theFirstHelloLeavesAtOnceAndTheOthersAtTheirPace() throws {
    let speaking = try Speaking()
    try speaking.start()
    let start = speaking.now
    #expect(speaking.deadline == start)
    let said = try speaking.run(until: start + .seconds(1))
    #expect(said.map(\.at) == (0...10).map { start + Speaking.interval * Int64($0) })
    #expect(said.map(\.header.sequence) == Array(1...11))
    #expect(said.allSatisfy { $0.header.start == 7 && $0.header.flags == [] })
  }

  @Test func whatThePlatformIsAboutToDoIsRelayed() throws {
    let speaking = try Speaking()
    try speaking.start()
    _ = try speaking.run(until: speaking.now + .milliseconds(250))
    let start = speaking.now
    var said = try speaking.give(.doomed(true))
    said += try speaking.run(until: start + .milliseconds(500)).map(\.header)
    #expect(said.count >= 5 && said.allSatisfy { $0.flags == [.doomed] })
    said = try speaking.give(.doomed(false))
    said += try speaking.run(until: start + .seconds(1)).map(\.header)
    #expect(said.count >= 5 && said.allSatisfy { $0.flags == [] })
    // Who leaves while it is doomed says both.
    _ = try speaking.give(.doomed(true))
    #expect(try speaking.give(.stop).map(\.flags) == [[.leaving, .doomed]])
  }

  @Test func nothingFollowsTheLastWord() throws {
    let speaking = try Speaking()
    try speaking.start()
    _ = try speaking.run(until: speaking.now + .milliseconds(250))
    #expect(try speaking.give(.stop).map(\.flags) == [.leaving])
    #expect(try speaking.run(until: speaking.now + .seconds(2)).isEmpty)
  }

  /// With more VIPs than a round tells of, each of its datagrams is a goodbye by itself.
  @Test func theLastWordIsOneRoundHoweverManyVIPsThereAre() throws {
    let speaking = try Speaking(vips: 600)
    try speaking.start()
    _ = try speaking.run(until: speaking.now + .milliseconds(50))
    let said = try speaking.give(.stop)
    #expect(said.count == HelloLimits.datagramsPerInterval)
    #expect(said.allSatisfy { $0.flags == [.leaving] })
    #expect(try speaking.run(until: speaking.now + .seconds(2)).isEmpty)
  }
}
