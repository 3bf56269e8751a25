// What a subscription holds beside its route tables: networks, subnets, machines with interfaces.

package import Model

/// The part of a cloud that is there before anybody calls. A value; nothing of it changes by calls.
package struct Estate: Hashable, Sendable {
  package struct Subnet: Hashable, Sendable {
    package var name: String
    package var prefix: Prefix
    /// The route table that it names, of the estate's own group.
    package var table: String?

    package init(name: String, prefix: Prefix, table: String? = nil) {
      self.name = name
      self.prefix = prefix
      self.table = table
    }
  }

  package struct Interface: Hashable, Sendable {
    package var name: String
    package var address: IPv4Address
    package var subnet: String
    package var mac: MACAddress?
    /// `enableIPForwarding`: without it Azure drops what is not meant for the machine itself.
    package var forwards = true

    package init(name: String, address: IPv4Address, subnet: String, mac: MACAddress? = nil) {
      self.name = name
      self.address = address
      self.subnet = subnet
      self.mac = mac
    }
  }

  package struct Machine: Hashable, Sendable {
    package var name: String
    package var interfaces: [Interface]
    package var hasSystemIdentity = true
    /// Names of user-assigned identities.
    package var identities: [String] = []

    package init(name: String, interfaces: [Interface]) {
      self.name = name
      self.interfaces = interfaces
    }
  }

  package static let machineLimit = 256

  package var subscription = "00000000-0000-4000-8000-000000000001"
  package var group = "lab"
  package var location = "westus"
  /// As the metadata service calls it.
  package var cloud = "AzurePublicCloud"
  package var network = "vnet"
  package var subnets: [Subnet] = []
  package var machines: [Machine] = []
  /// Route tables that are there at the start, in the own group.
  package var tables: [String] = []

  package init() {}

  /// The prefixes of the virtual network.
  package var spaces: [Prefix] { subnets.map(\.prefix) }

  /// The machine that has an address; a caller from elsewhere counts as the first.
  package func machine(at address: IPv4Address) -> Machine? {
    machines.first { $0.interfaces.contains { $0.address == address } } ?? machines.first
  }

  // MARK: Names

  var groupPath: String { "/subscriptions/\(subscription)/resourceGroups/\(group)" }
  private var networkProvider: String { "\(groupPath)/providers/Microsoft.Network" }
  var networkID: String { "\(networkProvider)/virtualNetworks/\(network)" }

  func id(ofTable name: String) -> String { "\(networkProvider)/routeTables/\(name)" }
  func id(ofSubnet name: String) -> String { "\(networkID)/subnets/\(name)" }
  func id(ofInterface name: String) -> String { "\(networkProvider)/networkInterfaces/\(name)" }
  func id(ofMachine name: String) -> String {
    "\(groupPath)/providers/Microsoft.Compute/virtualMachines/\(name)"
  }
  func id(ofIdentity name: String) -> String {
    "\(groupPath)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/\(name)"
  }

  /// Where the resource manager of this cloud is, which is also for whom tokens are.
  package var managementHost: String {
    switch cloud {
    case "AzureUSGovernmentCloud": "management.usgovcloudapi.net"
    case "AzureChinaCloud": "management.chinacloudapi.cn"
    default: "management.azure.com"
    }
  }

  /// Azure takes its own audience with and without the slash, and that of its older interface.
  var audiences: [String] {
    let host = "https://\(managementHost)"
    return [host, host + "/", "https://management.core.windows.net/"]
  }
}
