// Puts lines together from the pieces in which a stream happens to deliver them, within a bound.

/// Why a stream can't be read as lines any more. Neither error heals: close the connection.
package enum LineBufferError: Error, Hashable, Sendable {
  /// A line, finished or not, is longer than the limit.
  case lineTooLong
  /// More was received than the buffer holds while lines in it still wait to be taken.
  case full
}

/// Bytes of a stream that wait to become lines. Append what came, then take lines until nil.
package struct LineBuffer: Sendable {
  private var bytes: [UInt8] = []
  /// Where the first line that was not taken begins.
  private var start = 0
  /// No newline stands between `start` and here.
  private var searched = 0
  private let limit: Int
  private let capacity: Int

  private static let newline: UInt8 = 0x0a

  /// How many lines of full length wait at most. We chose it: it lets one receive bring several.
  private static let linesHeld = 4

  /// `limit` is the greatest length of a line without its newline.
  package init(limit: Int) {
    precondition(limit > 0)
    self.limit = limit
    capacity = LineBuffer.linesHeld * (limit + 1)
  }

  /// How many bytes the next `append` may bring.
  package var room: Int { capacity - (bytes.count - start) }

  /// Takes what the stream delivered.
  package mutating func append(_ piece: Span<UInt8>) throws(LineBufferError) {
    guard piece.count <= room else { throw .full }
    if start > 0 {
      bytes.removeSubrange(0..<start)
      searched -= start
      start = 0
    }
    bytes.reserveCapacity(bytes.count + piece.count)
    for index in piece.indices { bytes.append(piece[index]) }
  }

  /// The next whole line without its newline, or nil until more has come.
  package mutating func next() throws(LineBufferError) -> [UInt8]? {
    while searched < bytes.count, bytes[searched] != LineBuffer.newline { searched += 1 }
    guard searched - start <= limit else { throw .lineTooLong }
    guard searched < bytes.count else { return nil }
    let line = Array(bytes[start..<searched])
    searched += 1
    start = searched
    return line
  }
}
