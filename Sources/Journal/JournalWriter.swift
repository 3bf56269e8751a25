// Records one behind the other in memory that is reserved once.

package import Model

/// Writes records. What does not fit is the caller's matter: `room` says what does.
///
///     length (32) | source (8) | time since the record before, in ns | payload | CRC-32C (32)
///
/// The length counts source, time and payload; the sum covers them. Numbers without a width are
/// written seven bits at a time, the lowest first; the top bit says that more follow.
package struct JournalWriter: ~Copyable {
  private var memory: [UInt8]
  package private(set) var count = 0
  private var start = 0
  /// The time of the last record.
  package private(set) var latest: Instant

  /// `time`: what the first record's time counts from.
  package init(capacity: Int, after time: Instant = .zero) {
    memory = [UInt8](repeating: 0, count: capacity)
    latest = time
  }

  package var room: Int { memory.count - count }

  /// Everything written, or a piece of it.
  package func bytes(_ piece: Range<Int>) -> ArraySlice<UInt8> {
    precondition(piece.upperBound <= count, "a piece of what was written")
    return memory[piece]
  }

  package var bytes: ArraySlice<UInt8> { memory[..<count] }

  /// Forgets everything; the next record's time counts from `time`.
  package mutating func restart(after time: Instant) {
    count = 0
    latest = time
  }

  /// Magic and version, in front of everything else in a file.
  package mutating func writeHeader() {
    let magic = JournalLimits.magic
    write(magic.span)
    write(UInt8(JournalLimits.version >> 8))
    write(UInt8(truncatingIfNeeded: JournalLimits.version))
  }

  package mutating func begin(_ source: RecordSource, at time: Instant) {
    start = count
    for _ in 0..<4 { write(UInt8(0)) }
    write(source.rawValue)
    write(number: UInt64(max(0, (time - latest).count)))
    latest = max(latest, time)
  }

  package mutating func end() {
    let length = UInt32(count - start - 4)
    let sum = Checksum.of(memory.span.extracting((start + 4)..<count))
    for place in 0..<4 {
      memory[start + place] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * place))
    }
    write(sum)
  }

  package mutating func write(_ byte: UInt8) {
    memory[count] = byte
    count += 1
  }

  package mutating func write(_ number: UInt32) {
    let start = count
    var target = memory.mutableSpan
    for place in 0..<4 {
      target[start + place] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * place))
    }
    count += 4
  }

  package mutating func write(_ number: UInt64) {
    let start = count
    var target = memory.mutableSpan
    for place in 0..<8 {
      target[start + place] = UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * place))
    }
    count += 8
  }

  package mutating func write(number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      write(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    write(UInt8(rest))
  }

  /// At the speed of a copy.
  package mutating func write(_ bytes: Span<UInt8>) {
    let start = count
    count += bytes.count
    var target = memory.mutableSpan
    for place in bytes.indices { target[start + place] = bytes[place] }
  }

  package mutating func write(text: String) {
    let bytes = Array(text.utf8)
    write(number: UInt64(bytes.count))
    write(bytes.span)
  }
}

/// What a record tells of.
package enum RecordSource: UInt8, Equatable, Sendable, CaseIterable {
  /// Where a replay can begin.
  case beginning = 1
  /// Something that went into the engine.
  case input = 2
  /// Records are missing here: nothing behind it can be compared.
  case gap = 3
}
