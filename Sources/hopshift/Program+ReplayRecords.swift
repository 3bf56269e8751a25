// The verb `replay` for programs: the decisions and the verdict as records.

import Chronicle
import Console
import Control
import Journal
import Model

extension Program {
  mutating func answer(
    _ command: ReplayCommand, _ replay: Replay, _ plan: Plan, _ events: [Event],
    _ result: ReplayResult
  ) throws(Trouble) -> ExitCode {
    let offset = replay.beginning.wallOffset
    var record = JSONLine(id: "replay", type: "recorded")
    record.add("release", replay.beginning.release)
    record.add("unix-ns", (result.first ?? .zero).nanoseconds &+ offset)
    write(record)
    for event in events { write(event, offset, "recorded") }
    if let path = command.configuration {
      let (other, omitted, _) = try another(path, replay, plan)
      for event in other { write(event, offset, "other") }
      var record = JSONLine(id: "replay", type: "other")
      record.add("file", Printable.clean(path))
      record.add("left-out", omitted)
      write(record)
    }
    let isIdentical = result.difference == nil && result.stoppedAt == nil
    record = JSONLine(id: "replay", type: "replayed")
    record.add("inputs", result.inputs)
    record.add("outputs", result.outputs)
    record.add("identical", isIdentical)
    if let difference = result.difference {
      record.add("differs-at-input", difference.number)
      record.add("differs-at-byte", difference.offset)
    }
    if let byte = result.stoppedAt { record.add("stopped-at-byte", byte) }
    switch result.end {
    case .truncated(at: let byte)?: record.add("truncated-at-byte", byte)
    case .damaged(at: let byte)?: record.add("damaged-at-byte", byte)
    case .complete?, nil: break
    }
    write(record)
    return isIdentical ? .ok : .failure
  }

  private mutating func write(_ event: Event, _ offset: Int64, _ configuration: String) {
    var record = JSONLine(id: "replay", type: "event")
    record.add("unix-ns", event.time.nanoseconds &+ offset)
    record.add("configuration", configuration)
    record.add("sentence", event.sentence.text)
    write(record)
  }
}
