// Makes the Plan from what was read: fills in defaults and checks what one key alone cannot tell.
import Model

/// Holds the sections while the Plan is made; what concerns hosts, VIPs and the group is in files
/// of its own.
struct PlanMaker {
  let root: Section
  var problems: Problems
  /// The first VIP that needs the word of a host, by the name of the host.
  var dependents: [String: String] = [:]

  /// Hosts that are the next hop of a rule of redistribution.
  var nextHopHosts: [String] = []

  /// The hosts by name; nil when they cannot be known.
  var known: [String: KnownHost]?

  init(root: Section, problems: Problems) {
    self.root = root
    self.problems = problems
    known = nil
    known = knownHosts()
  }

  /// The Plan, unless anything was or is wrong.
  mutating func make() -> Plan? {
    let platform = self.platform
    let local = self.local(platform)
    let servers = routeServers(platform)
    let group = self.group()
    let hosts = self.hosts()
    let vips = self.vips(platform)
    let rules = redistributions(vips)
    let azure = self.azure(for: vips, rules)
    checkUse(by: vips)
    let isShadow = self.isShadow()
    let metrics = self.metrics()
    guard !problems.hasErrors, let local, let servers, var hosts else { return nil }
    addSelf(for: vips, to: &hosts.hosts)
    return Plan(
      local: local, routeServers: servers, vips: vips, hosts: hosts.hosts, targets: hosts.targets,
      group: group, redistributions: rules, azure: azure, isShadow: isShadow, metrics: metrics)
  }

  /// Nil when it is wrong or has no place to stand: then nothing that depends on it is checked.
  var platform: Plan.Platform? {
    root.section(.routeServers)?.value(.platform)?.platform
  }

  /// A mode that was forgotten announces nothing when it counts.
  private mutating func isShadow() -> Bool {
    guard root.word(.mode) == "shadow" else { return false }
    problems.warn(
      root.field(.mode)?.position ?? root.position, KeyName.mode.rawValue,
      "everything is decided and recorded, and nothing is announced")
    return true
  }

  private func metrics() -> String? {
    guard let item = root.section(.metrics)?.value(.listen), case .text(let place) = item.scalar
    else { return nil }
    return place
  }

  private mutating func local(_ platform: Plan.Platform?) -> Plan.Local? {
    guard let section = root.section(.local) else { return nil }
    if let item = section.value(.asn), let number = item.asNumber,
      number != theirNumber(platform)?.number,
      let complaint = ASNumberRules.complaint(number, on: platform)
    {
      problems.error(
        item.position, section.path(.asn), complaint, suggestion: ASNumberRules.advice)
    }
    guard let asn = number(section), let address = section.value(.address)?.ipv4Address else {
      return nil
    }
    let identifier = section.value(.identifier)?.ipv4Address ?? address
    let address6 = section.value(.address6)?.ipv6Address
    return Plan.Local(asn: asn, address: address, address6: address6, identifier: identifier)
  }

  /// Our number is for sessions.
  private mutating func number(_ local: Section) -> ASNumber? {
    guard root.field(.routeServers) != nil else {
      refuse([.asn], in: local, "there is no route server")
      return Plan.Local.withoutSessions
    }
    if local.field(.asn) == nil {
      problems.error(
        local.position, local.path(.asn), "missing: our autonomous system number",
        suggestion: "add asn: NUMBER")
    }
    guard let item = local.value(.asn) else { return nil }
    return item.asNumber
  }

  /// The route servers' number and where it stands; no place when it is the platform's.
  private func theirNumber(
    _ platform: Plan.Platform?
  ) -> (number: ASNumber, position: Position?)? {
    let servers = root.section(.routeServers)
    if let item = servers?.value(.asn), let number = item.asNumber {
      return (number, item.position)
    }
    let isAbsent = servers?.field(.asn) == nil
    return (platform?.isAzure ?? false) && isAbsent ? (AzureRules.asn, nil) : nil
  }

  private mutating func routeServers(_ platform: Plan.Platform?) -> Plan.RouteServers? {
    if root.field(.routeServers) == nil { return noRouteServers() }
    guard let section = root.section(.routeServers) else { return nil }
    checkNumbers(platform, section)
    checkPeers(section)
    checkHoldTime(section)
    guard let platform, let asn = theirNumber(platform)?.number,
      let holdTime = holdTime(section), let damping = damping(section, platform),
      let drain = section.value(.drain)?.duration,
      let peers = section.list(.peers)?.compactMap(\.ipv4Address)
    else { return nil }
    return Plan.RouteServers(
      platform: platform, asn: asn, holdTime: holdTime, peers: peers,
      passwordFile: section.file(.passwordFile),
      ttlSecurity: section.number(.ttlSecurity).flatMap { UInt8(exactly: $0) }, damping: damping,
      drain: drain)
  }

  private mutating func checkNumbers(_ platform: Plan.Platform?, _ section: Section) {
    let path = section.path(.asn)
    if platform == .generic, section.field(.asn) == nil {
      problems.error(
        section.position, path, "missing: only Azure's route servers have a number known to us",
        suggestion: "add asn: NUMBER")
    }
    guard let theirs = theirNumber(platform) else { return }
    if let position = theirs.position {
      if let platform, platform.isAzure, theirs.number != AzureRules.asn {
        let who = platform == .azure ? "Azure Route Server" : "the router of a virtual hub"
        problems.error(
          position, path, "\(who) is always AS \(AzureRules.asn)",
          suggestion: "remove the key, or set platform: generic")
      } else if let complaint = ASNumberRules.complaint(theirs.number, on: .generic) {
        problems.error(position, path, complaint)
      }
    }
    guard let section = root.section(.local), let ours = section.value(.asn),
      ours.asNumber == theirs.number
    else { return }
    problems.error(
      ours.position, section.path(.asn),
      "\(theirs.number) is the route servers' number too; the sessions are eBGP only",
      suggestion: ASNumberRules.advice)
  }

  private mutating func checkPeers(_ section: Section) {
    let items = section.entries(.peers)
    let path = section.path(.peers)
    let own = root.section(.local)?.value(.address)?.ipv4Address
    for (index, item) in items.enumerated() {
      let address = item.ipv4Address
      if items[..<index].contains(where: { $0.ipv4Address == address }) {
        problems.error(
          item.position, path, "\(item.scalar.text) stands here twice",
          suggestion: "remove one of the two")
      }
      if address == own {
        problems.error(
          item.position, path, "\(item.scalar.text) is local.address: that is this machine")
      }
    }
    guard let whole = section.list(.peers), let field = section.field(.peers) else { return }
    if whole.isEmpty {
      problems.error(field.position, path, "needs the address of at least one route server")
    } else if whole.count == 1 {
      problems.warn(
        whole[0].position, path,
        "only one route server: machines behind the other one do not learn the routes",
        suggestion: "name both instances of the route server")
    }
  }

  /// Nil when it is wrong.
  private func holdTime(_ section: Section) -> Nanoseconds? {
    if section.field(.holdTime) == nil {
      return hasOnlyWatchers ? PlanMaker.watchersHoldTime : PlanMaker.ownersHoldTime
    }
    return section.value(.holdTime)?.duration
  }

  /// Every VIP has hosts: then no route of ours leads to this machine.
  private var hasOnlyWatchers: Bool {
    let vips = root.named(.vips) ?? []
    if root.field(.redistribute) != nil { return false }
    return !vips.isEmpty && vips.allSatisfy { $0.field(.hosts) != nil && $0.field(.owner) == nil }
  }

  private mutating func checkHoldTime(_ section: Section) {
    if hasOnlyWatchers { return }
    let holdTime = section.value(.holdTime)
    if let holdTime, let length = holdTime.duration, length > PlanMaker.longHoldTime {
      problems.warn(
        holdTime.position, section.path(.holdTime),
        "over \(DurationText.text(PlanMaker.longHoldTime)): a frozen owner keeps its route so long",
        suggestion: "write \(DurationText.text(PlanMaker.longHoldTime)) or less")
    }
  }
}

extension PlanMaker {
  /// We chose them. A frozen owner attracts traffic so long, if nobody claims its VIPs; a frozen
  /// watcher's routes lead to a machine that may be well, and should stay.
  static let ownersHoldTime = Nanoseconds.seconds(30)
  static let watchersHoldTime = Nanoseconds.seconds(180)

  /// Above this an owner pair hardly gains from the hold time at all. We chose it.
  static let longHoldTime = Nanoseconds.seconds(60)
}
