// How the simulated resource manager and metadata service are set up, as words of a command line.

package import Management
package import Model
import Platform

/// Where the process listens, and what its cloud holds.
package struct RestSettings: Sendable {
  package var address = IPv4Address(127, 0, 0, 1)
  /// 0: the kernel chooses.
  package var port: UInt16 = 0
  package var metadataAddress = IPv4Address(127, 0, 0, 1)
  package var metadataPort: UInt16 = 0
  /// Names in the certificate, beside `localhost` and the cloud's own.
  package var names: [String] = []
  package var seed: UInt64 = 1
  package var estate = Estate()
  /// `subscription/group`, beside the estate's own.
  package var otherGroups: [String] = []
  package var lasts = Nanoseconds.seconds(1)
  package var programming = Nanoseconds.zero

  package init() {}

  /// The words from which `read` makes the same.
  package var words: [String] {
    var words = [
      "--address", "\(address)", "--port", "\(port)", "--metadata-address", "\(metadataAddress)",
      "--metadata-port", "\(metadataPort)", "--seed", "\(seed)", "--lasts", lasts.platformText,
      "--programming", programming.platformText, "--cloud", estate.cloud, "--location",
      estate.location, "--subscription", estate.subscription, "--group", estate.group,
      "--network", estate.network,
    ]
    for name in names { words += ["--name", name] }
    for group in otherGroups { words += ["--other-group", group] }
    for table in estate.tables { words += ["--table", table] }
    for subnet in estate.subnets {
      let parts = [subnet.name, "\(subnet.prefix)"] + (subnet.table.map { [$0] } ?? [])
      words += ["--subnet", parts.joined(separator: "=")]
    }
    for machine in estate.machines {
      for interface in machine.interfaces {
        var parts = [machine.name, interface.subnet, "\(interface.address)"]
        if let mac = interface.mac { parts.append("\(mac)") }
        words += ["--machine", parts.joined(separator: "=")]
        if !interface.forwards { words += ["--no-forwarding", interface.name] }
      }
      for identity in machine.identities { words += ["--identity", "\(machine.name)=\(identity)"] }
      if !machine.hasSystemIdentity { words += ["--no-system-identity", machine.name] }
    }
    return words
  }

  /// Takes the words it knows out of a command line; nil when one of them has no sense.
  package static func read(_ words: inout [String]) -> RestSettings? {
    var settings = RestSettings()
    var unknown: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      switch settings.take(word, rest.first ?? "") {
      case true?: rest = rest.dropFirst()
      case false?: return nil
      case nil: unknown.append(word)
      }
    }
    words = unknown
    return settings
  }

  /// Nil: not one of our words.
  private mutating func take(_ word: String, _ value: String) -> Bool? {
    switch word {
    case "--address": set(&address, IPv4Address(value))
    case "--port": set(&port, UInt16(value))
    case "--metadata-address": set(&metadataAddress, IPv4Address(value))
    case "--metadata-port": set(&metadataPort, UInt16(value))
    case "--seed": set(&seed, UInt64(value))
    case "--lasts": set(&lasts, Nanoseconds(platformText: value))
    case "--programming": set(&programming, Nanoseconds(platformText: value))
    case "--name": add(value, to: &names)
    case "--other-group": add(value, to: &otherGroups)
    case "--table": add(value, to: &estate.tables)
    case "--cloud": set(&estate.cloud, value)
    case "--location": set(&estate.location, value)
    case "--subscription": set(&estate.subscription, value)
    case "--group": set(&estate.group, value)
    case "--network": set(&estate.network, value)
    case "--subnet": addSubnet(value)
    case "--machine": addInterface(value)
    case "--no-forwarding": doNotForward(value)
    case "--identity", "--no-system-identity": setIdentity(word, value)
    default: nil
    }
  }

  private func set<Value>(_ place: inout Value, _ value: Value?) -> Bool {
    guard let value else { return false }
    place = value
    return true
  }

  private func add(_ value: String, to list: inout [String]) -> Bool {
    guard !value.isEmpty else { return false }
    list.append(value)
    return true
  }

  private mutating func addSubnet(_ value: String) -> Bool {
    let parts = value.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), let prefix = Prefix(parts[1]) else { return false }
    estate.subnets.append(
      Estate.Subnet(name: parts[0], prefix: prefix, table: parts.count > 2 ? parts[2] : nil))
    return true
  }

  /// Said again for the same machine it is one more interface.
  private mutating func addInterface(_ value: String) -> Bool {
    let parts = value.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard (3...4).contains(parts.count), let address = IPv4Address(parts[2]),
      estate.subnets.contains(where: { $0.name == parts[1] }),
      estate.machines.count < Estate.machineLimit
    else { return false }
    let mac = parts.count > 3 ? RestSettings.mac(parts[3]) : nil
    guard parts.count == 3 || mac != nil else { return false }
    let known = estate.machines.firstIndex { $0.name == parts[0] }
    let number = known.map { estate.machines[$0].interfaces.count } ?? 0
    let interface = Estate.Interface(
      name: "\(parts[0])-nic\(number == 0 ? "" : "\(number)")", address: address,
      subnet: parts[1], mac: mac)
    if let known {
      estate.machines[known].interfaces.append(interface)
    } else {
      estate.machines.append(Estate.Machine(name: parts[0], interfaces: [interface]))
    }
    return true
  }

  private mutating func doNotForward(_ name: String) -> Bool {
    for place in estate.machines.indices {
      let interfaces = estate.machines[place].interfaces
      guard let found = interfaces.firstIndex(where: { $0.name == name }) else { continue }
      estate.machines[place].interfaces[found].forwards = false
      return true
    }
    return false
  }

  private mutating func setIdentity(_ word: String, _ value: String) -> Bool {
    let parts = value.split(separator: "=").map(String.init)
    guard let name = parts.first,
      let place = estate.machines.firstIndex(where: { $0.name == name })
    else { return false }
    if word == "--no-system-identity", parts.count == 1 {
      estate.machines[place].hasSystemIdentity = false
      return true
    }
    guard word == "--identity", parts.count == 2 else { return false }
    estate.machines[place].identities.append(parts[1])
    return true
  }

  private static func mac(_ text: String) -> MACAddress? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { $0.utf8.count == 2 ? UInt64($0, radix: 16) : nil }
    guard parts.count == 6, bytes.count == 6 else { return nil }
    return MACAddress(bits: bytes.reduce(0) { $0 << 8 | $1 })
  }
}
