// The faults by name: what can happen to the machines of a scene, in words for a person.

import Model

/// Something that goes wrong. The raw value is its name on the command line and in scenarios.
package enum Fault: String, CaseIterable, Sendable {
  case hostDies = "host-dies"
  case hostFreezes = "host-freezes"
  case processesPause = "appliance-pauses"
  case processKilled = "process-killed"
  case carrierLost = "carrier-lost"
  case linkDown = "link-down"
  case cableCut = "cable-cut"
  case lossTo = "loss-to"
  case lossFrom = "loss-from"
  case instanceRestarts = "instance-restarts"
  case bothRestart = "both-restart"
  case maintenance
  case rebootAnnounced = "reboot-announced"
  case routeLost = "route-lost"
  case late

  package var summary: String {
    switch self {
    case .hostDies: "the host is gone at once, and nobody is told"
    case .hostFreezes: "everything in the host stands still, its kernel included; sessions stay up"
    case .processesPause: "every process stands still; the kernel goes on answering for them"
    case .processKilled: "hopshiftd, the web server or the route server's BGP is killed"
    case .carrierLost: "the host's links lose their carrier"
    case .linkDown: "somebody sets the host's first link down"
    case .cableCut: "nothing passes any more, and every link stays up: a partition"
    case .lossTo: "what is sent to the host is lost, all of it or so many percent"
    case .lossFrom: "what the host sends is lost, all of it or so many percent"
    case .instanceRestarts: "one route server instance ends its sessions and comes back"
    case .bothRestart: "both route server instances do"
    case .maintenance: "its operator takes the host out of service: hopshift maintenance on"
    case .rebootAnnounced: "Azure announces that it will reboot the host, in a quarter of an hour"
    case .routeLost: "the host's kernel loses its route to the branch behind it"
    case .late: "what the host sends and is sent is late, by 100 or so many milliseconds"
    }
  }

  /// Whether it happens to a host that has to be named.
  package var needsHost: Bool { self != .bothRestart }
  /// What the number behind it means, and what it is when none is given; nil: there is none.
  package var measure: Measure? {
    switch self {
    case .lossTo, .lossFrom: Measure(what: "a percentage", values: 1...100, usual: 100)
    case .late: Measure(what: "a number of milliseconds", values: 1...5_000, usual: 100)
    default: nil
    }
  }

  /// How much of a fault there can be.
  package struct Measure: Sendable {
    package var what: String
    package var values: ClosedRange<Int>
    package var usual: Int
  }

  /// Whether it is over as soon as it has happened.
  package var isBrief: Bool { self == .instanceRestarts || self == .bothRestart }
  /// Whether nothing of the host reaches anybody.
  var silences: Bool { [.hostDies, .hostFreezes, .cableCut].contains(self) }
}

/// A fault that was caused and not mended.
package struct Harm: Equatable, Sendable {
  package var fault: Fault
  package var host: String
}

/// What the kernel drops of the packets that pass a port: one in-kernel filter, classic BPF, that
/// compares a random number.
enum LossFilter {
  /// `ld rand; jge k, 1, 0; ret TC_ACT_SHOT; ret TC_ACT_OK` in the form of tc-bpf(8). The load is
  /// that of SKF_AD_OFF + SKF_AD_RANDOM (linux/filter.h).
  static func bytecode(percent: Int) -> String {
    guard percent < 100 else { return "1,6 0 0 2" }
    let threshold = UInt64(percent) * (1 << 32) / 100
    return "4,32 0 0 4294963256,53 1 0 \(threshold),6 0 0 2,6 0 0 0"
  }
}
