// What a lab looks like, in a few lines: subnets, hosts, addresses. A value; `Lab` makes it real.

package import Model

/// Subnets joined by one forwarding namespace, the fabric, and the hosts in them. The fabric has
/// the first address of each subnet and is every host's default gateway, as in an Azure virtual
/// network.
///
///     try Topology {
///       $0.subnet("servers", "10.0.1.0/24")
///       $0.host("rs1", "10.0.1.4")
///     }
package struct Topology: Sendable {
  /// A subnet, and the bridge of the fabric that carries it.
  package struct Subnet: Sendable {
    package var name: String
    package var prefix: Prefix
    package var bridge: String { "br-\(name)" }
    /// The first address behind the network's own: the fabric's.
    package let gateway: IPv4Address

    /// The gateway's hardware address, fixed: a bridge left to itself takes the lowest of its
    /// ports', and would change it under everybody's ARP entries when that port is unplugged.
    package var hardwareAddress: String {
      let octets = (0..<4).map { gateway.bits >> UInt32(24 - 8 * $0) & 0xff }
      // 02 marks an address that is administered locally.
      return "02:68" + octets.map { ($0 < 16 ? ":0" : ":") + String($0, radix: 16) }.joined()
    }
  }

  /// A namespace with an interface `eth0`, and perhaps more.
  package struct Host: Sendable {
    package var name: String
    package var address: IPv4Address
    /// Position of its subnet.
    package var subnet: Int
    /// `eth1` and so on, in this order.
    package var others: [Interface] = []
    /// Its `eth0` is a tap, which a relay has to join to the network.
    package var isOnTap = false

    /// Its interfaces, `eth0` first.
    package var interfaces: [Interface] {
      [Interface(name: Lab.interface, port: name, address: address, subnet: subnet)] + others
    }
  }

  /// A host's end of a cable, and the fabric's.
  package struct Interface: Sendable {
    package var name: String
    /// The name of the fabric's end.
    package var port: String
    package var address: IPv4Address
    package var subnet: Int
  }

  /// How hosts hang on the fabric.
  package enum Cabling: Hashable, Sendable {
    /// All hosts of a subnet on one bridge: among themselves they need no router.
    case shared
    /// Each host alone, as a virtual machine in Azure: every packet passes the fabric, which
    /// answers ARP for everybody with `virtualMAC`.
    case separate
  }

  /// The hardware address behind which Azure hides everybody.
  package static let virtualMAC = "12:34:56:78:9a:bc"

  package var cabling = Cabling.shared
  package private(set) var subnets: [Subnet] = []
  package private(set) var hosts: [Host] = []
  private var fault: TopologyError?

  package init(_ describe: (inout Topology) -> Void) throws(TopologyError) {
    describe(&self)
    if let fault { throw fault }
  }

  /// Adds a subnet; its name becomes part of an interface name and is at most 12 bytes long.
  package mutating func subnet(_ name: String, _ prefix: String) {
    guard InterfaceName("br-\(name)") != nil, !subnets.contains(where: { $0.name == name }) else {
      return fail(.badName(name))
    }
    guard let block = Prefix(prefix), case .v4(let network) = block.address, block.length <= 29
    else { return fail(.badSubnet(prefix)) }
    subnets.append(
      Subnet(name: name, prefix: block, gateway: IPv4Address(bits: network.bits + 1)))
  }

  /// Adds a host to the subnet that its address lies in.
  package mutating func host(_ name: String, _ address: String) {
    guard InterfaceName("vm-\(name)") != nil, name != Topology.fabric,
      !hosts.contains(where: { $0.name == name })
    else { return fail(.badName(name)) }
    guard let (v4, subnet) = place(address) else { return fail(.badAddress(address)) }
    hosts.append(Host(name: name, address: v4, subnet: subnet))
  }

  /// Gives a host one interface more.
  package mutating func interface(of host: String, _ address: String) {
    guard let index = hosts.firstIndex(where: { $0.name == host }) else {
      return fail(.badName(host))
    }
    guard let (v4, subnet) = place(address) else { return fail(.badAddress(address)) }
    let number = hosts[index].others.count + 1
    guard InterfaceName("vm-\(host)-\(number)") != nil else { return fail(.badName(host)) }
    hosts[index].others.append(
      Interface(name: "eth\(number)", port: "\(host)-\(number)", address: v4, subnet: subnet))
  }

  /// Gives a host a tap for its `eth0`: then its carrier can be lost as a NIC loses it.
  package mutating func tap(_ host: String) {
    guard let index = hosts.firstIndex(where: { $0.name == host }),
      InterfaceName(RelaySetUp.port(of: host)) != nil
    else { return fail(.badName(host)) }
    hosts[index].isOnTap = true
  }

  /// The subnet of an address that is still free.
  private func place(_ text: String) -> (IPv4Address, Int)? {
    guard let v4 = IPv4Address(text) else { return nil }
    let subnet = subnets.firstIndex {
      Prefix.masked(.v4(v4), to: $0.prefix.length) == $0.prefix.address && $0.gateway != v4
    }
    let isTaken = hosts.contains { $0.interfaces.contains { $0.address == v4 } }
    return isTaken ? nil : subnet.map { (v4, $0) }
  }

  /// The name of the forwarding namespace.
  package static let fabric = "fabric"

  package func host(named name: String) -> Host? { hosts.first { $0.name == name } }

  /// The bridge of the fabric that a cable is plugged into.
  package func bridge(of cable: Interface) -> String {
    cabling == .shared ? subnets[cable.subnet].bridge : "vm-\(cable.port)"
  }

  private mutating func fail(_ error: TopologyError) {
    if fault == nil { fault = error }
  }
}

/// A topology that cannot be built.
package enum TopologyError: Error, Equatable, CustomStringConvertible {
  case badName(String)
  case badSubnet(String)
  case badAddress(String)

  package var description: String {
    switch self {
    case .badName(let name): "'\(name)' is no name for a host or subnet, or is taken"
    case .badSubnet(let text): "'\(text)' is no IPv4 subnet of at most 29 bits"
    case .badAddress(let text): "'\(text)' is no free address of one of the subnets"
    }
  }
}
