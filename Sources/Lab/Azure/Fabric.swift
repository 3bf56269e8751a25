// The network between the machines as Azure would have it: who is reached how from which subnet.

import Control
package import Model
package import Platform

/// `hopshift-lab fabric` in the forwarding namespace. Each subnet has a routing table of its own in
/// the kernel, which holds the effective routes of the machines in it: system routes, what the
/// route server instances program, and the route table that the subnet names.
///
///     let fabric = try Fabric(lab, program: path)
///     let one = try RouteServerProcess(lab, settings, program: path, fabric: fabric)
///     try fabric.define(RouteTable(name: "udr", routes: [...]))
///     try fabric.attach("udr", to: "client")
///
/// Several next hops are one multipath route, chosen by the five-tuple.
package final class Fabric {
  package let process: AzureProcess
  private let lab: Lab
  private var told: [FabricEvent] = []

  /// How what two instances have programmed becomes one route, since each of them may be late.
  package enum Merging: String, Sendable {
    /// All next hops of all instances: while they disagree, traffic is split between them.
    case union
    /// Those of the shortest path that any has.
    case shortest
  }

  /// Who decides about a part of the virtual network that BGP names. Azure's documents say the
  /// system; an article that has its VIP inside needs the other.
  package enum Inside: String, Sendable {
    case system
    case bgp
  }

  /// Starts it. `spaces` are the prefixes of the virtual network; its subnets, when nothing is
  /// said.
  package init(
    _ lab: Lab, program: String = AzureProcess.ownProgram, spaces: [Prefix] = [],
    merging: Merging = .union, inside: Inside = .system
  ) throws(LabError) {
    self.lab = lab
    try FabricSetUp.prepare(lab)
    process = try AzureProcess(
      lab, name: "fabric", on: Topology.fabric, program: program,
      ["fabric", "--inside", inside.rawValue]
        + FabricSetUp.words(for: lab.topology, spaces, merging))
  }

  /// Everything it has told since its start, oldest first.
  package func events() throws(LabError) -> [FabricEvent] {
    for record in try process.news() {
      guard let event = FabricEvent(record) else {
        throw .unsuitable("the fabric told of \(record.type), which nobody knows")
      }
      told.append(event)
    }
    return told
  }

  // MARK: Route tables

  /// Puts a route table in the place of the one of this name; subnets that name it follow at once.
  package func define(_ table: RouteTable) throws(LabError) {
    // A table is longer than a request may be, so it is told route by route and then put in force.
    try process.ask(["table", "begin", table.name, table.disablesBGP ? "no-bgp" : "bgp"])
    for route in table.routes {
      try process.ask(["table", "route"] + TableWords.words(for: route))
    }
    try process.ask(["table", "commit"])
  }

  /// Removes a route table; subnets that name it have none then.
  package func removeTable(_ name: String) throws(LabError) {
    try process.ask(["table", "remove", name])
  }

  /// Lets a subnet name a route table, or none.
  package func attach(_ table: String?, to subnet: String) throws(LabError) {
    try process.ask(["attach", subnet] + (table.map { [$0] } ?? []))
  }

  // MARK: Questions

  /// What Azure would show as effective routes of a machine in this subnet, the active and the
  /// others, by prefix.
  package func effectiveRoutes(of subnet: String) throws(LabError) -> [EffectiveRoute] {
    try process.ask(["effective", subnet]).compactMap { TableWords.route($0) }
  }

  /// Where the machines of a subnet send packets to an address: the active next hops.
  package func nextHops(from subnet: String, to address: IPAddress) throws(LabError) -> [IPAddress]
  {
    try process.ask(["lookup", subnet, "\(address)"]).first?.addresses("hops") ?? []
  }

  /// Waits until packets from a subnet to an address go to exactly these.
  package func wait(
    forNextHops hops: [IPAddress], from subnet: String, to address: IPAddress,
    within limit: Nanoseconds
  ) throws(LabError) {
    try Waiting.until("the fabric to forward to \(hops)", within: limit) { () throws(LabError) in
      let now = try nextHops(from: subnet, to: address)
      return now == hops.sorted() ? nil : "it forwards to \(now)"
    }
  }

  package func checkRunning() throws(LabError) { try process.checkRunning() }
}
