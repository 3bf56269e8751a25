// Plays a journal: the same engine as in the daemon, without the daemon.

import Chronicle
import Configuration
import Console
import Control
import Engine
import Journal
import Linux
import Model
import YAML

extension Program {
  mutating func replay(_ command: ReplayCommand, _ style: Style) throws(Trouble) -> ExitCode {
    let name = Printable.clean(command.file)
    let replay = try Program.open(command.file)
    let beginning = replay.beginning
    let plan = try plan(of: beginning.configuration, "\(name) (its configuration)")
    var events: [Event] = []
    guard let result = replay.play(plan, errno: Program.errno, into: &events) else {
      throw .local(
        "\(name) begins with the state of another version of hopshift (\(beginning.release)): "
          + "that version plays it")
    }
    let start = (result.first ?? .zero).nanoseconds &+ beginning.wallOffset
    let zone = Clock.zone(at: Instant(nanoseconds: start))
    let clock = { (time: Instant) in
      WallTime.time(time.nanoseconds &+ beginning.wallOffset, zone: zone)
    }
    if command.json { return try answer(command, replay, plan, events, result) }
    if result.first != nil {
      let date = WallTime.date(start, zone: zone)
      output.write("\(name): recorded by hopshiftd \(beginning.release) from \(date) on\n")
    }
    let lines = events.map(Program.line)
    if let path = command.configuration {
      try playAnother(path, replay, plan, lines, clock, style)
    } else {
      output.write(ReplayPage.timeline(lines, clock: clock, style: style))
    }
    return conclude(result, name, clock)
  }

  private static func open(_ path: String) throws(Trouble) -> Replay {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: path, limit: JournalLimits.file)
    } catch {
      throw .local("cannot read \(Printable.clean(path)): \(error)")
    }
    return try open(bytes, name: Printable.clean(path))
  }

  static func open(_ bytes: [UInt8], name: String) throws(Trouble) -> Replay {
    do throws(JournalError) {
      return try Replay(bytes)
    } catch {
      switch error {
      case .notAJournal: throw .local("\(name) is no journal of hopshift")
      case .unknownVersion(let version):
        throw .local("\(name) is a journal of version \(version), not 1")
      case .noBeginning:
        throw .local("\(name) ends or is damaged before a replay can begin")
      }
    }
  }

  /// The Plan of a configuration; its errors are told when it has none.
  func plan(of bytes: [UInt8], _ name: String) throws(Trouble) -> Plan {
    let report = Program.report(bytes)
    guard let plan = report.plan else {
      output.writeErrors(ProblemRenderer(file: name, bytes: bytes).render(report.problems))
      throw .refusedConfiguration(name)
    }
    return plan
  }

  /// What another configuration would have done, and how many inputs it knows nothing of.
  func another(
    _ path: String, _ replay: Replay, _ plan: Plan
  ) throws(Trouble) -> (events: [Event], omitted: Int, beginning: Beginning) {
    let name = Printable.clean(path)
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: path, limit: YAML.Limits.fileSize)
    } catch {
      throw .local("cannot read \(name): \(error)")
    }
    let other = try self.plan(of: bytes, name)
    let beginning = Beginning(
      of: other, release: "", seed: 0, run: 1, wallOffset: 0, configuration: [])
    var events: [Event] = []
    let omitted = replay.play(
      another: other, as: beginning, insteadOf: plan, errno: Program.errno, into: &events)
    guard let omitted else {
      throw .local(
        "the journal begins in the middle of a run, and \(name) names other things: "
          + "only a journal from the start of hopshiftd can be played against it")
    }
    return (events, omitted, beginning)
  }

  private mutating func playAnother(
    _ path: String, _ replay: Replay, _ plan: Plan, _ lines: [ReplayLine],
    _ clock: (Instant) -> String, _ style: Style
  ) throws(Trouble) {
    let name = Printable.clean(path)
    let (other, omitted, beginning) = try another(path, replay, plan)
    output.write(
      ReplayPage.sideBySide(
        lines, other.map(Program.line), titles: ("AS RECORDED", "WITH \(name)"), clock: clock,
        style: style))
    if omitted > 0 {
      output.write("left out: \(omitted) inputs of what \(name) does not name\n")
    }
    let missing = beginning.routeServers.filter { !replay.beginning.routeServers.contains($0) }
    if !missing.isEmpty {
      let names = missing.joined(separator: ", ")
      output.write("assumed: route servers that were not recorded never answer: \(names)\n")
    }
    output.write(
      "assumed: everybody else did what was recorded, whatever this configuration would have said\n"
    )
  }

  private mutating func conclude(
    _ result: ReplayResult, _ name: String, _ clock: (Instant) -> String
  ) -> ExitCode {
    switch result.end {
    case .truncated(let offset)?:
      output.complain(
        "\(name) ends in the middle of a record at byte \(offset); all before is used")
    case .damaged(let offset)?:
      output.complain("\(name) is damaged at byte \(offset); all before is used")
    case .complete?, nil: break
    }
    if let offset = result.stoppedAt {
      output.complain("\(name): the record at byte \(offset) cannot be played; all before is used")
    }
    if let difference = result.difference {
      output.write(
        "input \(difference.number) (\(difference.input)) at \(clock(difference.time)), "
          + "byte \(difference.offset), differs: \(difference.recordedOutputs) outputs were "
          + "recorded, \(difference.playedOutputs) were played\(Program.sameCount(difference))\n")
      return .failure
    }
    output.write("\(result.inputs) inputs, \(result.outputs) outputs, identical\n")
    return result.stoppedAt == nil ? .ok : .failure
  }

  private static func sameCount(_ difference: ReplayDifference) -> String {
    difference.recordedOutputs == difference.playedOutputs ? " with other bytes" : ""
  }

  static func errno(_ code: Int32) -> String { Errno(code: code).description }

  private static func line(_ event: Event) -> ReplayLine {
    ReplayLine(time: event.time, text: event.sentence.text, tone: tone(event.sentence.weight))
  }

  static func tone(_ weight: NoteSentence.Weight) -> Tone {
    switch weight {
    case .notice: .plain
    case .warning: .doubtful
    case .error: .bad
    }
  }
}
