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
    /// The next hop is a carrier's address on this interface.
    package var interface = Lab.interface

    package var prefix: Prefix {
      guard let prefix = Prefix(.v4(address), length: 32) else {
        preconditionFailure("a host prefix always exists")
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
  /// The route table that is in force in every subnet and that couriers write; nil: BGP alone.
  package var routeTable: String?
  /// Where hopshiftd runs.
  package var speakers: [String]
  /// Who can carry the VIPs, the first of them when the scene begins.
  package var carriers: [String]
  package var placement: Placement
  package var vips: [VIP]
  /// What a speaker's configuration says behind `local`, `route-servers` and `group`. RANK stands
  /// for its place among the speakers.
  package var configuration: String

  /// Every host that asks for a VIP.
  package var clients: [String] { vips.map(\.client) }

  /// The layouts that there are, in the order of the manual.
  package static let all: [Layout] = [.watcher, .pair, .udr, .symmetric]

  package static func named(_ name: String) -> Layout? { all.first { $0.name == name } }

  /// The whole configuration of one speaker. Several are a group, which needs the file of its key.
  package func configuration(
    local: IPv4Address, servers: [IPv4Address], others: [IPv4Address], key: String?,
    rank: Int = 1
  ) -> String {
    let group = key.map {
      "group: {peers: [\(Layout.list(others))], key-file: \($0)}\n"
    }
    let rest = (group ?? "") + configuration.replacing("RANK", with: "\(rank)")
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
