// Hosts, watchers, healthy owners and groups: every key set, and the defaults.
import Configuration
import Model
import Testing

struct DecidingTests {
  /// Files that together have every key about deciding.
  static let texts = [
    hostKeys, watcherKeys, ownerKeys, shortWatcher,
    file(hosts: "self: {}\n  '---': {address: 10.0.2.11, require: all}"),
    // Owners with next hops of their own in a file that names no host, and in one that does.
    file(vips: "a: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.3.10}}"),
    file(
      vips: "a: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.3.10}}",
      hosts: "gw: {address: 10.0.2.1}"),
    file(
      vips: "a: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.2.10}}",
      hosts: "gw: {address: 10.0.2.1}"),
  ]

  private static let hostKeys = file(
    hosts: """
      self: {}
        gateway:
          probes:
            - route: {prefix: 0.0.0.0/0}
            - neighbour:
            - link: {interface: eth0}
            - neighbour: {address: 10.0.2.2}
            - address: {address: "fd00::5"}
          anchor: true
          require: 2
          address: 10.0.2.1
        "null": {address: 10.0.2.11, require: any, probes: [link: {interface: "null"}]}
      """)

  @Test func everyKeyOfAHostIsTaken() throws {
    let eth0 = try #require(InterfaceName("eth0"))
    let null = try #require(InterfaceName("null"))
    let everything = try #require(Prefix("0.0.0.0/0"))
    let six = try #require(IPAddress("fd00::5"))
    let plan = try #require(check(DecidingTests.hostKeys).plan)
    #expect(
      plan.hosts == [
        Plan.Host(name: "self", address: IPv4Address(10, 0, 2, 10), isSelf: true),
        Plan.Host(
          name: "gateway", address: IPv4Address(10, 0, 2, 1), targets: 0..<5,
          requirement: .atLeast(2), isAnchor: true),
        Plan.Host(
          name: "null", address: IPv4Address(10, 0, 2, 11), targets: 5..<6, requirement: .any),
      ])
    #expect(
      plan.targets == [
        Plan.Target(host: HostSlot(1), evidence: .route(everything)),
        Plan.Target(host: HostSlot(1), evidence: .neighbour(IPv4Address(10, 0, 2, 1))),
        Plan.Target(host: HostSlot(1), evidence: .link(eth0)),
        Plan.Target(host: HostSlot(1), evidence: .neighbour(IPv4Address(10, 0, 2, 2))),
        Plan.Target(host: HostSlot(1), evidence: .address(six)),
        Plan.Target(host: HostSlot(2), evidence: .link(null)),
      ])
  }

  private static let watcherKeys = """
    mode: shadow
    group:
      timeout: 1s
      interval: 0.2s
      key-file: /etc/hopshift/group.key
      port: 179
      address: 10.0.3.10
      peers: [10.0.3.11, 10.0.3.9]
    hosts:
      self: {probes: [link: {interface: eth0}]}
      ws1: {address: 10.0.2.11, probes: [link: {interface: eth0}]}
      ws2: {address: 10.0.2.12, probes: [link: {interface: eth0}]}
    vips:
      trust:
        prefixes: [10.1.0.5]
        hosts: [ws2, ws1]
        tie: "null"
        failback: never
        confirm:
          within: 2m
          text: {ws1: one, ws2: "two: 2"}
          status: 204
          http: "http://10.1.0.5:81/alive?a=b"
      alone: {prefixes: [10.1.0.7], hosts: [ws1, self], failback: 1.5m}
      untrust:
        next-hop: {ws1: 10.0.3.11}
        tie: "null"
        failback: never
        hosts: [ws2, ws1]
        prefixes: [10.1.0.6]
    route-servers:
      damping: {scope: all, window: 1m}
      peers: [10.0.1.4, 10.0.1.5]
    local: {address: 10.0.2.10, asn: 65001}
    """

  @Test func everyKeyOfAWatcherIsTaken() throws {
    let plan = try #require(check(DecidingTests.watcherKeys).plan)
    #expect(plan.isShadow)
    #expect(
      plan.group
        == Plan.Group(
          peers: [IPv4Address(10, 0, 3, 11), IPv4Address(10, 0, 3, 9)],
          address: IPv4Address(10, 0, 3, 10), port: 179, keyFile: "/etc/hopshift/group.key",
          interval: .milliseconds(200), timeout: .seconds(1)))
    #expect(plan.group?.lane == 1)
    #expect(plan.routeServers.damping == Plan.Damping(window: .seconds(60), isShared: true))
    // All VIPs have hosts.
    #expect(plan.routeServers.holdTime == .seconds(180))
    let one = Plan.Candidate(host: HostSlot(1), nextHop: IPv4Address(10, 0, 2, 11))
    let two = Plan.Candidate(host: HostSlot(2), nextHop: IPv4Address(10, 0, 2, 12))
    let own = Plan.Candidate(host: HostSlot(0), nextHop: IPv4Address(10, 0, 2, 10))
    let outer = Plan.Candidate(host: HostSlot(1), nextHop: IPv4Address(10, 0, 3, 11))
    #expect(
      plan.vips == [
        Plan.VIP(
          name: "trust", prefixes: [hostPrefix(10, 1, 0, 5)], role: .watcher(rank: 100),
          candidates: [two, one], failback: nil, tie: 0,
          confirmation: Plan.Confirmation(
            address: IPv4Address(10, 1, 0, 5),
            fetch: Plan.Probe.Fetch(
              port: 81, authority: "10.1.0.5:81", path: "/alive?a=b", statuses: 204...204),
            texts: ["two: 2", "one"], within: .seconds(120))),
        Plan.VIP(
          name: "alone", prefixes: [hostPrefix(10, 1, 0, 7)], role: .watcher(rank: 100),
          candidates: [one, own], failback: .seconds(90)),
        Plan.VIP(
          name: "untrust", prefixes: [hostPrefix(10, 1, 0, 6)], role: .watcher(rank: 100),
          candidates: [two, outer], failback: nil, tie: 0),
      ])
  }

  private static let ownerKeys = """
    hosts:
      self: {address: 10.0.2.99, probes: [link: {interface: eth0}]}
    group: {peers: [10.0.2.20], key-file: /k}
    vips:
      a:
        prefixes: [10.1.0.5]
        owner: {when: healthy, rank: 255, next-hop: 10.0.3.10}
        failback: 0s
      b: {prefixes: [10.1.0.6], owner: {when: healthy, balance: true}}
      c: {prefixes: [10.1.0.7], owner: {when: healthy, balance: false}, failback: 24m}
      d: {prefixes: [10.1.0.8], owner: {when: address}, tie: z}
      e: {prefixes: [10.1.0.9], owner: {when: address, next-hop: 10.0.2.10}, tie: z}
    route-servers: {platform: generic, asn: 65000, peers: [10.0.1.4, 10.0.1.5]}
    local: {address: 10.0.2.10, asn: 65001}
    """

  @Test func everyKeyOfAHealthyOwnerIsTaken() throws {
    let plan = try #require(check(DecidingTests.ownerKeys).plan)
    #expect(!plan.isShadow)
    #expect(plan.routeServers.damping == .none)
    #expect(plan.routeServers.holdTime == .seconds(30))
    let group = try #require(plan.group)
    #expect(group == Plan.Group(peers: group.peers, address: plan.local.address, keyFile: "/k"))
    #expect(
      plan.vips == [
        Plan.VIP(
          name: "a", prefixes: [hostPrefix(10, 1, 0, 5)],
          role: .healthy(Plan.HealthyOwner(rank: 255)),
          candidates: [Plan.Candidate(host: HostSlot(0), nextHop: IPv4Address(10, 0, 3, 10))],
          failback: .zero),
        Plan.VIP(
          name: "b", prefixes: [hostPrefix(10, 1, 0, 6)],
          role: .healthy(Plan.HealthyOwner(rank: 100, isBalanced: true)), candidates: []),
        Plan.VIP(
          name: "c", prefixes: [hostPrefix(10, 1, 0, 7)],
          role: .healthy(Plan.HealthyOwner(rank: 100)), candidates: [],
          failback: .seconds(24 * 60)),
        Plan.VIP(
          name: "d", prefixes: [hostPrefix(10, 1, 0, 8)],
          role: .address(Plan.Owner(address: .v4(IPv4Address(10, 1, 0, 8)), interfaces: [])),
          candidates: [], tie: 0),
        Plan.VIP(
          name: "e", prefixes: [hostPrefix(10, 1, 0, 9)],
          role: .address(Plan.Owner(address: .v4(IPv4Address(10, 1, 0, 9)), interfaces: [])),
          candidates: [], tie: 0),
      ])
  }

  /// An owner with a next hop of its own gets a host that the file need not name.
  @Test func aNextHopOfOursMakesAHost() throws {
    let plan = try #require(
      check(
        file(
          vips: "a: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.3.10}}",
          hosts: "gw: {address: 10.0.2.1}")
      ).plan)
    #expect(plan.hosts.map(\.name) == ["gw", "self"])
    #expect(
      plan.hosts[1] == Plan.Host(name: "self", address: IPv4Address(10, 0, 2, 10), isSelf: true))
    #expect(
      plan.vips[0].candidates == [
        Plan.Candidate(host: HostSlot(1), nextHop: IPv4Address(10, 0, 3, 10))
      ])
    let plain = try #require(
      check(file(vips: "a: {prefixes: [10.1.0.5], owner: {when: address, next-hop: 10.0.2.10}}"))
        .plan)
    #expect(plain.hosts.isEmpty)
    #expect(plain.vips[0].candidates.isEmpty)
  }

  private static let shortWatcher = file(
    vips: "web: {prefixes: [10.1.0.5], hosts: [a, b]}",
    hosts: "a: {address: 10.0.2.11, probes: [link: {interface: eth0}]}\n"
      + "  b: {address: 10.0.2.12, probes: [link: {interface: eth0}]}")

  @Test func effectiveShowsEveryDefaultOfAWatcher() throws {
    let plan = try #require(check(DecidingTests.shortWatcher).plan)
    #expect(
      Configuration.effective(plan) == """
        mode: run
        local:
          asn: 65001
          address: 10.0.2.10
          identifier: 10.0.2.10
        route-servers:
          platform: azure
          asn: 65515
          hold-time: 180s
          drain: 0s
          damping:
            window: 30s
            scope: vip
          peers: [10.0.1.4, 10.0.1.5]
        hosts:
          a:
            address: 10.0.2.11
            require: all
            anchor: false
            probes:
              - link:
                  interface: eth0
          b:
            address: 10.0.2.12
            require: all
            anchor: false
            probes:
              - link:
                  interface: eth0
        vips:
          web:
            prefixes: [10.1.0.5/32]
            communities: []
            large-communities: []
            hosts: [a, b]
            next-hop:
              a: 10.0.2.11
              b: 10.0.2.12
            failback: 60s
            all-down: hold

        """)
  }

  @Test(arguments: texts)
  func effectiveReadsBackAsTheSamePlan(text: String) throws {
    let plan = try #require(check(text).plan)
    let printed = Configuration.effective(plan)
    #expect(check(printed).plan == plan, "\(printed)")
  }
}
