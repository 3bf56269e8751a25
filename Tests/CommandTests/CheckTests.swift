// The verb `check` of the real program: good, bad and absent files.
import Linux
import Testing

@Suite(.serialized) struct CheckTests {
  private static let good = """
    local:
      asn: 65001
      address: 10.0.2.10
    route-servers:
      peers: [10.0.1.4, 10.0.1.5]
    vips:
      web:
        prefixes: [10.1.0.5/32]
        owner:
          when: address
    """

  private func check(_ file: String, _ words: String = "") throws -> Outcome {
    try Stage.run(
      """
      cat >$DIRECTORY/a.yaml <<'EOT'
      \(file)
      EOT
      cd $DIRECTORY; $HOPSHIFT check a.yaml \(words)
      """)
  }

  @Test func aGoodFile() throws {
    let outcome = try check(CheckTests.good)
    #expect(outcome.exit == .exited(0))
    #expect(
      outcome.output == "a.yaml: good. Virtual IPs: 1, prefixes: 1, route servers: 2\n")
    #expect(!outcome.errors.contains("error:"), "\(outcome.errors)")
  }

  /// A network in the table of our own subnet: not every address of it is here.
  @Test(arguments: [
    ("[10.64.0.0/12]", "", true), ("[10.64.0.5/32]", "", false),
    (
      "[10.64.0.0/12]",
      "azure: {route-tables: [/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups"
        + "/g/providers/Microsoft.Network/routeTables/rt]}", false
    ),
  ])
  func aRouteThatMayComeBack(_ prefixes: String, _ azure: String, _ isWarned: Bool) throws {
    let file = """
      local: {address: 10.0.2.10}
      vips:
        web:
          prefixes: \(prefixes)
          owner: {when: address, address: 10.64.0.5}
          udr: {mode: only}
      \(azure)
      """
    let outcome = try check(file)
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    let warning =
      "warning: VIP web: with route-tables: auto, what this machine sends to 10.64.0.0/12"
    #expect(outcome.output.contains(warning) == isWarned, "\(outcome.output)")
  }

  /// What `--effective` prints is a good file that says the same.
  @Test func theEffectiveFileIsItsOwnEffectiveFile() throws {
    let first = try check(CheckTests.good, "--effective")
    #expect(first.exit == .exited(0))
    #expect(first.output.contains("65515"))
    let second = try check(first.output, "--effective")
    #expect(second.exit == .exited(0))
    #expect(second.output == first.output)
  }

  @Test func everyErrorAtOnce() throws {
    let bad = CheckTests.good.replacing("asn: 65001", with: "asn: many").replacing(
      "when: address", with: "when: never")
    let outcome = try check(bad)
    #expect(outcome.exit == .exited(78))
    #expect(outcome.output == "")
    #expect(outcome.errors.contains("a.yaml:2:8: error:"), "\(outcome.errors)")
    #expect(outcome.errors.contains("a.yaml:10:13: error:"), "\(outcome.errors)")
  }

  @Test func aFileThatIsNotYAML() throws {
    let outcome = try check("local: [")
    #expect(outcome.exit == .exited(78))
    #expect(outcome.errors.hasPrefix("a.yaml:2:1: error:"), "\(outcome.errors)")
  }

  @Test func standardInput() throws {
    let outcome = try Stage.run("printf 'local: 1\\n' | $HOPSHIFT check -")
    #expect(outcome.exit == .exited(78))
    #expect(outcome.errors.hasPrefix("/dev/stdin:1:"), "\(outcome.errors)")
  }

  @Test func anAbsentFile() throws {
    let outcome = try Stage.run("$HOPSHIFT check $DIRECTORY/none.yaml")
    #expect(outcome.exit == .exited(1))
    #expect(outcome.errors.contains("/none.yaml: ENOENT (No such file or directory)"))
  }
}
