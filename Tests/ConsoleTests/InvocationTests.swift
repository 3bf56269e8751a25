// Command lines: what each means, and what each wrong one is told.
import Console
import Control
import Model
import Testing

@Suite struct InvocationTests {
  private func read(_ line: String) throws(UsageError) -> Invocation {
    try Invocation(line.split(separator: " ").map(String.init))
  }

  @Test(arguments: [
    ("status", false, false), ("status --json", true, false), ("status --check", false, true),
    ("status --check --json --json", true, true),
  ])
  func status(_ line: String, _ json: Bool, _ check: Bool) throws {
    guard case .status(let command) = try read(line).command else {
      Issue.record("not status")
      return
    }
    #expect(command.json == json)
    #expect(command.check == check)
  }

  @Test(
    arguments: [
      ("monitor", [String](), nil, nil),
      ("monitor link", ["link"], nil, nil),
      ("monitor vip link vip --count 3", ["link", "vip"], 3, nil),
      ("monitor --count=1 --for=10s shift", ["shift"], 1, Nanoseconds.seconds(10)),
      ("monitor --for 250ms -- session", ["session"], nil, .milliseconds(250)),
      ("--socket /tmp/s monitor --for 168h", [], nil, .seconds(604_800)),
    ] as [(String, [String], Int?, Nanoseconds?)])
  func monitor(
    _ line: String, _ words: [String], _ count: Int?, _ length: Nanoseconds?
  ) throws {
    guard case .monitor(let command) = try read(line).command else {
      Issue.record("not monitor")
      return
    }
    #expect(command.words == words)
    #expect(command.count == count)
    #expect(command.length == length)
    #expect(!command.json)
  }

  @Test(arguments: [
    ("volleys", nil, false), ("volleys web", "web", false), ("volleys --json -- -x", "-x", true),
  ])
  func volleys(_ line: String, _ vip: String?, _ json: Bool) throws {
    guard case .volleys(let command) = try read(line).command else {
      Issue.record("not volleys")
      return
    }
    #expect(command.vip == vip)
    #expect(command.json == json)
  }

  @Test(arguments: [
    ("routes", [String](), false), ("routes branches", ["branches"], false),
    ("routes --held --json", ["/held"], true), ("routes --held a", ["/held", "a"], false),
  ])
  func routes(_ line: String, _ words: [String], _ json: Bool) throws {
    guard case .routes(let command) = try read(line).command else {
      Issue.record("not routes")
      return
    }
    #expect(command.words == words)
    #expect(command.json == json)
  }

  @Test(arguments: [
    ("check", "/etc/hopshift/hopshift.yaml", false), ("check a.yaml", "a.yaml", false),
    ("check --effective -- --odd", "--odd", true), ("check -", "-", false),
  ])
  func check(_ line: String, _ file: String, _ effective: Bool) throws {
    guard case .check(let command) = try read(line).command else {
      Issue.record("not check")
      return
    }
    #expect(command.file == file)
    #expect(command.effective == effective)
  }

  @Test(arguments: [
    ("version", "/run/hopshift/control.sock", true),
    ("--socket /a version", "/a", true), ("version --socket=/a", "/a", true),
    ("--no-color version", "/run/hopshift/control.sock", false),
    ("version --no-color --socket /b", "/b", false),
  ])
  func globalOptions(_ line: String, _ socket: String, _ mayColour: Bool) throws {
    let invocation = try read(line)
    #expect(invocation.socket == socket)
    #expect(invocation.mayColour == mayColour)
  }

  @Test(
    arguments: [
      ("help", nil), ("--help", nil), ("-h", nil), ("-h status", "status"), ("status -h", "status"),
      ("help monitor", "monitor"), ("monitor --help", "monitor"),
      ("--help check", "check"), ("status extra --help", "status"), ("help help", "help"),
    ] as [(String, String?)])
  func help(_ line: String, _ topic: String?) throws {
    guard case .help(let command) = try read(line).command else {
      Issue.record("not help")
      return
    }
    #expect(command.topic?.verb == topic)
  }

  /// Nobody guesses how this program wants to be asked for its version.
  @Test func versionAsAnOption() throws {
    for line in ["--version", "--version --json"] {
      guard case .version = try read(line).command else {
        Issue.record("not version")
        return
      }
    }
  }

  /// Who has used a verb in another way is shown how it is used.
  @Test(arguments: [
    ("switch web", "Usage: hopshift switch --to HOST [--dry-run] [--force] [--json] VIP\n"),
    ("--socket /a explain", "Usage: hopshift explain [--json] VIP\n"),
    ("--to ws1 switch", "Usage: hopshift switch --to HOST [--dry-run] [--force] [--json] VIP\n"),
    ("--socket=/a --json explain", "Usage: hopshift explain [--json] VIP\n"),
    ("stauts --json", nil), ("", nil), ("swtich status", nil), ("--socket status", nil),
    ("- status", nil),
  ])
  func theUsageOfAVerb(_ line: String, _ usage: String?) {
    #expect(Invocation.usage(for: line.split(separator: " ").map(String.init)) == usage)
  }

  private static let verbs =
    "status, monitor, explain, history, why, simulate, "
    + "switch, maintenance, volleys, received, routes, desired, doctor, metrics, record, "
    + "replay, check, config, reload, version, help"

  @Test(arguments: [
    ("", "a verb is missing; there are \(verbs)"),
    ("stauts", "unknown verb 'stauts'; did you mean status?"),
    ("hist", "unknown verb 'hist'; did you mean history?"),
    ("mointor --json", "unknown verb 'mointor'; did you mean monitor?"),
    ("re", "unknown verb 're'; there are \(verbs)"),
    ("failover web", "unknown verb 'failover'; there are \(verbs)"),
    ("help stauts", "unknown verb 'stauts'; did you mean status?"),
    ("help failover", "unknown verb 'failover'; there are \(verbs)"),
    ("--jsno", "unknown option '--jsno'; 'hopshift help' lists those there are"),
    ("--socktet a status", "unknown option '--socktet'; did you mean --socket?"),
    ("status --jsno", "unknown option '--jsno'; did you mean --json?"),
    ("status --verb", "unknown option '--verb'; did you mean --verbose?"),
    ("monitor shfit", "unknown word 'shfit'; did you mean shift?"),
    ("maintenance onn", "unknown word 'onn'; did you mean on?"),
    ("-j status", "unknown option '-j'; 'hopshift help' lists those there are"),
    ("--json status", "option '--json' belongs behind its verb"),
    (
      "status --count 1",
      "unknown option '--count'; 'hopshift help status' lists those of status"
    ),
    ("status --json=yes", "option '--json' takes no argument"),
    ("status --socket", "option '--socket PATH' lacks its argument"),
    ("status --socket=", "option '--socket PATH' lacks its argument"),
    ("--socket a status --socket b", "option '--socket' is given twice"),
    ("status web", "'web' is one word too many for status"),
    ("config", "config needs diff"),
    ("explain", "explain needs VIP"),
    ("switch", "switch needs VIP"),
    ("switch web", "switch needs '--to HOST'"),
    ("maintenance", "maintenance needs on or off"),
    ("config show", "unknown word 'show'; there are diff"),
    ("config diff a b", "'b' is one word too many for config"),
    ("reload now", "'now' is one word too many for reload"),
    ("reload --confirm 60s --keep", "'--keep' is one word too many for reload"),
    ("reload --keep --rollback", "'--rollback' is one word too many for reload"),
    (
      "reload --confirm 60",
      "'60' is no length of time for '--confirm LENGTH'; "
        + "write a number and ms, s, m or h, such as 10s, of at most a week"
    ),
    ("received 10.0.1.4 b", "'b' is one word too many for received"),
    ("routes a b", "'b' is one word too many for routes"),
    ("check a b", "'b' is one word too many for check"),
    ("help status version", "'version' is one word too many for help"),
    ("version 1", "'1' is one word too many for version"),
    (
      "monitor rule",
      "unknown word 'rule'; there are link, address, route, neighbour, session, shift, vip, alarm, "
        + "host"
    ),
    (
      "monitor --count 0",
      "'0' is no number for '--count N'; write 1 or more, such as 10"
    ),
    (
      "monitor --count -1",
      "'-1' is no number for '--count N'; write 1 or more, such as 10"
    ),
    (
      "monitor --count 99999999999999999999",
      "'99999999999999999999' is no number for '--count N'; write 1 or more, such as 10"
    ),
    (
      "monitor --for 10",
      "'10' is no length of time for '--for TIME'; write a number and ms, s, m or h, "
        + "such as 10s, of at most a week"
    ),
    (
      "monitor --for \u{1b}[2J",
      "'\\x{1b}[2J' is no length of time for '--for TIME'; write a number and ms, s, m or h, "
        + "such as 10s, of at most a week"
    ),
  ])
  func wrong(_ line: String, _ message: String) throws {
    let error = try #require(throws: UsageError.self) { _ = try read(line) }
    #expect(error.message == message)
  }

  @Test(
    arguments: [
      (true, true, nil, "xterm", true), (false, true, nil, "xterm", false),
      (true, false, nil, "xterm", false), (true, true, "1", "xterm", false),
      (true, true, "", "xterm", true), (true, true, nil, "dumb", false),
      (true, true, nil, nil, false),
    ] as [(Bool, Bool, String?, String?, Bool)])
  func colour(
    _ mayColour: Bool, _ isTerminal: Bool, _ noColor: String?, _ term: String?, _ expected: Bool
  ) {
    let style = Style(
      mayColour: mayColour, isTerminal: isTerminal, noColor: noColor, term: term)
    #expect(style.hasColour == expected)
  }
}
