// BFD: the packet by its rules, and two sessions that speak over a wire made of values.
import Bytes
import Model
import Testing

@testable import Probes

/// Two sessions and the packets between them; time goes on from deadline to deadline.
private final class Pair {
  struct Flight {
    var at: Instant
    var to: Int
    var packet: BFDPacket
  }

  var sessions: [BFDSession]
  var now = Instant.zero
  var flights: [Flight] = []
  /// Packets sent by each, with their times.
  var sent: [[(at: Instant, packet: BFDPacket)]] = [[], []]
  /// Whose packets are dropped.
  var isMuted = [false, false]
  let delay = Nanoseconds.microseconds(100)

  init(_ left: BFDSettings, _ right: BFDSettings) {
    sessions = [
      BFDSession(left, discriminator: 0x1111, seed: 1),
      BFDSession(right, discriminator: 0x2222, seed: 2),
    ]
    sessions[0].start(at: .zero)
    sessions[1].start(at: .zero)
  }

  convenience init(_ interval: Nanoseconds = ms(50), _ multiplier: UInt8 = 3) {
    let settings = BFDSettings(interval: interval, multiplier: multiplier)
    self.init(settings, settings)
  }

  func carryOut(_ step: BFDSession.Step, _ who: Int) {
    guard step.contains(.transmit) else { return }
    var writer = Writer(capacity: BFDPacket.size)
    sessions[who].write(final: step.contains(.final), at: now, into: &writer)
    guard let packet = readBFD(writer.bytes) else {
      Issue.record("a packet of ours that cannot be read")
      return
    }
    sent[who].append((now, packet))
    if !isMuted[who] { flights.append(Flight(at: now + delay, to: 1 - who, packet: packet)) }
  }

  func run(for length: Nanoseconds) {
    let end = now + length
    while true {
      var next = end
      for session in sessions { next = min(next, session.deadline ?? end) }
      for flight in flights { next = min(next, flight.at) }
      now = max(now, next)
      let arrived = flights.filter { $0.at <= now }
      flights.removeAll { $0.at <= now }
      for flight in arrived {
        carryOut(sessions[flight.to].receive(flight.packet, at: now, readAt: now), flight.to)
      }
      for who in 0..<2 { carryOut(sessions[who].turn(heardUntil: now, at: now), who) }
      if now >= end { return }
    }
  }

  var states: [BFDState] { sessions.map(\.state) }
}

@Suite struct BFDTests {
  /// Version 1, no diagnostic, Up, multiplier 3, 24 bytes, 50 ms both ways.
  static let packet = hex("20c00318 00001111 00002222 0000c350 0000c350 00000000")

  @Test func aPacketIsReadAndWritten() throws {
    let packet = try #require(readBFD(Self.packet))
    #expect(packet.state == .up && packet.detectMultiplier == 3 && !packet.poll && !packet.final)
    #expect(packet.mine == 0x1111 && packet.yours == 0x2222 && packet.desiredMinTx == 50_000)
    #expect(written(packet.write) == Self.packet)
    #expect(readBFD(Self.packet + [1, 2, 3]) == packet, "what follows the length is not ours")
  }

  /// RFC 5880 section 6.8.6, and 6.5: what is discarded. Offset and value.
  @Test(arguments: [
    (0, UInt8(0x40)), (0, 0x00), (2, 0), (3, 23), (3, 25), (1, 0xc1), (1, 0xc4), (1, 0xf0),
  ])
  func whatIsDiscarded(offset: Int, value: UInt8) {
    var bytes = Self.packet
    bytes[offset] = value
    #expect(readBFD(bytes) == nil)
  }

  @Test func discriminatorsMustBeThere() {
    var bytes = Self.packet
    bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    #expect(readBFD(bytes) == nil, "mine is zero")
    bytes = Self.packet
    bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
    #expect(readBFD(bytes) == nil, "yours is zero in Up")
    bytes[1] = 0x80
    #expect(readBFD(bytes) == nil, "and in Init")
    for state: UInt8 in [0x00, 0x40] {
      bytes[1] = state
      #expect(readBFD(bytes) != nil)
    }
  }

  @Test func packetsAreCutAndDamagedWithoutHarm() {
    for length in 0..<Self.packet.count { #expect(readBFD(Self.packet.prefix(length)) == nil) }
    var mutator = Mutator(seed: 5_880)
    var session = BFDSession(
      BFDSettings(interval: ms(10), multiplier: 3), discriminator: 0x2222, seed: 3)
    session.start(at: .zero)
    var now = Instant.zero
    for _ in 0..<20_000 {
      now = now + ms(1)
      if let packet = readBFD(mutator.damage(Self.packet)) {
        _ = session.receive(packet, at: now, readAt: now)
      }
      _ = session.turn(heardUntil: now, at: now)
    }
  }

  @Test func twoComeUpAndAgree() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    #expect(pair.states == [.up, .up])
    for session in pair.sessions {
      #expect(session.transmitInterval == ms(50) && session.detectionTime == ms(150))
      #expect(session.diagnostic == .none)
    }
    // Both change from the slow interval, so both poll, and both are answered.
    for who in 0..<2 {
      #expect(pair.sent[who].contains { $0.packet.poll })
      #expect(pair.sent[who].contains { $0.packet.final })
      #expect(pair.sent[who].last.map { !$0.packet.poll } ?? false)
      #expect(pair.sent[who].allSatisfy { !($0.packet.poll && $0.packet.final) })
      #expect(pair.sent[who].allSatisfy { !$0.packet.demand && $0.packet.requiredMinEchoRx == 0 })
    }
  }

  @Test func packetsLeaveJitteredAndSlowUntilUp() {
    let pair = Pair()
    pair.isMuted = [true, true]
    pair.run(for: .seconds(10))
    let slow = pair.sent[0].map(\.at)
    #expect((10...14).contains(slow.count), "75 to 100 % of a second apart")
    let up = Pair()
    up.run(for: .seconds(3))
    let start = up.sent[0].count
    up.run(for: .seconds(5))
    let times = up.sent[0][start...].map(\.at)
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { $0 >= .microseconds(37_500) && $0 <= ms(50) })
    #expect(Set(gaps).count > gaps.count / 2, "they do not march in step")
  }

  @Test func aMultiplierOfOneLeavesTimeForThePacket() {
    let pair = Pair(ms(50), 1)
    pair.run(for: .seconds(5))
    #expect(pair.states == [.up, .up])
    let times = pair.sent[0].suffix(40).map(\.at)
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { $0 >= .microseconds(37_500) && $0 <= ms(45) })
    #expect(pair.sessions.allSatisfy { $0.counters.ups == 1 })
  }

  @Test func theSlowerSideSetsThePace() {
    let pair = Pair(
      BFDSettings(interval: ms(10), multiplier: 3), BFDSettings(interval: ms(100), multiplier: 5))
    pair.run(for: .seconds(3))
    #expect(pair.states == [.up, .up])
    #expect(pair.sessions.map(\.transmitInterval) == [ms(100), ms(100)])
    #expect(pair.sessions.map(\.detectionTime) == [ms(500), ms(300)])
  }

  @Test func silenceIsNoticedAtTheDetectionTime() throws {
    let pair = Pair()
    pair.run(for: .seconds(3))
    pair.isMuted[1] = true
    pair.run(for: .seconds(0) + ms(20))
    let heard = try #require(pair.sessions[0].lastHeard)
    #expect(pair.sessions[0].detectionDeadline == heard + ms(150))
    pair.run(for: heard + ms(150) - Nanoseconds(1) - pair.now)
    #expect(pair.states[0] == .up)
    pair.run(for: Nanoseconds(1))
    #expect(pair.states[0] == .down)
    #expect(pair.sessions[0].diagnostic == .detectionTimeExpired)
    // The other side hears of it and goes down too; when it is heard again both come up.
    pair.run(for: ms(5))
    #expect(pair.states[1] == .down)
    #expect(pair.sessions[1].diagnostic == .neighbourSignalledDown)
    pair.isMuted[1] = false
    pair.run(for: .seconds(4))
    #expect(pair.states == [.up, .up])
  }

  @Test func aLateReaderFeedsBeforeItJudges() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    var session = pair.sessions[0]
    // Half a second was slept through, and the packets of it wait in the socket with their stamps.
    let now = pair.now + ms(500)
    _ = session.receive(readBFD(Self.upFromPeer)!, at: now - ms(30), readAt: now)
    #expect(session.detectionDeadline == now + ms(120))
  }

  /// What the right session of a pair says when it is up.
  static let upFromPeer = hex("20c00318 00002222 00001111 0000c350 0000c350 00000000")

  @Test func anAbsenceIsExcused() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    var session = pair.sessions[0]
    let now = pair.now + .seconds(5)
    session.excuse(at: now)
    #expect(session.turn(heardUntil: now, at: now) == .transmit && session.state == .up)
    #expect(session.detectionDeadline == now + ms(150))
    let later = now + ms(150)
    #expect(session.turn(heardUntil: later, at: later).contains(.stateChanged))
    #expect(session.state == .down)
  }

  @Test func anAdministratorEndsIt() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    pair.carryOut(pair.sessions[0].shutDown(at: pair.now), 0)
    pair.run(for: ms(5))
    #expect(pair.states == [.adminDown, .down])
    #expect(pair.sessions[1].diagnostic == .neighbourSignalledDown)
    #expect(pair.sessions[1].remote.state == .adminDown)
    #expect(pair.sessions[1].remote.diagnostic == BFDDiagnostic.administrativelyDown.rawValue)
    pair.run(for: .seconds(5))
    #expect(pair.states == [.adminDown, .down])
  }

  @Test func aPeerThatRestartsComesUpAgain() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    pair.sessions[1] = BFDSession(
      BFDSettings(interval: ms(50), multiplier: 3), discriminator: 0x3333, seed: 9)
    pair.sessions[1].start(at: pair.now)
    pair.run(for: .seconds(4))
    #expect(pair.states == [.up, .up])
    #expect(pair.sessions[0].remote.discriminator == 0x3333 && pair.sessions[0].counters.ups == 2)
  }

  @Test func otherIntervalsArePolledFor() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    // Longer: both what we send and what we expect change when the peer has agreed.
    pair.carryOut(
      pair.sessions[0].change(BFDSettings(interval: ms(200), multiplier: 3), at: pair.now), 0)
    #expect(pair.sessions[0].transmitInterval == ms(50), "not before the peer has agreed")
    #expect(pair.sessions[0].detectionTime == ms(600), "what we take is longer at once")
    pair.run(for: .seconds(1))
    #expect(pair.states == [.up, .up])
    #expect(pair.sessions.map(\.transmitInterval) == [ms(200), ms(200)])
    pair.carryOut(
      pair.sessions[0].change(BFDSettings(interval: ms(50), multiplier: 3), at: pair.now), 0)
    pair.run(for: .seconds(1))
    #expect(pair.sessions.map(\.transmitInterval) == [ms(50), ms(50)])
    #expect(pair.sessions.allSatisfy { $0.counters.ups == 1 })
  }

  @Test func aPeerThatAsksForDemandModeIsLeftInPeaceAndAnswered() throws {
    let pair = Pair()
    pair.run(for: .seconds(3))
    var session = pair.sessions[0]
    var packet = try #require(readBFD(Self.upFromPeer))
    packet.demand = true
    let start = pair.now
    #expect(session.receive(packet, at: start, readAt: start) == [])
    #expect(session.transmitDue == nil, "RFC 5880 section 6.8.7: no periodic packets")
    packet.poll = true
    #expect(session.receive(packet, at: start, readAt: start) == [.transmit, .final])
    packet.demand = false
    packet.poll = false
    #expect(session.receive(packet, at: start, readAt: start) == [])
    #expect(session.transmitDue != nil)
    packet.requiredMinRx = 0
    _ = session.receive(packet, at: start, readAt: start)
    #expect(session.transmitDue == nil, "the peer wants none")
  }

  @Test func strangersAreDiscarded() throws {
    let pair = Pair()
    pair.run(for: .seconds(3))
    var packet = try #require(readBFD(Self.upFromPeer))
    packet.yours = 0x9999
    packet.state = .down
    #expect(pair.sessions[0].receive(packet, at: pair.now, readAt: pair.now) == .discarded)
    #expect(pair.sessions[0].state == .up)
  }

  @Test func lossesBelowTheMultiplierChangeNothing() {
    let pair = Pair()
    pair.run(for: .seconds(3))
    for _ in 0..<50 {
      pair.isMuted = [true, true]
      pair.run(for: ms(37))
      pair.isMuted = [false, false]
      pair.run(for: ms(113))
    }
    #expect(pair.sessions.allSatisfy { $0.counters.ups == 1 && $0.state == .up })
  }
}
