// One direction of a TCP connection, put together again from captured segments.

/// Puts segments in order: repeated bytes are dropped, bytes that came early are kept until the gap
/// closes.
package struct ByteStream: Sendable {
  /// The receive window bounds what can lie beyond a gap. We chose more than any session here uses.
  package static let earlyLimit = 256

  private var next: UInt32?
  private var early: [(sequence: UInt32, payload: [UInt8])] = []
  /// Bytes that were sent more than once.
  package private(set) var repeatedBytes = 0
  /// No byte has come in order yet.
  package private(set) var isEmpty = true
  /// A gap never closed while too much lay beyond it: the rest cannot be read.
  package private(set) var isLost = false

  package init() {}

  /// Takes one segment and returns the bytes that are now in order.
  package mutating func receive(_ segment: Segment) -> [UInt8] {
    if segment.isSYN {
      // SYN takes one sequence number (RFC 9293 section 3.4).
      next = segment.sequence &+ 1
      early.removeAll()
      return []
    }
    if segment.payload.isEmpty { return [] }
    if next == nil { next = segment.sequence }
    early.append((segment.sequence, segment.payload))
    if early.count > ByteStream.earlyLimit { isLost = true }
    var ready: [UInt8] = []
    while let piece = takeNext() { ready += piece }
    return ready
  }

  /// A piece that begins at or before the next expected byte and is now consumed.
  private mutating func takeNext() -> [UInt8]? {
    guard let next else { return nil }
    for (index, piece) in early.enumerated() {
      // The distance is signed because sequence numbers wrap.
      let ahead = Int(Int32(bitPattern: piece.sequence &- next))
      if ahead > 0 { continue }
      let known = min(-ahead, piece.payload.count)
      repeatedBytes += known
      early.remove(at: index)
      let fresh = Array(piece.payload.dropFirst(known))
      self.next = next &+ UInt32(fresh.count)
      if !fresh.isEmpty { isEmpty = false }
      return fresh
    }
    return nil
  }
}
