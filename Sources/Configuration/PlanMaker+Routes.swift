// Makes the rules by which routes of the kernel are announced, and checks their next hops and room.
import Model

extension PlanMaker {
  /// The rules that could be made; what is wrong with the others is among the problems.
  mutating func redistributions(_ vips: [Plan.VIP]) -> [Plan.Redistribution] {
    let sections = root.named(.redistribute) ?? []
    var rules: [Plan.Redistribution] = []
    for section in sections {
      if let rule = rule(section) { rules.append(rule) }
    }
    checkRoom(for: rules, beside: vips)
    checkTableRoom(sections, beside: vips)
    return rules
  }

  private mutating func rule(_ section: Section) -> Plan.Redistribution? {
    // The outer nil: it is wrong; the inner one: in no table.
    guard let mode = tableMode(section) else { return nil }
    checkFilters(section, isAnnounced: mode != .only)
    if mode == .only { refuseAttributes(section) }
    if platform?.isAzure ?? false { checkCommunities(section) }
    // The outer nil: it is wrong; the inner one: this machine.
    guard let nextHop = nextHop(section), let allow = filters(section, .allow), !allow.isEmpty,
      let limit = section.number(.limit), let grace = section.value(.grace)?.duration,
      let delay = section.value(.delay)?.duration, let prepend = section.number(.prepend)
    else { return nil }
    var metrics: ClosedRange<UInt32> = 0...UInt32.max
    if let item = section.value(.metric), case .metrics(let range) = item.scalar {
      metrics = range
    }
    return Plan.Redistribution(
      name: section.name, tables: tables(section), origins: origins(section),
      kinds: kinds(section), allow: allow, deny: filters(section, .deny) ?? [], metrics: metrics,
      includesDefault: section.isSet(.defaultRoute) ?? false, nextHop: nextHop,
      prepend: UInt8(prepend),
      attributes: RouteAttributes(
        med: section.number(.med),
        communities: section.list(.communities)?.compactMap(\.community) ?? [],
        largeCommunities: section.list(.largeCommunities)?.compactMap(\.largeCommunity) ?? []),
      limit: Int(limit), grace: grace, delay: delay, tablesMode: mode)
  }

  private func tableMode(_ section: Section) -> Plan.TableMode?? {
    guard section.field(.udr) != nil else { return .some(nil) }
    guard let word = section.section(.udr)?.word(.mode), let mode = Plan.TableMode(rawValue: word)
    else { return nil }
    return .some(mode)
  }

  // Loops in what follows: Swift 6.3.1's optimiser aborts on closures over items here.

  private func tables(_ section: Section) -> [UInt32] {
    var tables: [UInt32] = []
    for item in section.entries(.tables) {
      if case .number(let number) = item.scalar { tables.append(number) }
      if case .word = item.scalar { tables.append(Plan.Redistribution.mainTable) }
    }
    return tables.isEmpty ? [Plan.Redistribution.mainTable] : tables
  }

  private func origins(_ section: Section) -> [Route.Origin] {
    var origins: [Route.Origin] = []
    for item in section.entries(.protocols) {
      if case .origin(let origin) = item.scalar { origins.append(origin) }
    }
    return origins
  }

  private func kinds(_ section: Section) -> [Route.Kind] {
    var kinds: [Route.Kind] = []
    for item in section.entries(.types) {
      for kind in Route.Kind.announceable where item.scalar == .word(kind.description) {
        kinds.append(kind)
      }
    }
    return kinds.isEmpty ? [.unicast] : kinds
  }

  private func filters(_ section: Section, _ key: KeyName) -> [Plan.PrefixFilter]? {
    guard let items = section.list(key) else { return nil }
    var filters: [Plan.PrefixFilter] = []
    for item in items {
      if case .filter(let filter) = item.scalar { filters.append(filter) }
    }
    return filters
  }

  /// IPv6 prefixes need a route server that takes them, and a next hop of ours.
  private mutating func checkFilters(_ section: Section, isAnnounced: Bool) {
    let path = section.path(.allow)
    if let field = section.field(.allow), section.list(.allow)?.isEmpty ?? false {
      problems.error(
        field.position, path, "needs at least one filter",
        suggestion: "write [\"0.0.0.0/0 le 32\"] for every IPv4 prefix")
    }
    let isForeign = section.value(.nextHop)?.name != Schema.selfName
    for item in section.entries(.allow) {
      guard case .filter(let filter) = item.scalar, case .v6 = filter.block.address else {
        continue
      }
      if isAnnounced, platform?.isAzure ?? false {
        problems.error(
          item.position, path,
          "\(filter.block) is an IPv6 prefix: Azure Route Server has no IPv6 and would not "
            + "route it",
          suggestion: "announce IPv6 prefixes to route servers with platform: generic")
      } else if isForeign {
        problems.error(
          item.position, path,
          "\(filter.block) is an IPv6 prefix, and next hops of other machines can only be IPv4")
      } else if let local = root.section(.local), local.field(.address6) == nil {
        problems.error(
          item.position, path,
          "\(filter.block) is an IPv6 prefix: its next hop has to be an IPv6 address of this "
            + "machine",
          suggestion: "add address6: ADDRESS to local")
      }
    }
  }

  private mutating func nextHop(_ section: Section) -> NextHopAddresses?? {
    guard let item = section.value(.nextHop), let name = item.name else { return nil }
    if name == Schema.selfName { return .some(nil) }
    guard let known else { return nil }
    guard let host = known[name] else {
      let names = (root.names(.hosts) ?? []).filter { OtherValues.isName($0) }
      problems.error(
        item.position, section.path(.nextHop), "there is no host \(name)",
        suggestion: PlanMaker.advice(name, names + [Schema.selfName]) ?? "add it to hosts")
      return nil
    }
    guard let address = address(ofHost: host.section) else { return nil }
    checkNextHop(address, item.position, section.path(.nextHop))
    nextHopHosts.append(name)
    return NextHopAddresses(address)
  }

  /// What there is no room for is left out: better that somebody reads it here first.
  private mutating func checkRoom(for rules: [Plan.Redistribution], beside vips: [Plan.VIP]) {
    guard platform?.isAzure ?? false, let field = root.field(.redistribute) else { return }
    let wanted = rules.reduce(0) { $0 + ($1.isAnnounced ? $1.limit : 0) }
    let held = vips.reduce(0) { $0 + ($1.isAnnounced ? $1.prefixes.count : 0) }
    let room = max(0, AzureRules.prefixLimit - held)
    guard wanted > room else { return }
    problems.warn(
      field.position, KeyName.redistribute.rawValue,
      "the limits of all rules are \(wanted) routes, and beside the VIPs there is room for "
        + "\(room): an UPDATE counts on top of what is held, and Azure Route Server ends the "
        + "session above \(2 * AzureRules.prefixLimit)",
      suggestion: "keep the limits to \(room) in all; the routes beyond are left out")
  }

  /// The same of a route table. Only limits that were written: the usual one is for route servers.
  private mutating func checkTableRoom(_ sections: [Section], beside vips: [Plan.VIP]) {
    guard let field = root.field(.redistribute) else { return }
    var wanted = 0
    for section in sections where section.field(.udr) != nil {
      // What was not written stands where its section does.
      guard let item = section.value(.limit), item.position != section.position else { continue }
      wanted += Int(section.number(.limit) ?? 0)
    }
    let held = vips.reduce(0) { $0 + ($1.udr?.prefixes.count ?? 0) }
    let room = max(0, Plan.tableRoutes - held)
    guard wanted > room else { return }
    problems.warn(
      field.position, KeyName.redistribute.rawValue,
      "the limits of rules with udr are \(wanted) routes, and beside those of VIPs a route table "
        + "gets \(room) of the kernel's: each is a call of its own, and so is each after a shift",
      suggestion: "keep the limits to \(room) in all; the routes beyond wait for a place")
  }
}
