// An appliance of the pair: what stands for a machine that runs hopshiftd and answers on the VIP.

import Linux
package import Model

/// What the story does to an appliance.
package protocol Appliance: AnyObject {
  /// `a` or `b`: the host's name in the topology.
  var host: String { get }
  /// Every process of it, the first of them last to be continued.
  func processes() -> [Int32]
  /// Fails, saying why, when the daemon or the answerer has ended.
  func checkRunning() throws(LabError)
  /// What its daemon may do.
  func rights() throws(LabError) -> ProcessRights
  /// Ends the daemon as its operator would.
  func stop() throws(LabError)
  /// What a person wants to see when something went wrong.
  func diagnosis() -> String
}

extension Appliance {
  /// Stops every process where it stands. No process can refuse, and none can tell.
  package func freeze() throws(LabError) {
    // Repeated, because a process that was not yet stopped may have started another.
    try Waiting.until("\(host) to stand still", within: .seconds(5)) { () throws(LabError) in
      let all = processes()
      guard !all.isEmpty else { return "it has no processes" }
      let moving = all.filter { ProcessTable.state(of: $0).map { $0 != "T" } ?? false }
      for pid in moving { try send(pid, .stop) }
      return moving.isEmpty ? nil : "\(moving.count) of \(all.count) processes move"
    }
  }

  /// Lets every process go on. The first, which watches over the others, goes last: it must not
  /// find them silent before they could speak.
  package func thaw() throws(LabError) {
    for pid in processes().reversed() { try send(pid, .proceed) }
  }

  private func send(_ pid: Int32, _ signal: Processes.Signal) throws(LabError) {
    do throws(Errno) {
      try Processes.signal(pid, signal)
    } catch {
      throw .system(error, doing: "a signal to \(pid) of \(host)")
    }
  }
}

/// The configuration of an appliance of the pair.
package enum ApplianceFiles {
  /// The daemon's configuration: owner of the VIP while the address is here. `settle` stands for
  /// the daemon's own default when it is nil.
  package static func configuration(
    local: IPv4Address, servers: [IPv4Address], settle: String?
  ) -> String {
    """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(local)
    route-servers:
      platform: azure
      asn: \(VirtualNetwork.serverASN)
      hold-time: 30s
      peers: [\(servers.map(\.description).joined(separator: ", "))]
    vips:
      web:
        prefixes: [\(VirtualNetwork.vipPrefix)]
        owner: {when: address\(settle.map { ", settle: \($0)" } ?? "")}

    """
  }
}
