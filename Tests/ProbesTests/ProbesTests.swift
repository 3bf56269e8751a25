// All probes together: who is asked when, whose answers count, what is told.
import Model
import Testing

@testable import Probes

@Suite struct ProbesTests {
  private static let everyKind: [(host: Int, Plan.Evidence)] = [
    (0, Network.arp()), (0, Network.probe(.icmp)), (0, Network.probe(.tcp(port: 22))),
    (
      0,
      Network.probe(
        .http(
          Plan.Probe.Fetch(
            port: 80, authority: "h0", path: "/", statuses: 200...399, text: "well")))
    ),
  ]

  private func healthy(_ evidence: [(host: Int, Plan.Evidence)]) -> Network {
    let network = Network(evidence)
    network.addMachine(10)
    network.start()
    network.run(for: ms(500))
    return network
  }

  @Test func everyKindComesUpAndFallsInTime() {
    let network = healthy(Self.everyKind)
    for slot in 0..<4 { #expect(network.signal(slot) == .up, "target \(slot)") }
    let death = network.now
    network.machines[network.host(10)]?.isAlive = false
    network.run(for: ms(600))
    for slot in 0..<4 {
      #expect(network.signal(slot) == .down, "target \(slot)")
      let fall = network.notes.first { $0.note == .signal(TargetSlot(slot), .down, .lost) }
      // Interval times fall plus timeout at most; a slot's slack more.
      let most = ms(50) * 3 + ms(40) + ProbeSchedule.slack
      #expect(fall.map { $0.at - death <= most } ?? false, "target \(slot)")
      #expect(network.notes.contains { $0.note == .signal(TargetSlot(slot), .failing, .lost) })
    }
    network.machines[network.host(10)]?.isAlive = true
    network.run(for: ms(300))
    for slot in 0..<4 { #expect(network.signal(slot) == .up, "target \(slot)") }
  }

  @Test func oneLostProbeMovesNothing() {
    let network = healthy(Self.everyKind)
    for _ in 0..<20 {
      network.machines[network.host(10)]?.isAlive = false
      network.run(for: ms(50))
      network.machines[network.host(10)]?.isAlive = true
      network.run(for: ms(200))
    }
    #expect(
      !network.notes.contains { if case .signal(_, .down, _) = $0.note { true } else { false } })
  }

  @Test func refusedAndWrongAnswersFail() {
    let network = healthy(Self.everyKind)
    network.machines[network.host(10)]?.refuses = true
    network.run(for: ms(500))
    #expect(network.signal(1) == .up)
    #expect(network.signal(2) == .down && network.target(2)?.reason == .refused)
    network.machines[network.host(10)]?.refuses = false
    network.machines[network.host(10)]?.answer = "HTTP/1.1 503 No\r\n\r\n"
    network.run(for: ms(500))
    #expect(network.signal(2) == .up)
    #expect(network.signal(3) == .down && network.target(3)?.reason == .wrongAnswer)
  }

  /// So many targets, how many slots of which length their second has, and how many share one.
  @Test(arguments: [(64, ms(5), 4), (99, ms(5), 5), (100, ms(10), 10), (240, ms(10), 24)])
  func targetsShareSlotsAndKeepTheirPace(_ count: Int, _ slot: Nanoseconds, _ most: Int) {
    let network = Network(
      (0..<count).map { (0, Network.probe(.icmp, UInt8(10 + $0), interval: ms(100))) })
    for last in 10..<(10 + count) { network.addMachine(UInt8(last)) }
    network.start()
    network.run(for: ms(300))
    let start = network.now
    network.questions.removeAll()
    network.run(for: .seconds(1))
    let echoes = network.questions.filter { if case .echo = $0.output { true } else { false } }
    #expect(echoes.count == 10 * count)
    let moments = Set(echoes.map { ($0.at - start).count })
    #expect(moments.count <= 1_000 / Int(slot.count / ms(1).count), "one wake-up a slot")
    let perMoment = Dictionary(grouping: echoes, by: \.at).values.map(\.count)
    #expect((perMoment.max() ?? 0) <= most, "spread over the interval")
  }

  /// A frame is for those who ask its sender, however many they are and wherever they stand.
  @Test func aReplyIsHeardByAllWhoAskItsSenderAndByNobodyElse() {
    let order: [UInt8] = [30, 10, 20, 10, 40]
    let network = Network(order.map { (0, Network.arp($0)) })
    for last in [UInt8(10), 40] { network.addMachine(last) }
    network.start()
    network.run(for: ms(500))
    for (slot, last) in order.enumerated() {
      let isThere = last == 10 || last == 40
      #expect(network.signal(slot) == (isThere ? .up : .down), "target \(slot)")
    }
  }

  @Test func intervalsThatFitNoSlotKeepTheirPaceToo() {
    let network = Network([
      (0, Network.probe(.icmp, interval: ms(17), timeout: ms(15))), (0, Network.probe(.icmp)),
    ])
    network.addMachine(10)
    network.start()
    network.run(for: ms(1_700))
    let count = network.questions.count {
      if case .echo(TargetSlot(0), _) = $0.output { true } else { false }
    }
    #expect((100...101).contains(count))
  }

  // MARK: Forgers

  /// Ten thousand replies a second that name the host.
  private func flood(
    _ network: Network, _ mac: MACAddress, for length: Nanoseconds, gratuitous: Bool = false
  ) {
    var when = Nanoseconds.zero
    while when < length {
      var frame = Network.reply(for: network.host(10), mac)
      if gratuitous { frame.replaceSubrange(38..<42, with: frame[28..<32]) }
      network.arrive(after: when, .frame(PortSlot(0), frame))
      when = when + .microseconds(100)
    }
    network.run(for: length)
  }

  @Test(arguments: [false, true])
  func aFloodMakesNobodyHealthy(gratuitous: Bool) {
    for mac in [Network.mac(10), Network.mac(66)] {
      let network = Network([(0, Network.arp())])
      network.start()
      flood(network, mac, for: .seconds(1), gratuitous: gratuitous)
      #expect(network.signal(0) == .down || network.signal(0) == .unknown)
      #expect(!(network.target(0)?.liveness.state.isUp ?? true))
      #expect(!network.notes.contains { $0.note == .signal(TargetSlot(0), .up, .answered) })
    }
  }

  @Test func aFloodThatBeginsAfterTheDeathRaisesNobody() {
    let network = healthy([(0, Network.arp())])
    network.machines[network.host(10)]?.isAlive = false
    network.run(for: ms(500))
    #expect(network.signal(0) == .down)
    for mac in [Network.mac(10), Network.mac(66)] {
      flood(network, mac, for: .seconds(1))
      #expect(network.signal(0) == .down)
    }
  }

  @Test func aFloodDisturbsNobody() {
    for mac in [Network.mac(10), Network.mac(66)] {
      let network = healthy([(0, Network.arp())])
      network.notes.removeAll()
      flood(network, mac, for: .seconds(1))
      #expect(network.signal(0)?.isUp ?? false)
      #expect(!network.notes.contains { if case .macChanged = $0.note { true } else { false } })
    }
  }

  @Test func aDeathIsNoticedThroughAFloodOfAnotherMAC() {
    let network = healthy([(0, Network.arp())])
    network.machines[network.host(10)]?.isAlive = false
    flood(network, Network.mac(66), for: ms(500))
    #expect(network.signal(0) == .down)
  }

  @Test func anotherMACIsTold() {
    let network = healthy([(0, Network.arp())])
    network.machines[network.host(10)]?.mac = Network.mac(77)
    network.run(for: ms(500))
    #expect(network.signal(0) == .up)
    #expect(
      network.notes.contains {
        $0.note == .macChanged(TargetSlot(0), from: Network.mac(10), to: Network.mac(77))
      })
    #expect(
      !network.notes.contains { if case .signal(_, .down, _) = $0.note { true } else { false } })
  }

  @Test func echoesOfStrangersCountNothing() {
    let network = Network([(0, Network.probe(.icmp))])
    network.start()
    var mutator = Mutator(seed: 4)
    for round in 0..<2_000 {
      let packet = EchoPacket(
        identifier: 1, target: TargetSlot(0), number: UInt32(round % 20), token: mutator.next())
      network.arrive(
        after: .microseconds(Int64(round) * 250),
        .echo(network.host(10), Network.echoReply(written(packet.writeRequest))))
    }
    network.run(for: ms(600))
    #expect(network.signal(0) == .down && network.target(0)?.liveness.counters.answered == 0)
  }

  // MARK: Whom a frame is for

  @Test func whoIsWellIsAskedAloneAndWhoMissedOneIsLookedFor() {
    let network = healthy([(0, Network.arp())])
    network.frames.removeAll()
    network.run(for: .seconds(1))
    #expect(network.frames.count >= 19)
    #expect(network.frames.allSatisfy { $0.frameTarget == Network.mac(10) })
    network.machines[network.host(10)]?.isAlive = false
    network.frames.removeAll()
    network.run(for: ms(220))
    #expect(network.frames.count >= 3)
    #expect(network.frames.first?.frameTarget == Network.mac(10))
    #expect(network.frames.dropFirst().allSatisfy { $0.frameTarget == ARPPacket.broadcast })
    network.machines[network.host(10)]?.isAlive = true
    network.run(for: ms(300))
    network.frames.removeAll()
    network.run(for: .seconds(1))
    #expect(network.frames.allSatisfy { $0.frameTarget == Network.mac(10) })
  }

  // MARK: Proxies

  @Test func theFabricsAnswerIsNoEvidence() {
    let network = Network(
      [
        (0, Network.arp()), (1, Network.arp(11, trustsProxy: true)), (2, Network.arp(12)),
      ], anchors: [2])
    for last: UInt8 in 10...12 {
      network.addMachine(last)
      network.machines[network.host(last)]?.mac = ProxiedARP.azure
    }
    network.start()
    network.run(for: ms(500))
    #expect(network.signal(0) == .neutral && network.target(0)?.reason == .localFabric)
    #expect(network.signal(1) == .up, "the user insists")
    #expect(network.signal(2) == .up, "the gateway proves our own network")
    #expect(network.notes.contains { $0.note == .proxied(TargetSlot(0), .azure) })
    network.machines[network.host(10)]?.isAlive = false
    network.run(for: ms(500))
    #expect(network.signal(0) == .neutral)
  }

  @Test func oneMACForTwoHostsIsAProxy() {
    let network = Network([
      (0, Network.arp()), (1, Network.arp(11)), (1, .neighbour(IPv4Address(10, 0, 0, 11))),
    ])
    for last: UInt8 in 10...11 {
      network.addMachine(last)
      network.machines[network.host(last)]?.mac = Network.mac(1)
    }
    network.start()
    network.run(for: ms(500))
    #expect(network.signal(0) == .neutral && network.signal(1) == .neutral)
    #expect(
      network.notes.contains { $0.note == .proxied(TargetSlot(1), .shared(with: HostSlot(0))) })
    func entry(_ mac: MACAddress) -> Neighbour {
      Neighbour(
        address: .v4(network.host(11)), interface: Network.index, hardwareAddress: mac,
        state: NeighbourState(bits: 0x02))
    }
    func learn(_ mac: MACAddress) {
      network.withProbes { probes, outputs in probes.learned(entry(mac), into: &outputs) }
    }
    func isDiscounted() -> Bool {
      var answer = false
      network.withProbes { probes, _ in answer = probes.isDiscounted(TargetSlot(2)) }
      return answer
    }
    #expect(!isDiscounted(), "the kernel has said nothing of it yet")
    learn(Network.mac(1))
    #expect(isDiscounted())
    // The second host gets a MAC of its own: both are hosts again.
    network.machines[network.host(11)]?.mac = Network.mac(11)
    learn(Network.mac(11))
    network.run(for: ms(500))
    #expect(network.signal(0) == .up && network.signal(1) == .up && !isDiscounted())
  }

  /// One host asks for a VIP as well, and the other host carries it: that one has a MAC of its own
  /// all the same.
  @Test(arguments: [false, true]) func whoCarriesAVIPIsNoProxy(isOwner: Bool) throws {
    let owner = Plan.Owner(
      address: .v4(IPv4Address(10, 0, 0, isOwner ? 50 : 99)), interfaces: [])
    let prefix = try #require(Prefix(isOwner ? "10.2.0.0/24" : "10.0.0.50/32"))
    let evidence = [(0, Network.arp()), (0, Network.arp(50)), (1, Network.arp(11))]
    for isKnown in [false, true] {
      let vip = Plan.VIP(name: "web", prefixes: [prefix], owner: owner)
      let network = Network(evidence, vips: isKnown ? [vip] : [])
      for last: UInt8 in [10, 11, 50] { network.addMachine(last) }
      network.machines[network.host(50)]?.mac = Network.mac(11)
      network.start()
      network.run(for: ms(500))
      // What the VIP answers is the other host's, and nothing of this one's.
      #expect(network.signal(1) == .neutral)
      #expect(network.target(1)?.proxied == .shared(with: HostSlot(1)))
      #expect(network.signal(0) == .up)
      #expect(network.signal(2) == (isKnown ? .up : .neutral))
      network.machines[network.host(50)]?.mac = Network.mac(10)
      network.run(for: ms(500))
      #expect((0..<3).allSatisfy { network.signal($0) == .up })
    }
  }
}
