// The keys of the rules by which routes of the kernel are announced.
import Model

extension Schema {
  /// The table that a number has in the kernel and a name everywhere else.
  static let mainTable = "main"

  static let redistribute = [
    Key(
      .tables,
      .list(
        .either([mainTable], .number(1...UInt32.max)), limit: PlanLimits.redistributionTables),
      .derived("main"), "The routing tables that are looked at."),
    Key(
      .protocols, .list(.origin, limit: PlanLimits.redistributionProtocols),
      .derived("every protocol"), "Who put the routes there."),
    Key(
      .types, .list(.word(Route.Kind.announceable.map(\.description)), limit: 4),
      .derived("unicast"), "What the routes do with a packet."),
    Key(
      .allow, .list(.filter, limit: PlanLimits.filtersPerRule), .required,
      "The prefixes that may be announced; one of them has to match."),
    Key(
      .deny, .list(.filter, limit: PlanLimits.filtersPerRule), .derived("nothing"),
      "The prefixes among them that are not."),
    Key(.metric, .value(.metrics), .derived("every metric"), "The metrics of the routes."),
    Key(
      .defaultRoute, .value(.flag), .defaulted("false"),
      "The default route may be announced too, if a filter allows it."),
    Key(
      .nextHop, .value(.name(noun: "host")), .defaulted(selfName),
      "The machine that is the next hop."),
    Key(
      .prepend, .value(.number(0...Plan.Redistribution.longestPrepend)), .defaulted("0"),
      "How often our number is put in front of the path, beyond the first time."),
    Key(
      .med, .value(.number(0...UInt32.max)), .derived("none"),
      "The multi-exit discriminator of the routes."),
    Key(
      .communities, .list(.community, limit: PlanLimits.communitiesPerVIP), .derived("none"),
      "The communities of the routes."),
    Key(
      .largeCommunities, .list(.largeCommunity, limit: PlanLimits.largeCommunitiesPerVIP),
      .derived("none"), "The large communities of the routes."),
    Key(
      .limit, .value(.number(1...mostRoutes)),
      .defaulted("\(Plan.Redistribution.usualLimit)"), "How many routes are announced at most."),
    Key(
      .grace, .value(.duration(least: .zero, most: .seconds(3_600), step: .milliseconds(1))),
      .defaulted("0s"), "How long a route that is gone stays announced."),
    Key(
      .delay, .value(.duration(least: .zero, most: .seconds(60), step: .milliseconds(1))),
      .defaulted("10ms"), "How long a change waits for those that come with it."),
    Key(
      .udr, .section(ruleUDR), .derived("none"),
      "How the routes stand in Azure's route tables."),
  ]

  private static let ruleUDR = [
    Key(
      .mode, .value(.word(Plan.TableMode.allCases.map(\.rawValue))), .required,
      "Whether the routes are announced over BGP as well.")
  ]

  /// We chose it: beyond what any route server takes, and what the daemon keeps of the kernel's.
  static let mostRoutes: UInt32 = 100_000
}
