// A Plan as sections: the way back, for printing.
import Model

/// Turns a Plan into the sections that would be read from its own text.
enum PlanSections {
  /// A Plan has no places in a file.
  static let nowhere = Position(line: 1, column: 1)

  static func root(_ plan: Plan) -> Section {
    section(
      "",
      [
        (.mode, value(.word(plan.isShadow ? "shadow" : "run"))),
        (.local, .section(local(of: plan))),
      ] + routeServers(of: plan) + group(plan.group)
        + [
          (.hosts, .named(plan.hosts.map { host($0, of: plan) })),
          (.vips, .named(vips(of: plan))),
        ] + redistribute(plan) + azure(plan.azure, plan.vips) + metrics(plan.metrics))
  }

  private static func local(of plan: Plan) -> Section {
    let local = plan.local
    let asn = plan.routeServers.peers.isEmpty ? nil : Scalar.asNumber(local.asn)
    return section(
      "local",
      given(.asn, asn) + [
        (.address, value(.ipv4Address(local.address)))
      ] + given(.address6, local.address6.map(Scalar.ipv6Address))
        + [(.identifier, value(.ipv4Address(local.identifier)))])
  }

  /// Nothing for a Plan that writes route tables only.
  private static func routeServers(
    of plan: Plan
  ) -> [(key: KeyName, content: Section.Content)] {
    if plan.routeServers.peers.isEmpty { return [] }
    return [(.routeServers, .section(routeServers(plan.routeServers)))]
  }

  private static func azure(
    _ azure: Plan.Azure?, _ vips: [Plan.VIP]
  ) -> [(key: KeyName, content: Section.Content)] {
    guard let azure else { return [] }
    let tables = azure.routeTables.isEmpty ? [Scalar.word(Schema.automatic)] : []
    let section = section(
      "azure",
      [
        (.routeTables, list(tables + azure.routeTables.map(Scalar.text))),
        (
          .identity,
          value(azure.identity.map(Scalar.text) ?? Scalar.word(Schema.systemIdentity))
        ),
        (.drift, value(.word(azure.repairsDrift ? "repair" : "report"))),
        (.scheduledEvents, value(.word(azure.scheduledEvents.rawValue))),
        (.freezeEvents, value(.flag(azure.dodgesFreezes))),
        (.acknowledgeEvents, value(.flag(azure.acknowledgesEvents))),
      ] + given(.writer, azure.writer.map { .name(vips[$0.index].name) }))
    return [(.azure, .section(section))]
  }

  private static func metrics(_ place: String?) -> [(key: KeyName, content: Section.Content)] {
    guard let place else { return [] }
    let section = section("metrics", [(.listen, value(.text(place)))])
    return [(.metrics, .section(section))]
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
        + [
          (.drain, value(.duration(servers.drain))),
          (.damping, .section(damping(servers.damping))),
          (.peers, list(servers.peers.map(Scalar.ipv4Address))),
        ])
  }

  private static func damping(_ damping: Plan.Damping) -> Section {
    section(
      "damping",
      [
        (.window, value(.duration(damping.window))),
        (.scope, value(.word(damping.isShared ? "all" : "vip"))),
      ])
  }

  private static func group(
    _ group: Plan.Group?
  ) -> [(key: KeyName, content: Section.Content)] {
    guard let group else { return [] }
    let section = section(
      "group",
      [
        (.peers, list(group.peers.map(Scalar.ipv4Address))),
        (.address, value(.ipv4Address(group.address))),
        (.port, value(.number(UInt32(group.port)))),
        (.keyFile, value(.path(group.keyFile))),
        (.interval, value(.duration(group.interval))),
        (.timeout, value(.duration(group.timeout))),
      ])
    return [(.group, .section(section))]
  }

  static func section(
    _ name: String, _ contents: [(key: KeyName, content: Section.Content)]
  ) -> Section {
    let fields = contents.map {
      Section.Field(key: $0.key, position: nowhere, content: $0.content)
    }
    return Section(path: name, name: name, position: nowhere, fields: fields)
  }

  /// Nothing for what is off.
  static func given(
    _ key: KeyName, _ scalar: Scalar?
  ) -> [(key: KeyName, content: Section.Content)] {
    scalar.map { [(key, value($0))] } ?? []
  }

  static func value(_ scalar: Scalar) -> Section.Content {
    .value(Item(scalar: scalar, position: nowhere))
  }

  static func list(_ scalars: [Scalar]) -> Section.Content {
    .list(scalars.map { Item(scalar: $0, position: nowhere) })
  }
}
