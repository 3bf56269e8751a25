// What every route server instance of a lab can be asked, whichever program plays it.

package import Model

/// A path that an instance holds.
package struct InstancePath: Hashable, Sendable {
  /// The name of the peer it came from.
  package var peer: String
  package var nextHop: IPAddress?
  /// The AS numbers.
  package var path: [UInt32]
  package var isBest: Bool

  package init(peer: String, nextHop: IPAddress?, path: [UInt32], isBest: Bool) {
    self.peer = peer
    self.nextHop = nextHop
    self.path = path
    self.isBest = isBest
  }
}

/// A simulated instance, or a real BIRD, FRR or GoBGP in its place. Only the simulated one has
/// Azure's quirks.
package protocol RouteServerInstance: AnyObject {
  /// The host that it runs on.
  var name: String { get }
  /// Whether its program answers at all within that time: one that stands still does not.
  func answers(within limit: Nanoseconds) throws(LabError) -> Bool
  /// Every path it holds for exactly this prefix.
  func paths(to prefix: Prefix) throws(LabError) -> [InstancePath]
  /// The state of its session with a peer in its own words.
  func session(_ peer: String) throws(LabError) -> String
  /// Whether that session is up.
  func isEstablished(_ peer: String) throws(LabError) -> Bool
  /// Asks every peer, or one, to tell its routes again.
  func askAgain(_ peer: String?) throws(LabError)
  /// Fails, with the last lines it printed, when its program has ended.
  func checkRunning() throws(LabError)
  /// Its program's process.
  var processID: Int32 { get }
  /// Ends its sessions as for maintenance: what has a program of its own for that ends with it.
  func leave() throws(LabError)
  /// Starts its program once more if it has ended; it remembers nothing of its peers.
  func startAgain() throws(LabError)
}

extension RouteServerInstance {
  /// Whether its program can be asked anything.
  package var isRunning: Bool { ProcessTable.isAlive(processID) }
}

/// Who plays the route servers.
package enum InstanceKind: String, CaseIterable, Hashable, Sendable {
  case simulated, bird, frr, gobgp

  /// The program that must be installed; nil when it is ours.
  package var neededProgram: String? {
    switch self {
    case .simulated: nil
    case .bird: "bird"
    case .frr: "vtysh"
    case .gobgp: "gobgpd"
    }
  }
}
