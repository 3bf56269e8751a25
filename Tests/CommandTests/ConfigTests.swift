// What a reload would change, asked of daemons that are scripts.
import Control
import Linux
import Testing

@Suite(.serialized) struct ConfigTests {
  private static let text = #"""
    local: {asn: 65001, address: 10.0.2.10}\n\#
    route-servers: {peers: [10.0.1.4, 10.0.1.5]}\n\#
    vips: {web: {prefixes: [10.1.0.5/32], owner: {when: address}}}\n
    """#

  private static func daemon(reading path: String) -> Behaviour {
    let record = #"{"v":1,"id":"$ID","type":"config","text":"\#(text)"}"# + "\n" + Answers.end
    let metrics = Answers.daemon.replacing("/etc/hopshift/hopshift.yaml", with: path) + Answers.end
    return .answering([.configuration: record, .metrics: metrics])
  }

  /// Of several daemons on one machine each is compared with its own file, as `reload` would.
  @Test func theFileIsTheDaemonsOwn() throws {
    let path = "/tmp/hopshift-config-\(Accounts.processID()).yaml"
    let outcome = try Stage.run(
      """
      printf '\(ConfigTests.text)' | sed 's/10.1.0.5/10.1.0.9/' >\(path)
      $HOPSHIFT --socket $SOCKET config diff
      code=$?
      rm \(path)
      exit $code
      """, ConfigTests.daemon(reading: path))
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    #expect(outcome.output.contains("10.1.0.9/32"), "\(outcome.output)\(outcome.errors)")
  }

  /// With a file nothing but what is followed is asked for.
  @Test func anotherFile() throws {
    let outcome = try Stage.run(
      """
      printf '\(ConfigTests.text)' >$DIRECTORY/same
      $HOPSHIFT --socket $SOCKET config diff $DIRECTORY/same
      """, ConfigTests.daemon(reading: "/nowhere"))
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    #expect(outcome.output == "nothing would change\n")
    #expect(outcome.requests.map(\.verb) == [.configuration])
  }
}
