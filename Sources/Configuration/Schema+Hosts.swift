// The keys of the hosts, and the table of the kinds of evidence.
import Model

extension Schema {
  /// The host of this name is this machine.
  package static let selfName = "self"

  static let host = [
    Key(
      .address, .value(.ipv4Address), .derived("local.address for self; required for others"),
      "The next hop that is announced for it, and what its probes ask for."),
    Key(
      .require,
      .value(.either(["all", "any"], .number(1...UInt32(PlanLimits.targetsPerHost)))),
      .defaulted("all"), "How many of its probes must say that it is well."),
    Key(
      .anchor, .value(.flag), .defaulted("false"),
      "Its probes prove that our own network works."),
    Key(
      .probes, .choices(noun: "probe", limit: PlanLimits.targetsPerHost, probes),
      .derived("none"), "What tells whether it is well."),
  ]

  /// Every kind of evidence; `PlanMaker.evidence` and `PlanSections.probe` have a case for each.
  static let probes = [
    Key(.link, .section(link), .chosen, "An interface of this machine and its link are up."),
    Key(
      .address, .section(address), .chosen, "An address is on an interface of this machine."),
    Key(.route, .section(route), .chosen, "This machine has a route for exactly this prefix."),
    Key(
      .neighbour, .section(neighbour), .chosen,
      "The kernel's neighbour entry; it can say that a host is gone, never that it is well."),
    Key(.arp, .section(arp), .chosen, "It answers ARP on the LAN."),
    Key(.icmp, .section(icmp), .chosen, "It answers echo requests (ping)."),
    Key(.tcp, .section(tcp), .chosen, "It takes a TCP connection."),
    Key(.http, .section(http), .chosen, "It answers an HTTP request."),
    Key(.bfd, .section(bfd), .chosen, "Its BFD session with this machine is up (RFC 5880)."),
  ]

  private static let link = [
    Key(.interface, .value(.interface), .required, "The interface.")
  ]

  private static let address = [
    Key(.address, .value(.address), .required, "The address.")
  ]

  private static let route = [
    Key(.prefix, .value(.prefix), .required, "The prefix of the route.")
  ]

  private static let neighbour = [
    Key(.address, .value(.ipv4Address), .derived("the host's address"), "The neighbour.")
  ]
}
