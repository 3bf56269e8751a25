// The ring of shifts: what it remembers, what it forgets, and the sentences it makes.
import Chronicle
import Engine
import Failover
import Model
import Testing

@Suite struct HistoryTests {
  private static let eth1 = InterfaceName("eth1") ?? .none

  /// A watcher of two hosts, with every kind of evidence.
  static let plan: Plan = {
    let address = IPv4Address(10, 10, 0, 7)
    let host = IPv4Address(10, 10, 0, 4)
    func probe(_ kind: Plan.Probe.Kind) -> Plan.Evidence {
      .probe(
        Plan.Probe(
          kind: kind, address: host, interval: .milliseconds(100), timeout: .milliseconds(100),
          fall: 3, rise: 1))
    }
    let fetch = Plan.Probe.Fetch(port: 80, authority: "10.10.0.4", path: "/", statuses: 200...299)
    let evidence: [Plan.Evidence] = [
      probe(.http(fetch)), probe(.bfd(isMultihop: false)), .link(eth1),
      .address(.v4(host)), .neighbour(host),
    ]
    var plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: address, identifier: address),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: [
        Plan.VIP(
          name: "voice", prefixes: Prefix("100.64.0.1/32").map { [$0] } ?? [],
          role: .watcher(rank: 1),
          candidates: [
            Plan.Candidate(host: HostSlot(0), nextHop: host),
            Plan.Candidate(host: HostSlot(1), nextHop: IPv4Address(10, 10, 0, 5)),
          ])
      ])
    plan.hosts = [
      Plan.Host(name: "ws1", address: host, targets: 0..<5),
      Plan.Host(name: "ws2", address: IPv4Address(10, 10, 0, 5)),
    ]
    plan.targets = evidence.map { Plan.Target(host: HostSlot(0), evidence: $0) }
    return plan
  }()

  private static func shift(_ number: UInt32, _ trigger: Trigger = .time) -> Shift {
    Shift(
      number: number, vip: VIPSlot(0), from: Standing(candidate: 0, rung: .owner),
      to: Standing(candidate: 1, rung: .owner), trigger: trigger, seen: .zero, decided: .zero)
  }

  @Test func theLastOnes() {
    var history = History(for: HistoryTests.plan)
    #expect(history.numbers == [])
    let last = UInt32(History.limit) + 5
    for number in 1...last { history.remember(HistoryTests.shift(number)) }
    #expect(history.numbers == Array(6...last))
    #expect(history[5] == nil)
    #expect(history[6]?.number == 6)
    #expect(history[last + 1] == nil)
  }

  /// A stage that comes late is that of its own shift, not of the one that took its place.
  @Test func stages() {
    var history = History(for: HistoryTests.plan)
    history.remember(HistoryTests.shift(1))
    history.written(1, at: PeerSlot(1), .zero + .microseconds(31))
    history.acknowledged(1, at: PeerSlot(1), .zero + .microseconds(400))
    #expect(history.delivery(of: 1, at: PeerSlot(0)) == Delivery())
    #expect(history.delivery(of: 1, at: PeerSlot(1)).written == .zero + .microseconds(31))
    #expect(history.delivery(of: 1, at: PeerSlot(1)).acknowledged == .zero + .microseconds(400))
    let successor = UInt32(1 + History.limit)
    history.remember(HistoryTests.shift(successor))
    history.acknowledged(1, at: PeerSlot(0), .zero)
    #expect(history.delivery(of: successor, at: PeerSlot(0)) == Delivery())
    #expect(history.delivery(of: successor, at: PeerSlot(1)) == Delivery())
  }

  /// Only a wish of ours, made for the shift, says that the tables follow it; and once.
  @Test func routeTables() {
    let vip = VIPSlot(0)
    let ours = RouteWish(voice: .ours, candidate: 1, isWanted: true)
    let later = Instant.zero + .seconds(2)
    var history = History(for: HistoryTests.plan)
    history.wished(vip, ours, 1)
    history.remember(HistoryTests.shift(1))
    history.accepted(vip, 1, later)
    let early = history.settled(vip, 1, later)
    #expect(early == nil && history[1]?.accepted == nil, "that was wished before the shift")
    for (generation, wish) in [
      RouteWish(voice: .unsure, candidate: 1, isWanted: true),
      RouteWish(voice: .others, candidate: 1, isWanted: true),
      RouteWish(voice: .ours, candidate: 1, isWanted: false),
    ].enumerated() {
      history.wished(vip, wish, UInt64(generation + 2))
      history.accepted(vip, UInt64(generation + 2), later)
      let shift = history.settled(vip, UInt64(generation + 2), later)
      #expect(shift == nil && history[1]?.accepted == nil)
    }
    history.wished(vip, ours, 5)
    let older = history.settled(vip, 4, later)
    #expect(older == nil)
    history.accepted(vip, 5, later - .seconds(1))
    history.accepted(vip, 5, later)
    let shift = history.settled(vip, 5, later)
    #expect(shift?.number == 1 && history[1]?.settled == later)
    #expect(history[1]?.accepted == later - .seconds(1))
    let again = history.settled(vip, 5, later + .seconds(1))
    #expect(again == nil && history[1]?.settled == later)
    history.remember(HistoryTests.shift(2))
    let next = history.settled(vip, 5, later)
    #expect(next == nil && history[2]?.settled == nil)
  }

  @Test func pages() {
    var history = History(for: HistoryTests.plan)
    for number in 1...UInt32(100) { history.remember(HistoryTests.shift(number)) }
    #expect(history.numbers(from: 1, limit: 3) == [1, 2, 3])
    #expect(history.numbers(from: 99, limit: 3) == [99, 100])
    #expect(history.numbers(from: 101, limit: 3) == [])
  }

  @Test(
    arguments: [
      (.evidence(TargetSlot(0), .down), "ws1 did not answer 3 HTTP probes in a row"),
      (.evidence(TargetSlot(0), .up), "ws1 answered 1 HTTP probe in a row"),
      (.evidence(TargetSlot(1), .down), "BFD with ws1 went down"),
      (.evidence(TargetSlot(2), .down), "link eth1, which speaks for ws1, does not run"),
      (.evidence(TargetSlot(3), .up), "10.10.0.4, which speaks for ws1, is here"),
      (.evidence(TargetSlot(4), .down), "the kernel could not reach ws1 at 10.10.0.4"),
      (.address(.v4(IPv4Address(10, 1, 0, 5)), isGone: true), "10.1.0.5 left this machine"),
      (.link(InterfaceIndex(3)), "link 3 changed"),
      (.operatorsWord, "an operator asked for it"),
      (.scheduledEvent, "of what Azure has scheduled for this machine"),
      (.start, "that is what was found at the start"),
      (.relisted, "the kernel's links and addresses were read again after a loss"),
      (.fellowSilent(FellowSlot(0)), "speaker 10.10.0.8 is silent"),
      (.fellowHeard(FellowSlot(1)), "speaker 10.10.0.9 is heard"),
      (.fellowSaid(FellowSlot(1)), "speaker 10.10.0.9 said so"),
      (
        .fellowDoomed(FellowSlot(0)),
        "of what Azure has scheduled for the machine of speaker 10.10.0.8"
      ),
      (.time, "a wait was over"),
    ] as [(Trigger, String)])
  func because(_ trigger: Trigger, _ text: String) {
    var plan = HistoryTests.plan
    plan.group = Plan.Group(
      peers: [IPv4Address(10, 10, 0, 8), IPv4Address(10, 10, 0, 9)], address: plan.local.address,
      keyFile: "")
    #expect(HistoryTests.shift(1, trigger).why(plan) == text)
  }

  @Test func aLinkByItsName() {
    var shift = HistoryTests.shift(1, .link(InterfaceIndex(3)))
    shift.link = Link(
      index: InterfaceIndex(3), name: HistoryTests.eth1, isLoopback: false, isUp: true,
      hasCarrier: false, operationalState: .down)
    #expect(shift.why(HistoryTests.plan) == "link eth1 does not run")
  }

  @Test func whatMoved() {
    var shift = HistoryTests.shift(1)
    #expect(shift.what(HistoryTests.plan) == "voice moved from ws1 to ws2")
    shift.from = nil
    #expect(shift.what(HistoryTests.plan) == "voice went to ws2")
    shift.from = Standing(candidate: 1, rung: .standby)
    #expect(
      shift.what(HistoryTests.plan)
        == "voice was claimed as owner by this machine, which was standby before")
  }
}
