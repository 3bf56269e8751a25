// Every verb that asks a daemon against one that does not answer: no one hangs, and all say what to do.
import Control
import Linux
import Testing

@Suite(.serialized) struct VerbTests {
  /// Each verb of the help, with words that it takes; nil for those that ask nobody.
  private static let lines: [(verb: String, line: String?)] = [
    ("status", "status"), ("status", "status --check"), ("monitor", "monitor"),
    ("monitor", "monitor --vip web"), ("explain", "explain web"), ("history", "history"),
    ("history", "history 3 --html $DIRECTORY/page"),
    ("history", "history --since 1h --courier $SOCKET"), ("why", "why"), ("why", "why web --json"),
    ("simulate", "simulate 'wait 1s'"), ("switch", "switch web --to ws1"),
    ("maintenance", "maintenance on"), ("volleys", "volleys"), ("received", "received"),
    ("routes", "routes"), ("desired", "desired"), ("desired", "desired --follow"),
    ("doctor", "doctor"), ("metrics", "metrics"), ("record", "record $DIRECTORY/journal"),
    ("reload", "reload"), ("reload", "reload --confirm 60s"), ("reload", "reload --keep"),
    ("version", "version"), ("replay", nil), ("check", nil), ("config", nil), ("help", nil),
  ]

  private static let asking = lines.compactMap(\.line)

  @Test func noVerbIsForgotten() throws {
    let help = try Stage.run("$HOPSHIFT help")
    let verbs = help.output.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0 != "Verbs:" }.dropFirst().prefix { !$0.isEmpty }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(verbs.count > 10)
    #expect(Set(verbs) == Set(VerbTests.lines.map(\.verb)))
  }

  /// A recording for another program leaves no file that is called so.
  @Test func aRecordingGoesToStandardOutput() throws {
    let piece = #"{"v":1,"id":"$ID","type":"journal","hex":"686f70"}"# + "\n"
    let outcome = try Stage.run(
      "cd $DIRECTORY; $HOPSHIFT record --past - --socket $SOCKET; ls",
      .answering([.record: piece + Answers.end]))
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("hop"), "\(outcome.output)")
    #expect(!outcome.output.split(separator: "\n").contains("-"), "\(outcome.output)")
    #expect(outcome.errors.contains("standard output: "), "\(outcome.errors)")
  }

  /// The socket is not there; nobody listens on it; the daemon is stopped and takes connections.
  @Test(arguments: asking, 0..<3)
  func nobodyAnswers(_ line: String, _ way: Int) throws {
    let ways: [(behaviour: Behaviour, words: String)] = [
      (.absent, "No such file or directory"), (.dead, "Connection refused"),
      (.stopped, "has not answered for 2 s"),
    ]
    let outcome = try Stage.run("$HOPSHIFT \(line) --socket $SOCKET", ways[way].behaviour)
    #expect(outcome.exit == .exited(ExitCode.notRunning.rawValue), "\(line): \(outcome.errors)")
    #expect(outcome.errors.contains(ways[way].words), "\(line): \(outcome.errors)")
    #expect(outcome.errors.contains("systemctl status hopshift"), "\(line): \(outcome.errors)")
  }
}
