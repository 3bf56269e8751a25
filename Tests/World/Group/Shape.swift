// What a group is made of: who speaks, what decides, and the Plan of each member.

import Model

/// By what the VIPs of a group are decided.
package enum Manner: String, CaseIterable, Sendable {
  case address, healthy, watchers
}

/// One group, as its seed wants it.
struct Shape {
  static let hosts = 2
  /// Interfaces of a member beside the one that its own address is on: its service, or what it sees
  /// each host by.
  static let service: UInt32 = 3
  static let addresses = [
    IPv4Address(10, 1, 0, 5), IPv4Address(10, 2, 0, 5), IPv4Address(10, 3, 0, 5),
    IPv4Address(10, 4, 0, 5),
  ]
  /// Packets that judge a host. With them a death takes three intervals and a timeout to be seen,
  /// and as much again by a machine that was away.
  static let probing = Plan.Probe(
    kind: .icmp, address: IPv4Address(bits: 0), interval: .milliseconds(500),
    timeout: .milliseconds(400), fall: 3, rise: 2)
  private static let detection = Nanoseconds.seconds(4)
  /// As many as a Plan for Azure may have, so that a change of all of them together with what is
  /// held comes close to what a route server takes.
  private static let bulk = 1_990

  let manner: Manner
  let members: Int
  let interval: Nanoseconds
  let timeout: Nanoseconds
  let failback: Nanoseconds?
  let window: Nanoseconds
  /// By member; the lowest is the best, and of equals the one of the lower address.
  let ranks: [UInt8]
  /// Of a hundred hellos.
  let loss: Int
  /// There is a state file, which outlives the daemon.
  let hasMemory: Bool
  let allDown: Plan.AllDown
  /// How the first VIP stands in route tables; nil: it does not.
  let udr: Plan.UDR.Mode?
  /// A machine in shadow mode hears all that the first member hears.
  let hasShadow: Bool
  /// Hosts are judged by packets, and shifts are confirmed.
  let isProbed: Bool
  let vips: [Plan.VIP]
  /// Those that are looked at at the route servers.
  let prefixes: [Prefix]
  /// By which the kernel's routes are told; nil: they are not.
  let routeRules: RouteRules?
  /// They stand in the route table.
  let areRoutesTabled: Bool
  /// They are announced to the route servers.
  let areRoutesAnnounced: Bool
  /// All that is a VIP's, looked at or not.
  let vipPrefixes: Set<Prefix>

  /// `extra` decides what leaves the course of a schedule as it is, `routing` what is about the
  /// kernel's routes in tables, and `announcing` about those that route servers are told.
  init(
    _ random: inout Random, _ extra: inout Random, _ routing: inout Random,
    _ announcing: inout Random
  ) {
    manner = Manner.allCases[random.pick(0...2)]
    switch manner {
    case .address: members = 2
    case .healthy: members = random.pick(2...3)
    case .watchers: members = random.pick(1...2)
    }
    // Many hellos are many events.
    interval = .milliseconds(members == 3 ? 500 : [100, 250, 500][random.pick(0...2)])
    timeout = interval * 5
    failback = random.oneIn(4) ? nil : .seconds([1, 4, 10][random.pick(0...2)])
    window = .seconds([0, 3, 10][random.pick(0...2)])
    let isRanked = random.oneIn(2)
    let isUpsideDown = random.oneIn(2)
    let count = members
    ranks = (0..<count).map { UInt8(isRanked ? (isUpsideDown ? count - $0 : $0 + 1) : 1) }
    loss = random.oneIn(2) ? 0 : random.pick(1...30)
    hasMemory = random.oneIn(3) == false
    let isTied = random.oneIn(2)
    allDown = manner != .address && random.oneIn(3) ? .withdraw : .hold
    // Probes and acknowledgements beside many hellos would be too many events.
    let isCalm = interval >= .milliseconds(250)
    let modes: [Plan.UDR.Mode?] = [nil, .floor, .mirror, .fallback]
    udr = modes[extra.pick(0...(isCalm ? 3 : 2))]
    hasShadow = extra.oneIn(2)
    isProbed = manner == .watchers && isCalm && extra.oneIn(2)
    let isBulky = extra.oneIn(10)
    // Where packets judge hosts there are enough events without them.
    let tableRules = routing.oneIn(3) && !isProbed ? RouteRules(&routing) : nil
    areRoutesTabled = tableRules != nil
    // What has no room beside the bulk stands in no table either.
    areRoutesAnnounced =
      announcing.oneIn(Shape.groupsForExports) && !isProbed && !(isBulky && areRoutesTabled)
    // What is not announced cannot be withdrawn.
    let hasTableOnly = extra.oneIn(3) && allDown == .hold
    var lists = [("web", ["10.1.0.5/32"])]
    if isTied { lists.append(("net", ["10.2.0.5/32", "10.9.128.0/17"])) }
    prefixes = lists.flatMap { $0.1 }.compactMap { Prefix($0) }
    if hasTableOnly { lists.append(("tab", ["10.3.0.5/32"])) }
    if isBulky {
      lists.append(("bulk", (0..<Shape.bulk).map { "10.64.\($0 / 256).\($0 % 256)/32" }))
    }
    let tie = lists.count > 1 ? 0 : nil
    let (failback, udr) = (failback, udr)
    vips = lists.map { name, texts in
      let prefixes = texts.compactMap { Prefix($0) }
      return Plan.VIP(
        name: name, prefixes: prefixes, role: .watcher(rank: 0), candidates: [],
        failback: failback, tie: tie, udr: Shape.udr(name, prefixes, udr))
    }
    vipPrefixes = Set(vips.flatMap(\.prefixes))
    var rules = tableRules ?? (areRoutesAnnounced ? RouteRules(&announcing) : nil)
    // A table has what the claimant's kernel has; and beside the bulk there is room for few.
    if areRoutesTabled || isBulky { rules?.limits = [99, 99] }
    let held = vips.reduce(0) { $0 + ($1.isAnnounced ? $1.prefixes.count : 0) }
    rules?.ceiling = max(0, RouteServer.azureLimit / 2 - held)
    routeRules = rules
  }

  /// One group of so many announces routes of the kernel.
  private static let groupsForExports = 4

  private static func udr(
    _ name: String, _ prefixes: [Prefix], _ mode: Plan.UDR.Mode?
  ) -> Plan.UDR? {
    if name == "tab" { return Plan.UDR(mode: .only, prefixes: prefixes) }
    guard name == "web", let mode else { return nil }
    let covering = [Prefix("10.1.0.0/24")].compactMap { $0 }
    return Plan.UDR(mode: mode, prefixes: mode == .floor ? covering : prefixes)
  }

  /// The VIPs that stand in route tables.
  var tabled: [Int] { vips.indices.filter { vips[$0].udr != nil } }

  /// Somebody writes into route tables.
  var hasCouriers: Bool { !tabled.isEmpty || areRoutesTabled }

  /// What the kernel's routes of a schedule lead to.
  var routePrefixes: [Prefix] { RouteRules.prefixes.filter { $0.address.width == 32 } }

  /// No machine has IPv6. What stands in a table leads to this machine.
  private var redistributions: [Plan.Redistribution] {
    (routeRules?.plan ?? []).map { rule in
      var rule = rule
      rule.allow.removeAll { $0.block.address.width != 32 }
      guard areRoutesTabled else { return rule }
      rule.nextHop = nil
      rule.tablesMode = areRoutesAnnounced ? .mirror : .only
      if !areRoutesAnnounced { rule.prepend = 0 }
      return rule
    }
  }

  /// Routes of the kernel lead to a machine beside the group.
  private var hasOther: Bool { areRoutesAnnounced && !areRoutesTabled }

  /// How a route server sees what a rule of this member announces.
  func signature(_ rule: Int, _ member: Int) -> Route {
    let hop = rule == 1 && hasOther ? RouteRules.other : address(member)
    return Route(nextHop: .v4(hop), pathLength: rule == 0 ? 1 : 3)
  }

  /// How long it may take until a daemon knows how its hosts are.
  var detection: Nanoseconds { isProbed ? Shape.detection : .zero }

  func address(_ member: Int) -> IPv4Address { IPv4Address(10, 0, 2, UInt8(10 + member)) }

  /// Where the traffic of a prefix goes when it is sent to this member, or host.
  func nextHop(_ target: Int, _ prefix: Prefix) -> IPAddress { .v4(hop(target, prefix)) }

  private func hop(_ target: Int, _ prefix: Prefix) -> IPv4Address {
    let side = vips[0].prefixes.contains(prefix) ? 0 : 1
    switch manner {
    case .address: return address(target)
    case .healthy: return IPv4Address(10, 0, UInt8(2 + side), UInt8(10 + target))
    case .watchers: return IPv4Address(10, 0, UInt8(4 + side), UInt8(20 + target))
    }
  }

  /// Whether one member comes before another.
  func isBetter(_ member: Int, than other: Int) -> Bool {
    (ranks[member], member) < (ranks[other], other)
  }

  /// A Plan that a file gives, so that journals can be played by anybody. `defect` is planted into
  /// that of one member.
  func plan(_ index: Int, _ defect: Defect?) -> Plan {
    let own = address(index)
    var group = Plan.Group(
      peers: (0..<members).filter { $0 != index }.map(address), address: own,
      keyFile: "/etc/hopshift/group.key", interval: interval, timeout: timeout)
    if defect == .sameLane {
      // Everybody takes itself for the first.
      group.address = IPv4Address(10, 0, 1, 1)
    }
    var hosts: [Plan.Host] = []
    var targets: [Plan.Target] = []
    let count = manner == .address ? 0 : manner == .healthy ? 1 : Shape.hosts
    for host in 0..<count {
      hosts.append(
        Plan.Host(
          name: manner == .healthy ? "self" : "host\(host)",
          address: hop(manner == .healthy ? index : host, prefixes[0]),
          isSelf: manner == .healthy, targets: host..<(host + 1)))
      guard let name = InterfaceName("svc\(host)") else { preconditionFailure("a short name") }
      var probe = Shape.probing
      probe.address = hosts[host].address
      if defect == .jumpy { probe.fall = 1 }
      targets.append(
        Plan.Target(host: HostSlot(host), evidence: isProbed ? .probe(probe) : .link(name)))
    }
    // What is printed names it, and reads back as the same Plan.
    if hasOther {
      hosts.append(
        Plan.Host(name: "other", address: RouteRules.other, targets: count..<count))
    }
    let failback = defect == .hastyFailback ? Nanoseconds.zero : failback
    let window = defect == .noDamping ? .zero : defect == .neverStepBack ? .seconds(9_999) : window
    return Plan(
      local: Plan.Local(asn: ASNumber(65001), address: own, identifier: own),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)],
        damping: Plan.Damping(window: window)),
      vips: vips.enumerated().map { place, vip in
        var vip = vip
        vip.failback = manner == .address ? Plan.VIP.usualFailback : failback
        vip.role = role(index, place)
        vip.allDown = defect == .keepAll ? .hold : allDown
        let candidates = (0..<count).map { host in
          Plan.Candidate(
            host: HostSlot(host),
            nextHop: hop(manner == .healthy ? index : host, vip.prefixes[0]))
        }
        // An owner's own address needs no candidate.
        vip.candidates = candidates.filter { manner != .healthy || $0.nextHop != own }
        if defect == .ownWay { vip.candidates.reverse() }
        if isProbed, place == 0 { vip.confirmation = confirmation(defect) }
        return vip
      },
      hosts: hosts, targets: targets, group: members > 1 ? group : nil,
      redistributions: redistributions,
      azure: !hasCouriers
        ? nil : Plan.Azure(writer: !areRoutesTabled || members == 1 ? nil : VIPSlot(0)))
  }

  /// Each host says its name.
  static func page(_ host: Int) -> String { "this is host \(host)" }

  private func confirmation(_ defect: Defect?) -> Plan.Confirmation {
    let address = Shape.addresses[0]
    return Plan.Confirmation(
      address: address,
      fetch: Plan.Probe.Fetch(
        port: 80, authority: address.description, path: "/", statuses: 200...299),
      texts: defect == .creditAnyone ? [] : (0..<Shape.hosts).map(Shape.page),
      within: .seconds(20))
  }

  private func role(_ index: Int, _ vip: Int) -> Plan.Role {
    switch manner {
    case .address: .address(Plan.Owner(address: .v4(Shape.addresses[vip]), interfaces: []))
    case .healthy: .healthy(Plan.HealthyOwner(rank: ranks[index]))
    case .watchers: .watcher(rank: Plan.usualRank)
    }
  }
}
