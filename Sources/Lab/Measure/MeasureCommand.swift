// The verb `measure`: shifts of a VIP that somebody else routes, seen from a client of it.

import Linux
import Model

/// Asks for one shift after the other by a command of the user's, and watches who answers.
struct MeasureCommand {
  /// How long a shift may take. We chose it: four times the damping that was reported.
  private static let patience = Nanoseconds.seconds(120)
  /// A shift is over when nobody else has answered for so long. We chose it: a hundred questions.
  private static let calm = Nanoseconds.seconds(1)
  /// How long the user's command may run.
  private static let commandLimit = Nanoseconds.seconds(60)
  private static let shiftLimit = 100
  /// What the client remembers is enough for so long (`QuestionLog.limit`), and some to spare.
  private static let longest = Nanoseconds.seconds(1_100)

  private var vip = IPv4Address(bits: 0)
  private var hosts: [String] = []
  private var command = ""
  /// What makes the host well again that the command harmed; nil: it harms nobody.
  private var mending: String?
  private var shifts = 10
  /// Longer than the 30 s for which two authors saw a second change held back.
  private var pause = Nanoseconds.seconds(35)
  private var report: String?
  /// What prints the daemon's history as records; nil: the report has the client's view only.
  private var history: String?

  /// 0 when every shift was seen, nil when the words are not understood.
  static func run(_ words: [String]) throws(LabError) -> Int32? {
    guard let measure = MeasureCommand(words) else { return nil }
    guard Int64(measure.shifts + 2) * (measure.pause.seconds + 10) <= longest.seconds else {
      throw .unsuitable("that would take longer than \(longest.seconds) s: fewer shifts, please")
    }
    var report = try measure.measure()
    report.told = try measure.told()
    print(report.text)
    if let file = measure.report {
      do throws(Errno) {
        try Files.writeAtomically(path: file, bytes: Array(report.text.utf8).span, mode: 0o644)
      } catch {
        throw .system(error, doing: "writing \(file)")
      }
    }
    return report.isComplete ? 0 : 1
  }

  private init?(_ words: [String]) {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch word {
      case "--vip":
        guard let address = IPv4Address(value) else { return nil }
        vip = address
      case "--hosts":
        hosts = value.split(separator: ",").map(String.init)
      case "--command": command = value
      case "--mend": mending = value
      case "--shifts":
        guard let number = Int(value), (1...MeasureCommand.shiftLimit).contains(number) else {
          return nil
        }
        shifts = number
      case "--pause":
        guard let number = Int64(value), (1...600).contains(number) else { return nil }
        pause = .seconds(number)
      case "--report": report = value
      case "--history": history = value
      default: return nil
      }
    }
    guard vip.bits != 0, hosts.count == 2, hosts[0] != hosts[1], !command.isEmpty else {
      return nil
    }
  }

  private func measure() throws(LabError) -> MeasureReport {
    let client = WebClient()
    let thread = try client.start(in: nil, asking: vip)
    defer { thread.end() }
    let log = client.log
    var holder = ""
    try Waiting.until("\(vip) to answer", within: .seconds(20)) { () throws(LabError) in
      guard let last = try log.lastAnswer() else { return "nobody has answered" }
      holder = last.from
      return hosts.contains(holder) ? nil : "\(holder) answers, which is neither of the hosts"
    }
    print("\(holder) answers on \(vip)")
    Termination.flush()
    var lastChange: Moment?
    var apart: [MeasuredShift] = []
    for _ in 0..<shifts {
      let target = hosts[0] == holder ? hosts[1] : hosts[0]
      let outcome = Result { () throws(LabError) in
        try move(to: target, from: holder, log, lastChange)
      }
      // Whatever became of it, nobody stays dead.
      if let mending { try run(mending, with: MeasureCommand.variables(target, from: holder)) }
      let (shift, change) = try outcome.get()
      apart.append(shift)
      tell(shift)
      lastChange = change ?? lastChange
      if change != nil { holder = target }
      try pass(pause)
    }
    // Who has just been mended is not well at once, so that there is nowhere to go.
    if mending != nil { return MeasureReport(vip: vip, apart: apart, atOnce: nil) }
    // Two at once: the first as all of them, the second as soon as that is over.
    let target = hosts[0] == holder ? hosts[1] : hosts[0]
    let (before, first) = try move(to: target, from: holder, log, lastChange)
    var report = MeasureReport(vip: vip, apart: apart, before: before, atOnce: nil)
    guard first != nil else {
      tell(before)
      return report
    }
    let (second, _) = try move(to: holder, from: target, log, first)
    tell(second)
    report.atOnce = second
    return report
  }

  private func tell(_ shift: MeasuredShift) {
    let text =
      shift.moved.map { "has all of it after \(Timeline.milliseconds($0))" } ?? "was not seen"
    print("\(shift.host) \(text)")
    Termination.flush()
  }

  /// Asks for one shift and watches it; answers also when the new host had all of the traffic.
  private func move(
    to host: String, from holder: String, _ log: QuestionLog, _ lastChange: Moment?
  ) throws(LabError) -> (MeasuredShift, Moment?) {
    let began = Moment(nanoseconds: Clock.wall().nanoseconds)
    try run(command, with: MeasureCommand.variables(host, from: holder))
    do throws(LabError) {
      try Waiting.until("\(host) alone to answer", within: MeasureCommand.patience) {
        () throws(LabError) in
        let since = Moment(nanoseconds: Clock.wall().nanoseconds) - MeasureCommand.calm
        let answers = log.recent(since: since).filter { $0.moment >= since }
        let isCalm = since >= began && !answers.isEmpty && answers.allSatisfy { $0.from == host }
        return isCalm ? nil : "not yet"
      }
    } catch .timedOut {
      return try (look(host, log, began, lastChange), nil)
    }
    let shift = try look(host, log, began, lastChange)
    return (shift, shift.change)
  }

  private func look(
    _ host: String, _ log: QuestionLog, _ began: Moment, _ lastChange: Moment?
  ) throws(LabError) -> MeasuredShift {
    MeasuredShift(
      to: host, questions: try log.questions(), began: began,
      end: Moment(nanoseconds: Clock.wall().nanoseconds), lastChange: lastChange)
  }

  /// What the user's commands are told: where the traffic shall go, and who has it.
  private static func variables(_ host: String, from holder: String) -> [String] {
    ["HOST=\(host)", "FROM=\(holder)"]
  }

  /// What the daemon says of the shifts.
  private func told() throws(LabError) -> [ToldShift]? {
    guard let history else { return nil }
    // Nobody else can have made it: that would be an error.
    let folder = "/tmp/hopshift-measure-\(Processes.own)"
    let path = "\(folder)/history"
    do throws(Errno) {
      try Directories.make(folder, mode: 0o700)
    } catch {
      throw .system(error, doing: "making \(folder)")
    }
    let outcome = Result { () throws(LabError) in
      try run(history, output: path)
      return try MeasureCommand.text(path)
    }
    do throws(Errno) {
      try Files.removeIfPresent(path)
      try Directories.remove(folder)
    } catch {
      throw .system(error, doing: "removing \(folder)")
    }
    return try ToldShift.read(try outcome.get())
  }

  private static func text(_ path: String) throws(LabError) -> String {
    do throws(Errno) {
      return String(
        decoding: try Files.read(path: path, limit: Shell.outputLimit), as: UTF8.self)
    } catch {
      throw .system(error, doing: "reading \(path)")
    }
  }

  private func run(
    _ command: String, with variables: [String] = [], output: String? = nil
  ) throws(LabError) {
    let words = ["sh", "-c", command]
    let end: Subprocess.Exit?
    do throws(Errno) {
      var environment = variables
      for name in ["PATH", "HOME", "SSH_AUTH_SOCK", "USER", "LANG"] {
        if let value = Environment.value(name) { environment.append("\(name)=\(value)") }
      }
      let process = try Subprocess(arguments: words, environment: environment, output: output)
      end = try process.wait(until: Clock.monotonic() + MeasureCommand.commandLimit)
    } catch {
      throw .system(error, doing: command)
    }
    switch end {
    case .exited(0): return
    case .exited(let status): throw .command(words: words, status: status, output: "")
    case .signalled(let signal): throw .command(words: words, status: 128 + signal, output: "")
    case nil: throw .timedOut(command, last: "it still runs")
    }
  }

  private func pass(_ length: Nanoseconds) throws(LabError) {
    try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + length)
  }
}
