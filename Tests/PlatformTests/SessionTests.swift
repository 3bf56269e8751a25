// Sessions of an instance: who is let in, what is negotiated, how silence and nonsense end them.

import Model
import Platform
import Testing

@Suite struct SessionTests {
  @Test func `its OPEN is Azure's: no graceful restart, both families, four octets, refresh`() {
    var bench = Bench(Bench.settings { $0.holdTime = .seconds(180) })
    let key = bench.begin(Bench.a)!
    guard case .opening(let open)? = bench.sent(on: key).first else {
      Issue.record("no OPEN")
      return
    }
    #expect(open.asn == 65515 && open.holdTime == 180)
    #expect(open.identifier == IPv4Address(10, 0, 1, 4))
    #expect(open.fourOctet && open.refresh && open.ipv4 && open.ipv6)
    #expect(!open.gracefulRestart && !open.extended)
  }

  @Test func `each thing that is offered can be switched off`() {
    var bench = Bench(
      Bench.settings {
        $0.offersFourOctet = false
        $0.offersRefresh = false
        $0.offersIPv6 = false
      })
    let key = bench.begin(Bench.a)!
    guard case .opening(let open)? = bench.sent(on: key).first else {
      Issue.record("no OPEN")
      return
    }
    #expect(open.asn == 65515 && !open.fourOctet && !open.refresh && open.ipv4 && !open.ipv6)
  }

  @Test func `the shorter hold time is in force, and keepalives come at a third of it, jittered`() {
    var bench = Bench()
    let key = bench.establish(Bench.a, open: Bench.open(from: Bench.a, holdTime: 9))
    #expect(
      bench.events.contains(
        .sessionUp(peer: "a", holdTime: .seconds(9), families: [.ipv4, .ipv6])))
    bench.clear()
    var waits: [Nanoseconds] = []
    for _ in 0..<20 {
      guard let due = bench.server.deadline else { break }
      waits.append(due - bench.now)
      bench.pass(due - bench.now)
      bench.receive(MessageWriter.keepalive, on: key)
    }
    #expect(bench.sent(on: key) == Array(repeating: .keepalive, count: 20))
    #expect(waits.allSatisfy { $0 >= .milliseconds(2_250) && $0 <= .seconds(3) })
    #expect(Set(waits).count > 10)
  }

  @Test func `without jitter keepalives come at equal intervals, and our own interval is a bound`()
  {
    var bench = Bench(
      Bench.settings {
        $0.jitters = false
        $0.keepalive = .seconds(2)
      })
    _ = bench.establish(Bench.a)
    #expect(bench.server.deadline == bench.now + .seconds(2))
  }

  @Test func `a silent peer is dropped when the hold time is over, and its routes with it`() {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    bench.announce(by: Bench.a, length: 3, on: key)
    #expect(bench.programmed() == [.v4(Bench.a)])
    bench.clear()
    bench.pass(.seconds(29))
    #expect(bench.downs == [])
    bench.pass(.seconds(1))
    #expect(bench.downs == ["hold timer expired"])
    #expect(bench.notifications(on: key) == [.notification(code: 4, subcode: 0)])
    #expect(bench.programmed().isEmpty)
  }

  @Test func `hold time 0 is no hold time`() {
    var bench = Bench()
    _ = bench.establish(Bench.a, open: Bench.open(from: Bench.a, holdTime: 0))
    #expect(bench.server.deadline == nil)
  }

  @Test(arguments: [(Int64(2), Int64(3)), (9, 30)])
  func `a hold time that is too short is refused`(asked: Int64, least: Int64) {
    var bench = Bench(Bench.settings { $0.shortestHoldTime = .seconds(least) })
    let key = bench.begin(Bench.a, open: Bench.open(from: Bench.a, holdTime: asked))!
    #expect(bench.notifications(on: key) == [.notification(code: 2, subcode: 6)])
  }

  @Test func `a wrong AS number and our own identifier are refused`() {
    var bench = Bench()
    var key = bench.begin(Bench.a, open: Bench.open(from: Bench.a, asn: 65002))!
    #expect(bench.notifications(on: key) == [.notification(code: 2, subcode: 2)])
    key = bench.begin(Bench.a, open: Bench.open(from: IPv4Address(10, 0, 1, 4)))!
    #expect(bench.notifications(on: key) == [.notification(code: 2, subcode: 3)])
  }

  @Test func `a stranger and a second connection are refused`() {
    var bench = Bench()
    #expect(bench.begin(IPv4Address(10, 0, 2, 99)) == nil)
    _ = bench.establish(Bench.a)
    #expect(bench.begin(Bench.a) == nil)
    let reasons = bench.events.compactMap { event in
      if case .refused(_, let reason) = event { reason } else { nil }
    }
    #expect(reasons == ["no such peer", "it has a connection"])
  }

  @Test func `a message out of turn ends the session with the state in it`() {
    var bench = Bench()
    let early = bench.server.accepted(from: Bench.a, at: bench.now)!
    bench.receive(MessageWriter.keepalive, on: early)
    #expect(bench.notifications(on: early) == [.notification(code: 5, subcode: 1)])
    let key = bench.establish(Bench.b)
    bench.receive(Bench.open(from: Bench.b), on: key)
    #expect(bench.notifications(on: key) == [.notification(code: 5, subcode: 3)])
  }

  @Test func `bytes that are no message end it`() {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    bench.receive([UInt8](repeating: 0, count: 19), on: key)
    #expect(bench.notifications(on: key) == [.notification(code: 1, subcode: 1)])
    #expect(bench.downs.count == 1)
  }

  // MARK: Both sides connect

  /// The key of a connection that the instance began.
  private func connecting(_ bench: inout Bench) throws -> ConnectionKey {
    bench.pass(.seconds(1))
    let keys: [ConnectionKey] = bench.outputs.compactMap {
      if case .connect(let key, Bench.a) = $0 { key } else { nil }
    }
    return try #require(keys.first)
  }

  /// The higher identifier's connection survives: the instance has 10.0.1.4.
  @Test(arguments: [IPv4Address(10, 0, 0, 1), IPv4Address(10, 0, 2, 10)])
  func `of two connections the higher identifier's stays`(identifier: IPv4Address) throws {
    var bench = Bench(Bench.settings { $0.connects = true })
    let ours = try connecting(&bench)
    bench.server.connected(ours, at: bench.now)
    let accepted = bench.server.accepted(from: Bench.a, at: bench.now)
    let theirs = try #require(accepted)
    bench.receive(Bench.open(from: identifier), on: theirs)
    bench.receive(Bench.open(from: identifier), on: ours)
    let weWin = identifier < IPv4Address(10, 0, 1, 4)
    let loser = weWin ? theirs : ours
    let winner = weWin ? ours : theirs
    #expect(bench.notifications(on: loser) == [.notification(code: 6, subcode: 7)])
    bench.receive(MessageWriter.keepalive, on: winner)
    #expect(bench.server.sessions.first?.state == "established")
    #expect(bench.downs == [])
  }

  @Test func `it connects again after a jittered while, and not while a session stands`() throws {
    var bench = Bench(Bench.settings { $0.connects = true })
    let first = try connecting(&bench)
    bench.server.ended(first, "refused", at: bench.now)
    bench.clear()
    bench.pass(.milliseconds(740))
    #expect(!bench.outputs.contains { if case .connect(_, Bench.a) = $0 { true } else { false } })
    let second = try connecting(&bench)
    #expect(second != first)
    bench.server.connected(second, at: bench.now)
    bench.receive(Bench.open(from: Bench.a) + MessageWriter.keepalive, on: second)
    bench.clear()
    bench.pass(.seconds(5))
    #expect(!bench.outputs.contains { if case .connect(_, Bench.a) = $0 { true } else { false } })
  }

  @Test func `a connection that does not stand yet is given up without a word`() throws {
    var bench = Bench(Bench.settings { $0.connects = true })
    let key = try connecting(&bench)
    bench.clear()
    bench.server.restart(away: .seconds(1), at: bench.now)
    bench.collect()
    #expect(bench.outputs.contains(.reset(key)) && bench.sent(on: key).isEmpty)
  }

  /// Whether it asked for a connection to a.
  private func connects(_ bench: Bench) -> Bool {
    bench.outputs.contains { if case .connect(_, Bench.a) = $0 { true } else { false } }
  }

  private func opensDoor(_ bench: Bench) -> Bool { bench.outputs.contains(.listen(true)) }

  @Test func `one that does not listen opens no door, and connects`() throws {
    var bench = Bench(
      Bench.settings {
        $0.listens = false
        $0.connects = true
      })
    let key = try connecting(&bench)
    bench.server.connected(key, at: bench.now)
    bench.receive(Bench.open(from: Bench.a) + MessageWriter.keepalive, on: key)
    #expect(bench.server.sessions.first?.state == "established")
    // Nor when it is back from a restart.
    bench.server.restart(away: .seconds(1), at: bench.now)
    bench.pass(.seconds(2))
    #expect(bench.events.contains(.returned) && !opensDoor(bench))
  }

  // MARK: Switched while it runs

  @Test func `the door is shut and opened, and sessions stay`() {
    var bench = Bench()
    #expect(opensDoor(bench))
    _ = bench.establish(Bench.a)
    bench.clear()
    bench.set("listens", "off")
    #expect(bench.outputs == [.listen(false)])
    #expect(bench.server.sessions.first?.state == "established")
    bench.clear()
    bench.set("listens", "on")
    #expect(bench.outputs == [.listen(true)])
  }

  @Test func `it begins to connect, and ceases to`() {
    var bench = Bench()
    bench.pass(.seconds(5))
    #expect(!connects(bench))
    bench.set("connects", "on")
    bench.pass(.seconds(1))
    #expect(connects(bench))
    for key in bench.outputs.compactMap({ if case .connect(let key, _) = $0 { key } else { nil } })
    {
      bench.server.ended(key, "refused", at: bench.now)
    }
    bench.set("connects", "off")
    bench.clear()
    bench.pass(.seconds(5))
    #expect(!connects(bench))
  }

  @Test func `the number of equal paths is changed, and nonsense is not`() {
    var bench = Bench()
    for peer in [Bench.a, Bench.b] {
      bench.announce(by: peer, length: 2, on: bench.establish(peer))
    }
    #expect(bench.programmed() == [.v4(Bench.a), .v4(Bench.b)])
    bench.set("ecmp-width", "1")
    #expect(bench.programmed() == [.v4(Bench.a)])
    bench.set("ecmp-width", "2")
    #expect(bench.programmed() == [.v4(Bench.a), .v4(Bench.b)])
    bench.clear()
    let isUnderstood = bench.server.set("ecmp-width", "0", at: bench.now)
    bench.collect()
    #expect(!isUnderstood && bench.outputs.isEmpty)
  }

  // MARK: Commands

  @Test func `a restart ends every session, shuts the door and opens it again`() {
    var bench = Bench()
    let key = bench.establish(Bench.a)
    bench.announce(by: Bench.a, length: 1, on: key)
    bench.clear()
    bench.server.restart(away: .seconds(5), at: bench.now)
    bench.collect()
    #expect(bench.outputs.first == .listen(false))
    #expect(bench.notifications(on: key) == [.notification(code: 6, subcode: 2)])
    #expect(bench.programmed().isEmpty)
    bench.pass(.seconds(4))
    #expect(!bench.outputs.contains(.listen(true)))
    bench.pass(.seconds(1))
    #expect(bench.outputs.contains(.listen(true)) && bench.events.last == .returned)
  }

  @Test func `a refresh asks whoever can be asked for each family, and resets the others`() {
    var bench = Bench()
    let a = bench.establish(Bench.a)
    let b = bench.establish(Bench.b, open: Bench.open(from: Bench.b) { $0.offersRefresh = false })
    bench.clear()
    let isKnown = bench.server.askAgain(nil, at: bench.now)
    bench.collect()
    #expect(isKnown)
    #expect(
      bench.sent(on: a) == [
        .routeRefresh(family: 1, subsequent: 1), .routeRefresh(family: 2, subsequent: 1),
      ])
    #expect(bench.sent(on: b) == [.notification(code: 6, subcode: 4)])
    let stranger = bench.server.askAgain("nobody", at: bench.now)
    #expect(!stranger)
  }

  @Test func `one that is not to reset leaves alone who cannot be asked`() {
    var bench = Bench(Bench.settings { $0.resetsWithoutRefresh = false })
    let key = bench.establish(Bench.a, open: Bench.open(from: Bench.a) { $0.offersRefresh = false })
    bench.announce(by: Bench.a, length: 1, on: key)
    bench.clear()
    let isKnown = bench.server.askAgain("a", at: bench.now)
    bench.collect()
    #expect(isKnown && bench.outputs.isEmpty)
    #expect(bench.server.sessions.first?.state == "established")
    #expect(bench.programmed() == [.v4(Bench.a)])
  }

  @Test func `a session is closed as it is asked for`() {
    for (manner, last) in [
      (RouteServer.Closing.cease, "close"), (.finish, "close"), (.reset, "reset"),
    ] {
      var bench = Bench()
      let key = bench.establish(Bench.a)
      bench.clear()
      let isKnown = bench.server.close("a", manner, at: bench.now)
      bench.collect()
      #expect(isKnown && bench.downs == ["closed by command"])
      #expect(bench.outputs.contains(last == "close" ? .close(key) : .reset(key)))
      #expect(bench.notifications(on: key).isEmpty == (manner != .cease))
    }
  }
}
