// Volleys that leave together on one session, in as few UPDATEs and bytes as their attributes allow.

import Bytes

/// Bytes to send, put together from armed volleys by copying only. VIPs that say the same of their
/// prefixes share UPDATEs; the order of the volleys is kept.
package struct Salvo: ~Copyable {
  /// What two volleys must agree on to share an UPDATE: everything in front of the prefixes.
  struct Key: Equatable {
    var announcement: Announcement
    var style: UInt32
  }

  /// From so many bytes on, what is added goes into the next salvo: one send takes that many from
  /// us at once, and what has not begun to leave can still be replaced by something newer.
  package static let fullSize = 65_536

  private var writer: Writer
  /// Where the last UPDATE begins, and what it says.
  private var last: (start: Int, key: Key)?
  private var messageLimit = Framing.ordinaryLimit
  /// How many UPDATEs there are.
  package private(set) var messages = 0

  /// `longest` is the size of the longest volley that will be added.
  package init(longest: Int) {
    writer = Writer(capacity: Salvo.fullSize + longest)
  }

  package var bytes: [UInt8] { writer.bytes }
  package var count: Int { writer.count }
  package var isFull: Bool { count >= Salvo.fullSize }

  /// Empties it for a session with messages of this size at most.
  package mutating func begin(messageLimit: Int) {
    writer.removeAll()
    last = nil
    messages = 0
    self.messageLimit = messageLimit
  }

  mutating func add(_ volley: [UInt8], head: Int, messages: Int, _ key: Key) {
    precondition(!isFull)
    if let last, last.key == key, messages == 1,
      writer.count - last.start + volley.count - head <= messageLimit
    {
      writer.write(volley[head...])
      Framing.finish(at: last.start, in: &writer)
      return
    }
    let start = writer.count
    writer.write(volley[...])
    self.messages += messages
    last = messages == 1 ? (start, key) : nil
  }
}
