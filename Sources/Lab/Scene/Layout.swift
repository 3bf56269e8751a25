// What a whole scene consists of: who speaks BGP, who carries the VIPs, who asks for them.

package import Model

/// A topology and the parts that its hosts play. A value; `VirtualNetwork` and `Scene` make it
/// real.
package struct Layout: Sendable {
  /// Where the VIPs are.
  package enum Placement: Sendable {
    /// On one carrier's `eth0` at a time, as keepalived would have it.
    case moves
    /// On every carrier's `lo` all the time; only the route moves.
    case everywhere
  }

  /// A virtual IP, and who asks for it.
  package struct VIP: Sendable {
    package var name: String
    package var address: IPv4Address
    package var client: String
    /// Of the prefix that is announced; 32 is the address alone.
    package var length: UInt8 = 32
    /// The next hop is a carrier's address on this interface.
    package var interface = Lab.interface

    package var prefix: Prefix {
      let block = Prefix.masked(.v4(address), to: length)
      guard let prefix = Prefix(block, length: length) else {
        preconditionFailure("a layout of ours has a prefix of \(length) bits")
      }
      return prefix
    }
  }

  package var name: String
  /// One line for a person who chooses.
  package var summary: String
  /// Subnets and hosts. The route servers are among the hosts.
  package var describe: @Sendable (inout Topology) -> Void
  /// The route server instances. Without any the simulated platform is always there.
  package var instances = ["rs1", "rs2"]
  /// The route table that is in force in every subnet but the route servers' and that couriers
  /// write; nil: BGP alone.
  package var routeTable: String?
  /// How the VIPs stand in it beside BGP.
  package var tableMode: TableMode?
  /// How they can, the usual way first.
  package var tableModes = TableMode.allCases
  /// What the configuration says besides when they do.
  package var tableConfiguration = "azure: {route-tables: auto}\n"
  /// Where hopshiftd runs.
  package var speakers: [String]
  /// Whether several of them hear each other.
  package var isGroup = true
  /// Who can carry the VIPs, the first of them when the scene begins.
  package var carriers: [String]
  package var placement: Placement
  /// By carrier: who answers behind it, where it does not answer itself. A kernel route of the
  /// carrier leads there.
  package var behind: [String: String] = [:]
  package var vips: [VIP]
  /// Speakers and carriers have a tap for their `eth0`.
  package var hasTaps = false
  package var cabling = Topology.Cabling.shared
  /// The simulated platform, although nothing else of the layout needs it.
  package var isSimulated = false
  /// What a speaker's configuration says behind `local`, `route-servers` and `group`. RANK stands
  /// for its place among the speakers, AHEAD for how many have a better one, UDR-NAME for how the
  /// VIP of this name stands in route tables, and ARP for a probe where the fabric answers ARP for
  /// everybody.
  package var configuration: String

  /// Every host that asks for a VIP.
  package var clients: [String] { vips.map(\.client) }

  /// Who answers when a carrier has the traffic.
  package func answerer(of carrier: String) -> String { behind[carrier] ?? carrier }

  /// Every host that may answer.
  package var answerers: [String] { carriers.map(answerer) }

  /// Whether only the simulated platform can play it.
  package var needsPlatform: Bool {
    isSimulated || instances.isEmpty || routeTable != nil || cabling == .separate
  }

  /// The layouts that there are, in the order of the manual.
  package static let all: [Layout] = [.watcher, .pair, .udr, .symmetric, .redistribute]

  /// The hosts whose `eth0` is a tap.
  package var tapped: [String] {
    hasTaps ? speakers + carriers.filter { !speakers.contains($0) } : []
  }

  /// Everything of which a lab is made.
  package func draw(_ topology: inout Topology) {
    topology.cabling = cabling
    describe(&topology)
    for host in tapped { topology.tap(host) }
  }

  package static func named(_ name: String) -> Layout? { all.first { $0.name == name } }

  /// The whole configuration of one speaker. Several are a group, which needs the file of its key.
  package func configuration(
    local: IPv4Address, servers: [IPv4Address], others: [IPv4Address], key: String?,
    rank: Int = 1
  ) -> String {
    let group = key.map {
      "group: {peers: [\(Layout.list(others))], key-file: \($0)}\n"
    }
    let text = filled.replacing("RANK", with: "\(rank)")
    let rest = (group ?? "") + text.replacing("AHEAD", with: "\(rank - 1)")
    if servers.isEmpty { return "local: {address: \(local)}\n" + rest }
    return """
      local: {asn: \(VirtualNetwork.applianceASN), address: \(local)}
      route-servers:
        platform: azure
        asn: \(VirtualNetwork.serverASN)
        hold-time: 30s
        peers: [\(Layout.list(servers))]
      \(rest)
      """
  }

  private static func list(_ addresses: [IPv4Address]) -> String {
    addresses.map(\.description).joined(separator: ", ")
  }
}
