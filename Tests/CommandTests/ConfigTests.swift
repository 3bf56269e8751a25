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

  /// A daemon that was started with a path of its own directory has said which file that is.
  @Test func theFileOfADaemonThatWasStartedElsewhere() throws {
    let outcome = try Stage.run(
      """
      cd $DIRECTORY
      cat >own.yaml <<'EOT'
      local: {asn: 65001, address: 127.0.0.1}
      route-servers: {peers: [127.0.0.2]}
      vips: {web: {prefixes: [10.1.0.5/32], owner: {when: address}}}
      EOT
      $(dirname $HOPSHIFT)/hopshiftd --config own.yaml --control $SOCKET --state state &
      daemon=$!
      trap 'kill $daemon' EXIT
      timeout 15 sh -c 'until $HOPSHIFT --socket $SOCKET version; do :; done' >versions 2>&1
      sed -i 's/10.1.0.5/10.1.0.9/' own.yaml
      cd /
      $HOPSHIFT --socket $SOCKET config diff
      $HOPSHIFT --socket $SOCKET metrics | grep stale
      """)
    #expect(outcome.output.contains("10.1.0.9/32"), "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("hopshift_config_stale 1"), "\(outcome.output)")
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
