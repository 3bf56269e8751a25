// The keys of the virtual IPs, and of what the courier does for them.
import Model

extension Schema {
  static let vip = [
    Key(
      .prefixes, .list(.prefix, limit: PlanLimits.prefixes), .required,
      "The prefixes that move together."),
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
      .hosts, .list(.name(noun: "host"), limit: PlanLimits.candidatesPerVIP),
      .derived("this machine; required without owner"),
      "Who can carry the traffic, the preferred host first."),
    Key(
      .nextHop, .pairs(noun: "host", .ipv4Address, limit: PlanLimits.candidatesPerVIP),
      .derived("the address of each host"), "The next hops on this VIP's side of its hosts."),
    Key(
      .failback,
      .value(
        .either(
          [never], .duration(least: .zero, most: .seconds(86_400), step: .milliseconds(1)))),
      .derived("60s"), "How long a better host has to be well before traffic goes back to it."),
    Key(
      .allDown, .value(.word(Plan.AllDown.allCases.map(\.rawValue))), .derived("hold"),
      "What becomes of the routes when nobody is known to be able to carry the VIP."),
    Key(
      .tie, .value(.name(noun: "tie")), .derived("none"), "VIPs with the same word move as one."),
    Key(
      .owner, .section(owner), .derived("nobody here; required without hosts"),
      "When this machine owns the VIP."),
    Key(
      .udr, .section(udr), .derived("none"), "How the VIP stands in Azure's route tables."),
    Key(
      .confirm, .section(confirm), .derived("nobody asks"),
      "What is asked through the VIP after a shift, until its new host answers."),
  ]

  /// In the place of a time: it does not happen.
  static let never = "never"

  private static let owner = [
    Key(
      .when, .value(.word(["address", "healthy"])), .required,
      "What makes this machine the owner."),
    Key(
      .address, .value(.address), .derived("the first host prefix"),
      "The address that has to be on an interface."),
    Key(
      .interfaces, .list(.interface, limit: PlanLimits.interfacesPerVIP),
      .derived("every interface but lo"), "The interfaces that count."),
    Key(
      .settle,
      .value(.duration(least: .zero, most: .seconds(300), step: .milliseconds(1))),
      .derived("10s"),
      "How long after the start an address that comes is taken as one that was there."),
    Key(
      .rank, .value(.number(1...255)), .derived("100"),
      "The place among healthy owners: the lowest is the best."),
    Key(.balance, .value(.flag), .derived("false"), "All healthy owners carry the VIP together."),
    Key(
      .nextHop, .value(.ipv4Address), .derived("local.address"),
      "The next hop on this VIP's side of this machine."),
  ]

  private static let udr = [
    Key(
      .mode, .value(.word(Plan.UDR.Mode.allCases.map(\.rawValue))),
      .derived("floor; only, without route-servers"),
      "What the routes are for."),
    Key(
      .prefixes, .list(.prefix, limit: PlanLimits.routesPerVIP),
      .derived("those of the VIP; required with floor"),
      "The prefixes of the routes: with floor, shorter ones that cover the VIP."),
    Key(
      .after,
      .value(.duration(least: .milliseconds(100), most: .seconds(60), step: .milliseconds(1))),
      .derived("2s with fallback"),
      "How long BGP may take to prove that a change arrived before the route is written."),
  ]

  private static let confirm = [
    Key(.http, .value(.url), .required, "What is fetched, at an address of the VIP."),
    Key(
      .status, .value(.statuses), .defaulted("200-399"),
      "The status codes that count as an answer."),
    Key(
      .text, .pairs(noun: "host", .text, limit: PlanLimits.candidatesPerVIP),
      .derived("anything"), "What the body of each host's answer has to contain."),
    Key(
      .within,
      .value(.duration(least: .seconds(1), most: .seconds(3_600), step: .milliseconds(1))),
      .derived("60s"), "How long it may take until the new host answers."),
  ]

  static let azure = [
    Key(
      .routeTables, .list(.either([automatic], .routeTable), limit: PlanLimits.routeTables),
      .derived("auto"), "The route tables that are written; auto is that of our own subnet."),
    Key(
      .identity, .value(.either([systemIdentity], .identity)), .defaulted(systemIdentity),
      "Whose rights are used: the machine's own, or those of a user-assigned identity."),
    Key(
      .drift, .value(.word(["repair", "report"])), .defaulted("repair"),
      "What happens to a route that somebody else has changed."),
    Key(
      .scheduledEvents, .value(.word(Plan.ScheduledEvents.allCases.map(\.rawValue))),
      .defaulted("shift"),
      "What a reboot, a redeployment or the end of this machine leads to."),
    Key(
      .freezeEvents, .value(.flag), .defaulted("false"), "Freezes of some seconds are dodged too."),
    Key(
      .acknowledgeEvents, .value(.flag), .defaulted("false"),
      "An event may begin as soon as the traffic has left, if it is of this machine alone."),
    Key(
      .writer, .value(.name(noun: "VIP")),
      .derived("this machine; required with group and a rule with udr"),
      "The VIP whose carrier writes the kernel's routes."),
  ]

  static let metrics = [
    Key(
      .listen, .value(.listener), .required,
      "An address on loopback with its port, or the path of a UNIX socket.")
  ]

  static let automatic = "auto"
  static let systemIdentity = "system"
}
