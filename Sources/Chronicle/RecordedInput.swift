// One record of a journal, understood: what went in, and the sum of what came out.

import BGP
package import Engine
package import Journal
package import Model

/// An input as it was recorded.
package struct RecordedInput: Equatable, Sendable {
  package let time: Instant
  package let input: Input
  /// Outputs that it led to, and their sum; 0 when there were none.
  package let outputs: Int
  package let sum: UInt32
  /// The bytes that came with it.
  package let body: Range<Int>

  /// Nil for what this version does not know.
  package init?(_ record: JournalRecord, _ bytes: Span<UInt8>) {
    guard record.source == .input else { return nil }
    var fields = Field(bytes, record.payload)
    guard let input = fields.input(in: bytes), let count = fields.number(in: bytes),
      count <= UInt64(UInt32.max)
    else { return nil }
    var sum: UInt32 = 0
    if count > 0 {
      guard let recorded = fields.number32(in: bytes) else { return nil }
      sum = recorded
    }
    time = record.time
    self.input = input
    outputs = Int(count)
    self.sum = sum
    body = fields.rest
  }

  /// Whether the numbers in it are those of the Plan: a damaged record could name what is not there.
  package func isPossible(in beginning: Beginning) -> Bool {
    switch input {
    case .opened, .openFailed, .kernel, .overrun, .drained, .dumpFailed, .watched, .unwatched,
      .doubted, .paused, .turn, .idle, .stop:
      true
    case .connected(let peer), .connectFailed(let peer), .accepted(let peer):
      peer.index < beginning.routeServers.count
    case .received(let connection), .closed(let connection):
      connection.peer.index < beginning.routeServers.count
    case .hello(let fellow): fellow.index < beginning.fellows.count
    }
  }
}
