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
  /// Nil when the state it begins with is none of this version.
  package func play(
    _ plan: Plan, errno name: (Int32) -> String, into events: inout [Event]
  ) -> ReplayResult? {
    guard var player = Player(plan, beginning) else { return nil }
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
  /// other one was about and this one does not know is left out; the answer is how much that was.
  /// Nil when the journal begins with a state and the other Plan does not name the same things.
  package func play(
    another plan: Plan, as other: Beginning, insteadOf recorded: Plan,
    errno name: (Int32) -> String,
    into events: inout [Event]
  ) -> Int? {
    guard beginning.state.isEmpty || Replay.namesTheSame(plan, recorded) else { return nil }
    let names = Names(from: beginning, to: other)
    guard var player = Player(plan, beginning), var original = Player(recorded, beginning) else {
      return nil
    }
    // An answer fits only the question that was asked, so evidence is taken from the engine that
    // asked it.
    player.muteProbes()
    var omitted = 0
    var reader = reader
    let nothing: [UInt8] = []
    var untold: [Event] = []
    while let record = reader.next(in: bytes.span) {
      if record.source == .beginning { continue }
      guard let heard = RecordedInput(record, bytes.span), heard.isPossible(in: beginning)
      else { break }
      let body = bytes.span.extracting(heard.body)
      _ = original.play(heard.input, body, at: heard.time, errno: name, into: &untold)
      untold.removeAll(keepingCapacity: true)
      var turns = 0
      while let due = player.deadline, due < heard.time, turns < Replay.turnLimit {
        turns += 1
        _ = player.play(.turn, nothing.span, at: due, errno: name, into: &events)
        _ = player.play(.idle, nothing.span, at: due, errno: name, into: &events)
      }
      for (target, signal) in original.signals {
        guard let target = names.target(target) else { continue }
        player.suppose(target, signal, at: heard.time, errno: name, into: &events)
      }
      switch heard.input {
      case .turn, .probe: continue
      default: break
      }
      guard let input = names.translate(heard.input) else {
        omitted += 1
        continue
      }
      _ = player.play(input, body, at: heard.time, errno: name, into: &events)
    }
    return omitted
  }

  /// Whether a state of one is one of the other: they differ in times and attributes at most.
  private static func namesTheSame(_ left: Plan, _ right: Plan) -> Bool {
    left.routeServers.peers == right.routeServers.peers
      && left.group?.peers == right.group?.peers && left.group?.address == right.group?.address
      && left.local.address == right.local.address
      && left.hosts.map(\.name) == right.hosts.map(\.name)
      && left.targets.map(\.host) == right.targets.map(\.host)
      && left.evidentAddresses == right.evidentAddresses
      && left.vips.count == right.vips.count
      && zip(left.vips, right.vips).allSatisfy(decidesTheSame)
  }

  private static func decidesTheSame(_ left: Plan.VIP, _ right: Plan.VIP) -> Bool {
    guard left.name == right.name, left.tie == right.tie,
      left.candidates.map(\.host) == right.candidates.map(\.host)
    else { return false }
    switch (left.role, right.role) {
    case (.address(let one), .address(let other)): return one.address == other.address
    case (.healthy, .healthy), (.watcher, .watcher): return true
    default: return false
    }
  }

  /// Deadlines that are kept between two inputs. We chose it: hello every 20 ms for an hour.
  private static let turnLimit = 200_000
}
