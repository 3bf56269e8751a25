// What would be decided: a copy of an engine goes on, and the engine itself does not notice.
import BGP
import Chronicle
import Engine
import Failover
import Hello
import Journal
import Model
import Testing
import World

@Suite struct RehearsalTests {
  /// A daemon that has heard its kernel and has a session with its first route server.
  private struct Daemon {
    let plan: Plan
    let driver: Driver
    var kernel = FakeKernel(port: 7)
    var now = Instant.zero + .seconds(1_000)

    init(_ plan: Plan, address: IPv4Address? = nil) {
      self.plan = plan
      driver = Driver(plan, seed: 5)
      kernel.set(KernelLink(index: 2, name: "eth0"))
      if let address { kernel.add(KernelAddress(interface: 2, address: address, prefixLength: 24)) }
      kernel.open()
      take(driver.feed(.opened(.interfaces, port: kernel.port), at: now))
      while kernel.isReadable || kernel.hasDumpRunning {
        if kernel.hasDumpRunning { kernel.continueDump() }
        if case .datagram(let bytes, _) = kernel.read() {
          take(driver.feed(.kernel(.interfaces), bytes, at: now))
        }
      }
      _ = driver.feed(.drained(.interfaces), at: now)
    }

    private mutating func take(_ effects: [Effect]) {
      for effect in effects {
        if case .dump(let what, let sequence) = effect {
          kernel.request(what, sequence: sequence)
        }
      }
    }

    func establish() {
      _ = driver.feed(.connected(PeerSlot(0)), at: now)
      let slot = ConnectionSlot(PeerSlot(0), .outgoing)
      let open = WireMessage.writeOpen(
        asn: 65515, holdTime: 180, identifier: IPv4Address(10, 10, 1, 4))
      _ = driver.feed(.received(slot), open, at: now)
      _ = driver.feed(.received(slot), WireMessage.writeKeepalive(), at: now)
    }

    func rehearse(_ events: [String], for length: Nanoseconds = .seconds(15)) throws -> [String] {
      var beginning = Beginning(
        of: plan, release: "", seed: 5, run: 1, wallOffset: 0, configuration: [])
      beginning.state = driver.state
      guard var rehearsal = Rehearsal(plan, beginning, errno: { "\($0)" }) else {
        Issue.record("not a state")
        return []
      }
      for event in events {
        let supposition = try Supposition(event, plan) { $0 == "1s" ? .seconds(1) : nil }
        try rehearsal.happen(supposition, as: event)
      }
      rehearsal.pass(length)
      return rehearsal.steps.map { step in
        switch step.what {
        case .supposed(let text): "\(step.after.milliseconds) suppose \(text)"
        case .told(let sentence): "\(step.after.milliseconds) \(sentence.text)"
        case .fired(let vip, let peer, let shift, let bytes, let lines):
          "\(step.after.milliseconds) fire \(vip.index) \(peer.index) \(shift) \(bytes.count) "
            + lines.joined(separator: "|")
        case .cut: "cut"
        }
      }
    }
  }

  private static let address = IPv4Address(10, 1, 0, 5)

  private static func owner() throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    return Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: [
        Plan.VIP(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
          owner: Plan.Owner(address: .v4(address), interfaces: [], settle: .zero))
      ])
  }

  @Test func anAddressThatComesAndGoes() throws {
    let daemon = Daemon(try RehearsalTests.owner())
    daemon.establish()
    let before = daemon.driver.state
    let steps = try daemon.rehearse(["address 10.1.0.5 added eth0", "wait 1s", "link eth0 down"])
    #expect(daemon.driver.state == before)
    let fired = steps.filter { $0.contains(" fire ") }
    #expect(fired.count == 2, "\(steps)")
    // The claim at once; resigning five seconds after the link went.
    #expect(fired[0].hasPrefix("0 fire 0 0 1 "), "\(steps)")
    #expect(fired[0].contains("AS_PATH 65001 x14"), "\(steps)")
    #expect(fired[1].hasPrefix("6000 fire 0 0 0 "), "\(steps)")
    #expect(steps.contains { $0.hasPrefix("0 vip web: standby -> takeover-1 (shift 1)") })
    // Route servers are assumed to live on: no hold timer runs out.
    #expect(!steps.contains { $0.contains("hold timer") }, "\(steps)")
    // What it says is what the daemon then does, byte for byte.
    let real = KernelDatagramOf.address(RehearsalTests.address)
    let effects = daemon.driver.feed(.kernel(.interfaces), real, at: daemon.now + .seconds(1))
    let bytes = effects.compactMap { effect -> Int? in
      if case .fire(_, let bytes, let shift) = effect, shift == 1 { bytes.count } else { nil }
    }
    #expect(bytes.count == 1)
    #expect(fired[0].contains(" \(bytes[0]) UPDATE of \(bytes[0]) bytes"))
  }

  @Test func aRouteServerThatIsLost() throws {
    let daemon = Daemon(try RehearsalTests.owner(), address: RehearsalTests.address)
    daemon.establish()
    let steps = try daemon.rehearse([
      "route-server 10.10.1.4 lost", "address 10.1.0.5 removed eth0",
    ])
    #expect(steps.contains { $0.contains("10.10.1.4: the peer closed the connection") })
    #expect(!steps.contains { $0.contains(" fire ") }, "\(steps)")
  }

  @Test func hosts() throws {
    // Without the neighbour: its class of kernel news is none of the driver's.
    var plan = HistoryTests.plan
    plan.targets.removeLast()
    plan.hosts[0].targets = 0..<plan.targets.count
    let daemon = Daemon(plan)
    daemon.establish()
    let steps = try daemon.rehearse(["host ws1 up", "wait 1s", "host ws1 down"])
    #expect(steps.contains { $0.contains("vip voice: nothing -> owner, ws1") }, "\(steps)")
    // Nothing is known of ws2, so ws1 keeps the traffic.
    #expect(steps.contains { $0.contains("fire") && $0.contains("NEXT_HOP 10.10.0.4") })
    #expect(!steps.contains { $0.contains("ws2") || $0.contains("10.10.0.5") }, "\(steps)")
  }

  @Test func aHostThatGoesDownBesideAnother() throws {
    let plan = RehearsalTests.watcher()
    let daemon = Daemon(plan)
    daemon.establish()
    let steps = try daemon.rehearse([
      "host ws1 up", "host ws2 up", "wait 1s", "host ws1 down",
    ])
    let after = steps.drop { !$0.hasSuffix("suppose host ws1 down") }
    let fired = after.filter { $0.contains(" fire ") }
    #expect(fired.count == 1, "\(steps)")
    #expect(fired.first?.hasPrefix("1000 fire 0 0 ") ?? false, "\(fired)")
    #expect(fired.first?.contains("NEXT_HOP 10.10.0.5") ?? false, "\(fired)")
    #expect(after.contains { $0.contains("vip voice: owner, ws1 -> owner, ws2") }, "\(steps)")
  }

  /// In a group the other watcher claims after it was silent for its timeout, and not before.
  @Test func aSpeakerThatIsSilent() throws {
    var plan = RehearsalTests.watcher()
    plan.group = Plan.Group(
      peers: [IPv4Address(10, 10, 0, 6)], address: plan.local.address, keyFile: "",
      interval: .milliseconds(100), timeout: .seconds(1))
    let daemon = Daemon(plan)
    var hello = HelloWriter()
    hello.begin(HelloHeader(sender: IPv4Address(10, 10, 0, 6), start: 1, sequence: 1, pauses: 0))
    hello.add(
      HelloEntry(
        vip: VIPDigest("voice"), epoch: 3, rung: .owner, rank: 1, flags: .wants,
        nextHop: IPv4Address(10, 10, 0, 5)))
    _ = daemon.driver.feed(.hello(FellowSlot(0)), hello.bytes, at: daemon.now)
    let calm = try daemon.rehearse(["host ws1 up", "host ws2 up", "wait 1s"])
    #expect(!calm.contains { $0.contains("takeover") }, "\(calm)")
    let steps = try daemon.rehearse([
      "host ws1 up", "host ws2 up", "wait 1s", "speaker 10.10.0.6 silent",
    ])
    let after = steps.drop { !$0.hasSuffix("suppose speaker 10.10.0.6 silent") }
    let claim = "vip voice: standby, ws2 -> takeover-1, ws2 (shift 1): speaker 10.10.0.6 is silent"
    #expect(after.contains("2000 \(claim)"), "\(steps)")
  }

  /// Two hosts, of which nothing but these words will ever be known.
  private static func watcher() -> Plan {
    var plan = HistoryTests.plan
    let link = plan.targets[2].evidence
    plan.targets = [0, 1].map { Plan.Target(host: HostSlot($0), evidence: link) }
    for host in plan.hosts.indices { plan.hosts[host].targets = host..<(host + 1) }
    return plan
  }

  @Test(arguments: [
    ("", "'' is no event; there are: link NAME up|down|no-carrier|gone; "),
    ("link eth0 sideways", "a link can be up, down, no-carrier, gone, not 'sideways'"),
    ("link eth9 down", "there is no link 'eth9'; there are: eth0"),
    ("address 10.1.0.5/33 added eth0", "'10.1.0.5/33' is no address"),
    ("address 10.1.0.5 removed eth0", "10.1.0.5 is not on eth0"),
    ("host nobody down", "there is no host 'nobody'; there are: the configuration names none"),
    ("speaker 10.0.0.1 silent", "there is no speaker '10.0.0.1'"),
    ("route-server 10.0.0.1 lost", "there is no route server '10.0.0.1'; there are: 10.10.1.4"),
    ("wait forever", "'forever' is no length of time"),
  ])
  func noEvent(_ words: String, _ text: String) throws {
    let daemon = Daemon(try RehearsalTests.owner())
    do {
      _ = try daemon.rehearse([words])
      Issue.record("it was taken")
    } catch let error as SuppositionError {
      #expect(error.text.hasPrefix(text), "\(error.text)")
    }
  }

  /// Restored from bytes that are cut or bent, an engine says so, and nothing traps.
  @Test func aStateThatIsNone() throws {
    let plan = try RehearsalTests.owner()
    let state = Daemon(plan, address: RehearsalTests.address).driver.state
    for count in 0..<state.count {
      var engine = Engine(plan, seed: 5)
      let isRestored = engine.restore(Array(state[..<count]))
      #expect(!isRestored)
    }
    var other = plan
    other.vips.append(plan.vips[0])
    var engine = Engine(other, seed: 5)
    let isRestored = engine.restore(state)
    #expect(!isRestored)
  }
}

/// One datagram of the kernel.
private enum KernelDatagramOf {
  static func address(_ address: IPv4Address) -> [UInt8] {
    var datagram = KernelDatagram()
    datagram.add(KernelAddress(interface: 2, address: address, prefixLength: 32), .event)
    return datagram.bytes
  }
}
