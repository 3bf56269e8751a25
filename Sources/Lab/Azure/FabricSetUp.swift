// What the kernel of the forwarding namespace must know before the fabric's process can start.

import Model

/// Rules, switches, and the words that tell the process how the network is wired.
enum FabricSetUp {
  /// The kernel's tables 253 to 255 are taken, and those below may be anybody's. We chose it.
  static let firstTable = 1_000
  /// Rules are looked at in this order; the kernel's own begin at 32766.
  private static let preference = 100

  /// What a next hop or a system route can lead to: a whole subnet on one bridge, or one machine.
  static func devices(of topology: Topology) -> [(subnet: Int, prefix: Prefix, device: String)] {
    switch topology.cabling {
    case .shared:
      return topology.subnets.enumerated().map { ($0.offset, $0.element.prefix, $0.element.bridge) }
    case .separate:
      return topology.hosts.flatMap(\.interfaces).compactMap { cable in
        Prefix(.v4(cable.address), length: 32).map {
          (cable.subnet, $0, topology.bridge(of: cable))
        }
      }
    }
  }

  static func prepare(_ lab: Lab) throws(LabError) {
    var rules: [String] = []
    // Whoever is told of a shorter way would go round the fabric, and flows would change their path
    // with the port numbers unseen.
    var switches = ["ipv4/fib_multipath_hash_policy=1", "ipv4/conf/all/send_redirects=0"]
    for (subnet, _, device) in devices(of: lab.topology) {
      rules.append(
        "rule add iif \(device) lookup \(firstTable + subnet) pref \(preference)")
      switches.append("ipv4/conf/\(device)/send_redirects=0")
    }
    let path = try lab.write("fabric-rules.ip", rules.joined(separator: "\n") + "\n")
    try lab.run(["ip", "-batch", path], on: Topology.fabric)
    let lines = switches.map { line in
      let parts = line.split(separator: "=")
      return "echo \(parts[1]) > /proc/sys/net/\(parts[0])"
    }
    try lab.run(["sh", "-ec", lines.joined(separator: "\n")], on: Topology.fabric)
  }

  static func words(
    for topology: Topology, _ spaces: [Prefix], _ merging: Fabric.Merging
  ) -> [String] {
    var words = ["--merging", merging.rawValue]
    for (place, subnet) in topology.subnets.enumerated() {
      words += ["--subnet", "\(subnet.name)=\(firstTable + place)"]
    }
    for (_, prefix, device) in devices(of: topology) {
      words += ["--device", "\(prefix)=\(device)"]
    }
    let all = spaces.isEmpty ? topology.subnets.map(\.prefix) : spaces
    for space in all { words += ["--space", "\(space)"] }
    return words
  }
}
