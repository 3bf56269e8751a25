// Makes the roles in which this machine carries a VIP itself.
import Model

extension PlanMaker {
  /// Who carries a VIP, and how it moves.
  struct Carrying {
    var role: Plan.Role
    var candidates: [Plan.Candidate]
    var failback: Nanoseconds? = Plan.VIP.usualFailback
  }

  /// Nil when it is wrong; `prefixes` is nil when one of them is.
  mutating func carrying(_ vip: Section, _ prefixes: [Prefix]?) -> Carrying? {
    let hosts = vip.field(.hosts)
    guard vip.field(.owner) != nil else {
      if hosts != nil { return watcher(vip) }
      problems.error(
        vip.position, vip.path(.owner),
        "missing: who carries the VIP, this machine (owner) or others (hosts)",
        suggestion: "add owner: {when: address}, or hosts: [HOST, ...]")
      return nil
    }
    if let hosts {
      problems.error(
        hosts.position, vip.path(.hosts),
        "a VIP has either an owner, which is this machine, or hosts that it watches",
        suggestion: "remove owner or hosts")
    }
    refuse(
      [.nextHop], in: vip, "these are the next hops of hosts", suggestion: "write it below owner")
    guard let owner = vip.section(.owner), let item = owner.value(.when) else { return nil }
    let carrying =
      item.scalar == .word("healthy")
      ? healthy(owner, of: vip, when: item) : address(owner, of: vip, prefixes)
    return hosts == nil ? carrying : nil
  }

  /// Keys that can stand here but mean nothing beside the others.
  mutating func refuse(
    _ keys: [KeyName], in section: Section, _ reason: String, suggestion: String? = nil
  ) {
    for key in keys {
      guard let field = section.field(key) else { continue }
      problems.error(
        field.position, section.path(key), "means nothing here: \(reason)",
        suggestion: suggestion ?? "remove the key")
    }
  }

  private mutating func address(
    _ owner: Section, of vip: Section, _ prefixes: [Prefix]?
  ) -> Carrying? {
    refuse([.rank, .balance], in: owner, "it is for when: healthy")
    refuse([.failback, .allDown], in: vip, "whoever has the address owns the VIP")
    checkInterfaces(owner)
    guard let prefixes, let address = ownerAddress(owner, prefixes),
      let candidates = candidates(owner)
    else { return nil }
    let interfaces = owner.list(.interfaces)?.compactMap(\.interface) ?? []
    let settle =
      owner.field(.settle) == nil ? Plan.Owner.usualSettle : owner.value(.settle)?.duration
    guard let settle else { return nil }
    return Carrying(
      role: .address(Plan.Owner(address: address, interfaces: interfaces, settle: settle)),
      candidates: candidates)
  }

  private mutating func healthy(
    _ owner: Section, of vip: Section, when: Item
  ) -> Carrying? {
    refuse([.address, .interfaces, .settle], in: owner, "it is for when: address")
    let isBalanced = owner.isSet(.balance) ?? false
    if isBalanced {
      refuse([.rank], in: owner, "with balance all who are well carry the VIP")
      refuse([.failback, .allDown], in: vip, "with balance all who are well carry the VIP")
    } else if root.field(.group) == nil {
      problems.error(
        when.position, owner.path(.when),
        "healthy owners have to hear each other, and there is no group",
        suggestion: "add group:, or balance: true")
    }
    checkSelf(when, owner, of: vip)
    guard let candidates = candidates(owner), let failback = failback(vip),
      let rank = rank(owner)
    else { return nil }
    return Carrying(
      role: .healthy(Plan.HealthyOwner(rank: rank, isBalanced: isBalanced)),
      candidates: candidates, failback: failback.length)
  }

  private func rank(_ owner: Section) -> UInt8? {
    if owner.field(.rank) == nil { return Plan.usualRank }
    guard let number = owner.number(.rank) else { return nil }
    return UInt8(exactly: number)
  }

  /// The outer nil: it is wrong; the inner one: never.
  func failback(_ vip: Section) -> (length: Nanoseconds?, item: Item?)? {
    guard vip.field(.failback) != nil else { return (Plan.VIP.usualFailback, nil) }
    guard let item = vip.value(.failback) else { return nil }
    return (item.duration, item)
  }

  /// An owner that goes by its health needs to know it.
  private mutating func checkSelf(_ when: Item, _ owner: Section, of vip: Section) {
    guard let known else { return }
    guard known[Schema.selfName] == nil else {
      depend(on: Schema.selfName, vip)
      return
    }
    problems.error(
      when.position, owner.path(.when),
      "nothing tells whether this machine is well: there is no host \(Schema.selfName)",
      suggestion: "add \(Schema.selfName) with probes to hosts")
  }

  /// Nothing for the machine's own address; nil when the next hop is wrong.
  private mutating func candidates(_ owner: Section) -> [Plan.Candidate]? {
    guard owner.field(.nextHop) != nil else { return [] }
    guard let item = owner.value(.nextHop), let nextHop = item.ipv4Address else { return nil }
    checkNextHop(nextHop, item.position, owner.path(.nextHop))
    if nextHop == localAddress { return [] }
    if let known, known[Schema.selfName] == nil, known.count >= PlanLimits.hosts {
      problems.error(
        item.position, owner.path(.nextHop),
        "this machine needs a place among the hosts, and there are \(PlanLimits.hosts) others")
    }
    return [Plan.Candidate(host: selfSlot, nextHop: nextHop)]
  }

  /// Where the host is that stands for this machine, or where `addSelf` puts it.
  private var selfSlot: HostSlot {
    known?[Schema.selfName]?.slot ?? HostSlot(known?.count ?? 0)
  }

  /// An owner with a next hop of its own is a host, though the file may not name it.
  mutating func addSelf(for vips: [Plan.VIP], to hosts: inout [Plan.Host]) {
    guard !hosts.contains(where: \.isSelf), let localAddress else { return }
    for vip in vips {
      if case .watcher = vip.role { continue }
      if vip.candidates.isEmpty { continue }
      hosts.append(Plan.Host(name: Schema.selfName, address: localAddress, isSelf: true))
      return
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
}
