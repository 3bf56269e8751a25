// What happens to the probes: what their sockets brought, and what became of what they put out.

package import Model

/// When something arrived.
package struct ProbeStamp: Hashable, Sendable {
  package enum Origin: UInt8, Hashable, Sendable {
    /// The kernel's stamp.
    case kernel
    /// When it was read; nobody stamped it.
    case reading
    /// The kernel's stamp, but the wall clock was set.
    case doubtful
  }

  package var at: Instant
  package var origin: Origin

  package init(at: Instant, _ origin: Origin = .kernel) {
    self.at = at
    self.origin = origin
  }

  /// Without a stamp that can be trusted, what is here came in time.
  var isTimely: Bool { origin != .kernel }
}

/// The sockets that several targets share.
package enum ProbeSocket: UInt8, Hashable, Sendable, CaseIterable {
  case echo
  case bfd
  case bfdMultihop
}

/// One thing that happened. The cases marked "bytes" come with the bytes received.
package enum ProbeEvent: Hashable, Sendable {
  case portOpened(PortSlot)
  /// The packet socket could not be opened; `code` is the errno, positive.
  case portFailed(PortSlot, code: Int32)
  /// The socket could not be opened.
  case socketFailed(ProbeSocket, code: Int32)
  /// A frame. Bytes.
  case frame(PortSlot, ProbeStamp)
  /// An ICMP message, from its header on, or whole with that of IPv4. Bytes.
  case echo(from: IPv4Address, ProbeStamp, isWhole: Bool)
  /// A BFD control packet. Bytes.
  case control(BFDArrival)
  case connected(ProbeConnection)
  /// Part of an answer. Bytes.
  case received(ProbeConnection)
  case closed(ProbeConnection, LivenessReason)
  /// The socket did not take the newest probe of a target.
  case notSent(TargetSlot)
  /// What was put out has left by this time.
  case sent(at: Instant)
  /// Everything that had arrived by this time was read.
  case heard(until: Instant)
  /// Frames were lost at a port's socket.
  case overrun(PortSlot)

  /// The target that the event is about, as far as connections go.
  package var stream: TargetSlot? {
    switch self {
    case .connected(let connection), .received(let connection), .closed(let connection, _):
      connection.target
    case .notSent(let slot): slot
    default: nil
    }
  }
}

extension Probes {
  package mutating func handle(
    _ event: ProbeEvent, _ bytes: Span<UInt8>, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    switch event {
    case .portOpened(let port): opened(port)
    case .portFailed(let port, _):
      unavailable({ $0 == .arp(port) }, at: now, into: &outputs)
    case .socketFailed(let socket, _):
      unavailable({ $0.socket == socket }, at: now, into: &outputs)
    case .frame(let port, let stamp):
      frame(bytes, on: port, stamp, readAt: now, into: &outputs)
    case .echo(let source, let stamp, let isWhole):
      guard let start = isWhole ? EchoPacket.start(inIPv4: bytes) : 0 else { return }
      echo(
        bytes.extracting(start..<bytes.count), from: source, stamp, readAt: now, into: &outputs)
    case .control(let arrival): control(bytes, arrival, readAt: now, into: &outputs)
    case .connected(let connection): connected(connection, at: now, into: &outputs)
    case .received(let connection): received(bytes, connection, at: now, into: &outputs)
    case .closed(let connection, let reason):
      closed(connection, reason, at: now, into: &outputs)
    case .notSent(let target): notSent(target, at: now, into: &outputs)
    case .sent(let instant): sent(at: instant)
    case .heard(let instant): heard(until: instant)
    case .overrun(let port): overrun(port, at: now)
    }
  }
}
