// Why a session is ended on purpose: the subcodes of Cease.

/// The subcodes of the Cease NOTIFICATION (RFC 4486, RFC 8538, RFC 9384).
package enum CeaseReason: UInt8, Hashable, Sendable, CaseIterable {
  case maximumNumberOfPrefixesReached = 1
  case administrativeShutdown = 2
  case peerDeconfigured = 3
  case administrativeReset = 4
  case connectionRejected = 5
  case otherConfigurationChange = 6
  case connectionCollisionResolution = 7
  case outOfResources = 8
  case hardReset = 9
  case bfdDown = 10
}

extension CeaseReason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .maximumNumberOfPrefixesReached: "maximum number of prefixes reached"
    case .administrativeShutdown: "administrative shutdown"
    case .peerDeconfigured: "peer de-configured"
    case .administrativeReset: "administrative reset"
    case .connectionRejected: "connection rejected"
    case .otherConfigurationChange: "other configuration change"
    case .connectionCollisionResolution: "connection collision resolution"
    case .outOfResources: "out of resources"
    case .hardReset: "hard reset"
    case .bfdDown: "BFD down"
    }
  }
}
