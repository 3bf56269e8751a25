// Machines, interfaces, networks: what a program asks in order to find its own route table.

import Model
import Platform

extension ResourceManager {
  /// Everything beside route tables. It can be read, and effective routes can be asked for.
  mutating func surroundings(
    _ call: Call, _ path: [String], origin: String, at now: Instant
  ) -> Reply {
    let type = "\(path[5])/\(path[6])"
    if path.count == 9, path[8] == "effectiveroutetable" {
      guard call.method == "POST" else { return Refusal.wrongMethod(call) }
      if let refusal = deny("\(type)/effectiveroutetable/action", call) { return refusal }
      return effectiveRoutes(call, path[7], origin: origin, at: now)
    }
    guard call.method == "GET" else { return Refusal.wrongMethod(call) }
    if let refusal = deny(path.count > 8 ? "\(type)/subnets/read" : "\(type)/read", call) {
      return refusal
    }
    let id = "/" + call.path.joined(separator: "/")
    guard let found = json(path) else { return Refusal.absent(id) }
    return Reply(200, [], found)
  }

  static let permissionsPath = ["providers", "microsoft.authorization", "permissions"]

  /// What the caller may do with any resource: everything but what was denied.
  func permissions(_ call: Call) -> Reply {
    guard call.method == "GET" else { return Refusal.wrongMethod(call) }
    if let refusal = deny("microsoft.authorization/permissions/read", call) { return refusal }
    let grant: JSON = [
      "actions": ["*"], "notActions": .array(denied.map { .string($0) }), "dataActions": [],
      "notDataActions": [],
    ]
    return Reply(200, [], ["value": [grant]])
  }

  /// Turns IP forwarding of an interface on or off; false when there is none of this name.
  package mutating func setForwarding(_ name: String, _ forwards: Bool) -> Bool {
    for machine in estate.machines.indices {
      let interfaces = estate.machines[machine].interfaces
      guard let place = interfaces.firstIndex(where: { $0.name == name }) else { continue }
      estate.machines[machine].interfaces[place].forwards = forwards
      return true
    }
    return false
  }

  private func json(_ path: [String]) -> JSON? {
    switch (path[6], path.count) {
    case ("virtualmachines", 8):
      return estate.machines.first { $0.name.lowercased() == path[7] }.map { machine($0) }
    case ("networkinterfaces", 8): return interface(path[7]).map { interface($0.0, of: $0.1) }
    case ("virtualnetworks", 8) where estate.network.lowercased() == path[7]: return network
    case ("virtualnetworks", 9) where estate.network.lowercased() == path[7]:
      return path[8] == "subnets" ? ["value": .array(estate.subnets.map { subnet($0) })] : nil
    case ("virtualnetworks", 10) where estate.network.lowercased() == path[7]:
      return estate.subnets.first { $0.name.lowercased() == path[9] }.map { subnet($0) }
    default: return nil
    }
  }

  private func interface(_ name: String) -> (Estate.Interface, Estate.Machine)? {
    for machine in estate.machines {
      for interface in machine.interfaces where interface.name.lowercased() == name {
        return (interface, machine)
      }
    }
    return nil
  }

  private func machine(_ machine: Estate.Machine) -> JSON {
    let interfaces = machine.interfaces.enumerated().map { index, interface -> JSON in
      [
        "id": .string(estate.id(ofInterface: interface.name)),
        "properties": ["primary": .boolean(index == 0)],
      ]
    }
    return [
      "name": .string(machine.name), "id": .string(estate.id(ofMachine: machine.name)),
      "type": "Microsoft.Compute/virtualMachines", "location": .string(estate.location),
      "properties": [
        "provisioningState": "Succeeded",
        "networkProfile": ["networkInterfaces": .array(interfaces)],
      ],
    ]
  }

  private func interface(_ interface: Estate.Interface, of machine: Estate.Machine) -> JSON {
    let id = estate.id(ofInterface: interface.name)
    let configuration: JSON = [
      "name": "ipconfig1", "id": .string("\(id)/ipConfigurations/ipconfig1"),
      "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
      "properties": [
        "provisioningState": "Succeeded", "privateIPAddress": .string("\(interface.address)"),
        "privateIPAllocationMethod": "Static", "primary": true,
        "privateIPAddressVersion": "IPv4",
        "subnet": ["id": .string(estate.id(ofSubnet: interface.subnet))],
      ],
    ]
    let mac = interface.mac.map { "\($0)".uppercased().replacing(":", with: "-") }
    let properties: JSON = [
      "provisioningState": "Succeeded", "ipConfigurations": [configuration],
      "enableIPForwarding": .boolean(interface.forwards), "primary": true,
      "virtualMachine": ["id": .string(estate.id(ofMachine: machine.name))],
    ]
    return [
      "name": .string(interface.name), "id": .string(id),
      "type": "Microsoft.Network/networkInterfaces", "location": .string(estate.location),
      "properties": properties.adding("macAddress", mac.map { .string($0) }),
    ]
  }

  private var network: JSON {
    [
      "name": .string(estate.network), "id": .string(estate.networkID),
      "type": "Microsoft.Network/virtualNetworks", "location": .string(estate.location),
      "properties": [
        "provisioningState": "Succeeded",
        "addressSpace": [
          "addressPrefixes": .array(estate.spaces.map { .string("\($0)") })
        ],
        "subnets": .array(estate.subnets.map { subnet($0) }),
      ],
    ]
  }

  private func subnet(_ subnet: Estate.Subnet) -> JSON {
    let properties: JSON = [
      "provisioningState": "Succeeded", "addressPrefix": .string("\(subnet.prefix)"),
    ]
    let table = subnet.table.map { ["id": JSON.string(estate.id(ofTable: $0))] as JSON }
    return [
      "name": .string(subnet.name), "id": .string(estate.id(ofSubnet: subnet.name)),
      "type": "Microsoft.Network/virtualNetworks/subnets",
      "properties": properties.adding("routeTable", table),
    ]
  }

  // MARK: Effective routes

  /// They are collected, as in Azure: the answer is an operation, whose result is at `Location`.
  private mutating func effectiveRoutes(
    _ call: Call, _ name: String, origin: String, at now: Instant
  ) -> Reply {
    guard let (found, _) = interface(name) else {
      return Refusal.absent("/" + call.path.joined(separator: "/"))
    }
    var routes = EffectiveRoutes(spaces: estate.spaces)
    let table = estate.subnets.first { $0.name == found.subnet }?.table
    let key = table.map { estate.id(ofTable: $0).lowercased() }
    let resource = tables.first { $0.key == key }
    routes.table = resource?.table(own: estate.group)
    var operation = newOperation(
      "GetEffectiveRoutesOperation", subscription: call.path[1], fate: .succeeds, at: now)
    operation.result = ["value": .array(routes.all.map { ResourceManager.json($0, resource) })]
    operations.append(operation)
    return Reply(202, polling(operation, call, origin: origin, location: true))
  }

  private static func json(_ route: EffectiveRoute, _ table: TableResource?) -> JSON {
    var hops: [JSON] = []
    let type: String
    switch route.nextHop {
    case .virtualAppliance(let addresses):
      hops = addresses.map { .string("\($0)") }
      type = "VirtualAppliance"
    case .vnetLocal: type = "VnetLocal"
    case .internet: type = "Internet"
    case .none: type = "None"
    case .virtualNetworkGateway: type = "VirtualNetworkGateway"
    }
    let named = table?.routes.first { Prefix($0.prefix) == route.prefix }
    let name = route.source == .user ? named.map { JSON.string($0.name) } : nil
    let line: JSON = [
      "source": .string(route.source.rawValue), "state": route.isActive ? "Active" : "Invalid",
      "addressPrefix": [.string("\(route.prefix)")], "nextHopType": .string(type),
      "nextHopIpAddress": .array(hops), "disableBgpRoutePropagation": false,
    ]
    return line.adding("name", name)
  }
}
