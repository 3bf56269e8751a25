// Walks one kernel datagram and yields what it says, message by message.

import Bytes
import CNetlink
package import Model

/// What the next message of a datagram was.
package enum Step: Equatable, Sendable {
  case fact(Fact)
  /// A message that says nothing we track, or that was meant for another port.
  case skipped
  /// The bytes at this offset are no netlink message, or lack what their type must hold; the walk
  /// ends here.
  case malformed(offset: Int)
  case end
}

/// A place in a datagram. The bytes are passed to each call, so the cursor borrows nothing.
///
///     0               1               2               3
///     +---------------------------------------------------------------+
///     |                          nlmsg_len                            |
///     +-------------------------------+-------------------------------+
///     |          nlmsg_type           |          nlmsg_flags          |
///     +-------------------------------+-------------------------------+
///     |                          nlmsg_seq                            |
///     +---------------------------------------------------------------+
///     |                          nlmsg_pid                            |
///     +---------------------------------------------------------------+
package struct FactCursor {
  private var offset = 0
  private let port: UInt32

  /// The kernel changed what it dumps while it dumped (NLM_F_DUMP_INTR): the dump must be repeated.
  package private(set) var sawInterruption = false

  /// The message read last is part of a dump that we asked for; otherwise it tells of a change.
  package private(set) var isListed = false

  /// The number of the request that the message read last answers; 0 when it answers none.
  package private(set) var sequence: UInt32 = 0

  /// `port` is our socket's own address: an end of dump or an error for another one is not ours.
  package init(port: UInt32) { self.port = port }

  /// Reads one message and moves behind it.
  package mutating func next(in bytes: Span<UInt8>) -> Step {
    if offset == bytes.count { return .end }
    guard let header = MessageHeader(bytes, at: offset) else {
      return fail(bytes)
    }
    let start = offset
    let body = (start + MessageHeader.size)..<(start + header.length)
    offset = min(bytes.count, start + header.alignedLength)
    if header.flags & UInt16(NLM_F_DUMP_INTR) != 0, header.port == port { sawInterruption = true }
    sequence = header.sequence
    isListed = header.flags & UInt16(NLM_F_MULTI) != 0 && header.port == port
    return step(header, body, at: start, in: bytes)
  }

  private mutating func fail(_ bytes: Span<UInt8>) -> Step {
    let place = offset
    offset = bytes.count
    return .malformed(offset: place)
  }

  private func step(
    _ header: MessageHeader, _ body: Range<Int>, at start: Int, in bytes: Span<UInt8>
  ) -> Step {
    let result: Decoded
    switch Int32(header.type) {
    case NLMSG_DONE: return done(header, body, in: bytes)
    case NLMSG_ERROR: return refusal(header, body, at: start, in: bytes)
    case NLMSG_OVERRUN: return .fact(.overrun)
    case Int32(RTM_NEWLINK): result = LinkMessage.decode(bytes, body, isGone: false)
    case Int32(RTM_DELLINK): result = LinkMessage.decode(bytes, body, isGone: true)
    case Int32(RTM_NEWADDR): result = AddressMessage.decode(bytes, body, isGone: false)
    case Int32(RTM_DELADDR): result = AddressMessage.decode(bytes, body, isGone: true)
    case Int32(RTM_NEWROUTE), Int32(RTM_DELROUTE):
      return route(header, RouteMessage.decode(bytes, body), at: start)
    case Int32(RTM_NEWNEXTHOP): result = NextHopMessage.decode(bytes, body, isGone: false)
    case Int32(RTM_DELNEXTHOP): result = NextHopMessage.decode(bytes, body, isGone: true)
    case Int32(RTM_NEWNEIGH): result = NeighbourMessage.decode(bytes, body, isGone: false)
    case Int32(RTM_DELNEIGH): result = NeighbourMessage.decode(bytes, body, isGone: true)
    default: return .skipped
    }
    return switch result {
    case .fact(let fact): .fact(fact)
    case .notOurs: .skipped
    case .malformed: .malformed(offset: start)
    }
  }

  private func route(_ header: MessageHeader, _ decoded: DecodedRoute, at start: Int) -> Step {
    switch decoded {
    case .route(let route):
      if Int32(header.type) == Int32(RTM_DELROUTE) { return .fact(.routeGone(route)) }
      return .fact(.route(route, arrival(header.flags)))
    case .notOurs: return .skipped
    case .malformed: return .malformed(offset: start)
    }
  }

  /// Of a dump no flag says anything of the route.
  private func arrival(_ flags: UInt16) -> RouteArrival {
    if isListed { return .listed }
    if flags & UInt16(NLM_F_REPLACE) != 0 { return .instead }
    return flags & UInt16(NLM_F_EXCL) != 0 ? .alone : .beside
  }

  /// The kernel has no such table: there is nothing to list, and that is no failure.
  private static let absent: Int32 = -2

  /// NLMSG_DONE carries an error number when the dump failed half-way.
  private func done(_ header: MessageHeader, _ body: Range<Int>, in bytes: Span<UInt8>) -> Step {
    guard header.port == port else { return .skipped }
    let code = bytes.native32(at: body.lowerBound).map { Int32(bitPattern: $0) } ?? 0
    if body.count >= 4, code < 0, code != FactCursor.absent {
      return .fact(.refused(sequence: header.sequence, code: code == .min ? .max : -code))
    }
    return .fact(.dumpDone(sequence: header.sequence, interrupted: sawInterruption))
  }

  private func refusal(
    _ header: MessageHeader, _ body: Range<Int>, at start: Int, in bytes: Span<UInt8>
  ) -> Step {
    guard body.count >= 4, let raw = bytes.native32(at: body.lowerBound) else {
      return .malformed(offset: start)
    }
    guard header.port == port else { return .skipped }
    let code = Int32(bitPattern: raw)
    // Zero is an acknowledgement; we ask for none.
    if code == 0 { return .skipped }
    return .fact(.refused(sequence: header.sequence, code: code == .min ? .max : abs(code)))
  }
}

/// What became of one message's body.
enum Decoded: Equatable {
  case fact(Fact)
  /// Well formed, but of a family or kind that is not tracked.
  case notOurs
  case malformed
}

/// The checked `nlmsghdr` of a message that lies whole in the datagram.
struct MessageHeader {
  static let size = Int(cnetlink_nlmsg_hdrlen)

  let length: Int
  let type: UInt16
  let flags: UInt16
  let sequence: UInt32
  let port: UInt32

  init?(_ bytes: Span<UInt8>, at offset: Int) {
    guard let length = bytes.native32(at: offset), let type = bytes.native16(at: offset + 4),
      let flags = bytes.native16(at: offset + 6), let sequence = bytes.native32(at: offset + 8),
      let port = bytes.native32(at: offset + 12),
      length >= UInt32(MessageHeader.size), Int(length) <= bytes.count - offset
    else { return nil }
    self.length = Int(length)
    self.type = type
    self.flags = flags
    self.sequence = sequence
    self.port = port
  }

  /// NLMSG_ALIGN(length).
  var alignedLength: Int { (length + 3) & ~3 }
}
