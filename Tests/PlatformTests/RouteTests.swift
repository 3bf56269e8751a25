// Routes of an instance: the limit, what is dropped, the choice, and who is told.

import Model
import Platform
import Testing

@Suite struct RouteTests {
  private static func prefix(_ number: Int) -> Prefix {
    Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32(number))), length: 32)!
  }

  // MARK: The limit

  @Test func `routes held and those coming in count together, replaced ones twice`() {
    var bench = Bench(Bench.settings { $0.routeLimit = 4 })
    let key = bench.establish(Bench.a)
    for number in 0..<3 { bench.announce(Self.prefix(number), by: Bench.a, length: 1, on: key) }
    // Three are held, and one comes in: four.
    bench.announce(Self.prefix(0), by: Bench.a, length: 2, on: key)
    #expect(bench.downs == [])
    bench.announce(Self.prefix(3), by: Bench.a, length: 1, on: key)
    #expect(bench.downs == [])
    // Four are held; even one that replaces another is the fifth.
    bench.announce(Self.prefix(0), by: Bench.a, length: 3, on: key)
    #expect(bench.downs == ["4 routes and 1 more are over 4"])
    #expect(bench.notifications(on: key) == [.notification(code: 6, subcode: 1)])
    #expect(bench.programmed(Self.prefix(1)).isEmpty)
  }

  @Test func `the limit is each peer's own, and 0 is none`() {
    var bench = Bench(Bench.settings { $0.routeLimit = 2 })
    let a = bench.establish(Bench.a)
    let b = bench.establish(Bench.b)
    for number in 0..<2 {
      bench.announce(Self.prefix(number), by: Bench.a, length: 1, on: a)
      bench.announce(Self.prefix(number), by: Bench.b, length: 1, on: b)
    }
    #expect(bench.downs == [])
    var free = Bench(Bench.settings { $0.routeLimit = 0 })
    let key = free.establish(Bench.a)
    for number in 0..<300 { free.announce(Self.prefix(number), by: Bench.a, length: 1, on: key) }
    #expect(free.downs == [] && free.server.sessions.first?.held == 300)
  }

  // MARK: What is dropped

  @Test func `a path with 65515 in it is not taken, and takes the place of what stood`() {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    bench.announce(by: Bench.a, length: 1, on: key)
    bench.receive(
      Bench.announcement(by: Bench.a, length: 1) { $0.path = [65001, 65515] }, on: key)
    #expect(bench.programmed().isEmpty && bench.downs == [])
    var tolerant = Bench(Bench.settings { $0.dropsOwnASN = false })
    let other = tolerant.establish(Bench.a)
    tolerant.receive(
      Bench.announcement(by: Bench.a, length: 1) { $0.path = [65001, 65515] }, on: other)
    #expect(tolerant.programmed() == [.v4(Bench.a)])
  }

  @Test func `a withdrawal takes the route away, in either family`() throws {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    let six = try #require(Prefix("fd00::5/128"))
    let hop = try #require(IPv6Address("fd00:2::10"))
    bench.announce(by: Bench.a, length: 1, on: key)
    bench.receive(Bench.announcement(six, by: Bench.a, length: 1) { $0.hop = .v6(hop) }, on: key)
    #expect(bench.programmed(six) == [.v6(hop)])
    bench.receive(
      MessageWriter.withdrawal(Bench.vip) + MessageWriter.withdrawal(six), on: key)
    #expect(bench.programmed().isEmpty && bench.programmed(six).isEmpty)
  }

  @Test func `an announcement without a next hop ends the session`() {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    let hop = IPAddress.v6(IPv6Address(high: 0, low: 1))
    // An IPv4 prefix beside a next hop of IPv6 only.
    var bytes = Bench.announcement(by: Bench.a, length: 1) { $0.hop = hop }
    let prefix: [UInt8] = [32, 10, 1, 0, 5]
    bytes += prefix
    bytes[17] += UInt8(prefix.count)
    bench.receive(bytes, on: key)
    #expect(bench.downs.count == 1)
    #expect(bench.notifications(on: key).count == 1)
  }

  // MARK: The choice

  /// Announces from both and answers what is programmed.
  private func choice(
    _ quirks: (inout Quirks) -> Void = { _ in },
    a: (inout MessageWriter.Attributes) -> Void = { _ in },
    b: (inout MessageWriter.Attributes) -> Void = { _ in }
  ) -> [IPAddress] {
    var bench = Bench(Bench.settings(quirks))
    let first = bench.establish(Bench.a)
    let second = bench.establish(Bench.b)
    bench.receive(Bench.announcement(by: Bench.a, length: 2, a), on: first)
    bench.receive(Bench.announcement(by: Bench.b, length: 2, b), on: second)
    return bench.programmed()
  }

  private static let both: [IPAddress] = [.v4(Bench.a), .v4(Bench.b)]

  @Test func `the shorter path wins, equal ones are used side by side`() {
    #expect(choice() == Self.both)
    #expect(choice(b: { $0.path = [65001] }) == [.v4(Bench.b)])
    #expect(choice(a: { $0.path = [65001] }) == [.v4(Bench.a)])
    #expect(choice({ $0.ecmpWidth = 1 }) == [.v4(Bench.a)])
  }

  @Test func `one next hop of two peers is one next hop`() {
    #expect(choice(b: { $0.hop = .v4(Bench.a) }) == [.v4(Bench.a)])
  }

  @Test func `ORIGIN and MED count only where they are switched on`() {
    #expect(choice(b: { $0.origin = 2 }) == Self.both)
    #expect(choice({ $0.comparesOrigin = true }, b: { $0.origin = 2 }) == [.v4(Bench.a)])
    #expect(choice(a: { $0.med = 5 }) == Self.both)
    #expect(choice({ $0.comparesMED = true }, a: { $0.med = 5 }) == [.v4(Bench.b)])
  }

  @Test func `MEDs of different neighbours are not compared`() {
    let chosen = choice(
      { $0.comparesMED = true },
      a: {
        $0.path = [65002, 65001]
        $0.med = 5
      })
    #expect(chosen == Self.both)
  }

  @Test func `a shift by one UPDATE is one change from one to the other`() {
    var bench = Bench()
    let a = bench.establish(Bench.a)
    let b = bench.establish(Bench.b)
    bench.announce(by: Bench.a, length: 5, on: a)
    bench.announce(by: Bench.b, length: 4, on: b)
    let bests = bench.events.compactMap { event -> [IPAddress]? in
      if case .best(_, let hops, _) = event { hops } else { nil }
    }
    #expect(bests == [[.v4(Bench.a)], [.v4(Bench.b)]])
  }

  // MARK: Who is told

  @Test func `the best path goes to the others with 65515 in front and its next hop as it was`() {
    var bench = Bench()
    let a = bench.establish(Bench.a)
    let b = bench.establish(Bench.b)
    bench.clear()
    bench.announce(by: Bench.a, length: 2, on: a)
    guard case .update(let update)? = bench.sent(on: b).first else {
      Issue.record("b was not told")
      return
    }
    #expect(update.announced == [Bench.vip] && update.path == [65515, 65001, 65001])
    #expect(update.nextHop == Bench.a)
    #expect(bench.sent(on: a).isEmpty)
    bench.clear()
    bench.receive(MessageWriter.withdrawal(Bench.vip), on: a)
    guard case .update(let gone)? = bench.sent(on: b).first else {
      Issue.record("b was not told of the withdrawal")
      return
    }
    #expect(gone.withdrawn == [Bench.vip])
  }

  @Test func `one that passes nothing on programs, and tells its own prefixes alone`() {
    var settings = Bench.settings { $0.passesOn = false }
    settings.ownPrefixes = [Prefix("10.0.0.0/16")!]
    var bench = Bench(settings)
    let a = bench.establish(Bench.a)
    let b = bench.establish(Bench.b)
    bench.announce(by: Bench.a, length: 1, on: a)
    func told(_ bench: Bench) -> [Prefix] {
      bench.sent(on: b).flatMap { message -> [Prefix] in
        if case .update(let update) = message { update.announced } else { [] }
      }
    }
    #expect(told(bench) == settings.ownPrefixes && bench.programmed() == [.v4(Bench.a)])
    // Switched while it runs, it tells what it holds, once, and takes it back.
    bench.clear()
    bench.set("passes-on", "on")
    #expect(told(bench) == [Bench.vip] && bench.sent(on: a).isEmpty)
    bench.clear()
    bench.set("passes-on", "off")
    let withdrawn = bench.sent(on: b).flatMap { message -> [Prefix] in
      if case .update(let update) = message { update.withdrawn } else { [] }
    }
    #expect(withdrawn == [Bench.vip] && bench.sent(on: a).isEmpty)
    #expect(bench.programmed() == [.v4(Bench.a)])
  }

  @Test func `NO_ADVERTISE is programmed and told to nobody, unless the switch is off`() {
    for honours in [true, false] {
      var bench = Bench(Bench.settings { $0.honoursNoAdvertise = honours })
      let a = bench.establish(Bench.a)
      let b = bench.establish(Bench.b)
      bench.clear()
      bench.receive(
        Bench.announcement(by: Bench.a, length: 1) { $0.communities = [0xffff_ff02] }, on: a)
      #expect(bench.programmed() == [.v4(Bench.a)])
      #expect(bench.sent(on: b).isEmpty == honours)
    }
  }

  @Test func `a peer that comes later is told everything, and again when it asks`() {
    var settings = Bench.settings()
    settings.ownPrefixes = [Prefix("10.0.0.0/16")!]
    var bench = Bench(settings)
    let a = bench.establish(Bench.a)
    bench.announce(by: Bench.a, length: 1, on: a)
    let b = bench.establish(Bench.b)
    func told(_ bench: Bench) -> [Prefix] {
      bench.sent(on: b).flatMap { message -> [Prefix] in
        if case .update(let update) = message { update.announced } else { [] }
      }
    }
    #expect(told(bench) == [settings.ownPrefixes[0], Bench.vip])
    bench.clear()
    bench.receive(MessageWriter.refresh(ipv6: false), on: b)
    #expect(told(bench) == [settings.ownPrefixes[0], Bench.vip])
    bench.clear()
    bench.receive(MessageWriter.refresh(ipv6: true), on: b)
    #expect(told(bench) == [])
    // No End-of-RIB marks the end, as with Azure's.
    #expect(
      !bench.sent(on: b).contains {
        if case .update(let update) = $0 { update.isEndOfRIB } else { false }
      })
  }
}
