// Volleys that leave together on one session, in as few UPDATEs and bytes as their attributes
// allow.

import Bytes

/// Bytes to send, put together from armed volleys by copying only. VIPs that say the same of their
/// prefixes share UPDATEs, family by family; within a family the order of the volleys is kept.
package struct Salvo: ~Copyable {
  /// From so many bytes on, what is added goes into the next salvo: one send takes that many from
  /// us at once, and what has not begun to leave can still be replaced by something newer.
  package static let fullSize = 65_536

  /// The UPDATEs of one family.
  private struct Line: ~Copyable {
    var writer: Writer
    /// The last UPDATE, when others may join it: where it begins and what it says. Its lengths are
    /// put in when nothing more joins.
    private var last: (start: Int, frame: UpdateFrame, key: AnnouncementKey)?

    init(capacity: Int) { writer = Writer(capacity: capacity) }

    mutating func removeAll() {
      writer.removeAll()
      last = nil
    }

    /// Whether so many octets of prefixes, of which this is said, may join the last UPDATE.
    func takes(_ count: Int, _ key: AnnouncementKey, limit: Int) -> Bool {
      guard let last else { return false }
      return last.key == key && writer.count - last.start + count <= limit
    }

    /// Puts prefixes behind those of the last UPDATE. `end` is what stands behind them in an UPDATE
    /// of their own; the same stands in the last one now, and goes.
    mutating func join(_ end: ArraySlice<UInt8>, tail: Int) {
      if tail > 0 { writer.removeLast(tail) }
      writer.write(end)
    }

    mutating func begin(
      _ updates: ArraySlice<UInt8>, _ frame: UpdateFrame, messages: Int, _ key: AnnouncementKey
    ) {
      finish()
      if messages == 1 { last = (writer.count, frame, key) }
      writer.write(updates)
    }

    /// Nothing joins the last UPDATE any more.
    mutating func finish() {
      if let last { last.frame.finish(at: last.start, in: &writer) }
      last = nil
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

  /// Puts IPv4 prefixes into the last UPDATE of their family, when that says the same of others
  /// and has room.
  mutating func join(_ prefixes: [UInt8], in range: Range<Int>, _ key: AnnouncementKey) -> Bool {
    guard ipv4.takes(range.count, key, limit: messageLimit) else { return false }
    ipv4.writer.write(prefixes, in: range)
    return true
  }

  /// The same for the prefixes of an UPDATE, of either family.
  mutating func join(
    _ update: ArraySlice<UInt8>, _ frame: UpdateFrame, _ key: AnnouncementKey
  ) -> Bool {
    let count = update.count - frame.size
    let end = update.dropFirst(Int(frame.head))
    if frame.family == .ipv4Unicast {
      guard ipv4.takes(count, key, limit: messageLimit) else { return false }
      ipv4.join(end, tail: Int(frame.tail))
    } else {
      guard ipv6.takes(count, key, limit: messageLimit) else { return false }
      ipv6.join(end, tail: Int(frame.tail))
    }
    return true
  }

  /// Adds the UPDATEs of one family as they were armed.
  mutating func begin(
    _ updates: ArraySlice<UInt8>, _ frame: UpdateFrame, messages: Int, _ key: AnnouncementKey
  ) {
    self.messages += messages
    if frame.family == .ipv4Unicast {
      ipv4.begin(updates, frame, messages: messages, key)
    } else {
      ipv6.begin(updates, frame, messages: messages, key)
    }
  }

  /// Puts the families behind each other: `bytes` is what is to be sent, and nothing more is added.
  package mutating func close() {
    ipv4.finish()
    ipv6.finish()
    ipv4.writer.write(ipv6.writer.bytes[...])
    ipv6.removeAll()
  }
}
