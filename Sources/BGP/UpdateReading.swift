// What one UPDATE said: its class, what was wrong with it, and where its routes lie.

import Bytes
import Model

/// One UPDATE that was read and does not reset the session. The ranges are places in its message.
struct UpdateReading {
  var kind = UpdateClass.accept
  /// The attribute that made it the class that it is, the first of the gravest; nil when none did.
  var culprit: UInt8?
  /// How a reset would have named the fault; 0 when nothing graver than a discard was called for.
  var subcode: UInt8 = 0

  var withdrawn = 0..<0
  var routes = 0..<0
  var nextHop: UInt32?
  var reach: MultiprotocolAttribute?
  var unreach: MultiprotocolAttribute?
  var path: Range<Int>?
  var as4Path: Range<Int>?
  var communities: Range<Int>?
}

extension ReceivedRoutes {
  /// Takes over what an UPDATE said about the families of its session.
  ///
  /// RFC 7606 section 2: what is to be treated as withdraw removes every route that it names.
  /// RFC 4271 section 4.3 lets no prefix stand in both lists; when one does, the announcement
  /// holds.
  mutating func apply(
    _ reading: UpdateReading, _ message: Span<UInt8>, in context: UpdateContext, at now: Instant
  ) {
    let usesIPv4 = context.families.contains(.ipv4Unicast)
    let reach = reading.reach.flatMap { context.uses($0.family) ? $0 : nil }
    if usesIPv4 { remove(message, reading.withdrawn, .ipv4Unicast) }
    if let unreach = reading.unreach, context.uses(unreach.family) {
      remove(message, unreach.routes, unreach.family)
    }
    guard reading.kind != .treatAsWithdraw else {
      if usesIPv4 { remove(message, reading.routes, .ipv4Unicast) }
      if let reach { remove(message, reach.routes, reach.family) }
      return
    }
    let path = reading.receivedPath(message, octetsPerAS: context.octetsPerAS)
    let isShuttingDown = reading.isShuttingDown(message)
    if usesIPv4, let bits = reading.nextHop {
      enter(message, reading.routes, .ipv4Unicast) { prefix in
        ReceivedRoute(
          prefix: prefix, nextHop: .v4(IPv4Address(bits: bits)), path: path,
          isShuttingDown: isShuttingDown, heard: now)
      }
    }
    if let reach, let nextHop = reach.firstNextHop(message) {
      enter(message, reach.routes, reach.family) { prefix in
        ReceivedRoute(
          prefix: prefix, nextHop: nextHop, path: path, isShuttingDown: isShuttingDown, heard: now)
      }
    }
  }

  private mutating func remove(
    _ message: Span<UInt8>, _ range: Range<Int>, _ family: Families
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound,
      let prefix = PrefixList.next(message, at: &offset, end: range.upperBound, family)
    {
      remove(prefix)
    }
  }

  private mutating func enter(
    _ message: Span<UInt8>, _ range: Range<Int>, _ family: Families,
    _ route: (Prefix) -> ReceivedRoute
  ) {
    var offset = range.lowerBound
    while offset < range.upperBound,
      let prefix = PrefixList.next(message, at: &offset, end: range.upperBound, family)
    {
      enter(route(prefix))
    }
  }
}

extension UpdateReading {
  /// The path with the numbers that a two-octet speaker passed on beside it: as many of AS_PATH as
  /// AS4_PATH is shorter, then AS4_PATH (RFC 6793 section 4.2.3).
  fileprivate func receivedPath(_ message: Span<UInt8>, octetsPerAS: Int) -> ReceivedPath {
    var result = ReceivedPath()
    guard let path else { return result }
    let length = ASPath.length(message, in: path, octetsPerAS: octetsPerAS)
    let inner = as4Path.map { ASPath.length(message, in: $0, octetsPerAS: 4) } ?? 0
    guard octetsPerAS == 2, let as4Path, inner <= length else {
      ASPath.copy(message, in: path, octetsPerAS: octetsPerAS, upTo: length, into: &result)
      return result
    }
    ASPath.copy(message, in: path, octetsPerAS: 2, upTo: length - inner, into: &result)
    ASPath.copy(message, in: as4Path, octetsPerAS: 4, upTo: inner, into: &result)
    return result
  }

  /// RFC 8326 section 4.
  fileprivate func isShuttingDown(_ message: Span<UInt8>) -> Bool {
    guard let communities else { return false }
    for offset in stride(from: communities.lowerBound, to: communities.upperBound, by: 4)
    where message.bigEndian32(at: offset) == Community.gracefulShutdown.value {
      return true
    }
    return false
  }
}
