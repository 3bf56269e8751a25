// The real program: its exit codes, every way in which a daemon fails to answer, closed outputs.
import Control
import Linux
import Model
import Testing

@Suite(.serialized) struct CommandTests {
  /// The 2 s after which a silent daemon is reported, and the start of processes on a busy machine.
  private static let patience = Nanoseconds.milliseconds(3_500)

  @Test func statusOfAHealthyDaemon() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT status --check --socket $SOCKET", .answering([.status: Answers.healthy]))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.errors == "")
    #expect(outcome.output.hasPrefix("hopshiftd 0.1.0, process 7, up 5.0 s, last turn 1 ms ago\n"))
    #expect(outcome.output.contains("\n10.10.1.4     Established"))
    #expect(outcome.requests.map(\.verb) == [.status])
  }

  @Test func recordsAsTheyCame() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT --socket $SOCKET status --json", .answering([.status: Answers.healthy]))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.output == Answers.healthy.replacing("$ID", with: "ask"))
    #expect(outcome.errors == "")
  }

  @Test(arguments: [
    (Answers.down, "hopshift: degraded: route server 10.10.1.4 is Active\n"),
    (Answers.stale, "hopshift: degraded: the view of the kernel is stale\n"),
  ])
  func degraded(_ answer: String, _ errors: String) throws {
    let checked = try Stage.run(
      "$HOPSHIFT status --check --socket $SOCKET", .answering([.status: answer]))
    #expect(checked.exit == .exited(5))
    #expect(checked.errors == errors)
    #expect(checked.output.contains("ROUTE SERVER"))
    let unchecked = try Stage.run(
      "$HOPSHIFT status --socket $SOCKET", .answering([.status: answer]))
    #expect(unchecked.exit == .exited(0))
    #expect(unchecked.errors == "")
  }

  private static let ways: [(Behaviour, Int32, String)] = [
    (.absent, 3, "(No such file or directory). Is it running? systemctl status hopshiftd"),
    (.dead, 3, "(Connection refused). Is it running? systemctl status hopshiftd"),
    (.stopped, 3, "has not answered for 2 s. Is it stopped? systemctl status hopshiftd"),
    (.closing, 3, "before its answer was complete. Has it stopped? journalctl --unit hopshiftd"),
    (.saying("220 mail ESMTP\r\n"), 1, "does not speak the control protocol"),
    (.saying(String(repeating: "x", count: 70_000)), 1, "a line is longer than 65536 bytes"),
    (
      .answering([
        .status: Answers.forbidden, .monitor: Answers.forbidden, .version: Answers.forbidden,
      ]), 4, "hopshiftd: only members may ask\n"
    ),
  ]

  @Test(arguments: ["status", "status --json", "monitor", "version"], Array(ways.indices))
  func noAnswer(_ verb: String, _ way: Int) throws {
    let (behaviour, code, text) = CommandTests.ways[way]
    let outcome = try Stage.run("$HOPSHIFT \(verb) --socket $SOCKET", behaviour)
    #expect(outcome.exit == .exited(code))
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("hopshift: "))
    #expect(outcome.took < CommandTests.patience)
    #expect(verb != "version" || outcome.output == "hopshift 0.1.0, control protocol 1\n")
  }

  /// Without CAP_DAC_OVERRIDE root is refused as anybody is.
  @Test func noPermission() throws {
    let drop = Accounts.userID() == 0 ? "setpriv --bounding-set=-all " : ""
    let outcome = try Stage.run("\(drop)$HOPSHIFT status --socket $SOCKET", .forbidden)
    #expect(outcome.exit == .exited(4))
    #expect(outcome.errors.contains("no permission to use"), "\(outcome.errors)")
  }

  @Test func bothVersions() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT version --socket $SOCKET", .answering([.version: Answers.version]))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.output == "hopshift 0.1.0, control protocol 1\nhopshiftd 0.1.0\n")
  }

  @Test func monitorCounts() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT monitor shift --json --count 3 --socket $SOCKET", .streaming(Answers.alarm))
    #expect(outcome.exit == .exited(0))
    let line = Answers.alarm.replacing("$ID", with: "ask")
    #expect(outcome.output == String(repeating: line, count: 3))
    #expect(outcome.requests.first { $0.verb == .monitor }?.words == ["shift"])
  }

  @Test(arguments: [
    Behaviour.streaming(Answers.alarm), .freezing(after: 1_000),
  ])
  func monitorEndsInTime(_ behaviour: Behaviour) throws {
    let outcome = try Stage.run("$HOPSHIFT monitor --for 1200ms --socket $SOCKET", behaviour)
    #expect(outcome.exit == .exited(0))
    #expect(outcome.errors == "")
    #expect(outcome.took >= .milliseconds(1_200))
    #expect(outcome.took < CommandTests.patience)
    #expect(outcome.requests.contains { $0.verb == .monitor })
  }

  @Test func aDaemonThatFreezesWhileMonitored() throws {
    let outcome = try Stage.run("$HOPSHIFT monitor --socket $SOCKET", .freezing(after: 2))
    #expect(outcome.exit == .exited(3))
    #expect(outcome.errors.contains("has not answered for 2 s"))
    #expect(outcome.took < CommandTests.patience + .seconds(1))
  }

  /// With SIGPIPE at its default the kernel ends the program, with SIGPIPE ignored EPIPE does.
  @Test(arguments: ["", "trap '' PIPE; "])
  func theReaderOfAStreamGoes(_ trap: String) throws {
    let outcome = try Stage.run(
      "\(trap)$HOPSHIFT monitor --json --socket $SOCKET | head -n 1", .streaming(Answers.alarm))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.output == Answers.alarm.replacing("$ID", with: "ask"))
    #expect(outcome.errors == "")
    #expect(outcome.took < CommandTests.patience)
  }

  @Test func closedOutputs() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT status --check --socket $SOCKET <&- >&- 2>&-",
      .answering([.status: Answers.down]))
    #expect(outcome.exit == .exited(5))
    #expect(outcome.requests.map(\.verb) == [.status])
  }

  @Test func aFullDiskIsAFailure() throws {
    let outcome = try Stage.run("$HOPSHIFT help >/dev/full")
    #expect(outcome.exit == .exited(1))
    #expect(outcome.errors.hasPrefix("hopshift: cannot write the answer: ENOSPC"))
  }

  @Test func usage() throws {
    let wrong = try Stage.run("$HOPSHIFT stauts")
    #expect(wrong.exit == .exited(2))
    #expect(wrong.output == "")
    #expect(wrong.errors.hasPrefix("hopshift: unknown verb 'stauts'"))
    let short = try Stage.run("$HOPSHIFT explain")
    #expect(short.exit == .exited(2))
    #expect(
      short.errors == "hopshift: explain needs VIP\nUsage: hopshift explain [--json] VIP\n")
    let none = try Stage.run("$HOPSHIFT")
    #expect(none.exit == .exited(2))
    let help = try Stage.run("$HOPSHIFT --help")
    #expect(help.exit == .exited(0))
    #expect(help.output.hasPrefix("Usage: hopshift"))
    #expect(help.errors == "")
  }

  /// A pipe without a reader is what is left of a journal that was killed: the daemon's first words
  /// are lost, and it goes on to its own end.
  @Test func aDaemonOutlivesTheReaderOfItsLog() throws {
    let outcome = try Stage.run(
      """
      mkfifo $DIRECTORY/pipe
      exec 3<>$DIRECTORY/pipe 4>$DIRECTORY/pipe 3<&-
      ${HOPSHIFT}d --no-such-option 2>&4
      echo "exit $?"
      """)
    #expect(outcome.output == "exit 2\n")
  }
}
