// The state machine as stories: an event, and exactly the actions it must lead to.

import BGP
import Model
import Testing

struct TranscriptTests {
  private func seconds(_ count: Int64) -> Instant { .zero + .seconds(count) }

  @Test func fromStartToEstablished() {
    let bench = Bench()
    #expect(bench.state == .idle)
    #expect(bench.deadline == nil)
    #expect(bench.on(.start, at: seconds(1)) == [.connect])
    #expect(bench.state == .connect)
    #expect(bench.on(.connected, at: seconds(2)) == [.send(0..<47)])
    #expect(bench.state == .openSent)
    // The large hold time of RFC 4271 section 8.2.2.
    #expect(bench.deadline == seconds(242))
    #expect(bench.receive(Wire.open(extended: true), at: seconds(3)) == [.send(0..<19)])
    #expect(bench.state == .openConfirm)
    #expect(bench.epoch == 0)
    #expect(bench.receive(Wire.keepalive, at: seconds(4)) == [.established])
    #expect(bench.state == .established)
    #expect(bench.since == seconds(4))
    #expect(bench.epoch == 1)
    #expect(
      bench.negotiated
        == Negotiated(
          fourOctetAS: true, extendedMessages: true, routeRefresh: true, holdTime: .seconds(90),
          keepalive: .seconds(30), peerIdentifier: IPv4Address(10, 0, 0, 2)))
    #expect(bench.lastError == nil)
    #expect(bench.sent.count == 2)
    #expect(bench.sent.last == Wire.keepalive)
  }

  @Test func theSameStoryTwiceIsTheSame() {
    var waits: [[Instant?]] = []
    for seed: UInt64 in [7, 7, 8] {
      let bench = Bench(seed: seed)
      var deadlines: [Instant?] = []
      var now = seconds(0)
      for _ in 0..<6 {
        _ = bench.on(deadlines.isEmpty ? .start : .timer, at: now)
        _ = bench.on(.connectFailed, at: now)
        deadlines.append(bench.deadline)
        now = bench.deadline ?? now
      }
      waits.append(deadlines)
    }
    #expect(waits[0] == waits[1])
    #expect(waits[0] != waits[2])
  }

  @Test func connectBackOffDoublesToItsLimit() throws {
    let bench = Bench()
    var now = seconds(5)
    #expect(bench.on(.start, at: now) == [.connect])
    for wait: Int64 in [1, 2, 4, 8, 16, 30, 30, 30] {
      #expect(bench.on(.connectFailed, at: now) == [.down(.connectFailed)])
      #expect(bench.state == .idle)
      let deadline = try #require(bench.deadline)
      let length = deadline - now
      #expect(length >= .seconds(wait) * 3 / 4 && length <= .seconds(wait))
      // Not a moment too early.
      #expect(bench.on(.timer, at: deadline - Nanoseconds(1)) == [])
      now = deadline
      #expect(bench.on(.timer, at: now) == [.connect])
    }
    // Established once, the wait is short again.
    _ = bench.on(.connected, at: now)
    _ = bench.receive(Wire.open() + Wire.keepalive, at: now)
    #expect(bench.state == .established)
    #expect(bench.on(.closed, at: now) == [.close, .down(.closed)])
    let again = try #require(bench.deadline)
    #expect(again - now <= .seconds(1))
  }

  @Test func anAttemptThatNeverEndsIsBegunAnew() throws {
    let bench = Bench()
    _ = bench.on(.start, at: seconds(0))
    let deadline = try #require(bench.deadline)
    #expect(bench.on(.timer, at: deadline) == [.close, .down(.connectTimedOut), .connect])
    #expect(bench.state == .connect)
    #expect(bench.lastError == .connectTimedOut)
    #expect(bench.counters.connectAttempts == 2)
  }

  @Test func closedInOpenSentGoesToActiveAndConnectsLater() throws {
    let bench = Bench()
    #expect(bench.reach(.openSent))
    #expect(bench.on(.closed) == [.close, .down(.closed)])
    #expect(bench.state == .active)
    let deadline = try #require(bench.deadline)
    #expect(bench.on(.closed, at: deadline - Nanoseconds(1)) == [])
    #expect(bench.on(.timer, at: deadline) == [.connect])
    #expect(bench.state == .connect)
  }

  @Test(arguments: [SessionState.openConfirm, .established])
  func closedElsewhereGoesToIdle(state: SessionState) {
    let bench = Bench()
    #expect(bench.reach(state))
    #expect(bench.on(.closed) == [.close, .down(.closed)])
    #expect(bench.state == .idle)
    #expect(bench.negotiated == nil)
    #expect(bench.deadline != nil)
  }

  @Test(arguments: [SessionState.openSent, .openConfirm, .established])
  func holdTimerExpires(state: SessionState) throws {
    let bench = Bench()
    #expect(bench.reach(state))
    let now = seconds(240)
    #expect(bench.on(.timer, at: now) == [.send(0..<21), .close, .down(.holdTimerExpired)])
    #expect(bench.sent == [Wire.notification(4, 0)])
    #expect(bench.state == .idle)
    #expect(bench.lastError == .holdTimerExpired)
  }

  /// RFC 9687: two hold times after the last message that left. The peer's KEEPALIVEs come all the
  /// while, so that its hold timer is no reason.
  @Test func aPeerThatTakesNothingIsGivenUp() throws {
    let bench = Bench()
    #expect(bench.reach(.established))
    bench.noteHeld(at: seconds(10))
    bench.noteHeld(at: seconds(100))
    for second: Int64 in stride(from: 20, through: 260, by: 20) {
      _ = bench.receive(Wire.keepalive, at: seconds(second))
      #expect(!bench.on(.timer, at: seconds(second)).contains(.close), "\(second) s")
    }
    let actions = bench.on(.timer, at: seconds(280))
    #expect(actions.suffix(3) == [.send(0..<21), .close, .down(.sendHoldTimerExpired)])
    #expect(bench.sent.last == Wire.notification(8, 0))
    #expect(bench.state == .idle)
    #expect(bench.lastError == .sendHoldTimerExpired)
    // It is tried again.
    #expect(bench.deadline != nil)
  }

  @Test func aPeerThatTakesEverythingInTheEndIsKept() {
    let bench = Bench()
    #expect(bench.reach(.established))
    bench.noteHeld(at: seconds(10))
    _ = bench.receive(Wire.keepalive, at: seconds(180))
    bench.noteTaken()
    #expect(!bench.on(.timer, at: seconds(190)).contains(.close))
    #expect(bench.state == .established)
  }

  @Test func withoutAHoldTimeNothingIsHeldToo() {
    let bench = Bench()
    #expect(bench.reach(.established, open: Wire.open(hold: 0)))
    bench.noteHeld(at: seconds(1))
    #expect(bench.deadline == nil)
    #expect(bench.on(.timer, at: seconds(100_000)) == [])
  }

  @Test func whatWasHeldDoesNotOutliveItsConnection() {
    let bench = Bench()
    #expect(bench.reach(.established))
    bench.noteHeld(at: seconds(0))
    _ = bench.on(.closed, at: seconds(1))
    #expect(bench.reach(.established, at: seconds(170)))
    #expect(bench.on(.timer, at: seconds(181)) == [])
    // Late word of a connection that is no more starts nothing.
    _ = bench.on(.closed, at: seconds(182))
    bench.noteHeld(at: seconds(183))
    #expect(bench.deadline.map { $0 < seconds(190) } == true)
  }

  @Test(arguments: SessionState.allCases)
  func stopEndsItForGood(state: SessionState) {
    let bench = Bench()
    if state == .active {
      #expect(bench.reach(.openSent))
      _ = bench.on(.closed)
    } else {
      #expect(bench.reach(state))
    }
    let actions = bench.on(.stop(.administrativeShutdown))
    let down = SessionAction.down(.stopped(.administrativeShutdown))
    switch state {
    case .idle: #expect(actions == [])
    case .active: #expect(actions == [down])
    case .connect: #expect(actions == [.close, down])
    case .openSent, .openConfirm, .established:
      #expect(actions == [.send(0..<37), .close, down])
      #expect(bench.sent == [Wire.notification(6, 2, [15] + Array("hopshiftd stops".utf8))])
    }
    #expect(bench.state == .idle)
    #expect(bench.deadline == nil)
    #expect(bench.on(.timer, at: seconds(1000)) == [])
    #expect(bench.receive(Wire.keepalive) == [])
    #expect(bench.on(.start, at: seconds(1000)) == [.connect])
  }

  @Test(arguments: SessionState.allCases)
  func eventsThatMeanNothing(state: SessionState) {
    let bench = Bench()
    if state == .active {
      #expect(bench.reach(.openSent))
      _ = bench.on(.closed)
    } else {
      #expect(bench.reach(state))
    }
    let before = bench.deadline
    if state != .idle { #expect(bench.on(.start) == []) }
    if state != .connect { #expect(bench.on(.connectFailed) == []) }
    if state != .connect, state != .active { #expect(bench.on(.connected) == []) }
    #expect(bench.on(.timer, at: seconds(0) - Nanoseconds(1)) == [])
    #expect(bench.state == state)
    #expect(bench.deadline == before)
  }

  @Test func keepalivesAreSentInTime() throws {
    let bench = Bench()
    #expect(bench.reach(.established))
    var now = seconds(0)
    var waits: Set<Nanoseconds> = []
    for _ in 0..<40 {
      let deadline = try #require(bench.deadline)
      // 90 s agreed: every 22.5 to 30 s.
      #expect(deadline - now >= .milliseconds(22_500) && deadline - now <= .seconds(30))
      waits.insert(deadline - now)
      #expect(bench.on(.timer, at: deadline) == [.send(0..<19)])
      now = deadline
      #expect(bench.receive(Wire.keepalive, at: now) == [])
    }
    #expect(bench.sent == Array(repeating: Wire.keepalive, count: 40))
    // Jitter (RFC 4271 section 10): each wait is drawn anew.
    #expect(waits.count > 20)
  }

  /// RFC 6608 section 3: a second OPEN, and the type of the message is the data.
  @Test func anOpenHasNoPlaceInEstablished() {
    let bench = Bench()
    #expect(bench.reach(.established))
    #expect(
      bench.receive(Wire.open())
        == [.send(0..<22), .close, .down(.notificationSent(code: 5, subcode: 3))])
    #expect(bench.sent == [Wire.notification(5, 3, [1])])
    #expect(bench.state == .idle)
  }

  @Test func anUpdateThatLeftStandsForAKeepalive() throws {
    let bench = Bench()
    #expect(bench.reach(.established))
    let before = try #require(bench.deadline)
    bench.noteSent(at: seconds(20))
    let after = try #require(bench.deadline)
    #expect(after > before)
    #expect(after >= seconds(20) + .milliseconds(22_500))
  }

  @Test func whatIsReceivedRestartsTheHoldTimer() {
    for message in [Wire.keepalive, Wire.update()] {
      let bench = Bench()
      #expect(bench.reach(.established))
      _ = bench.receive(message, at: seconds(80))
      // 90 s after Established, but only 10 after the message: a KEEPALIVE is due, nothing else.
      #expect(bench.on(.timer, at: seconds(90)) == [.send(0..<19)])
      #expect(
        bench.on(.timer, at: seconds(170))
          == [.send(0..<21), .close, .down(.holdTimerExpired)])
    }
  }

  @Test func holdTimeZeroHasNoTimers() {
    let bench = Bench()
    #expect(bench.reach(.established, open: Wire.open(hold: 0)))
    #expect(bench.negotiated?.holdTime == .zero)
    #expect(bench.deadline == nil)
    bench.noteSent(at: seconds(1))
    #expect(bench.deadline == nil)
    #expect(bench.on(.timer, at: seconds(100_000)) == [])
  }

  @Test func theEpochRisesWithEachEstablished() {
    let bench = Bench()
    for epoch: UInt32 in 1...3 {
      #expect(bench.reach(.established))
      #expect(bench.epoch == epoch)
      #expect(
        bench.receive(Wire.notification(6, 4))
          == [.close, .down(.notificationReceived(code: 6, subcode: 4))])
      #expect(bench.epoch == epoch)
    }
  }

  @Test func aNotificationIsNeverAnswered() {
    for state in [SessionState.openSent, .openConfirm, .established] {
      let bench = Bench()
      #expect(bench.reach(state))
      #expect(
        bench.receive(Wire.notification(2, 1) + Wire.keepalive)
          == [.close, .down(.notificationReceived(code: 2, subcode: 1))])
      #expect(bench.sent.isEmpty)
      #expect(bench.deadline != nil)
    }
  }

  @Test func refreshIsAskedForOnceARead() {
    let bench = Bench()
    #expect(bench.reach(.established))
    let asked: [SessionAction] = [.refreshRequested(.ipv4Unicast)]
    #expect(bench.receive(Wire.refresh() + Wire.refresh()) == asked)
    #expect(bench.receive(Wire.refresh()) == asked)
    #expect(bench.receive(Wire.refresh(afi: 2)) == [])
    #expect(bench.receive(Wire.refresh(subtype: 1) + Wire.refresh(subtype: 2)) == [])
    #expect(bench.counters.refreshesReceived == 6)
  }

  @Test func afterAnErrorTheRestOfTheStreamIsNotRead() {
    let bench = Bench()
    #expect(bench.reach(.established))
    var broken = Wire.keepalive
    broken[0] = 0
    let actions = bench.receive(Wire.update() + broken + Wire.update() + Wire.notification(6, 2))
    #expect(
      actions == [
        .update(.endOfRIB), .send(0..<21), .close, .down(.notificationSent(code: 1, subcode: 1)),
      ])
    #expect(bench.counters.updates(.endOfRIB) == 1)
  }

  @Test func anUnfinishedMessageDoesNotOutliveItsConnection() {
    let bench = Bench()
    #expect(bench.reach(.established))
    #expect(bench.receive(Array(Wire.update().prefix(20))) == [])
    #expect(bench.on(.closed) == [.close, .down(.closed)])
    #expect(bench.reach(.established))
    #expect(bench.receive(Wire.update()) == [.update(.endOfRIB)])
  }
}
