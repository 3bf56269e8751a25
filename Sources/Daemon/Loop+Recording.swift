// The loop's side of the flight recorder: every input that was carried out, and who reads them.

import Chronicle
import Control
import Engine
import Journal
import Linux
import Model

extension Loop {
  /// Prefixes of the kernel's routes with which the state is still written down from time to time:
  /// some hundred bytes each. We chose it.
  static let frugalExports = 1_024

  /// What a replay of this run begins with.
  static func beginning(
    _ plan: Plan, _ seed: UInt64, _ run: UInt64, _ facts: ProcessFacts
  ) -> Beginning {
    Beginning(
      of: plan, release: Release.version, seed: seed, run: run,
      wallOffset: (Clock.wall() - Clock.monotonic()).count,
      configuration: facts.configurationText)
  }

  /// Keeps an input whose bytes are in the buffer, with what it led to. Volleys have left before.
  static func record(
    _ input: Input, _ buffer: borrowing ReceiveBuffer, from first: Int,
    _ outputs: borrowing Outputs, _ engine: borrowing Engine, in recorder: inout Recorder,
    at now: Instant
  ) {
    let sum = OutputSum(outputs, from: first, engine)
    buffer.withBytes { recorder.record(input, $0, at: now, sum) }
  }

  /// The same for a hello, whose body is in the buffer of its socket.
  mutating func record(_ fellow: FellowSlot, _ group: GroupDoor, at now: Instant) {
    let sum = OutputSum(outputs, from: recorded, engine)
    Loop.record(fellow, group, sum, in: &recorder, at: now)
  }

  private static func record(
    _ fellow: FellowSlot, _ group: GroupDoor, _ sum: OutputSum, in recorder: inout Recorder,
    at now: Instant
  ) {
    group.withBody { recorder.record(.hello(fellow), $0, at: now, sum) }
  }

  /// The same for an input without bytes.
  mutating func record(_ input: Input, at now: Instant) {
    recorder.record(input, Span(), at: now, OutputSum(outputs, from: recorded, engine))
  }

  /// From time to time the state is written down, so that a replay has where to begin.
  mutating func noteStart() {
    guard engine.exportCount <= Loop.frugalExports else { return }
    if recorder.wantsStart, engine.isQuiet { recorder.noteStart(engine.state()) }
  }

  /// The engine's state, when somebody waits for it and it is one.
  mutating func stateIfAsked() -> [UInt8]? {
    guard control.waiting.contains(where: { $0.request?.verb == .record }), engine.isQuiet else {
      return nil
    }
    return engine.state()
  }

  /// Gives those who record what has come since.
  func serveRecordings() {
    for client in control.recording { client.serveRecording(recorder) }
  }
}
