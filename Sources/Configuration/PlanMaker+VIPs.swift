// Makes the VIPs of the Plan and checks what holds across all of them.
import Model

extension PlanMaker {
  /// The VIPs that could be made; what is wrong with the others is among the problems.
  mutating func vips(_ platform: Plan.Platform?) -> [Plan.VIP] {
    let sections = root.named(.vips) ?? []
    if sections.isEmpty {
      if root.field(.vips).map({ if case .named = $0.content { true } else { false } }) ?? true {
        problems.warn(
          root.field(.vips)?.position ?? root.position, KeyName.vips.rawValue,
          "there is no VIP: nothing will ever be announced")
      }
      return []
    }
    let made = sections.compactMap { vip($0) }
    if platform == .azure {
      for section in sections { checkCommunities(section) }
    }
    checkFamilies(sections, platform)
    checkDoubles(sections)
    checkTotal(sections, platform)
    warnOfTies(sections)
    return made
  }

  private mutating func vip(_ section: Section) -> Plan.VIP? {
    let prefixes = section.list(.prefixes)?.compactMap(\.prefix)
    if let prefixes, prefixes.isEmpty, let field = section.field(.prefixes) {
      problems.error(
        field.position, section.path(.prefixes), "needs at least one prefix")
    }
    guard let owner = section.section(.owner) else { return nil }
    checkInterfaces(owner)
    guard let prefixes else { return nil }
    guard let address = ownerAddress(owner, prefixes) else { return nil }
    let interfaces = owner.list(.interfaces)?.compactMap(\.interface) ?? []
    guard let settle = owner.value(.settle)?.duration else { return nil }
    return Plan.VIP(
      name: section.name, prefixes: prefixes,
      owner: Plan.Owner(address: address, interfaces: interfaces, settle: settle),
      attributes: RouteAttributes(
        med: section.number(.med),
        communities: section.list(.communities)?.compactMap(\.community) ?? [],
        largeCommunities: section.list(.largeCommunities)?.compactMap(\.largeCommunity) ?? []))
  }

  private mutating func checkCommunities(_ section: Section) {
    for item in section.entries(.communities) {
      guard let community = item.community,
        AzureRules.communityNumbers.contains(community.value >> 16)
      else { continue }
      problems.error(
        item.position, section.path(.communities),
        "\(community) is one of the communities that Azure uses itself")
    }
  }

  /// IPv6 prefixes need a route server that takes them, and a next hop.
  private mutating func checkFamilies(_ sections: [Section], _ platform: Plan.Platform?) {
    let local = root.section(.local)
    var isMissing = local != nil && local?.field(.address6) == nil && platform != .azure
    for section in sections {
      for item in section.entries(.prefixes) {
        guard let prefix = item.prefix, case .v6 = prefix.address else { continue }
        if platform == .azure {
          problems.error(
            item.position, section.path(.prefixes),
            "\(prefix) is an IPv6 prefix: Azure Route Server has no IPv6 and would not route it",
            suggestion: "announce IPv6 prefixes to route servers with platform: generic")
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

  private mutating func ownerAddress(_ owner: Section, _ prefixes: [Prefix]) -> IPAddress? {
    if let item = owner.value(.address), let address = item.address {
      if !prefixes.isEmpty, !prefixes.contains(where: { contains($0, address) }) {
        problems.warn(
          item.position, owner.path(.address), "\(address) lies in no prefix of this VIP")
      }
      return address
    }
    // Present and wrong, or nothing to choose from: that has been reported.
    guard owner.field(.address) == nil, !prefixes.isEmpty else { return nil }
    if let host = prefixes.first(where: \.isHost) { return host.address }
    problems.error(
      owner.position, owner.path(.address),
      "missing: no prefix of this VIP is a single address that could be waited for",
      suggestion: "add address: ADDRESS")
    return nil
  }

  private func contains(_ prefix: Prefix, _ address: IPAddress) -> Bool {
    prefix.address.width == address.width
      && Prefix.masked(address, to: prefix.length) == prefix.address
  }

  private mutating func checkInterfaces(_ owner: Section) {
    // A plain loop over names: Swift 6.3.1's optimiser aborts on a closure over the items here.
    var names: [InterfaceName] = []
    for item in owner.entries(.interfaces) {
      guard let name = item.interface else { continue }
      if !names.contains(name) {
        names.append(name)
        continue
      }
      problems.error(
        item.position, owner.path(.interfaces),
        "\(Quote.shown(item.scalar.text)) stands here twice", suggestion: "remove one of the two")
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
    let limit = platform == .azure ? AzureRules.prefixLimit : PlanLimits.prefixes
    var total = 0
    var over: Item?
    for section in sections {
      let items = section.entries(.prefixes)
      if over == nil, total + items.count > limit { over = items[limit - total] }
      total += items.count
    }
    guard let over else { return }
    let reason =
      platform == .azure
      ? "\(total) prefixes: when all move at once, Azure Route Server counts \(total) held + "
        + "\(total) in the UPDATE = \(2 * total) routes and ends the session above "
        + "\(2 * AzureRules.prefixLimit)"
      : "\(total) prefixes; a plan holds at most \(limit)"
    problems.error(
      over.position, KeyName.vips.rawValue, reason, suggestion: "keep to \(limit) in all VIPs")
  }

  /// Said once a file: who reads it must know how far claims without hello carry.
  private mutating func warnOfTies(_ sections: [Section]) {
    guard let owner = sections.lazy.compactMap({ $0.field(.owner) }).first else { return }
    problems.warn(
      owner.position, KeyName.vips.rawValue,
      "owners do not hear each other (no hello), so claims may tie: an address that was there at "
        + "start claims at owner, one that comes later at takeover-1, and one that comes back "
        + "two rungs above the machine's last claim; a third machine, or a daemon that was "
        + "restarted, begins at the bottom and may tie with a frozen machine or lose to it",
      suggestion: "let two machines share a VIP, not more; see CLAIMS in hopshift.yaml(5)")
  }
}
