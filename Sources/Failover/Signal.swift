// What the evidence for a host comes to.

package import Model

/// Whether a host can carry traffic.
package enum Health: UInt8, Sendable, Equatable {
  case unknown
  case up
  case down
}

/// Whether what our probes say can be believed.
package enum OwnNetwork: UInt8, Sendable, Equatable {
  case working
  /// An anchor has missed a probe: whoever is down now may be down because we are cut off.
  case suspect
  /// Every anchor is down, or the link of our own address is: nobody else can be judged.
  case gone
}

extension Plan.Requirement {
  /// What the signals of one host come to. Neutral ones may not be counted as up.
  package func health(of signals: some Sequence<Signal>) -> Health {
    var up = 0
    var down = 0
    var unknown = 0
    for signal in signals {
      switch signal {
      case .up, .failing: up += 1
      case .down: down += 1
      case .unknown: unknown += 1
      case .neutral: continue
      }
    }
    guard up + down + unknown > 0 else { return .unknown }
    let needed =
      switch self {
      case .all: up + down + unknown
      case .any: 1
      case .atLeast(let count): count
      }
    if up >= needed { return .up }
    return up + unknown < needed ? .down : .unknown
  }
}

extension Health: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknown: "unknown"
    case .up: "up"
    case .down: "down"
    }
  }
}

extension OwnNetwork: CustomStringConvertible {
  package var description: String {
    switch self {
    case .working: "working"
    case .suspect: "in doubt"
    case .gone: "gone"
    }
  }
}
