// One record of a journal, understood: what went in, and the sum of what came out.

import BGP
package import Engine
import Failover
package import Journal
package import Model
import Probes

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

  /// Whether the numbers in it are those of the Plan: a record could name what is not there.
  package func isPossible(in beginning: Beginning) -> Bool {
    switch input {
    case .opened, .openFailed, .kernel, .overrun, .drained, .dumpFailed, .watched, .unwatched,
      .doubted, .paused, .recalled, .doomed, .turn, .idle, .stop:
      true
    case .probe(let event): isPossible(event, beginning)
    case .command(.move(let vip, to: let host, isForced: _)):
      vip.index < beginning.vips.count && host.index < beginning.hosts.count
    case .command(let command): command.vip.index < beginning.vips.count
    case .connected(let peer), .connectFailed(let peer), .accepted(let peer):
      peer.index < beginning.routeServers.count
    case .received(let connection), .closed(let connection), .held(let connection),
      .taken(let connection), .acknowledged(let connection):
      connection.peer.index < beginning.routeServers.count
    case .hello(let fellow): fellow.index < beginning.fellows.count
    }
  }

  private func isPossible(_ event: ProbeEvent, _ beginning: Beginning) -> Bool {
    let targets = beginning.targets.count
    switch event {
    case .echo, .control, .sent, .heard, .socketFailed: return true
    // There are no more interfaces than targets that name one.
    case .portOpened(let port), .portFailed(let port, _), .frame(let port, _), .overrun(let port):
      return port.index < targets
    case .connected(let connection), .received(let connection), .closed(let connection, _):
      return connection.target.index < targets
    case .notSent(let target): return target.index < targets
    }
  }
}
