// The flight recorder: the last inputs of the engine in memory that is reserved once.

package import Engine
package import Journal
package import Model

/// Keeps what went into the engine. Recording takes no memory and no system call; who wants to keep
/// it reads it away in pieces, and who reads too slowly loses the connection to it.
package struct Recorder: ~Copyable {
  /// Bytes that are kept. We chose it: about ten minutes of two speakers that tell each other
  /// hello, and every dump of a big appliance at its start.
  package static let capacity = 1 << 20
  /// The memory has two halves: when the newer one is full, the older one is forgotten and filled
  /// again. Nothing is moved.
  private static let half = capacity / 2
  /// A replay can begin at least after so many bytes. We chose it: what is dropped never takes the
  /// only beginning with it.
  private static let spacing = capacity / 4
  /// Beyond so many VIPs and targets the state is written down only when somebody asks for it. We
  /// chose it: up to here that takes about a hundred microseconds.
  package static let frugalParts = 256

  /// Where a replay can begin, and the engine's state there; empty: the start of the run.
  private struct Start {
    var offset: Int
    var time: Instant
    var state: [UInt8]
  }

  private let beginning: Beginning

  private var older: JournalWriter
  private var newer: JournalWriter
  /// How many bytes were recorded before those that are kept.
  private var base = 0
  private var starts: [Start]
  package private(set) var inputs: UInt64 = 0

  /// `beginning` is that of the run; `now` no later than its first input. `state` is that of an
  /// engine which goes on from another one; empty: it begins.
  package init(_ beginning: Beginning, at now: Instant, state: [UInt8] = []) {
    older = JournalWriter(capacity: Recorder.half, after: now)
    newer = JournalWriter(capacity: Recorder.half, after: now)
    starts = [Start(offset: 0, time: now, state: state)]
    self.beginning = beginning
  }

  private static var header: [UInt8] {
    var writer = JournalWriter(capacity: JournalLimits.header)
    writer.writeHeader()
    return Array(writer.bytes)
  }

  /// How many bytes were recorded since the start.
  package var end: Int { base + older.count + newer.count }

  /// One input that was carried out, with what came of it.
  package mutating func record(
    _ input: Input, _ bytes: Span<UInt8>, at now: Instant, _ outputs: OutputSum
  ) {
    let needed = JournalLimits.overhead + JournalLimits.operands + bytes.count
    inputs += 1
    // Only what the run before has kept can be so long: nothing can be played that lacks it.
    guard needed <= Recorder.half else { return lose() }
    if newer.room < needed { dropOldest() }
    newer.begin(.input, at: now)
    newer.write(input)
    newer.write(number: UInt64(outputs.count))
    if outputs.count > 0 { newer.write(outputs.value) }
    newer.write(bytes)
    newer.end()
  }

  /// Everything is forgotten, and who reads along has missed something.
  private mutating func lose() {
    base = end + 1
    older.restart(after: newer.latest)
    newer.restart(after: newer.latest)
    starts.removeAll()
  }

  private mutating func dropOldest() {
    base += older.count
    swap(&older, &newer)
    newer.restart(after: older.latest)
    starts.removeAll { $0.offset < base }
  }

  /// Whether it is time for another place where a replay can begin.
  package var wantsStart: Bool {
    guard beginning.vips.count + beginning.targets.count <= Recorder.frugalParts else {
      return false
    }
    guard let last = starts.last else { return true }
    return end - last.offset >= Recorder.spacing
  }

  /// A replay can begin here, with this state.
  package mutating func noteStart(_ state: [UInt8]) {
    starts.append(Start(offset: end, time: newer.latest, state: state))
  }

  /// Where a recording begins that has the oldest that is known; nil when nothing that is known can
  /// be played.
  package func attachOldest() -> RecorderPosition? {
    guard let start = starts.first else { return nil }
    return position(start)
  }

  /// A recording that begins here, with this state.
  package func attachHere(_ state: [UInt8]) -> RecorderPosition {
    position(Start(offset: end, time: newer.latest, state: state))
  }

  private func position(_ start: Start) -> RecorderPosition {
    var beginning = beginning
    beginning.state = start.state
    return RecorderPosition(
      head: Recorder.header + beginning.encoded(at: start.time), offset: start.offset)
  }

  /// The next piece behind a position, at most `limit` bytes; nil when what comes next is lost.
  package func read(_ position: inout RecorderPosition, limit: Int) -> ArraySlice<UInt8>? {
    if position.headRead < position.head.count {
      let upper = min(position.head.count, position.headRead + limit)
      defer { position.headRead = upper }
      return position.head[position.headRead..<upper]
    }
    guard position.offset >= base else { return nil }
    let border = base + older.count
    let isOld = position.offset < border
    let upper = min(isOld ? border : end, position.offset + limit)
    defer { position.offset = upper }
    if isOld { return older.bytes((position.offset - base)..<(upper - base)) }
    return newer.bytes((position.offset - border)..<(upper - border))
  }
}

/// How far one reader has come.
package struct RecorderPosition: Equatable, Sendable {
  let head: [UInt8]
  var headRead = 0
  package internal(set) var offset: Int

  /// Whether everything up to this offset was read.
  package func hasReached(_ end: Int) -> Bool { headRead == head.count && offset >= end }
}
