// The VIPs of a Plan as sections.
import Model

extension PlanSections {
  static func vips(of plan: Plan) -> [Section] {
    // A tie is named for the first VIP that has it: names of VIPs are all different.
    var words: [Int: String] = [:]
    for vip in plan.vips {
      guard let tie = vip.tie, words[tie] == nil else { continue }
      words[tie] = vip.name
    }
    var sections: [Section] = []
    sections.reserveCapacity(plan.vips.count)
    for vip in plan.vips {
      sections.append(self.vip(vip, tie: vip.tie.flatMap { words[$0] }, of: plan))
    }
    return sections
  }

  private static func vip(_ vip: Plan.VIP, tie: String?, of plan: Plan) -> Section {
    section(
      vip.name,
      [
        (.prefixes, list(vip.prefixes.map(Scalar.prefix)))
      ] + given(.med, vip.attributes.med.map(Scalar.number))
        + [
          (.communities, list(vip.attributes.communities.map(Scalar.community))),
          (.largeCommunities, list(vip.attributes.largeCommunities.map(Scalar.largeCommunity))),
        ] + role(vip, of: plan) + given(.tie, tie.map(Scalar.name)) + udr(vip.udr)
        + confirm(vip, of: plan))
  }

  private static func confirm(
    _ vip: Plan.VIP, of plan: Plan
  ) -> [(key: KeyName, content: Section.Content)] {
    guard let confirmation = vip.confirmation else { return [] }
    let fetch = confirmation.fetch
    let place = WebPlace(
      authority: fetch.authority, address: nil, port: fetch.port, path: fetch.path)
    var contents = [
      (key: KeyName.http, content: value(.url(place))),
      (.status, value(.statuses(fetch.statuses))),
    ]
    var texts: [Section.Pair] = []
    for (candidate, text) in zip(vip.candidates, confirmation.texts) {
      let item = Item(scalar: .text(text), position: nowhere)
      let name = plan.hosts[candidate.host.index].name
      texts.append(Section.Pair(name: name, position: nowhere, item: item))
    }
    if !texts.isEmpty { contents.append((.text, .pairs(texts, isWhole: true))) }
    contents += given(.within, .duration(confirmation.within))
    return [(.confirm, .section(section("confirm", contents)))]
  }

  private static func udr(_ udr: Plan.UDR?) -> [(key: KeyName, content: Section.Content)] {
    guard let udr else { return [] }
    var contents = [(key: KeyName.mode, content: value(.word(udr.mode.rawValue)))]
    if udr.mode == .floor {
      contents.append((.prefixes, list(udr.prefixes.map(Scalar.prefix))))
    }
    if udr.mode == .fallback { contents += given(.after, .duration(udr.after)) }
    return [(.udr, .section(section("udr", contents)))]
  }

  private static func role(
    _ vip: Plan.VIP, of plan: Plan
  ) -> [(key: KeyName, content: Section.Content)] {
    let nextHop = vip.candidates.first?.nextHop ?? plan.local.address
    switch vip.role {
    case .address(let owner): return [(.owner, .section(self.owner(owner, nextHop)))]
    case .healthy(let owner):
      // With balance there is nobody to come back and no order.
      let failback = owner.isBalanced ? [] : [failback(vip)] + allDown(vip)
      return failback + [(.owner, .section(self.owner(owner, nextHop)))]
    case .watcher:
      let names = vip.candidates.map { plan.hosts[$0.host.index].name }
      var nextHops: [Section.Pair] = []
      for (name, candidate) in zip(names, vip.candidates) {
        let item = Item(scalar: .ipv4Address(candidate.nextHop), position: nowhere)
        nextHops.append(Section.Pair(name: name, position: nowhere, item: item))
      }
      return [
        (.hosts, list(names.map(Scalar.name))), (.nextHop, .pairs(nextHops, isWhole: true)),
        failback(vip),
      ] + allDown(vip)
    }
  }

  private static func failback(_ vip: Plan.VIP) -> (key: KeyName, content: Section.Content) {
    let length = vip.failback.map(Scalar.duration)
    return (.failback, value(length ?? .word(Schema.never)))
  }

  /// What is not announced cannot be withdrawn.
  private static func allDown(_ vip: Plan.VIP) -> [(key: KeyName, content: Section.Content)] {
    vip.isAnnounced ? [(.allDown, value(.word(vip.allDown.rawValue)))] : []
  }

  private static func owner(_ owner: Plan.Owner, _ nextHop: IPv4Address) -> Section {
    section(
      "owner",
      [
        (.when, value(.word("address"))),
        (.address, value(.address(owner.address))),
        (.interfaces, list(owner.interfaces.map(Scalar.interface))),
        (.settle, value(.duration(owner.settle))),
        (.nextHop, value(.ipv4Address(nextHop))),
      ])
  }

  private static func owner(_ owner: Plan.HealthyOwner, _ nextHop: IPv4Address) -> Section {
    let rank = owner.isBalanced ? [] : given(.rank, .number(UInt32(owner.rank)))
    return section(
      "owner",
      [(.when, value(.word("healthy")))] + rank
        + [
          (.balance, value(.flag(owner.isBalanced))),
          (.nextHop, value(.ipv4Address(nextHop))),
        ])
  }
}
