// The script and the unit that run a program on shifts, as they are shipped.
import Control
import Foundation
import Linux
import Testing

@Suite(.serialized) struct HookTests {
  private static let hooks = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "packaging/hooks")
    .path(percentEncoded: false)

  /// A program that fails the first time and is run again for the next record all the same.
  @Test func aProgramRunsForEachRecord() throws {
    let outcome = try Stage.run(
      """
      cat >$DIRECTORY/program <<'EOT'
      #!/bin/sh
      cat >>$DIRECTORY/seen
      [ "$(wc -l <$DIRECTORY/seen)" -gt 1 ]
      EOT
      chmod 755 $DIRECTORY/program
      \(HookTests.hooks)/hopshift-hook $DIRECTORY/program alarm --count 3 --socket $SOCKET
      echo "exit $?"
      cat $DIRECTORY/seen
      """, .streaming(Answers.alarm))
    #expect(outcome.exit == .exited(0))
    let record = Answers.alarm.replacing("$ID", with: "ask")
    #expect(outcome.output == "exit 0\n" + String(repeating: record, count: 3))
    #expect(outcome.errors.hasSuffix("/program: exit status 1\n"), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.requests.first { $0.verb == .monitor }?.words == ["alarm"])
  }

  /// Without a daemon it ends, and the service starts it again.
  @Test func withoutADaemonItEnds() throws {
    let outcome = try Stage.run(
      "\(HookTests.hooks)/hopshift-hook /bin/true shift --socket $SOCKET", .absent)
    #expect(outcome.exit == .exited(0))
    #expect(outcome.errors.contains("Is it running?"), "\(outcome.errors)")
  }

  /// What the unit starts is what the script takes, and systemd takes the unit.
  @Test func theUnitStartsTheScript() throws {
    let unit = try String(
      contentsOf: URL(filePath: "\(HookTests.hooks)/hopshift-hook@.service"), encoding: .utf8)
    let line = try #require(unit.firstMatch(of: /\nExecStart=(\S+) (\S+) (.*)\n/))
    #expect(line.1 == "/usr/local/bin/hopshift-hook")
    #expect(line.2 == "/etc/hopshift/hooks/%i")
    let outcome = try Stage.run(
      "\(HookTests.hooks)/hopshift-hook /bin/true \(line.3) --count 1 --socket $SOCKET",
      .streaming(Answers.alarm))
    #expect(outcome.exit == .exited(0))
    #expect(outcome.errors == "")
    let kinds = outcome.requests.first { $0.verb == .monitor }?.words
    #expect(kinds == line.3.split(separator: " ").map(String.init))
    let verified = try Stage.run(
      """
      command -v systemd-analyze >/dev/null || exit 0
      sed 's,/usr/local/bin/hopshift-hook,/bin/true,' '\(HookTests.hooks)/hopshift-hook@.service' \
        >$DIRECTORY/hopshift-hook@.service
      SYSTEMD_UNIT_PATH=$DIRECTORY: systemd-analyze verify --man=no \
        $DIRECTORY/hopshift-hook@x.service
      """)
    #expect(verified.exit == .exited(0), "\(verified.errors)")
    #expect(verified.errors == "")
  }

  /// The journal takes every entry of the catalogs.
  @Test func theCatalogsAreWellFormed() throws {
    let outcome = try Stage.run(
      """
      command -v journalctl >/dev/null || exit 77
      mkdir -p $DIRECTORY/usr/lib/systemd/catalog
      cp \(HookTests.hooks)/../systemd/*.catalog $DIRECTORY/usr/lib/systemd/catalog/
      journalctl --root=$DIRECTORY --update-catalog || exit 1
      journalctl --root=$DIRECTORY --list-catalog | wc -l
      cat \(HookTests.hooks)/../systemd/*.catalog | grep -c '^-- '
      """)
    guard outcome.exit != .exited(77) else { return }
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    let counts = outcome.output.split(separator: "\n")
    #expect(counts.count == 2 && counts.first == counts.last, "\(outcome.output)")
  }
}
