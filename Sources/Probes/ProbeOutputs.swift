// What the probes want done, and what they found out.

package import Model

/// An interface on which ARP is spoken.
package struct PortSlot: Hashable, Sendable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
}

/// One connection of a TCP or HTTP target. A target may have several under way, one for each lane.
package struct ProbeConnection: Hashable, Sendable {
  /// `check` refuses a timeout of more than three intervals for these kinds, so no more are open.
  package static let lanes = 4

  package let target: TargetSlot
  package let lane: Int

  package init(_ target: TargetSlot, lane: Int) {
    precondition((0..<ProbeConnection.lanes).contains(lane), "no such lane")
    self.target = target
    self.lane = lane
  }

  /// A dense number over all targets.
  package var index: Int { target.index * ProbeConnection.lanes + lane }

  package init(index: Int) {
    self.init(TargetSlot(index / ProbeConnection.lanes), lane: index % ProbeConnection.lanes)
  }
}

/// One thing to do, or to be told. Ranges are of `ProbeOutputs.bytes`.
package enum ProbeOutput: Hashable, Sendable {
  /// Open the packet socket of a port on this interface; a port that was open is opened anew.
  case openPort(PortSlot, InterfaceIndex)
  case closePort(PortSlot)
  /// A whole frame on a port, for a target.
  case frame(PortSlot, TargetSlot, Range<Int>)
  /// An ICMP message to the target's address.
  case echo(TargetSlot, Range<Int>)
  /// Begin a TCP connection to the target.
  case connect(ProbeConnection)
  /// Write on an open connection.
  case write(ProbeConnection, Range<Int>)
  /// End the connection, or the attempt, at once.
  case hangUp(ProbeConnection)
  /// A BFD control packet to the target's address.
  case control(TargetSlot, Range<Int>)
  case note(ProbeNote)
}

/// What was found out.
package enum ProbeNote: Hashable, Sendable {
  /// The evidence of a target has changed.
  case signal(TargetSlot, Signal, LivenessReason)
  /// Another MAC answers for the target.
  case macChanged(TargetSlot, from: MACAddress, to: MACAddress)
  /// The answers are not the host's own; nil: they are again.
  case proxied(TargetSlot, ProxiedARP.Cause?)
  /// Somebody answers for the target without being asked.
  case disputed(TargetSlot)
}

/// Outputs and bytes of one call, or several. Reserved once, emptied after use.
package struct ProbeOutputs: ~Copyable {
  package private(set) var list: [ProbeOutput] = []
  package private(set) var bytes: [UInt8] = []

  /// Room for every target to send and to tell something in one turn.
  package init(targets: Int) {
    list.reserveCapacity(targets * ProbeOutputs.perTarget + ProbeOutputs.perTarget)
    bytes.reserveCapacity(targets * ProbeOutputs.bytesPerTarget)
  }

  private static let perTarget = 4
  /// A frame or an echo; a request that is longer lets the memory grow once.
  private static let bytesPerTarget = 256

  package mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
  }

  mutating func add(_ output: ProbeOutput) { list.append(output) }

  /// Keeps bytes and answers where they are.
  mutating func keep(_ piece: some Collection<UInt8>) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: piece)
    return start..<bytes.count
  }
}
