// What the command line says without the daemon, as records: versioned JSON, one object a line.
import Control
import Foundation
import Linux
import Testing

@Suite(.serialized) struct RecordsTests {
  private static let good = """
    local: {asn: 65001, address: 10.0.2.10}
    route-servers: {peers: [10.0.1.4, 10.0.1.5]}
    vips:
      web: {prefixes: [10.1.0.5/32], owner: {when: address}}
    """

  /// Each line is an object with the protocol's version, a name and a type.
  private func records(_ outcome: Outcome) throws -> [[String: Any]] {
    try outcome.output.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let record = try #require(object as? [String: Any])
      #expect(record["v"] as? Int == ControlLimits.version)
      #expect(record["id"] is String)
      #expect(record["type"] is String)
      return record
    }
  }

  private func check(_ file: String, _ words: String = "") throws -> Outcome {
    try Stage.run(
      """
      cat >$DIRECTORY/a.yaml <<'EOT'
      \(file)
      EOT
      cd $DIRECTORY; $HOPSHIFT check a.yaml --json \(words)
      """)
  }

  @Test func aGoodFile() throws {
    let outcome = try check(RecordsTests.good)
    #expect(outcome.exit == .exited(0))
    let last = try #require(try records(outcome).last)
    #expect(last["type"] as? String == "checked")
    #expect(last["vips"] as? Int == 1)
    #expect(last["prefixes"] as? Int == 1)
    #expect(last["route-servers"] as? Int == 2)
    #expect(last["effective"] is NSNull)
  }

  @Test func theEffectiveFile() throws {
    let plain = try Stage.run(
      "printf '%s' '\(RecordsTests.good)' >$DIRECTORY/a; $HOPSHIFT check $DIRECTORY/a --effective")
    let record = try #require(try records(try check(RecordsTests.good, "--effective")).last)
    #expect(record["effective"] as? String == plain.output)
  }

  @Test func everyErrorIsARecord() throws {
    let bad = RecordsTests.good.replacing("asn:", with: "ans:").replacing(
      "when: address", with: "when: never")
    let outcome = try check(bad)
    #expect(outcome.exit == .exited(78))
    #expect(outcome.errors == "")
    let problems = try records(outcome).filter { $0["type"] as? String == "mistake" }
    #expect(problems.count >= 2)
    let first = try #require(problems.first)
    #expect(first["severity"] as? String == "error")
    #expect(first["file"] as? String == "a.yaml")
    #expect(first["line"] as? Int == 1)
    #expect(first["column"] as? Int == 9)
    #expect(first["message"] as? String == "unknown key")
    #expect(first["suggestion"] as? String == "did you mean asn?")
    #expect(!outcome.output.contains("\"checked\""))
  }

  @Test func versions() throws {
    let answer = Answers.version
    let outcome = try Stage.run(
      "$HOPSHIFT version --json --socket $SOCKET", .answering([.version: answer]))
    #expect(outcome.exit == .exited(0))
    let found = try records(outcome)
    #expect(found.first?["type"] as? String == "command")
    #expect(found.first?["version"] as? String == Release.version)
    #expect(found.contains { $0["type"] as? String == "version" })
  }

  @Test func differences() throws {
    let line = RecordsTests.good.replacing("\n", with: "\\n")
    let answer =
      #"{"v":1,"id":"$ID","type":"configuration","text":"\#(line)"}"# + "\n"
      + #"{"v":1,"id":"$ID","type":"end","code":0,"message":""}"# + "\n"
    for (change, count) in [("65001", 0), ("65002", 1)] {
      let file = RecordsTests.good.replacing("65001", with: change)
      let outcome = try Stage.run(
        "printf '%s' '\(file)' >$DIRECTORY/a; "
          + "$HOPSHIFT config diff $DIRECTORY/a --json --socket $SOCKET",
        .answering([.configuration: answer]))
      #expect(outcome.exit == .exited(0), "\(outcome.errors)")
      let found = try records(outcome)
      let differences = found.filter { $0["type"] as? String == "difference" }
      #expect(differences.count == count)
      for difference in differences {
        #expect(difference["path"] as? String == "local.asn")
        #expect(difference["before"] as? String == "65001")
        #expect(difference["after"] as? String == "65002")
      }
      #expect(found.contains { $0["type"] as? String == "consequence" } == (count > 0))
    }
  }
}
