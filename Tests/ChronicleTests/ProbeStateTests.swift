// Two engines with every kind of probe: one goes on, the other is replaced by its state again and
// again, and both do the same.
import Chronicle
import Engine
import Model
import Probes
import Testing
import World

@Suite struct ProbeStateTests {
  private static let eth0 = InterfaceName("eth0") ?? .none

  /// A watcher of two hosts, each asked in every way there is.
  private static let plan: Plan = {
    let own = IPv4Address(10, 0, 2, 10)
    let fetch = Plan.Probe.Fetch(
      port: 80, authority: "ws", path: "/", statuses: 200...299, text: "fine")
    let kinds: [Plan.Probe.Kind] = [
      .arp(interface: eth0, trustsProxy: true), .icmp, .tcp(port: 22), .http(fetch),
      .bfd(isMultihop: false),
    ]
    var plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: own, identifier: own),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4)]),
      vips: [
        Plan.VIP(
          name: "voice", prefixes: Prefix("100.64.0.1/32").map { [$0] } ?? [],
          role: .watcher(rank: 1),
          candidates: (0..<2).map {
            Plan.Candidate(host: HostSlot($0), nextHop: IPv4Address(10, 0, 2, UInt8(20 + $0)))
          }, failback: .seconds(1))
      ])
    for host in 0..<2 {
      let address = IPv4Address(10, 0, 2, UInt8(20 + host))
      let first = plan.targets.count
      for kind in kinds {
        let probe = Plan.Probe(
          kind: kind, address: address, interval: .milliseconds(100),
          timeout: .milliseconds(150), fall: 3, rise: 2)
        plan.targets.append(Plan.Target(host: HostSlot(host), evidence: .probe(probe)))
      }
      plan.hosts.append(
        Plan.Host(
          name: "ws\(host)", address: address, targets: first..<plan.targets.count,
          requirement: .atLeast(2)))
    }
    return plan
  }()

  /// What the world answers to an engine; the same seed answers the same.
  private struct World {
    var random: Random
    var waiting: [(at: Instant, input: Input, bytes: [UInt8])] = []

    /// Answers of each kind, good ones and others.
    mutating func take(_ outputs: borrowing Outputs, at now: Instant) {
      for output in outputs.probes.list {
        let at = now + .microseconds(random.pick(50...200_000))
        switch output {
        case .openPort(let port, _): add(.portOpened(port), now)
        case .connect(let connection):
          add(random.oneIn(4) ? .closed(connection, .refused) : .connected(connection), at)
        case .write(let connection, _):
          let text = "HTTP/1.1 \(random.oneIn(5) ? 500 : 200) OK\r\nA: b\r\n\r\nall is fine"
          let bytes = Array(text.utf8)
          let cut = Int(random.pick(1...20))
          add(.received(connection), at, Array(bytes[..<cut]))
          add(.received(connection), at + .microseconds(10), Array(bytes[cut...]))
          add(.closed(connection, .closed), at + .microseconds(20))
        case .echo(let target, let piece):
          // The reply is the request with another type, and the sum that belongs to it.
          var bytes = outputs.probes.bytes[piece].map { $0 }
          bytes[0] = 0
          let sum = UInt32(bytes[2]) << 8 | UInt32(bytes[3])
          let folded = (sum + 0x0800) % 0xffff
          bytes[2] = UInt8(truncatingIfNeeded: folded >> 8)
          bytes[3] = UInt8(truncatingIfNeeded: folded)
          let source = IPv4Address(10, 0, 2, UInt8(20 + target.index / 5))
          add(.echo(from: source, ProbeStamp(at: at), isWhole: false), at, bytes)
        case .frame(let port, _, let piece):
          var bytes = outputs.probes.bytes[piece].map { $0 }
          // ARP: operation 2, and the two addresses the other way round.
          bytes[21] = 2
          let (sender, asked) = (Array(bytes[22..<32]), Array(bytes[38..<42]))
          bytes.replaceSubrange(32..<42, with: sender)
          bytes.replaceSubrange(22..<32, with: [2, 0, 0, 0, 0, asked[3]] + asked)
          bytes.replaceSubrange(0..<6, with: sender[..<6])
          bytes.replaceSubrange(6..<12, with: [2, 0, 0, 0, 0, asked[3]])
          if !random.oneIn(3) { add(.frame(port, ProbeStamp(at: at)), at, bytes) }
        case .closePort, .hangUp, .control, .note: continue
        }
      }
    }

    private mutating func add(_ event: ProbeEvent, _ at: Instant, _ bytes: [UInt8] = []) {
      waiting.append((at, .probe(event), bytes))
    }

    mutating func next() -> (at: Instant, input: Input, bytes: [UInt8])? {
      guard let place = waiting.indices.min(by: { waiting[$0].at < waiting[$1].at }) else {
        return nil
      }
      return waiting.remove(at: place)
    }
  }

  /// Inputs and the sums of their outputs, with a transplant after every so many.
  private static func trace(_ seed: UInt64, transplantEvery: Int?) -> (
    sums: [OutputSum], up: Int
  ) {
    var engine = Engine(plan, seed: 3)
    var outputs = Outputs(for: plan)
    var world = World(random: Random(seed: seed))
    var sums: [OutputSum] = []
    var up = 0
    var now = Instant.zero + .seconds(10)
    var news = KernelDatagram()
    let context = KernelDatagram.Context(sequence: 1, port: 9)
    news.add(KernelLink(index: 2, name: "eth0"), context)
    news.addDone(context)
    var addresses = KernelDatagram()
    let second = KernelDatagram.Context(sequence: 2, port: 9)
    addresses.add(
      KernelAddress(interface: 2, address: plan.local.address, prefixLength: 24), second)
    addresses.addDone(second)
    world.waiting = [
      (now, .opened(.interfaces, port: 9), []), (now, .kernel(.interfaces), news.bytes),
      (now, .kernel(.interfaces), addresses.bytes), (now, .drained(.interfaces), []),
    ]
    for step in 0..<4_000 {
      var (input, bytes): (Input, [UInt8]) = (.turn, [])
      let due = engine.deadline
      if let first = world.waiting.map(\.at).min(), first <= due ?? first,
        let next = world.next()
      {
        now = max(now, next.at)
        (input, bytes) = (next.input, next.bytes)
      } else {
        guard let due else { break }
        now = max(now, due)
        engine.handle(.probe(.heard(until: now)), [UInt8]().span, at: now, into: &outputs)
      }
      engine.handle(input, bytes.span, at: now, into: &outputs)
      world.take(outputs, at: now)
      sums.append(OutputSum(outputs, from: 0, engine))
      for case .probe(.signal(_, .up, _)) in outputs.notes { up += 1 }
      outputs.removeAll()
      engine.handle(.probe(.sent(at: now)), [UInt8]().span, at: now, into: &outputs)
      engine.handle(.idle, [UInt8]().span, at: now, into: &outputs)
      if let transplantEvery, step % transplantEvery == 0, engine.isQuiet {
        var successor = Engine(plan, seed: 3)
        let isRestored = successor.restore(engine.state())
        precondition(isRestored, "a state of this Plan")
        engine = successor
        engine.handle(.idle, [UInt8]().span, at: now, into: &outputs)
      }
      outputs.removeAll()
    }
    return (sums, up)
  }

  @Test(arguments: [1, 5, 64]) func nobodyNotices(_ every: Int) {
    for seed in 1...3 as ClosedRange<UInt64> {
      let plain = ProbeStateTests.trace(seed, transplantEvery: nil)
      let moved = ProbeStateTests.trace(seed, transplantEvery: every)
      #expect(plain.sums.count == 4_000)
      #expect(plain.up >= 6, "too little happens: \(plain.up)")
      let first = plain.sums.indices.first { plain.sums[$0] != moved.sums[$0] }
      #expect(first == nil, "seed \(seed)")
    }
  }
}
