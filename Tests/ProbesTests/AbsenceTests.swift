// Honest time: a machine that was away blames nobody, and still sees who has died.
import Model
import Testing

@testable import Probes

@Suite struct AbsenceTests {
  private func healthy(interval: Nanoseconds = ms(50), timeout: Nanoseconds = ms(40)) -> Network {
    let network = Network(
      (0..<8).map {
        let kind: Plan.Probe.Kind =
          [.arp(interface: Network.name, trustsProxy: false), .icmp, .tcp(port: 1)][$0 % 3]
        return ($0, Network.probe(kind, UInt8(10 + $0), interval: interval, timeout: timeout))
      })
    for last: UInt8 in 10..<18 { network.addMachine(last) }
    network.start()
    network.run(for: ms(500))
    #expect((0..<8).allSatisfy { network.signal($0) == .up })
    network.notes.removeAll()
    return network
  }

  private func downs(_ network: Network) -> [Int] {
    network.notes.compactMap { entry in
      if case .signal(let slot, .down, _) = entry.note { return slot.index }
      return nil
    }
  }

  @Test(arguments: [Int64(200), 1_000, 5_000, 60_000])
  func whoStoodStillBlamesNobody(length: Int64) {
    let network = healthy()
    for offset in 0..<50 {
      network.run(for: ms(Int64(offset)))
      network.standStill(ms(length))
      network.run(for: ms(300))
    }
    #expect(downs(network) == [])
    #expect(network.pauses >= 50)
  }

  @Test(arguments: [Int64(200), 1_000, 5_000, 60_000])
  func whoDiedMeanwhileIsNoticed(length: Int64) {
    let network = healthy()
    network.machines[network.host(12)]?.isAlive = false
    network.standStill(ms(length))
    network.run(for: ms(400))
    #expect(downs(network) == [2])
  }

  /// The whole machine stands, the answers wait outside and get late stamps, or are lost.
  @Test(arguments: [false, true])
  func aFrozenMachineBlamesNobody(areLost: Bool) {
    let network = healthy()
    for round in 0..<100 {
      network.run(for: ms(Int64(round % 53)))
      // Everything on its way takes two seconds longer, or never comes.
      network.delay = areLost ? .seconds(100_000) : .seconds(2)
      network.run(for: ms(1))
      network.delay = .microseconds(200)
      network.standStill(.seconds(2))
      network.run(for: ms(200))
    }
    #expect(downs(network) == [])
  }

  /// They were dead when they were asked last, and that is long ago: one loss, and twice nothing
  /// could be judged before the next absence.
  @Test(arguments: [false, true])
  func whatWasAskedBeforeALongAbsenceSaysNothing(isNoted: Bool) {
    let network = healthy()
    for last: UInt8 in 10..<18 { network.machines[network.host(last)]?.isAlive = false }
    network.run(for: ms(85))
    #expect((0..<8).contains { network.target($0)?.liveness.failures == 1 })
    network.standStill(.seconds(21), isNoted: isNoted)
    network.wake()
    network.run(for: ms(39))
    for last: UInt8 in 10..<18 { network.machines[network.host(last)]?.isAlive = true }
    network.standStill(.seconds(21), isNoted: isNoted)
    network.run(for: ms(300))
    #expect(downs(network) == [])
    #expect((0..<8).allSatisfy { network.signal($0) == .up })
  }

  /// A refusal waited in the socket for as long as we stood still.
  @Test func aRefusalFromBeforeALongAbsenceSaysNothing() {
    let network = healthy()
    network.delay = ms(5)
    network.machines[network.host(12)]?.refuses = true
    var steps = 0
    while network.target(2)?.liveness.failures != 2, steps < 500 {
      network.run(for: ms(1))
      steps += 1
    }
    let sent = network.target(2)?.liveness.counters.sent
    while network.target(2)?.liveness.counters.sent == sent, steps < 500 {
      network.run(for: ms(1))
      steps += 1
    }
    network.machines[network.host(12)]?.refuses = false
    network.standStill(.seconds(21), isNoted: true)
    network.wake()
    #expect(network.target(2)?.liveness.failures == 0, "the refusal has been read")
    network.run(for: ms(300))
    #expect(steps < 500 && downs(network) == [] && network.signal(2) == .up)
  }

  @Test(arguments: [Int64(4), 30, 95, 150, 900])
  func whoIsAlwaysLateBlamesNobodyAndNoticesADeath(lag: Int64) {
    let network = healthy()
    network.lag = ms(lag)
    network.run(for: .seconds(60))
    #expect(downs(network) == [])
    network.machines[network.host(13)]?.isAlive = false
    let death = network.now
    network.run(for: .seconds(9))
    #expect(downs(network) == [3])
    // Each loss takes at most two late turns beyond its time: one that was void, one that judges.
    let limit = (ms(50) + ms(40) + ms(lag) * 3) * 3 + ms(50)
    #expect(
      network.notes.first { if case .signal(_, .down, _) = $0.note { true } else { false } }
        .map { $0.at - death <= limit } ?? false)
  }

  @Test func aLinkThatDoesNotRunMakesNobodyDead() {
    let network = healthy()
    network.link(isRunning: false)
    network.run(for: .seconds(1))
    #expect(network.signal(0) == .unknown && network.target(0)?.reason == .noInterface)
    #expect(!downs(network).contains(0) && !downs(network).contains(3))
    network.link()
    network.run(for: ms(300))
    #expect(network.signal(0) == .up)
  }

  @Test func whatCannotBeSentSaysNothing() {
    let network = healthy()
    for _ in 0..<10 {
      network.withProbes { probes, outputs in
        probes.notSent(TargetSlot(1), at: network.now, into: &outputs)
      }
    }
    #expect(network.signal(1) == .unknown && network.target(1)?.reason == .notSent)
    network.run(for: ms(300))
    #expect(network.signal(1) == .up)
  }

  /// Our own network was gone: whoever is reconsidered counts from nothing, up or down.
  @Test func whoIsReconsideredCountsFromNothing() {
    let network = healthy()
    for last: UInt8 in [11, 12, 13] { network.machines[network.host(last)] = nil }
    network.run(for: ms(500))
    #expect((1...3).allSatisfy { network.signal($0) == .down })
    network.addMachine(11)
    network.notes.removeAll()
    network.withProbes { probes, outputs in
      for slot in [0, 1, 2, 3] {
        probes.reconsider(TargetSlot(slot), at: network.now, into: &outputs)
      }
    }
    // Nobody who is up loses anything by it.
    #expect(network.signal(0) == .up)
    #expect((1...3).allSatisfy { network.target($0)?.reason == .unheard })
    network.run(for: ms(60))
    #expect(downs(network).isEmpty)
    network.run(for: ms(400))
    #expect(network.signal(1) == .up && network.signal(2) == .down && network.signal(3) == .down)
  }

  // MARK: BFD

  private func bfdPair(isMultihop: Bool = false) -> (Network, () -> Void) {
    let network = Network([(0, Network.probe(.bfd(isMultihop: isMultihop), rise: 1))])
    network.start()
    // A peer that answers each packet as a session of its own.
    var peer = BFDSession(
      BFDSettings(interval: ms(50), multiplier: 3), discriminator: 0x7777, seed: 5)
    peer.start(at: network.now)
    var seen = 0
    func step() {
      while seen < network.controls.count {
        let control = network.controls[seen]
        seen += 1
        reply(peer.receive(control.packet, at: network.now, readAt: network.now))
      }
      reply(peer.turn(heardUntil: network.now, at: network.now))
    }
    func reply(_ what: BFDSession.Step) {
      guard what.contains(.transmit) else { return }
      let bytes = written { peer.write(final: what.contains(.final), at: network.now, into: &$0) }
      network.arrive(
        after: .microseconds(100),
        .control(
          bytes,
          BFDArrival(
            source: network.host(10), hopLimit: isMultihop ? 250 : 255, isMultihop: isMultihop,
            stamp: network.now + .microseconds(100))))
    }
    return (network, step)
  }

  private func run(_ network: Network, _ step: () -> Void, for milliseconds: Int64) {
    for _ in 0..<milliseconds {
      network.run(for: ms(1))
      step()
    }
  }

  /// Over several hops a packet may have any TTL (RFC 5883 section 5).
  @Test(arguments: [false, true]) func aSessionIsEvidence(isMultihop: Bool) {
    let (network, step) = bfdPair(isMultihop: isMultihop)
    #expect(network.signal(0) == .unknown)
    run(network, step, for: 3_000)
    #expect(network.signal(0) == .up)
    // Silent death.
    let heard = network.target(0)?.liveness.lastAnswer
    network.run(for: ms(160))
    #expect(network.signal(0) == .down && network.target(0)?.reason == .expired)
    #expect(heard.map { (network.target(0)?.liveness.since ?? .zero) - $0 == ms(150) } ?? false)
  }

  @Test func whoDoesNotComeUpAtFirstIsDownAfterAWhile() {
    let network = Network([(0, Network.probe(.bfd(isMultihop: true)))])
    network.start()
    network.run(for: .seconds(3))
    #expect(network.signal(0) == .unknown)
    network.run(for: .seconds(2))
    #expect(network.signal(0) == .down && network.target(0)?.reason == .expired)
  }

  @Test func aPeerThatLostUsInOurAbsenceIsNotDead() {
    let (network, step) = bfdPair()
    run(network, step, for: 3_000)
    network.notes.removeAll()
    network.standStill(.seconds(5))
    // The peer has given us up meanwhile, and says so.
    step()
    run(network, step, for: 6_000)
    #expect(network.signal(0) == .up && downs(network) == [])
    #expect(network.session(0).counters.ups == 2, "the session went down and came up again")
  }

  @Test func aPeerThatDiedInOurAbsenceIsDead() {
    let (network, step) = bfdPair()
    run(network, step, for: 3_000)
    network.standStill(.seconds(5))
    network.run(for: ms(300))
    #expect(network.signal(0) == .down)
  }

  /// It is silent because we are: that we stood still before and have heard nothing since changes
  /// nothing about it.
  @Test func aPeerIsNotDeadForASecondLongAbsence() {
    let (network, step) = bfdPair()
    run(network, step, for: 3_000)
    network.notes.removeAll()
    for _ in 0..<3 {
      network.standStill(.seconds(5))
      network.wake()
    }
    step()
    run(network, step, for: 6_000)
    #expect(network.signal(0) == .up && downs(network) == [])
  }

  @Test func packetsFromAfarAreDropped() {
    let network = Network([(0, Network.probe(.bfd(isMultihop: false)))])
    network.start()
    let packet = BFDPacket(
      diagnostic: 0, state: .down, detectMultiplier: 3, mine: 9, yours: 0, desiredMinTx: 1_000_000,
      requiredMinRx: 1_000_000)
    for (hops, source, isMultihop) in [(254, 10, false), (255, 11, false), (255, 10, true)] {
      network.arrive(
        after: ms(1),
        .control(
          written(packet.write),
          BFDArrival(
            source: network.host(UInt8(source)), hopLimit: UInt8(hops), isMultihop: isMultihop,
            stamp: network.now)))
    }
    network.run(for: ms(10))
    #expect(network.session(0).state == .down && network.session(0).counters.received == 0)
  }

  @Test func anAdministrativeEndIsNoDeath() {
    let (network, step) = bfdPair()
    run(network, step, for: 3_000)
    let end = BFDPacket(
      diagnostic: 7, state: .adminDown, detectMultiplier: 3, mine: 0x7777,
      yours: network.session(0).discriminator, desiredMinTx: 1_000_000, requiredMinRx: 50_000)
    network.arrive(
      after: ms(1),
      .control(
        written(end.write),
        BFDArrival(source: network.host(10), hopLimit: 255, isMultihop: false, stamp: network.now)))
    network.run(for: ms(10))
    #expect(network.signal(0) == .unknown && network.target(0)?.reason == .administrative)
    #expect(network.session(0).state == .down)
  }

  @Test func weLeaveInOrder() {
    let (network, step) = bfdPair()
    run(network, step, for: 3_000)
    network.withProbes { probes, outputs in probes.stop(at: network.now, into: &outputs) }
    #expect(network.controls.last?.packet.state == .adminDown)
    #expect(network.controls.last?.packet.diagnostic == BFDDiagnostic.administrativelyDown.rawValue)
  }
}
