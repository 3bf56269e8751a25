// Makes what the courier has to know: route tables, and how each VIP stands in them.
import Model

extension PlanMaker {
  /// Nil when nothing is asked of the courier, or when it is wrong and that has been said.
  mutating func azure(for vips: [Plan.VIP], _ rules: [Plan.Redistribution]) -> Plan.Azure? {
    checkWriter(of: rules)
    guard root.field(.azure) != nil else {
      for vip in vips where vip.udr != nil { return Plan.Azure() }
      for rule in rules where rule.tablesMode != nil { return Plan.Azure() }
      return nil
    }
    guard let section = root.section(.azure) else { return nil }
    checkTables(section)
    // The outer nil: it is wrong; the inner one: this machine.
    guard let writer = writer(section, vips) else { return nil }
    guard let word = section.word(.scheduledEvents),
      let events = Plan.ScheduledEvents(rawValue: word), let drift = section.word(.drift),
      let freezes = section.isSet(.freezeEvents),
      let acknowledges = section.isSet(.acknowledgeEvents)
    else { return nil }
    warnOfEvents(section, events)
    return Plan.Azure(
      routeTables: texts(section, .routeTables), identity: texts(section, .identity).first,
      repairsDrift: drift == "repair", scheduledEvents: events, dodgesFreezes: freezes,
      acknowledgesEvents: acknowledges, writer: writer)
  }

  private mutating func writer(_ section: Section, _ vips: [Plan.VIP]) -> VIPSlot?? {
    guard let item = section.value(.writer), let name = item.name else {
      return section.field(.writer) == nil ? .some(nil) : nil
    }
    guard let index = vips.firstIndex(where: { $0.name == name }) else {
      var names: [String] = []
      for vip in vips { names.append(vip.name) }
      problems.error(
        item.position, section.path(.writer), "there is no VIP \(name)",
        suggestion: PlanMaker.advice(name, names))
      return nil
    }
    if case .healthy(let owner) = vips[index].role, owner.isBalanced {
      problems.error(
        item.position, section.path(.writer),
        "with balance several machines carry \(name), and one has to write",
        suggestion: "name a VIP without balance")
    }
    return .some(VIPSlot(index))
  }

  /// Two machines with the same rule would write the same routes, each to itself.
  private mutating func checkWriter(of rules: [Plan.Redistribution]) {
    var name: String?
    for rule in rules where rule.tablesMode != nil { name = name ?? rule.name }
    guard let name, root.field(.group) != nil, root.section(.azure)?.field(.writer) == nil else {
      return
    }
    let section = (root.named(.redistribute) ?? []).first { $0.name == name }
    problems.error(
      section?.field(.udr)?.position ?? root.position, section?.path(.udr) ?? "azure.writer",
      "the speakers of a group must not write the same routes, each to itself",
      suggestion: "add azure: {writer: VIP}: who carries that VIP writes them")
  }

  /// The values that are no words.
  private func texts(_ section: Section, _ key: KeyName) -> [String] {
    var items = section.entries(key)
    if let item = section.value(key) { items.append(item) }
    var texts: [String] = []
    for item in items {
      if case .text(let text) = item.scalar { texts.append(text) }
    }
    return texts
  }

  private mutating func checkTables(_ section: Section) {
    let items = section.entries(.routeTables)
    var seen: [String] = []
    for item in items {
      if case .word(let word) = item.scalar {
        guard items.count > 1 else { continue }
        problems.error(
          item.position, section.path(.routeTables), "\(word) stands alone, or ids do",
          suggestion: "remove one of the two")
        continue
      }
      let text = item.scalar.text.lowercased()
      if seen.contains(text) {
        problems.error(
          item.position, section.path(.routeTables), "this table stands here twice",
          suggestion: "remove one of the two")
      }
      seen.append(text)
    }
    if let field = section.field(.routeTables), section.list(.routeTables)?.isEmpty ?? false {
      problems.error(
        field.position, section.path(.routeTables), "needs auto, or at least one route table")
    }
  }

  private mutating func warnOfEvents(_ section: Section, _ events: Plan.ScheduledEvents) {
    if events == .shift { return }
    for key in [KeyName.freezeEvents, .acknowledgeEvents] {
      guard section.isSet(key) ?? false, let field = section.field(key) else { continue }
      problems.error(
        field.position, section.path(key),
        "means nothing with scheduled-events: \(events.rawValue)",
        suggestion: "remove the key, or write scheduled-events: shift")
    }
  }

  // MARK: VIPs

  /// The outer nil: it is wrong; the inner one: there is none.
  mutating func udr(_ vip: Section, _ prefixes: [Prefix], _ role: Plan.Role) -> Plan.UDR?? {
    guard let field = vip.field(.udr) else { return .some(nil) }
    guard let section = vip.section(.udr), let mode = mode(section) else { return nil }
    if case .healthy(let owner) = role, owner.isBalanced {
      problems.error(
        field.position, section.path,
        "a route has one next hop, and with balance there are several",
        suggestion: "remove udr or balance")
    }
    if mode != .fallback { refuse([.after], in: section, "it is for mode: fallback") }
    if mode == .only { refuseAttributes(vip) }
    let after =
      section.field(.after) == nil ? Plan.UDR.usualAfter : section.value(.after)?.duration
    guard let routes = routes(section, mode, of: prefixes), let after else { return nil }
    return Plan.UDR(mode: mode, prefixes: routes, after: after)
  }

  /// Beside BGP the one that never stands in its way; alone, the one that needs none.
  private func mode(_ section: Section) -> Plan.UDR.Mode? {
    guard section.field(.mode) == nil else {
      guard let word = section.word(.mode) else { return nil }
      return Plan.UDR.Mode(rawValue: word)
    }
    return root.field(.routeServers) == nil ? .only : .floor
  }

  mutating func refuseAttributes(_ vip: Section) {
    for key in [KeyName.med, .communities, .largeCommunities] {
      // An empty list asks for nothing.
      if let list = vip.list(key), list.isEmpty { continue }
      refuse([key], in: vip, "with udr: {mode: only} nothing is announced over BGP")
    }
  }

  private mutating func routes(
    _ section: Section, _ mode: Plan.UDR.Mode, of prefixes: [Prefix]
  ) -> [Prefix]? {
    guard mode == .floor else {
      refuse([.prefixes], in: section, "with mode: \(mode.rawValue) they are those of the VIP")
      return prefixes
    }
    guard section.field(.prefixes) != nil else {
      problems.error(
        section.position, section.path(.prefixes),
        "missing: the shorter prefixes that catch the VIP's traffic when no BGP route does",
        suggestion: advice(prefixes).map { "add prefixes: [\($0)]" })
      return nil
    }
    guard let items = section.list(.prefixes) else { return nil }
    checkFloor(section, items, of: prefixes)
    return items.compactMap(\.prefix)
  }

  /// The next shorter prefix of the first one.
  private func advice(_ prefixes: [Prefix]) -> Prefix? {
    guard let first = prefixes.first, first.length > 0 else { return nil }
    return Prefix(
      Prefix.masked(first.address, to: first.length - 1), length: first.length - 1)
  }

  private mutating func checkFloor(_ section: Section, _ items: [Item], of prefixes: [Prefix]) {
    let path = section.path(.prefixes)
    // A plain list of floors: Swift 6.3.1's optimiser aborts on a closure over the items here.
    var floors: [Prefix] = []
    for item in items {
      guard let floor = item.prefix else { continue }
      floors.append(floor)
      if let same = prefixes.first(where: { $0 == floor }) {
        problems.error(
          item.position, path,
          "\(same) is the VIP's own prefix: a user-defined route for it would hide the BGP route",
          suggestion: advice([same]).map { "write \($0), or mode: mirror if that is wanted" })
      } else if !prefixes.contains(where: { covers(floor, $0) }) {
        problems.error(item.position, path, "\(floor) covers no prefix of this VIP")
      }
    }
    guard let field = section.field(.prefixes) else { return }
    for prefix in prefixes
    where !floors.contains(where: { covers($0, prefix) || $0 == prefix }) {
      problems.error(
        field.position, path, "no floor covers \(prefix)",
        suggestion: advice([prefix]).map { "add \($0)" })
    }
  }

  private func covers(_ outer: Prefix, _ inner: Prefix) -> Bool {
    outer.address.width == inner.address.width && outer.length < inner.length
      && Prefix.masked(inner.address, to: outer.length) == outer.address
  }

  /// One route cannot lead to two hosts.
  mutating func checkRoutes(_ vips: [Plan.VIP], from sections: [Section]) {
    var all: [(prefix: Prefix, vip: Int)] = []
    for (index, vip) in vips.enumerated() {
      for prefix in vip.udr?.prefixes ?? [] { all.append((prefix, index)) }
    }
    let order = all.indices.sorted { (all[$0].prefix, $0) < (all[$1].prefix, $1) }
    for (left, right) in zip(order, order.dropFirst()) where all[left].prefix == all[right].prefix {
      let section = sections[all[right].vip]
      let position = section.field(.udr)?.position ?? section.position
      let other = all[left].vip == all[right].vip ? "this VIP" : "VIP \(vips[all[left].vip].name)"
      problems.error(
        position, section.path(.udr), "\(all[right].prefix) is already a route of \(other)",
        suggestion: "give each VIP a route of its own, or put their prefixes into one VIP")
    }
  }

  // MARK: Without route servers

  /// Only route tables are written: then there is nobody to speak BGP with.
  mutating func noRouteServers() -> Plan.RouteServers? {
    let vips = root.named(.vips) ?? []
    var announced: Section?
    var areWritten = false
    for vip in vips {
      if vip.field(.udr) != nil { areWritten = true }
      if let udr = vip.section(.udr), mode(udr) == .only { continue }
      announced = vip
    }
    let rules = root.named(.redistribute) ?? []
    var hasRules = false
    for rule in rules
    where rule.section(.udr)?.word(.mode) != Plan.TableMode.only.rawValue { hasRules = true }
    if announced == nil, !vips.isEmpty || !rules.isEmpty, !hasRules { return .absent }
    let advice = "add route-servers: with peers below it"
    let name = announced?.name ?? ""
    problems.error(
      root.position, KeyName.routeServers.rawValue,
      "missing: the route servers that are told, all of one autonomous system",
      suggestion: areWritten && !hasRules
        ? "\(advice), or write udr: {mode: only} for \(name)" : advice)
    return nil
  }
}
