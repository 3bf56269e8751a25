// What is to leave on one connection, in which order, and what may still be replaced.

import BGP
import Engine
import Model

/// Bytes that have begun to leave, behind them volleys that have not, behind these other messages.
///
/// A volley that has not begun to leave is not bytes yet: when the same VIP is fired again, the
/// newer volley takes its place. Everything is reserved when it is made; putting something in
/// allocates nothing.
struct Outbox {
  /// A volley that waits.
  struct Entry {
    var volley: VolleyID
    var vip: VIPSlot
    var shift: UInt32
  }

  /// Other messages that may wait; beyond it the connection is given up. We chose it: a route
  /// server that takes no byte for so many KEEPALIVEs is gone.
  static let messageLimit = 65_536

  /// Bytes that the socket did not take yet, from `head` on.
  private(set) var begun: [UInt8] = []
  private(set) var head = 0
  /// Where in `begun` the message ends that is on its way.
  private var messageEnd = 0
  /// Messages of which all bytes have left after they had to wait.
  private(set) var completed: UInt64 = 0
  private var waiting: [Entry] = []
  private var first = 0
  /// By VIP: its place in `waiting`, or that it has none.
  private var places: [Int32]
  private static let nowhere: Int32 = -1
  private var messages: [UInt8] = []

  /// `longest` is the size of the longest volley.
  init(vips: Int, longest: Int) {
    places = Array(repeating: Outbox.nowhere, count: vips)
    waiting.reserveCapacity(vips)
    begun.reserveCapacity(Salvo.fullSize + longest)
    messages.reserveCapacity(Outbox.messageLimit)
  }

  var isEmpty: Bool { begunCount == 0 && waitingCount == 0 && messages.isEmpty }
  var begunCount: Int { begun.count - head }
  /// Volleys that have not begun to leave.
  var waitingCount: Int { waiting.count - first }
  /// Bytes that wait, volleys apart.
  var byteCount: Int { begunCount + messages.count }
  var next: Entry? { first < waiting.count ? waiting[first] : nil }

  /// The newest volley of a VIP; it stands where the one that it replaces stood, and behind every
  /// message that was put in while no volley waited: a session's KEEPALIVE comes before its first
  /// UPDATE, though one read may cause both.
  mutating func add(_ entry: Entry) {
    if waitingCount == 0 && !messages.isEmpty { fixMessages() }
    let place = Int(places[entry.vip.index])
    if place != Outbox.nowhere {
      let volley = entry.volley.replacing(waiting[place].volley)
      waiting[place] = entry
      waiting[place].volley = volley
      return
    }
    places[entry.vip.index] = Int32(truncatingIfNeeded: waiting.count)
    waiting.append(entry)
  }

  /// The volleys among some outputs that are for this connection.
  mutating func add(
    _ outputs: borrowing Outputs, _ range: Range<Int>, of connection: Int,
    _ magazine: borrowing Magazine
  ) {
    for index in range {
      guard case .fire(let volley, let shift, let number) = outputs.slots[index],
        Int(number) == connection
      else { continue }
      add(Entry(volley: volley, vip: magazine.vip(of: volley), shift: shift))
    }
  }

  mutating func removeNext() -> Entry? {
    guard first < waiting.count else { return nil }
    let entry = waiting[first]
    places[entry.vip.index] = Outbox.nowhere
    first += 1
    if first == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      first = 0
    }
    return entry
  }

  /// Takes the volleys that wait into a salvo, in their order, until it is full or one comes that
  /// is as large as a salvo and leaves alone. The answer is how many of them were shifts.
  mutating func load(
    _ salvo: inout Salvo, _ magazine: borrowing Magazine, _ flights: inout Flights
  ) -> Int {
    var shifts = 0
    while first < waiting.count, magazine.add(waiting[first].volley, to: &salvo) {
      let shift = waiting[first].shift
      places[waiting[first].vip.index] = Outbox.nowhere
      first += 1
      // Where their bytes end is known when all are in.
      flights.depart(shift, end: .max)
      if shift != 0 { shifts += 1 }
    }
    if first == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      first = 0
    }
    return shifts
  }

  /// A message that is no volley; it leaves behind everything that waits now. False when there is
  /// no room for it.
  mutating func add(_ message: Span<UInt8>) -> Bool {
    guard messages.count + message.count <= Outbox.messageLimit else { return false }
    for index in message.indices { messages.append(message[index]) }
    return true
  }

  /// The other messages begin to leave.
  mutating func beginMessages() {
    precondition(begunCount == 0 && waitingCount == 0)
    fixMessages()
  }

  /// The other messages take their place behind what has begun to leave.
  private mutating func fixMessages() {
    if begunCount == 0 {
      begun.removeAll(keepingCapacity: true)
      head = 0
      messageEnd = 0
    }
    begun.append(contentsOf: messages)
    messages.removeAll(keepingCapacity: true)
    if messageEnd <= head { messageEnd = Outbox.end(ofMessageAt: messageEnd, in: begun.span) }
  }

  /// What the socket did not take of a volley or a salvo.
  mutating func begin(_ bytes: Span<UInt8>, from offset: Int) {
    precondition(begunCount == 0)
    begun.removeAll(keepingCapacity: true)
    head = 0
    for index in offset..<bytes.count { begun.append(bytes[index]) }
    var end = 0
    while end <= offset, end < bytes.count { end = Outbox.end(ofMessageAt: end, in: bytes) }
    messageEnd = end - offset
  }

  /// So many bytes have left of what has begun to.
  mutating func left(_ count: Int) {
    head += count
    while messageEnd <= head, messageEnd > 0 {
      completed &+= 1
      guard messageEnd < begun.count else { break }
      messageEnd = Outbox.end(ofMessageAt: messageEnd, in: begun.span)
    }
  }

  /// Each message says in its header how long it is (RFC 4271 section 4.1).
  private static func end(ofMessageAt start: Int, in bytes: Span<UInt8>) -> Int {
    guard bytes.count - start >= Framing.headerLength else { return bytes.count }
    let length = Int(bytes[start + 16]) << 8 | Int(bytes[start + 17])
    return min(bytes.count, start + max(length, Framing.headerLength))
  }

  mutating func removeAll() {
    while removeNext() != nil { continue }
    begun.removeAll(keepingCapacity: true)
    head = 0
    messageEnd = 0
    messages.removeAll(keepingCapacity: true)
  }
}
