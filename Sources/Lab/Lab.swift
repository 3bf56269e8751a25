// A topology made real: namespaces, links, addresses, and whatever runs in them.

package import Linux
package import Model

/// One running lab. It is removed when `tearDown` is called or the value goes; what a killed owner
/// could not remove, the next start does.
package final class Lab {
  /// The interface of every host.
  package static let interface = "eth0"

  package let tag: String
  package let topology: Topology
  package let shell: Shell
  private var namespaces: [NamespaceOwner] = []
  private var programs: [RunningProgram] = []
  /// Hosts whose first cable does not end on the bridge itself.
  private var ports: [(host: String, port: String)] = []
  private var isTornDown = false

  /// Keeps a namespace that cannot be copied in an array.
  private final class NamespaceOwner {
    let namespace: NetworkNamespace
    init(_ namespace: consuming NetworkNamespace) { self.namespace = namespace }
  }

  /// Builds the topology, after removing what dead labs have left. Root only.
  package init(_ topology: Topology) throws(LabError) {
    if let reason = Lab.reasonNotToRun { throw .unsuitable(reason) }
    try Registry.sweep()
    tag = try Registry.claim()
    self.topology = topology
    shell = Shell(scratch: Registry.directory(of: tag), tag: tag)
    do throws(LabError) {
      try build()
    } catch {
      tearDown()
      throw error
    }
  }

  /// Builds a topology that is described on the spot.
  package convenience init(_ describe: (inout Topology) -> Void) throws(LabError) {
    let topology: Topology
    do throws(TopologyError) {
      topology = try Topology(describe)
    } catch {
      throw .topology(error)
    }
    try self.init(topology)
  }

  deinit { tearDown() }

  /// Why this machine cannot run a lab, or nil.
  package static var reasonNotToRun: String? {
    if Processes.effectiveUser != 0 { return "network namespaces need root" }
    for program in ["ip", "bird", "birdc"] where !Programs.has(program) {
      return "the program '\(program)' is not installed"
    }
    return nil
  }

  /// The files of this lab: logs, configurations, sockets.
  package var directory: String { Registry.directory(of: tag) }

  /// The name of a host's namespace, as `ip netns` shows it.
  package func namespace(of host: String) -> String { "\(tag)-\(host)" }

  private var fabric: String { namespace(of: Topology.fabric) }

  /// Runs a program in a host's namespace to its end.
  @discardableResult
  package func run(_ words: [String], on host: String) throws(LabError) -> String {
    try shell.run(words, in: namespace(of: host))
  }

  /// Starts a program in a host's namespace; it ends with the lab at the latest.
  package func start(_ name: String, _ words: [String], on host: String) throws(LabError)
    -> RunningProgram
  {
    let program = try RunningProgram(
      name: name, words: words, in: namespace(of: host), log: "\(directory)/\(name).log",
      shell: shell)
    programs.append(program)
    return program
  }

  /// Runs a closure with this thread in a host's namespace.
  package func inside<Result>(
    _ host: String, _ doing: String, _ body: () throws(Errno) -> Result
  ) throws(LabError) -> Result {
    do throws(Errno) {
      return try NetworkNamespace.open(namespace(of: host)).run(body)
    } catch {
      throw .system(error, doing: "\(doing) in \(host)")
    }
  }

  /// Puts `address`/32 on a host's interface.
  package func addAddress(_ address: IPv4Address, on host: String) throws(LabError)
    -> AddressRequest.Bracket
  {
    try inside(host, "adding \(address)") { () throws(Errno) in
      try AddressRequest.add(address, to: Lab.interface)
    }
  }

  /// Takes `address`/32 off a host's interface.
  package func removeAddress(_ address: IPv4Address, on host: String) throws(LabError)
    -> AddressRequest.Bracket
  {
    try inside(host, "removing \(address)") { () throws(Errno) in
      try AddressRequest.remove(address, from: Lab.interface)
    }
  }

  /// Takes the fabric's ends of a host's cables off their bridges: from now on nothing reaches the
  /// host and nothing comes from it. Its own links stay up and its connections stay as they are, as
  /// with a machine that stands still.
  package func unplug(_ host: String) throws(LabError) {
    for cable in try cables(of: host) {
      try shell.run(["ip", "link", "set", "dev", cable.port, "nomaster"], in: fabric)
    }
  }

  /// The opposite of `unplug`.
  package func plugIn(_ host: String) throws(LabError) {
    guard let found = topology.host(named: host) else { throw .topology(.badName(host)) }
    for (built, cable) in zip(found.interfaces, try cables(of: host)) {
      let bridge = topology.bridge(of: built)
      try shell.run(["ip", "link", "set", "dev", cable.port, "master", bridge], in: fabric)
    }
  }

  /// The interfaces of a host, each with the port of the fabric's bridge behind which it is now.
  package func cables(of host: String) throws(LabError) -> [Topology.Interface] {
    guard let found = topology.host(named: host) else { throw .topology(.badName(host)) }
    var cables = found.interfaces
    if let moved = ports.first(where: { $0.host == host }) { cables[0].port = moved.port }
    return cables
  }

  /// Something was put between the bridge and a host's first cable.
  func setPort(_ port: String, of host: String) {
    ports.removeAll { $0.host == host }
    ports.append((host, port))
  }

  /// Ends every process in a host's namespace.
  package func endProcesses(on host: String) throws(LabError) {
    try Waiting.until("the processes of \(host) to end", within: .seconds(10)) {
      () throws(LabError) in
      let left = try ProcessTable.inside(namespace(of: host), shell)
      do throws(Errno) {
        for pid in left { try Processes.signal(pid, .kill) }
      } catch {
        throw LabError.system(error, doing: "ending the processes of \(host)")
      }
      return left.isEmpty ? nil : "\(left.count) processes"
    }
  }

  /// Writes a file of this lab and answers its path.
  package func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws(LabError)
    -> String
  {
    let path = "\(directory)/\(name)"
    do throws(Errno) {
      try Files.writeAtomically(path: path, bytes: Array(text.utf8).span, mode: mode)
    } catch {
      throw .system(error, doing: "writing \(path)")
    }
    return path
  }

  /// The daemon that `file` is, or that it holds if it is a package; then it is unpacked for this
  /// lab.
  package func daemon(from file: String) throws(LabError) -> String {
    guard file.hasSuffix(".deb") else { return file }
    let root = "\(Registry.layers)/\(tag)/plain"
    try shell.run(["mkdir", "-p", root])
    try shell.run(["dpkg-deb", "--extract", file, root])
    return "\(root)/usr/sbin/hopshiftd"
  }

  /// Ends every process of the lab and removes what it made. Faults are printed: there is nobody
  /// left to catch them.
  package func tearDown() {
    if isTornDown { return }
    isTornDown = true
    programs.removeAll()
    do throws(LabError) {
      try Registry.release(tag)
    } catch {
      print("lab \(tag) could not be removed: \(error)")
    }
    namespaces.removeAll()
  }

  // MARK: Building

  private func build() throws(LabError) {
    for name in [Topology.fabric] + topology.hosts.map(\.name) {
      do throws(Errno) {
        namespaces.append(NamespaceOwner(try NetworkNamespace.create(namespace(of: name))))
      } catch {
        throw .system(error, doing: "making the namespace \(namespace(of: name))")
      }
    }
    try batch("fabric", fabricCommands())
    for host in topology.hosts { try batch(host.name, commands(of: host)) }
    // A client beside the servers must not be told to go to one of them without the fabric.
    try run(
      [
        "sh", "-c",
        """
        echo 1 > /proc/sys/net/ipv4/ip_forward
        for file in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 > "$file"; done
        for file in /proc/sys/net/ipv6/conf/r-*/disable_ipv6; do
          if [ -e "$file" ]; then echo 1 > "$file"; fi
        done
        """,
      ], on: Topology.fabric)
    if topology.cabling == .separate { try answerForEverybody() }
  }

  private func commands(of host: Topology.Host) -> [String] {
    var commands = ["link set dev lo up"]
    if host.isOnTap { commands.append("tuntap add dev \(Lab.interface) mode tap") }
    for cable in host.interfaces {
      commands += [
        "address add \(cable.address)/\(topology.subnets[cable.subnet].prefix.length) "
          + "dev \(cable.name)",
        "link set dev \(cable.name) up",
      ]
    }
    return commands + ["route add default via \(topology.subnets[host.subnet].gateway)"]
  }

  private func fabricCommands() -> [String] {
    var commands = ["link set dev lo up"]
    switch topology.cabling {
    case .shared: for subnet in topology.subnets { commands += bridgeCommands(subnet) }
    case .separate:
      // The gateway is on every cable, so its address is on none.
      for subnet in topology.subnets { commands.append("address add \(subnet.gateway)/32 dev lo") }
      for cable in topology.hosts.flatMap(\.interfaces) { commands += bridgeCommands(cable) }
    }
    for host in topology.hosts {
      if host.isOnTap { commands += tapCommands(host) }
      for cable in host.interfaces.dropFirst(host.isOnTap ? 1 : 0) {
        let peer = "peer name \(cable.name) netns \(namespace(of: host.name))"
        commands += [
          "link add name \(cable.port) type veth \(peer)",
          "link set dev \(cable.port) master \(topology.bridge(of: cable)) up",
        ]
      }
    }
    return commands
  }

  /// A cable with both ends here: one on the bridge, and one for the relay. Without ARP the kernel
  /// answers nothing that passes there.
  private func tapCommands(_ host: Topology.Host) -> [String] {
    let port = RelaySetUp.port(of: host.name)
    let inner = RelaySetUp.inner(of: host.name)
    setPort(port, of: host.name)
    return [
      "link add name \(port) type veth peer name \(inner)",
      "link set dev \(inner) arp off up",
      "link set dev \(port) master \(topology.bridge(of: host.interfaces[0])) up",
    ]
  }

  // No spanning tree and no forward delay: a port that is plugged in again forwards at once.

  private func bridgeCommands(_ subnet: Topology.Subnet) -> [String] {
    [
      "link add name \(subnet.bridge) address \(subnet.hardwareAddress) "
        + "type bridge forward_delay 0 stp_state 0",
      "address add \(subnet.gateway)/\(subnet.prefix.length) dev \(subnet.bridge)",
      "link set dev \(subnet.bridge) up",
    ]
  }

  private func bridgeCommands(_ cable: Topology.Interface) -> [String] {
    let bridge = topology.bridge(of: cable)
    return [
      "link add name \(bridge) address \(Topology.virtualMAC) "
        + "type bridge forward_delay 0 stp_state 0",
      "link set dev \(bridge) up",
      "route add \(cable.address)/32 dev \(bridge) src \(topology.subnets[cable.subnet].gateway)",
    ]
  }

  /// The fabric answers ARP for everybody that is reached elsewhere, and without the random wait of
  /// a polite proxy.
  private func answerForEverybody() throws(LabError) {
    let lines = topology.hosts.flatMap(\.interfaces).flatMap { cable in
      let bridge = topology.bridge(of: cable)
      return [
        "echo 1 > /proc/sys/net/ipv4/conf/\(bridge)/proxy_arp",
        "echo 0 > /proc/sys/net/ipv4/neigh/\(bridge)/proxy_delay",
      ]
    }
    try run(["sh", "-ec", lines.joined(separator: "\n")], on: Topology.fabric)
  }

  private func batch(_ host: String, _ commands: [String]) throws(LabError) {
    let path = try write("\(host).ip", commands.joined(separator: "\n") + "\n")
    try run(["ip", "-batch", path], on: host)
  }
}
