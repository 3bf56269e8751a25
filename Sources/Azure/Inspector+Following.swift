// What an inspection learns from each answer, and where it looks next.

import Model

extension Inspector {
  /// Whether the answer could be read.
  mutating func follow(_ look: Look, _ body: [UInt8]) -> Bool {
    switch look {
    case .instance:
      guard let found = Machine(body) else { return false }
      machine = found.id
      management = management ?? found.cloud?.management
      goOn()
    case .machine:
      guard let ids = JSON.read(Discovery.VirtualMachine.self, body)?.interfaces,
        ids.count <= Discovery.interfaceLimit
      else { return false }
      interfaceCount = ids.count
      for id in ids { add(.interface(id)) }
    case .interface(let id): return take(id, body)
    case .network: return takeNetwork(body)
    case .table(let id):
      guard let table = TableRecord(body) else { return false }
      judge(table, id)
    case .permissions(let id):
      guard let rights = Permissions(body) else { return false }
      judge(rights, id)
    }
    return true
  }

  // MARK: Our place

  private mutating func take(_ id: ResourceID, _ body: [UInt8]) -> Bool {
    guard let read = JSON.read(Discovery.NetworkInterface.self, body)?.properties else {
      return false
    }
    let entries = (read.ipConfigurations ?? []).compactMap(\.properties)
    let found = Interface(
      id: id, forwards: read.enableIPForwarding ?? false,
      addresses: entries.compactMap { $0.privateIPAddress.flatMap { IPAddress($0) } },
      subnets: entries.compactMap { $0.subnet?.id.flatMap { ResourceID($0) } })
    interfaces.append(found)
    for subnet in found.subnets {
      guard let network = subnet.parent, !known.contains(.network(network)),
        networks < Inspector.networkLimit
      else { continue }
      networks += 1
      add(.network(network))
    }
    return true
  }

  /// Addresses at which traffic for a VIP reaches this machine.
  private var hops: [IPAddress] {
    var hops = carriages.flatMap { [$0.ownHop, $0.ownHop6].compactMap { $0 } }
    if hops.isEmpty { hops = [settings.address] }
    return hops
  }

  /// What is wrong with the interfaces that were read; whether one is missing shows only when all
  /// of them were.
  var interfaceFindings: [Advice] {
    var result: [Advice] = []
    let isWhole = !interfaces.isEmpty && interfaces.count == interfaceCount
    if isWhole, !interfaces.contains(where: { $0.addresses.contains(settings.address) }) {
      result.append(.noInterface(with: settings.address))
    }
    for interface in interfaces where !interface.forwards {
      guard interface.addresses.contains(where: hops.contains) else { continue }
      result.append(.noForwarding(interface.id))
    }
    return result
  }

  /// The subnet whose table is meant by `auto`.
  private var ownSubnet: ResourceID? {
    interfaces.first { $0.addresses.contains(settings.address) }.flatMap { interface in
      let place = interface.addresses.firstIndex(of: settings.address) ?? 0
      return interface.subnets.indices.contains(place) ? interface.subnets[place] : nil
    }
  }

  private mutating func takeNetwork(_ body: [UInt8]) -> Bool {
    guard let read = JSON.read(Discovery.VirtualNetwork.self, body)?.properties else {
      return false
    }
    let own = ownSubnet
    var tables: [ResourceID] = []
    for entry in read.subnets ?? [] {
      let table = entry.properties?.routeTable?.id.flatMap { ResourceID($0) }
      let isOwn = own != nil && entry.id.flatMap { ResourceID($0) } == own
      if isOwn, settings.routeTables.isEmpty, hasRoutes {
        if let table { found.append(table) }
        if table == nil, let own { findings.append(.noTable(for: own)) }
      }
      if let table, table.isRouteTable { tables.append(table) }
    }
    for table in tables where !known.contains(.table(table)) {
      if !isOurs(table) {
        guard otherTables < Inspector.otherLimit else { continue }
        otherTables += 1
        if otherTables == Inspector.otherLimit {
          findings.append(.incomplete("the network has more than \(otherTables - 1) other tables"))
          continue
        }
      }
      add(.table(table))
    }
    return true
  }

  // MARK: Tables

  private mutating func judge(_ table: TableRecord, _ id: ResourceID) {
    let isOurs = isOurs(id)
    let managed = isOurs ? ours : []
    let mirrored = records.filter { $0.mode == .mirror }.map(\.vip)
    // A VIP whose routes stand in the tables themselves does not need to be heard of.
    let heard = carriages.contains { $0.isAnnounced && !mirrored.contains($0.vip) }
    let prefixes = carriages.flatMap(\.prefixes)
    for finding in Inspection.findings(of: table, managed: managed, announced: prefixes) {
      switch finding {
      case .shadowed(let prefix, let name): findings.append(.shadowed(prefix, by: name, in: id))
      case .otherName(let prefix, let name):
        findings.append(.otherName(prefix, name, in: id))
      case .propagationDisabled(let subnets):
        guard heard else { continue }
        findings.append(.propagationDisabled(in: id, subnets: subnets, isOurs: isOurs))
      }
    }
    guard isOurs else { return }
    if hasRoutes { add(.permissions(id)) }
    let subnets = table.subnets.compactMap { ResourceID($0) }
    guard interfaces.contains(where: { $0.subnets.contains(where: subnets.contains) }) else {
      return
    }
    returns += Inspection.returns(records, carriages, in: id)
  }

  private var ours: [ManagedRoute] {
    var managed: [ManagedRoute] = []
    for record in records {
      for prefix in record.routes {
        guard let name = Desired.routeName(record.vip, prefix) else { continue }
        managed.append(ManagedRoute(name: name, prefix: prefix, candidates: []))
      }
    }
    return managed
      + crowd.map { ManagedRoute(name: Desired.crowdName($0), prefix: $0, candidates: []) }
  }

  private mutating func judge(_ rights: Permissions, _ table: ResourceID) {
    let deletes = !crowd.isEmpty || records.contains { $0.mode == .fallback }
    let missing = Permissions.needed(deletes: deletes).filter { !rights.allows($0) }
    guard !missing.isEmpty else { return }
    // What is missing here may stand in the rest of the list.
    if rights.isPartial { return findings.append(.unknownRights(on: table)) }
    findings.append(
      .missing(missing, on: table, settings.identity, of: machine, isProblem: true))
  }
}
