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

    /// How many octets the last UPDATE has; none when nobody may join it.
    var openSize: Int? { last.map { writer.count - $0.start } }

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

  /// The magazine's prefixes of VIPs that have few, and a run of them that belongs behind the last
  /// IPv4 UPDATE and is not copied yet. VIPs that stand side by side make one run and one copy.
  private let fewPrefixes: [UInt8]
  private var run = 0..<0
  /// Volleys of this voice may join the run while there is room.
  private var voice = Voices.none
  private var room = 0
  /// How many UPDATEs there are.
  package private(set) var messages = 0

  /// For volleys of this magazine.
  package init(for magazine: borrowing Magazine) {
    ipv4 = Line(capacity: Salvo.fullSize + magazine.longest)
    let longest = magazine.longestIPv6
    ipv6 = Line(capacity: longest == 0 ? 0 : Salvo.fullSize + longest)
    fewPrefixes = magazine.fewPrefixes
  }

  /// Everything that was added, once it is closed.
  package var bytes: [UInt8] { ipv4.writer.bytes }
  package var count: Int { ipv4.writer.count + run.count + ipv6.writer.count }
  package var isFull: Bool { count >= Salvo.fullSize }

  /// Empties it for a session with messages of this size at most.
  package mutating func begin(messageLimit: Int) {
    ipv4.removeAll()
    ipv6.removeAll()
    messages = 0
    run = 0..<0
    voice = Voices.none
    self.messageLimit = messageLimit
  }

  /// Puts a piece of the few prefixes into the last IPv4 UPDATE, when what was put there last said
  /// the same and there is room. Of a mass shift nearly every volley goes this way.
  mutating func join(_ few: Range<Int>, voice: UInt32) -> Bool {
    guard voice == self.voice, voice != Voices.none, few.count <= room else { return false }
    room -= few.count
    if few.lowerBound == run.upperBound {
      run = run.lowerBound..<few.upperBound
    } else {
      copyRun()
      run = few
    }
    return true
  }

  /// What joins the last IPv4 UPDATE from now on by its voice.
  mutating func listen(to voice: UInt32) {
    guard let size = ipv4.openSize else { return }
    self.voice = voice
    room = messageLimit - size
  }

  private mutating func copyRun() {
    if !run.isEmpty { ipv4.writer.write(fewPrefixes[run]) }
    run = 0..<0
  }

  private mutating func closeRun() {
    copyRun()
    voice = Voices.none
  }

  /// The same for the prefixes of an UPDATE, of either family.
  mutating func join(
    _ update: ArraySlice<UInt8>, _ frame: UpdateFrame, _ key: AnnouncementKey
  ) -> Bool {
    let count = update.count - frame.size
    let end = update.dropFirst(Int(frame.head))
    if frame.family == .ipv4Unicast {
      closeRun()
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
      closeRun()
      ipv4.begin(updates, frame, messages: messages, key)
    } else {
      ipv6.begin(updates, frame, messages: messages, key)
    }
  }

  /// Puts the families behind each other: `bytes` is what is to be sent, and nothing more is added.
  package mutating func close() {
    closeRun()
    ipv4.finish()
    ipv6.finish()
    ipv4.writer.write(ipv6.writer.bytes[...])
    ipv6.removeAll()
  }
}
