// The layouts: each is a network that an article describes, with its addresses.

import Model

extension Layout {
  /// Elleman's. The servers speak no BGP: the watcher asks them and announces the next hop.
  ///
  ///         lt1 .6        watch1 .7 (hopshiftd)
  ///          |                |
  ///     10.10.0.0/24 ---------+--------- fabric --- 10.10.1.0/24
  ///          |                |                       |      |
  ///        ws1 .4           ws2 .5                 rs1 .4  rs2 .5
  ///          100.64.0.1/32 on both
  package static let watcher = Layout(
    name: "watcher", summary: "Elleman: two web servers, a watcher, a client",
    describe: { topology in
      topology.subnet("default", "10.10.0.0/24")
      topology.subnet("servers", "10.10.1.0/24")
      topology.host("lt1", "10.10.0.6")
      topology.host("rs1", "10.10.1.4")
      topology.host("rs2", "10.10.1.5")
      topology.host("ws1", "10.10.0.4")
      topology.host("ws2", "10.10.0.5")
      topology.host("watch1", "10.10.0.7")
    },
    speakers: ["watch1"], carriers: ["ws1", "ws2"], placement: .everywhere,
    vips: [VIP(name: "voice", address: IPv4Address(100, 64, 0, 1), client: "lt1")],
    configuration: """
      hosts:
        ws1: {address: 10.10.0.4, probes: [ARP icmp: {interval: 10ms}, \
      http: {url: 'http://10.10.0.4/'}]}
        ws2: {address: 10.10.0.5, probes: [ARP icmp: {interval: 10ms}, \
      http: {url: 'http://10.10.0.5/'}]}
        # While the gateway is not there, it is our own side that is cut off.
        gateway: {address: 10.10.0.1, anchor: true, probes: [icmp: {interval: 10ms}]}
      vips:
        voice: {prefixes: [100.64.0.1/32], UDR-voice hosts: [ws1, ws2], failback: never}

      """)

  /// Bryson's; `VirtualNetwork` draws it. The address moves, and whoever has it announces it.
  package static let pair = Layout(
    name: "pair", summary: "Bryson: two appliances, the VIP's address moves between them",
    describe: { topology in
      topology.subnet("client", "10.0.0.0/24")
      topology.subnet("servers", "10.0.1.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("client", "10.0.0.10")
      topology.host("rs1", "10.0.1.4")
      topology.host("rs2", "10.0.1.5")
      topology.host("a", "10.0.2.10")
      topology.host("b", "10.0.2.20")
    },
    speakers: ["a", "b"], carriers: ["a", "b"], placement: .moves,
    vips: [VIP(name: "web", address: VirtualNetwork.vip, client: "client")],
    configuration: """
      vips:
        web: {prefixes: [10.1.0.5/32], UDR-web owner: {when: address, settle: 0s}}

      """)

  /// Trustgrid's. No Route Server: the VIP is a route of a table, and whoever claims it puts its
  /// own address there, by the courier.
  ///
  ///     client .10          a .10    b .20      10.64.0.1/32 on both
  ///        |                 |        |
  ///     10.0.0.0/24 ----- fabric ---- 10.0.2.0/24
  ///                         |
  ///       resource manager 203.0.113.4, metadata service 169.254.169.254
  package static let udr = Layout(
    name: "udr", summary: "Trustgrid: two appliances, no Route Server, a route table",
    describe: { topology in
      topology.subnet("client", "10.0.0.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("client", "10.0.0.10")
      topology.host("a", "10.0.2.10")
      topology.host("b", "10.0.2.20")
    },
    instances: [], routeTable: "branches", speakers: ["a", "b"], carriers: ["a", "b"],
    placement: .everywhere,
    vips: [VIP(name: "branch", address: IPv4Address(10, 64, 0, 1), client: "client")],
    configuration: """
      hosts:
        self: {probes: [link: {interface: eth0}]}
        gateway: {address: 10.0.2.1, anchor: true, probes: [icmp: {interval: 20ms}]}
      vips:
        branch:
          prefixes: [10.64.0.1/32]
          owner: {when: healthy, rank: RANK}
          failback: never
          udr: {mode: only}
      azure: {route-tables: auto}

      """)

  /// Two firewalls with two sides. A flow must pass the same firewall both ways, so the two VIPs
  /// are tied and move as one.
  ///
  ///     inside .10   watch1 .7   watch2 .8                    outside .10
  ///        |            |           |                            |
  ///     10.10.0.0/24 ---+-----------+----- fabric ---------- 10.10.4.0/24
  ///                                        |    |
  ///           trusted side 10.10.2.0/24 ---+    +--- 10.10.3.0/24 untrusted side
  ///                  fw1 .4, fw2 .5                     fw1 .4, fw2 .5
  package static let symmetric = Layout(
    name: "symmetric", summary: "two firewalls, both sides move together; two watchers",
    describe: { topology in
      topology.subnet("default", "10.10.0.0/24")
      topology.subnet("servers", "10.10.1.0/24")
      topology.subnet("trusted", "10.10.2.0/24")
      topology.subnet("untrusted", "10.10.3.0/24")
      topology.subnet("outside", "10.10.4.0/24")
      topology.host("inside", "10.10.0.10")
      topology.host("outside", "10.10.4.10")
      topology.host("rs1", "10.10.1.4")
      topology.host("rs2", "10.10.1.5")
      topology.host("fw1", "10.10.2.4")
      topology.interface(of: "fw1", "10.10.3.4")
      topology.host("fw2", "10.10.2.5")
      topology.interface(of: "fw2", "10.10.3.5")
      topology.host("watch1", "10.10.0.7")
      topology.host("watch2", "10.10.0.8")
    },
    speakers: ["watch1", "watch2"], carriers: ["fw1", "fw2"], placement: .everywhere,
    vips: [
      VIP(name: "inside", address: IPv4Address(100, 64, 0, 1), client: "inside"),
      VIP(
        name: "outside", address: IPv4Address(100, 64, 0, 2), client: "outside",
        interface: "eth1"),
    ],
    configuration: """
      hosts:
        fw1: {address: 10.10.2.4, probes: [icmp: {interval: 10ms}, \
      icmp: {address: 10.10.3.4, interval: 20ms}]}
        fw2: {address: 10.10.2.5, probes: [icmp: {interval: 10ms}, \
      icmp: {address: 10.10.3.5, interval: 20ms}]}
        gateway: {address: 10.10.0.1, anchor: true, probes: [icmp: {interval: 20ms}]}
      vips:
        inside: {prefixes: [100.64.0.1/32], UDR-inside hosts: [fw1, fw2], failback: never, \
      tie: firewall}
        outside: {prefixes: [100.64.0.2/32], UDR-outside hosts: [fw1, fw2], \
      next-hop: {fw1: 10.10.3.4, fw2: 10.10.3.5}, failback: never, tie: firewall}

      """)

  /// An SD-WAN appliance and its twin. Each has a tunnel to the branch, and the branch's route is
  /// in its kernel while the tunnel is; it is announced from there, by the twin with a longer path.
  ///
  ///       client .10             edge1 .4   edge2 .5 (hopshiftd)
  ///          |                     |  |       |  |
  ///     10.10.0.0/24 -- fabric --- | 10.10.2.0/24 |
  ///                      |         |              |
  ///     10.10.1.0/24 ----+    10.10.8.0/24   10.10.9.0/24
  ///      rs1 .4 rs2 .5             |              |
  ///                            cpe1 .30       cpe2 .30    10.64.1.1 on both
  package static let redistribute = Layout(
    name: "redistribute", summary: "SD-WAN: two appliances announce a branch of their kernels",
    describe: { topology in
      topology.subnet("default", "10.10.0.0/24")
      topology.subnet("servers", "10.10.1.0/24")
      topology.subnet("edges", "10.10.2.0/24")
      topology.subnet("tunnel1", "10.10.8.0/24")
      topology.subnet("tunnel2", "10.10.9.0/24")
      topology.host("client", "10.10.0.10")
      topology.host("rs1", "10.10.1.4")
      topology.host("rs2", "10.10.1.5")
      topology.host("edge1", "10.10.2.4")
      topology.interface(of: "edge1", "10.10.8.4")
      topology.host("edge2", "10.10.2.5")
      topology.interface(of: "edge2", "10.10.9.4")
      topology.host("cpe1", "10.10.8.30")
      topology.host("cpe2", "10.10.9.30")
    },
    tableModes: [.mirror],
    // Who carries this VIP, which is for nothing else, writes the routes of the kernels.
    tableConfiguration: """
      hosts:
        self: {probes: [link: {interface: eth0}]}
        gateway: {address: 10.10.2.1, anchor: true, probes: [icmp: {interval: 20ms}]}
      vips:
        writer:
          prefixes: [10.64.255.1/32]
          owner: {when: healthy, rank: RANK}
          failback: never
          udr: {mode: only}
      azure: {route-tables: auto, writer: writer}

      """,
    speakers: ["edge1", "edge2"], isGroup: false, carriers: ["edge1", "edge2"],
    placement: .everywhere, behind: ["edge1": "cpe1", "edge2": "cpe2"],
    vips: [
      VIP(name: "branch", address: IPv4Address(10, 64, 1, 1), client: "client", length: 24)
    ],
    configuration: """
      redistribute:
        branches: {protocols: [static], UDR-branch allow: ["10.64.0.0/12 le 24"], prepend: AHEAD}

      """)
}
