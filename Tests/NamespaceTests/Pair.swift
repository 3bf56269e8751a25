// Two hopshiftd in bare namespaces between two BIRDs, with a client: `VirtualNetwork` draws it.

import Lab
import Linux
import Model

/// The pair as it stands when both daemons have announced themselves.
final class Pair {
  static let hosts = ["a", "b"]

  let network: VirtualNetwork
  let appliances: [PlainAppliance]
  let client = EchoClient()
  private var thread: ClientThread?

  /// Starts both daemons, with the VIP on `owner` or nowhere, and waits for the sessions of both.
  init(owner: String?) throws {
    let network = try VirtualNetwork()
    self.network = network
    if let owner { _ = try network.lab.addAddress(VirtualNetwork.vip, on: owner) }
    let servers = try network.instances.map { try network.address(of: $0.name) }
    appliances = try Pair.hosts.map {
      try PlainAppliance(
        network.lab, host: $0, binary: BuiltPrograms.daemon, servers: servers)
    }
    try network.wait(forSessionsOf: Pair.hosts, within: .seconds(30))
    try Waiting.until("both routes at both route servers", within: .seconds(10)) {
      () throws(LabError) in
      for (instance, routes) in try network.routes() where routes.count < Pair.hosts.count {
        return "\(instance.name) has \(routes.count)"
      }
      return nil
    }
    if let owner { try network.wait(forBest: owner, within: .seconds(10)) }
    for appliance in appliances { try appliance.checkRunning() }
    thread = try client.start(
      in: network.lab.namespace(of: "client"), asking: VirtualNetwork.vip,
      port: VirtualNetwork.port)
  }

  func tearDown() {
    thread?.end()
    thread = nil
    network.lab.tearDown()
  }

  /// Takes the VIP from one appliance and puts it on the other.
  func move(from old: String, to new: String) throws(LabError) -> Shift.Trigger {
    _ = try network.lab.removeAddress(VirtualNetwork.vip, on: old)
    return try put(on: new)
  }

  /// Puts the VIP on an appliance.
  func put(on host: String) throws(LabError) -> Shift.Trigger {
    let added = try network.lab.addAddress(VirtualNetwork.vip, on: host)
    return Shift.Trigger(moment: Moment(nanoseconds: added.before.nanoseconds), events: [])
  }

  /// Everything that may never be seen, from the first frame to now, at both route servers.
  func faults() throws(LabError) -> [String] {
    var addresses: [IPv4Address] = []
    for host in Pair.hosts { addresses.append(try network.address(of: host)) }
    let now = Moment(nanoseconds: Clock.wall().nanoseconds)
    var faults: [String] = []
    for tap in network.taps {
      faults += try tap.judge().faultsOfWholeRun(speakers: addresses, until: now)
    }
    return faults
  }

  /// Path lengths that each route server holds, by next hop.
  func paths(via host: String) throws(LabError) -> [Int] {
    let address = try network.address(of: host)
    return try network.routes().map { _, routes in
      routes.first { $0.nextHop == address }?.path.count ?? 0
    }
  }
}
