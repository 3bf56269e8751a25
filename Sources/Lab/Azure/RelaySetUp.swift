// Cuts a host's cable in two, so that a relay can join the ends.

import Model

/// The ends are interfaces of the forwarding namespace on which only the relay listens.
enum RelaySetUp {
  /// What is plugged into the bridge instead of the host's cable, and its other end.
  static func port(of host: String) -> String { "p-\(host)" }
  static func inner(of host: String) -> String { "r-\(host)" }

  /// Answers the interface towards the network and the one towards the host.
  static func split(_ lab: Lab, _ host: String) throws(LabError) -> (inner: String, outer: String) {
    guard let found = lab.topology.host(named: host) else { throw .topology(.badName(host)) }
    let port = port(of: host)
    let inner = inner(of: host)
    guard InterfaceName(port) != nil else { throw .topology(.badName(host)) }
    // Without ARP and IPv6 the kernel answers nothing that passes here; frames for other machines
    // it drops by itself.
    let commands = [
      "link set dev \(host) nomaster",
      "link set dev \(host) arp off",
      "link add name \(port) type veth peer name \(inner)",
      "link set dev \(inner) arp off",
    ]
    let path = try lab.write("\(host).relay.ip", commands.joined(separator: "\n") + "\n")
    try lab.run(["ip", "-batch", path], on: Topology.fabric)
    let quiet = [host, inner].map { "echo 1 > /proc/sys/net/ipv6/conf/\($0)/disable_ipv6" }
    try lab.run(["sh", "-ec", quiet.joined(separator: "\n")], on: Topology.fabric)
    try lab.run(["ip", "link", "set", "dev", inner, "up"], on: Topology.fabric)
    let bridge = lab.topology.bridge(of: found.interfaces[0])
    try lab.run(["ip", "link", "set", "dev", port, "master", bridge, "up"], on: Topology.fabric)
    lab.setPort(port, of: host)
    return (inner, host)
  }
}
