// Makes the role in which this machine watches the hosts of a VIP, and checks what hosts are for.
import Model

extension PlanMaker {
  /// A host of the file; its keys are nil when there are none and that has been said.
  struct KnownHost {
    var slot: HostSlot
    var section: Section
  }

  /// By name; nil when the names are not known because something above them is wrong.
  func knownHosts() -> [String: KnownHost]? {
    guard let field = root.field(.hosts) else { return [:] }
    guard case .named(let sections) = field.content else { return nil }
    var known: [String: KnownHost] = [:]
    for (index, section) in sections.enumerated() {
      known[section.name] = KnownHost(slot: HostSlot(index), section: section)
    }
    return known
  }

  /// The VIP needs what the host's probes say.
  mutating func depend(on host: String, _ vip: Section) {
    if dependents[host] == nil { dependents[host] = vip.name }
  }

  mutating func watcher(_ vip: Section) -> Carrying? {
    refuseLone(vip)
    let nextHops = self.nextHops(vip)
    guard let items = vip.list(.hosts) else { return nil }
    var candidates: [Plan.Candidate] = []
    var names: [String] = []
    var isWhole = true
    for item in items {
      guard let name = item.name, !isTwice(name, names, item, vip) else {
        isWhole = false
        continue
      }
      names.append(name)
      guard let host = host(name, item, vip) else {
        isWhole = false
        continue
      }
      let written = nextHops[name]
      guard let nextHop = written?.item.ipv4Address ?? address(ofHost: host.section) else {
        isWhole = false
        continue
      }
      let position = written?.item.position ?? item.position
      let key: KeyName = written == nil ? .hosts : .nextHop
      checkNextHop(nextHop, position, vip.path(key))
      if let other = candidates.firstIndex(where: { $0.nextHop == nextHop }) {
        problems.error(
          position, vip.path(key),
          "\(nextHop) is the next hop of host \(names[other]) too: a shift would change nothing")
      }
      candidates.append(Plan.Candidate(host: host.slot, nextHop: nextHop))
    }
    guard isWhole, !items.isEmpty, let failback = failback(vip) else { return nil }
    return Carrying(
      role: .watcher(rank: Plan.usualRank), candidates: candidates, failback: failback.length)
  }

  private mutating func refuseLone(_ vip: Section) {
    guard let items = vip.list(.hosts), let field = vip.field(.hosts), items.count < 2 else {
      return
    }
    if items.isEmpty {
      problems.error(field.position, vip.path(.hosts), "needs at least one host")
    } else {
      problems.warn(
        items[0].position, vip.path(.hosts),
        "only one host: there is nobody to shift the traffic to", suggestion: "add another host")
    }
  }

  private mutating func isTwice(
    _ name: String, _ names: [String], _ item: Item, _ vip: Section
  ) -> Bool {
    guard names.contains(name) else { return false }
    problems.error(
      item.position, vip.path(.hosts), "\(name) stands here twice",
      suggestion: "remove one of the two")
    return true
  }

  private mutating func host(_ name: String, _ item: Item, _ vip: Section) -> KnownHost? {
    depend(on: name, vip)
    guard let known else { return nil }
    if let host = known[name] { return host }
    let names = (root.names(.hosts) ?? []).filter { OtherValues.isName($0) }
    problems.error(
      item.position, vip.path(.hosts), "there is no host \(name)",
      suggestion: PlanMaker.advice(name, names) ?? "add it to hosts")
    return nil
  }

  /// The nearest name, or all of them while they fit a line.
  static func advice(_ name: String, _ names: [String]) -> String? {
    if let nearest = Nearest.word(to: name, among: names) { return "did you mean \(nearest)?" }
    if names.isEmpty || names.count > PlanLimits.candidatesPerVIP { return nil }
    return "known here: \(names.joined(separator: ", "))"
  }

  /// The next hops that are written, by host.
  private mutating func nextHops(_ vip: Section) -> [String: Section.Pair] {
    var nextHops: [String: Section.Pair] = [:]
    let names = vip.entries(.hosts).compactMap(\.name)
    for pair in vip.pairs(.nextHop).pairs {
      if names.contains(pair.name) {
        nextHops[pair.name] = pair
        continue
      }
      // With a wrong entry in the list of hosts nobody knows whether it was meant.
      guard vip.list(.hosts) != nil else { continue }
      problems.error(
        pair.position, vip.path(.nextHop),
        "\(Quote.clipped(pair.name)) is no host of this VIP",
        suggestion: PlanMaker.advice(pair.name, names))
    }
    return nextHops
  }

  mutating func checkNextHop(_ nextHop: IPv4Address, _ position: Position, _ path: String) {
    if let servers = root.section(.routeServers) {
      for item in servers.entries(.peers) where item.ipv4Address == nextHop {
        problems.error(position, path, "\(nextHop) is a route server, which forwards nothing")
        return
      }
    }
    guard platform == .azureVirtualWAN, let localAddress, nextHop != localAddress else { return }
    problems.error(
      position, path,
      "\(nextHop) is not this machine: a virtual hub takes no next hop but local.address",
      suggestion: "let each machine announce itself with owner")
  }

  /// A host that a VIP depends on has evidence, and the others do not stand there by mistake.
  mutating func checkUse(by vips: [Plan.VIP]) {
    // What a VIP that could not be made depends on is not known.
    let isComplete = root.names(.vips)?.count == vips.count
    for host in root.named(.hosts) ?? [] {
      let hasProbes = host.field(.probes).map { !isEmpty($0.content) } ?? false
      if let vip = dependents[host.name] {
        if hasProbes { continue }
        problems.error(
          host.position, host.path(.probes),
          "missing: VIP \(vip) depends on this host, and nothing tells whether it is well",
          suggestion: "add probes: [PROBE, ...]")
      } else if isComplete, host.isSet(.anchor) != true, hasProbes || !isSelf(host),
        !nextHopHosts.contains(host.name)
      {
        problems.warn(
          host.position, host.path,
          "no VIP depends on this host, and it is no anchor: it decides nothing")
      }
    }
  }

  private func isEmpty(_ content: Section.Content) -> Bool {
    if case .choices(let probes) = content { probes.isEmpty } else { false }
  }

  /// Said once a file.
  mutating func warnOfLoneWatcher(_ vips: [Section]) {
    guard root.field(.group) == nil else { return }
    for vip in vips {
      guard vip.field(.owner) == nil, let hosts = vip.field(.hosts) else { continue }
      problems.warn(
        hosts.position, KeyName.vips.rawValue,
        "a watcher without a group: its death withdraws its VIPs, since the route servers drop "
          + "the routes of a session that ends",
        suggestion: "let a second machine watch too, and put both into a group")
      return
    }
  }
}
