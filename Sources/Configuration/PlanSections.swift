// A Plan as sections: the way back, for printing.
import Model

/// Turns a Plan into the sections that would be read from its own text.
enum PlanSections {
  /// A Plan has no places in a file.
  private static let nowhere = Position(line: 1, column: 1)

  static func root(_ plan: Plan) -> Section {
    section(
      "",
      [
        (.local, .section(local(plan.local))),
        (.routeServers, .section(routeServers(plan.routeServers))),
        (.vips, .named(plan.vips.map(vip))),
      ])
  }

  private static func local(_ local: Plan.Local) -> Section {
    section(
      "local",
      [
        (.asn, value(.asNumber(local.asn))),
        (.address, value(.ipv4Address(local.address))),
        (.identifier, value(.ipv4Address(local.identifier))),
      ])
  }

  private static func routeServers(_ servers: Plan.RouteServers) -> Section {
    section(
      "route-servers",
      [
        (.platform, value(.word(servers.platform.rawValue))),
        (.asn, value(.asNumber(servers.asn))),
        (.holdTime, value(.duration(servers.holdTime))),
      ] + given(.passwordFile, servers.passwordFile.map(Scalar.path))
        + given(.ttlSecurity, servers.ttlSecurity.map { .number(UInt32($0)) })
        + [(.drain, value(.duration(servers.drain)))]
        + [(.peers, list(servers.peers.map(Scalar.ipv4Address)))])
  }

  private static func vip(_ vip: Plan.VIP) -> Section {
    section(
      vip.name,
      [
        (.prefixes, list(vip.prefixes.map(Scalar.prefix)))
      ] + given(.med, vip.attributes.med.map(Scalar.number))
        + [
          (.communities, list(vip.attributes.communities.map(Scalar.community))),
          (.largeCommunities, list(vip.attributes.largeCommunities.map(Scalar.largeCommunity))),
        ] + role(vip.role))
  }

  private static func role(
    _ role: Plan.Role
  ) -> [(key: KeyName, content: Section.Content)] {
    switch role {
    case .address(let owner): [(.owner, .section(self.owner(owner)))]
    case .healthy, .watcher: []
    }
  }

  private static func owner(_ owner: Plan.Owner) -> Section {
    section(
      "owner",
      [
        (.when, value(.word("address"))),
        (.address, value(.address(owner.address))),
        (.interfaces, list(owner.interfaces.map(Scalar.interface))),
        (.settle, value(.duration(owner.settle))),
      ])
  }

  private static func section(
    _ name: String, _ contents: [(key: KeyName, content: Section.Content)]
  ) -> Section {
    let fields = contents.map {
      Section.Field(key: $0.key, position: nowhere, content: $0.content)
    }
    return Section(path: name, name: name, position: nowhere, fields: fields)
  }

  /// Nothing for what is off.
  private static func given(
    _ key: KeyName, _ scalar: Scalar?
  ) -> [(key: KeyName, content: Section.Content)] {
    scalar.map { [(key, value($0))] } ?? []
  }

  private static func value(_ scalar: Scalar) -> Section.Content {
    .value(Item(scalar: scalar, position: nowhere))
  }

  private static func list(_ scalars: [Scalar]) -> Section.Content {
    .list(scalars.map { Item(scalar: $0, position: nowhere) })
  }
}
