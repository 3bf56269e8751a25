// The verb `doctor` of the real program: exit codes, and findings as text and as records.
import Control
import Linux
import Testing

@Suite(.serialized) struct DoctorTests {
  @Test(arguments: ["", " --json"])
  func aProblemIsFound(_ option: String) throws {
    let outcome = try Stage.run(
      "$HOPSHIFT doctor --socket $SOCKET" + option, .answering([.status: Answers.down]))
    #expect(outcome.exit == .exited(5))
    #expect(outcome.requests.map(\.verb) == [.status])
    #expect(outcome.output.contains("the session with route server 10.10.1.4 is Active"))
    let lines = outcome.output.split(separator: "\n")
    let beginnings = option.isEmpty ? ["problem: ", "remark: "] : [#"{"v":1,"id":"doctor","#]
    #expect(lines.allSatisfy { line in beginnings.contains { line.hasPrefix($0) } }, "\(lines)")
  }

  @Test func remarksAreNoProblem() throws {
    let outcome = try Stage.run(
      "$HOPSHIFT doctor --socket $SOCKET", .answering([.status: Answers.healthy]))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.output.contains("remark: one route server is configured"))
    #expect(outcome.errors == "")
  }

  @Test func withoutADaemonItSaysSo() throws {
    let outcome = try Stage.run("$HOPSHIFT doctor --socket $SOCKET", .absent)
    #expect(outcome.exit == .exited(3))
  }
}
