// Runs what the command line asks for and says how it ended.

import Configuration
import Console
import Control
import Linux
import Model
import YAML

/// One run of the command line.
struct Program {
  var output = Output()

  /// Does it all; the code is the exit status.
  mutating func run(_ words: [String]) -> ExitCode {
    do throws(Errno) {
      try StandardStream.fillGaps()
    } catch {
      return .failure
    }
    let invocation: Invocation
    do throws(UsageError) {
      invocation = try Invocation(words)
    } catch {
      output.complain(error.message)
      if let usage = Invocation.usage(for: words) { output.writeErrors(usage) }
      return .usage
    }
    let code = run(invocation)
    return output.outcome(code)
  }

  private mutating func run(_ invocation: Invocation) -> ExitCode {
    let style = Style(
      mayColour: invocation.mayColour, isTerminal: StandardStream.output.isTerminal,
      noColor: Environment.value("NO_COLOR"), term: Environment.value("TERM"),
      width: StandardStream.output.columns)
    do throws(Trouble) {
      switch invocation.command {
      case .status(let command): return try status(command, invocation.socket, style)
      case .monitor(let command): return try monitor(command, invocation.socket, style)
      case .volleys(let command): return try volleys(command, invocation.socket, style)
      case .routes(let command): return try routes(command, invocation.socket, style)
      case .received(let command): return try received(command, invocation.socket, style)
      case .explain(let command):
        let records = try ask(.explain, [command.vip], command.json, invocation.socket)
        if !command.json { output.write(ExplainReport(records).render(style)) }
        return .ok
      case .switch(let command):
        return try obey(.switch, command.words, command.json, invocation.socket, style)
      case .maintenance(let command):
        return try obey(.maintenance, command.words, command.json, invocation.socket, style)
      case .history(let command): return try history(command, invocation.socket, style)
      case .why(let command): return try why(command, invocation.socket, style)
      case .desired(let command): return try desired(command, invocation.socket, style)
      case .doctor(let command): return try doctor(command, invocation.socket, style)
      case .metrics(let command): return try metrics(command, invocation.socket)
      case .record(let command): return try record(command, invocation.socket)
      case .replay(let command): return try replay(command, style)
      case .simulate(let command): return try simulate(command, invocation.socket, style)
      case .version(let command): return try version(command, invocation.socket)
      case .check(let command): return check(command)
      case .config(let command): return try compare(command, invocation.socket)
      case .reload(let command): return try reload(command, invocation.socket)
      case .help(let command):
        output.write(command.text)
        return .ok
      }
    } catch {
      output.complain(error.message(socket: invocation.socket))
      return error.exitCode
    }
  }

  private mutating func status(
    _ command: StatusCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: .status)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if command.json { write(answers) }
    }
    try Program.accept(client.end)
    let report = StatusReport(records)
    if !command.json { output.write(report.render(style, isVerbose: command.isVerbose)) }
    guard command.check else { return .ok }
    let faults = report.faults
    for fault in faults { output.complain("degraded: \(fault)") }
    return faults.isEmpty ? .ok : .degraded
  }

  /// The records of an answer that is not a stream, written as they come when they are wanted.
  mutating func ask(
    _ verb: Verb, _ words: [String], _ json: Bool, _ socket: String
  ) throws(Trouble) -> [Record] {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: verb, words: words)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if json { write(answers) }
    }
    try Program.accept(client.end)
    return records
  }

  /// What becomes of a wish is shown also when it was refused.
  private mutating func obey(
    _ verb: Verb, _ words: [String], _ json: Bool, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: verb, words: words)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if json { write(answers) }
    }
    if !json { output.write(CommandReport(records).render(style)) }
    try Program.accept(client.end)
    return .ok
  }

  private mutating func volleys(
    _ command: VolleysCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(
      socket: socket, verb: .volleys, words: command.vip.map { [$0] } ?? [])
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if command.json { write(answers) }
    }
    try Program.accept(client.end)
    if !command.json { output.write(VolleysReport(records).render(style)) }
    if let rest = client.end?.string("message"), !rest.isEmpty { output.complain(rest) }
    return .ok
  }

  private mutating func received(
    _ command: ReceivedCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: .received, words: command.words)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if command.json { write(answers) }
    }
    try Program.accept(client.end)
    if !command.json { output.write(ReceivedReport(records, errors: command.errors).render(style)) }
    if let rest = client.end?.string("message"), !rest.isEmpty { output.complain(rest) }
    return .ok
  }

  private mutating func routes(
    _ command: RoutesCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    var records: [Record] = []
    var client = try Client(socket: socket, verb: .routes, words: command.words)
    while client.end == nil, let answers = try client.next() {
      records += answers.map(\.record)
      if command.json { write(answers) }
    }
    try Program.accept(client.end)
    if !command.json { output.write(RoutesPage(records).render(style)) }
    if let rest = client.end?.string("message"), !rest.isEmpty { output.complain(rest) }
    return .ok
  }

  private mutating func history(
    _ command: HistoryCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    if let since = command.since { return try past(command, since, style) }
    let words = command.shift.map { ["\($0)"] } ?? []
    let records = try ask(.history, words, command.json, socket)
    if let file = command.html { try writePage(records, to: file, socket) }
    if command.json || command.html != nil { return .ok }
    let page = HistoryPage(records)
    let zone = Clock.zone(at: Instant(nanoseconds: page.wall ?? 0))
    output.write(page.render(zone: zone, withStages: command.shift != nil, style))
    return .ok
  }

  /// What the courier has kept, whichever start of the daemon it is of.
  private mutating func past(
    _ command: HistoryCommand, _ since: Nanoseconds, _ style: Style
  ) throws(Trouble) -> ExitCode {
    let first = (Clock.wall() - since).nanoseconds / 1_000_000
    let records: [Record]
    do throws(Trouble) {
      records = try ask(.history, ["since", "\(first)"], command.json, command.courier)
    } catch {
      output.complain(error.message(socket: command.courier, of: "hopshift-courier"))
      return error.exitCode
    }
    if command.json { return .ok }
    let page = HistoryPage(records, nothing: "no shift in this time that hopshift-courier knows")
    let zone = Clock.zone(at: Instant(nanoseconds: page.wall ?? 0))
    output.write(page.render(zone: zone, withStages: false, style))
    if page.hasShifts { output.write("\n" + page.statistics(style)) }
    return .ok
  }

  private mutating func desired(
    _ command: DesiredCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    guard command.follow else {
      let records = try ask(.desired, [], command.json, socket)
      if !command.json { output.write(DesiredPage(records).render(style)) }
      return .ok
    }
    let line = MonitorLine(start: Clock.monotonic(), style: style)
    var client = try Client(socket: socket, verb: .desired, words: ["follow"])
    while client.end == nil, !output.isClosed, let answers = try client.next() {
      let shown = answers.filter { !$0.record.isEnd }
      if command.json {
        write(Array(shown))
      } else {
        output.write(shown.map { line.render($0.record) }.joined())
      }
    }
    if !output.isClosed { try Program.accept(client.end) }
    return .ok
  }

  private mutating func monitor(
    _ command: MonitorCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    if !command.filter.isEmpty,
      let complaint = command.filter.complaint(try ask(.status, [], false, socket))
    {
      output.complain(complaint)
      return .usage
    }
    let start = Clock.monotonic()
    let until = command.length.map { start + $0 }
    let line = MonitorLine(start: start, style: style)
    var client = try Client(socket: socket, verb: .monitor, words: command.words)
    var left = command.count ?? Int.max
    while client.end == nil, left > 0, !output.isClosed {
      guard let answers = try client.next(until: until) else { return .ok }
      let shown = answers.filter { !$0.record.isEnd && command.filter.shows($0.record) }
        .prefix(left)
      left -= shown.count
      if command.json {
        write(Array(shown))
      } else {
        output.write(shown.map { line.render($0.record) }.joined())
      }
    }
    if left > 0, !output.isClosed { try Program.accept(client.end) }
    return .ok
  }

  /// An answer that ended with another code than 0 is trouble.
  static func accept(_ end: Record?) throws(Trouble) {
    guard let end else { throw .closed }
    guard end.exitCode == .ok else {
      throw .refused(end.exitCode, end.string("message") ?? "no reason given")
    }
  }

  mutating func write(_ answers: [Conversation.Answer]) {
    var bytes: [UInt8] = []
    for answer in answers { bytes += answer.line + [UInt8(ascii: "\n")] }
    output.write(bytes)
  }
}
