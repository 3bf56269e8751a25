// Makes the VIPs of the Plan and checks what holds across all of them.
import Model

extension PlanMaker {
  /// The VIPs that could be made; what is wrong with the others is among the problems.
  mutating func vips(_ platform: Plan.Platform?) -> [Plan.VIP] {
    let sections = root.named(.vips) ?? []
    if sections.isEmpty {
      if !(root.names(.redistribute) ?? []).isEmpty { return [] }
      if root.field(.vips).map({ if case .named = $0.content { true } else { false } }) ?? true {
        problems.warn(
          root.field(.vips)?.position ?? root.position, KeyName.vips.rawValue,
          "there is no VIP: nothing will ever be announced")
      }
      return []
    }
    var made: [Plan.VIP] = []
    var sources: [Section] = []
    for section in sections {
      guard let vip = vip(section) else { continue }
      made.append(vip)
      sources.append(section)
    }
    tie(&made, from: sources)
    checkRoutes(made, from: sources)
    warnOfFailback(made, from: sources)
    if platform?.isAzure ?? false {
      for section in sections { checkCommunities(section) }
    }
    checkFamilies(sections, platform)
    checkDoubles(sections)
    checkDigests(sections)
    checkTotal(sections, platform)
    checkConfirmations(sections)
    warnOfTies(sections)
    warnOfLoneWatcher(sections)
    return made
  }

  private mutating func vip(_ section: Section) -> Plan.VIP? {
    let prefixes = section.list(.prefixes)?.compactMap(\.prefix)
    if let prefixes, prefixes.isEmpty, let field = section.field(.prefixes) {
      problems.error(
        field.position, section.path(.prefixes), "needs at least one prefix")
    }
    guard let carrying = carrying(section, prefixes), let prefixes,
      let udr = udr(section, prefixes, carrying.role),
      let confirmation = confirmation(section, prefixes, carrying)
    else { return nil }
    if let udr, udr.mode == .only {
      refuse([.allDown], in: section, "with udr.mode: only there is nothing to withdraw")
    }
    return Plan.VIP(
      name: section.name, prefixes: prefixes, role: carrying.role,
      candidates: carrying.candidates, failback: carrying.failback, tie: nil,
      attributes: RouteAttributes(
        med: section.number(.med),
        communities: section.list(.communities)?.compactMap(\.community) ?? [],
        largeCommunities: section.list(.largeCommunities)?.compactMap(\.largeCommunity) ?? []),
      allDown: allDown(section), udr: udr, confirmation: confirmation)
  }

  private func allDown(_ section: Section) -> Plan.AllDown {
    section.word(.allDown).flatMap { Plan.AllDown(rawValue: $0) } ?? .hold
  }

  mutating func checkCommunities(_ section: Section) {
    for item in section.entries(.communities) {
      guard let community = item.community,
        AzureRules.communityNumbers.contains(community.value >> 16)
      else { continue }
      problems.error(
        item.position, section.path(.communities),
        "\(community) is one of the communities that Azure uses itself")
    }
  }

  /// Traffic of this VIP may be sent elsewhere than to `local.address`.
  private func hasForeignNextHop(_ section: Section) -> Bool {
    if section.field(.hosts) != nil { return true }
    // Step by step: Swift 6.3.1's optimiser aborts on optional chains over items here.
    guard let owner = section.section(.owner), let item = owner.value(.nextHop),
      let nextHop = item.ipv4Address
    else { return false }
    guard let local = root.section(.local), let own = local.value(.address),
      let address = own.ipv4Address
    else { return true }
    return nextHop != address
  }

  /// IPv6 prefixes need a route server that takes them, and a next hop.
  private mutating func checkFamilies(_ sections: [Section], _ platform: Plan.Platform?) {
    let local = root.section(.local)
    var isMissing = local != nil && local?.field(.address6) == nil && !(platform?.isAzure ?? false)
    for section in sections {
      for item in section.entries(.prefixes) {
        guard let prefix = item.prefix, case .v6 = prefix.address else { continue }
        if platform?.isAzure ?? false {
          problems.error(
            item.position, section.path(.prefixes),
            "\(prefix) is an IPv6 prefix: Azure Route Server has no IPv6 and would not route it",
            suggestion: "announce IPv6 prefixes to route servers with platform: generic")
        } else if hasForeignNextHop(section) {
          problems.error(
            item.position, section.path(.prefixes),
            "\(prefix) is an IPv6 prefix, and next hops of other machines can only be IPv4",
            suggestion: "announce IPv6 prefixes from an owner, with local.address6")
        }
        guard isMissing, let local else { continue }
        isMissing = false
        problems.error(
          local.position, local.path(.address6),
          "missing: the next hop of \(prefix) in VIP \(section.name), at line "
            + "\(item.position.line), has to be an IPv6 address of this machine",
          suggestion: "add address6: ADDRESS")
      }
    }
  }

  /// No prefix twice in a Plan: found by sorting, since there may be very many.
  private mutating func checkDoubles(_ sections: [Section]) {
    var all: [(prefix: Prefix, item: Item, vip: Int)] = []
    for (index, section) in sections.enumerated() {
      for item in section.entries(.prefixes) {
        if let prefix = item.prefix { all.append((prefix, item, index)) }
      }
    }
    let order = all.indices.sorted { (all[$0].prefix, $0) < (all[$1].prefix, $1) }
    var first = order.first ?? 0
    for index in order.dropFirst() {
      guard all[index].prefix == all[first].prefix else {
        first = index
        continue
      }
      let owner = sections[all[first].vip]
      let place = all[index].vip == all[first].vip ? "this VIP" : "VIP \(owner.name)"
      problems.error(
        all[index].item.position, sections[all[index].vip].path(.prefixes),
        "\(all[index].prefix) is already in \(place), at line \(all[first].item.position.line)",
        suggestion: "remove one of the two")
    }
  }

  private mutating func checkTotal(_ sections: [Section], _ platform: Plan.Platform?) {
    let isAzure = platform?.isAzure ?? false
    let limit = isAzure ? AzureRules.prefixLimit : PlanLimits.prefixes
    var total = 0
    var over: Item?
    var doubtful: Item?
    for section in sections {
      let items = section.entries(.prefixes)
      if over == nil, total + items.count > limit { over = items[limit - total] }
      if doubtful == nil, total + items.count > AzureRules.olderPrefixLimit {
        doubtful = items[AzureRules.olderPrefixLimit - total]
      }
      total += items.count
    }
    guard let over else {
      if isAzure, let doubtful { warn(of: total, doubtful) }
      return
    }
    let reason =
      isAzure
      ? "\(total) prefixes: when all move at once, Azure Route Server counts \(total) held + "
        + "\(total) in the UPDATE = \(2 * total) routes and ends the session above "
        + "\(2 * AzureRules.prefixLimit)"
      : "\(total) prefixes; a plan holds at most \(limit)"
    problems.error(
      over.position, KeyName.vips.rawValue, reason, suggestion: "keep to \(limit) in all VIPs")
  }

  private mutating func warn(of total: Int, _ first: Item) {
    let limit = AzureRules.olderPrefixLimit
    problems.warn(
      first.position, KeyName.vips.rawValue,
      "\(total) prefixes: when all move at once, a Route Server from before September 2025, which "
        + "takes \(2 * limit) routes, ends the session",
      suggestion: "ask Azure for its limit, or keep to \(limit) in all VIPs")
  }
}
