// A whole journal played again: the same outputs, or the first that differ.

package import Engine
package import Journal
package import Model

/// What playing a journal led to.
package struct ReplayResult: Equatable, Sendable {
  package var inputs = 0
  package var outputs = 0
  package var first: Instant?
  package var last: Instant?
  package var difference: ReplayDifference?
  package var end: JournalEnd?
  /// Where records are missing, or begins what this version does not know: nothing behind it was
  /// played.
  package var stoppedAt: Int?

  package init() {}
}

/// The first input whose outputs are not those that were recorded.
package struct ReplayDifference: Equatable, Sendable {
  /// Its number, from 1.
  package let number: Int
  package let offset: Int
  package let time: Instant
  package let input: Input
  package let recordedOutputs: Int
  package let playedOutputs: Int
}

/// A journal that begins where a replay can begin.
package struct Replay {
  package let beginning: Beginning
  private let bytes: [UInt8]
  private let reader: JournalReader

  /// Reads the header and the beginning.
  package init(_ bytes: [UInt8]) throws(JournalError) {
    var reader = try JournalReader(bytes.span)
    guard let record = reader.next(in: bytes.span), record.source == .beginning,
      let beginning = Beginning(bytes.span, record.payload)
    else { throw .noBeginning }
    self.beginning = beginning
    self.bytes = bytes
    self.reader = reader
  }

  /// Plays everything into an engine for the Plan that was recorded, up to the first difference.
  package func play(
    _ plan: Plan, errno name: (Int32) -> String, into events: inout [Event]
  ) -> ReplayResult {
    var player = Player(plan, seed: beginning.seed, run: beginning.run)
    var result = ReplayResult()
    var reader = reader
    while let record = reader.next(in: bytes.span) {
      // A later beginning says nothing new to who was there from the start.
      if record.source == .beginning { continue }
      guard let recorded = RecordedInput(record, bytes.span), recorded.isPossible(in: beginning)
      else {
        result.stoppedAt = record.offset
        break
      }
      let sum = player.play(
        recorded.input, bytes.span.extracting(recorded.body), at: recorded.time, errno: name,
        into: &events)
      result.inputs += 1
      result.outputs += sum.count
      result.first = result.first ?? recorded.time
      result.last = recorded.time
      if sum.count != recorded.outputs || sum.count > 0 && sum.value != recorded.sum {
        result.difference = ReplayDifference(
          number: result.inputs, offset: record.offset, time: recorded.time,
          input: recorded.input, recordedOutputs: recorded.outputs, playedOutputs: sum.count)
        break
      }
    }
    result.end = reader.end
    return result
  }

  /// Plays what was heard into an engine for another Plan. It keeps its own deadlines; what the
  /// other one was about and this one does not know is left out. The answer is how much that was.
  package func play(
    another plan: Plan, as other: Beginning, errno name: (Int32) -> String,
    into events: inout [Event]
  ) -> Int {
    let names = Names(from: beginning, to: other)
    var player = Player(plan, seed: beginning.seed, run: beginning.run)
    var omitted = 0
    var reader = reader
    let nothing: [UInt8] = []
    while let record = reader.next(in: bytes.span) {
      if record.source == .beginning { continue }
      guard let recorded = RecordedInput(record, bytes.span), recorded.isPossible(in: beginning)
      else { break }
      var turns = 0
      while let due = player.deadline, due < recorded.time, turns < Replay.turnLimit {
        turns += 1
        _ = player.play(.turn, nothing.span, at: due, errno: name, into: &events)
        _ = player.play(.idle, nothing.span, at: due, errno: name, into: &events)
      }
      if recorded.input == .turn { continue }
      guard let input = names.translate(recorded.input) else {
        omitted += 1
        continue
      }
      _ = player.play(
        input, bytes.span.extracting(recorded.body), at: recorded.time, errno: name, into: &events)
    }
    return omitted
  }

  /// Deadlines that are kept between two inputs. We chose it: hello every 20 ms for an hour.
  private static let turnLimit = 200_000
}
