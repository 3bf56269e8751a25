// Volleys that leave together on one session, in as few UPDATEs and bytes as their attributes
// allow.

import Bytes

/// Bytes to send, put together from armed volleys by copying only. VIPs that say the same of their
/// prefixes share UPDATEs, family by family; within a family the order of the volleys is kept.
package struct Salvo: ~Copyable {
  /// What two volleys must agree on to share an UPDATE: everything but the prefixes.
  struct Key: Equatable {
    var announcement: Announcement
    var style: UInt32
  }

  /// From so many bytes on, what is added goes into the next salvo: one send takes that many from
  /// us at once, and what has not begun to leave can still be replaced by something newer.
  package static let fullSize = 65_536

  /// The UPDATEs of one family.
  private struct Line: ~Copyable {
    var writer: Writer
    /// Where the last UPDATE begins, and what it says.
    var last: (start: Int, key: Key)?

    init(capacity: Int) { writer = Writer(capacity: capacity) }

    mutating func removeAll() {
      writer.removeAll()
      last = nil
    }

    /// Says whether the prefixes found room in the last UPDATE.
    mutating func add(
      _ updates: ArraySlice<UInt8>, _ frame: UpdateFrame, messages: Int, _ key: Key, limit: Int
    ) -> Bool {
      if let last, last.key == key, messages == 1,
        writer.count - last.start + updates.count - frame.size <= limit
      {
        // What stood behind the prefixes comes again behind the new ones.
        writer.removeLast(Int(frame.tail))
        writer.write(updates.dropFirst(Int(frame.head)))
        frame.finish(at: last.start, in: &writer)
        return true
      }
      last = messages == 1 ? (writer.count, key) : nil
      writer.write(updates)
      return false
    }
  }

  private var ipv4: Line
  private var ipv6: Line
  private var messageLimit = Framing.ordinaryLimit
  /// How many UPDATEs there are.
  package private(set) var messages = 0

  /// For volleys of this magazine.
  package init(for magazine: borrowing Magazine) {
    ipv4 = Line(capacity: Salvo.fullSize + magazine.longest)
    let longest = magazine.longestIPv6
    ipv6 = Line(capacity: longest == 0 ? 0 : Salvo.fullSize + longest)
  }

  /// Everything that was added, once it is closed.
  package var bytes: [UInt8] { ipv4.writer.bytes }
  package var count: Int { ipv4.writer.count + ipv6.writer.count }
  package var isFull: Bool { count >= Salvo.fullSize }

  /// Empties it for a session with messages of this size at most.
  package mutating func begin(messageLimit: Int) {
    ipv4.removeAll()
    ipv6.removeAll()
    messages = 0
    self.messageLimit = messageLimit
  }

  /// One family of a volley.
  mutating func add(
    _ updates: ArraySlice<UInt8>, _ frame: UpdateFrame, messages: Int, _ key: Key
  ) {
    let isJoined =
      frame.family == .ipv4Unicast
      ? ipv4.add(updates, frame, messages: messages, key, limit: messageLimit)
      : ipv6.add(updates, frame, messages: messages, key, limit: messageLimit)
    if !isJoined { self.messages += messages }
  }

  /// Puts the families behind each other: `bytes` is what is to be sent, and nothing more is added.
  package mutating func close() {
    ipv4.writer.write(ipv6.writer.bytes[...])
    ipv4.last = nil
    ipv6.removeAll()
  }
}
