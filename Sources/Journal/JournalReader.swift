// Reads a journal record by record, and says clearly where and why it ends.

package import Model

/// One record of a journal.
package struct JournalRecord: Equatable, Sendable {
  package let source: RecordSource
  package let time: Instant
  /// Where its payload is.
  package let payload: Range<Int>
  /// Where the record itself begins.
  package let offset: Int
}

/// Why there is nothing more to read.
package enum JournalEnd: Equatable, Sendable {
  /// The last record ends where the file does.
  case complete
  /// The file ends in the middle of a record, as after a crash or on a full disk.
  case truncated(at: Int)
  /// What stands there is no record: its sum, its length or its kind is wrong.
  case damaged(at: Int)
}

/// Why a file is no journal.
package enum JournalError: Error, Equatable, Sendable {
  case notAJournal
  case unknownVersion(UInt16)
  /// The first record is not where a replay can begin.
  case noBeginning
}

/// Walks over the bytes of a file. Everything before damage can be used.
package struct JournalReader: Sendable {
  private var offset: Int
  private var latest = Instant.zero
  package private(set) var end: JournalEnd?

  /// Checks the header.
  package init(_ bytes: Span<UInt8>) throws(JournalError) {
    let magic = JournalLimits.magic
    guard bytes.count >= JournalLimits.header else { throw .notAJournal }
    for place in magic.indices where bytes[place] != magic[place] { throw .notAJournal }
    let version = UInt16(bytes[magic.count]) << 8 | UInt16(bytes[magic.count + 1])
    guard version == JournalLimits.version else { throw .unknownVersion(version) }
    offset = JournalLimits.header
  }

  /// The next record; nil at the end, and then `end` says which.
  package mutating func next(in bytes: Span<UInt8>) -> JournalRecord? {
    guard end == nil else { return nil }
    if offset == bytes.count {
      end = .complete
      return nil
    }
    let start = offset
    guard let length = Field.number32(bytes, at: start) else { return stop(.truncated(at: start)) }
    guard length >= 2, length <= JournalLimits.record else { return stop(.damaged(at: start)) }
    let body = (start + 4)..<(start + 4 + Int(length))
    guard body.upperBound + 4 <= bytes.count else { return stop(.truncated(at: start)) }
    guard Checksum.of(bytes.extracting(body)) == Field.number32(bytes, at: body.upperBound),
      let source = RecordSource(rawValue: bytes[body.lowerBound])
    else { return stop(.damaged(at: start)) }
    var fields = Field(bytes, (body.lowerBound + 1)..<body.upperBound)
    guard let since = fields.number(in: bytes), since <= UInt64(Int64.max) else {
      return stop(.damaged(at: start))
    }
    // A beginning may stand in the middle of a file; its time does not count from what was before.
    let base = source == .beginning ? 0 : latest.nanoseconds
    let (sum, overflow) = base.addingReportingOverflow(Int64(since))
    guard !overflow else { return stop(.damaged(at: start)) }
    latest = Instant(nanoseconds: sum)
    offset = body.upperBound + 4
    return JournalRecord(source: source, time: latest, payload: fields.rest, offset: start)
  }

  private mutating func stop(_ why: JournalEnd) -> JournalRecord? {
    end = why
    return nil
  }
}

/// Reads the fields of a record one by one; nil behind the end.
package struct Field: Sendable {
  /// What was not read yet.
  package private(set) var rest: Range<Int>

  package init(_ bytes: Span<UInt8>, _ piece: Range<Int>) {
    precondition(piece.upperBound <= bytes.count, "a piece of the bytes")
    rest = piece
  }

  package mutating func byte(in bytes: Span<UInt8>) -> UInt8? {
    guard let first = rest.first else { return nil }
    rest = (first + 1)..<rest.upperBound
    return bytes[first]
  }

  /// Seven bits at a time; nil for what no writer writes.
  package mutating func number(in bytes: Span<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = byte(in: bytes) {
      let bits = UInt64(byte & 0x7f)
      if shift == 63 && bits > 1 { return nil }
      number |= bits << shift
      if byte & 0x80 == 0 { return number }
      shift += 7
      if shift > 63 { return nil }
    }
    return nil
  }

  package mutating func number32(in bytes: Span<UInt8>) -> UInt32? {
    guard rest.count >= 4, let number = Field.number32(bytes, at: rest.lowerBound) else {
      return nil
    }
    rest = (rest.lowerBound + 4)..<rest.upperBound
    return number
  }

  package mutating func number64(in bytes: Span<UInt8>) -> UInt64? {
    guard let high = number32(in: bytes), let low = number32(in: bytes) else { return nil }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// A text and its length; nil when it is longer than `limit` or no UTF-8.
  package mutating func text(in bytes: Span<UInt8>, limit: Int) -> String? {
    guard let piece = piece(in: bytes, limit: limit) else { return nil }
    return String(validating: piece.map { bytes[$0] }, as: UTF8.self)
  }

  /// Bytes and their length.
  package mutating func piece(in bytes: Span<UInt8>, limit: Int) -> Range<Int>? {
    guard let count = number(in: bytes), count <= UInt64(min(limit, rest.count)) else { return nil }
    let piece = rest.lowerBound..<(rest.lowerBound + Int(count))
    rest = piece.upperBound..<rest.upperBound
    return piece
  }

  static func number32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32? {
    guard offset + 4 <= bytes.count else { return nil }
    return UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16
      | UInt32(bytes[offset + 2]) << 8 | UInt32(bytes[offset + 3])
  }
}
