// A real journald beside the built programs: its entries have numbers, and the catalog explains them.
import Control
import Foundation
import Linux
import Testing

private let journald = "/lib/systemd/systemd-journald"

private let reasonNotToRun: String? =
  if Processes.effectiveUser != 0 {
    "needs root, for a journal in a mount namespace"
  } else if !FileManager.default.isExecutableFile(atPath: journald) {
    "there is no \(journald)"
  } else {
    nil
  }

@Suite(.serialized, .enabled(if: reasonNotToRun == nil, Comment(rawValue: reasonNotToRun ?? "")))
struct JournaldTests {
  private static let catalogs = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "packaging/systemd").path(percentEncoded: false)

  /// What stands before each story: a journal and a catalog that nobody else sees, and words for
  /// starting a program as a service would and for waiting until it answers.
  private static let stage = """
    set -eu
    mount -t tmpfs none /run
    mount -t tmpfs none /var/lib/systemd
    mkdir -p /run/systemd/journal /run/catalog /var/lib/systemd/catalog
    cp /usr/lib/systemd/catalog/*.catalog \(catalogs)/*.catalog /run/catalog/
    mount --bind /run/catalog /usr/lib/systemd/catalog
    journalctl --update-catalog
    printf '[Journal]\\nStorage=volatile\\nAudit=\\n' >/run/journald.conf
    conf=/etc/systemd/journald.conf
    [ ! -e $conf ] || mount --bind /run/journald.conf $conf
    \(journald) &
    journald=$!
    trap 'kill $journald ${service:-} 2>/dev/null || true' EXIT
    await() { timeout 15 sh -c "until $* >/dev/null 2>&1; do :; done"; }
    await test -S /run/systemd/journal/stdout
    service() {
      systemd-cat sh -c \
        'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"' service "$@" &
      service=$!
    }
    tell() {
      journalctl --sync
      journalctl --output json SYSLOG_IDENTIFIER="$1"
      journalctl --catalog SYSLOG_IDENTIFIER="$1" >$DIRECTORY/told
      kill $journald
    }
    ip link set lo up

    """

  /// The entries of one program, and the same as `journalctl --catalog` tells them.
  private func entries(_ story: String) throws -> [[String: Any]] {
    let outcome = try Stage.run(
      """
      cat >$DIRECTORY/story <<'EOT'
      \(JournaldTests.stage)\(story)
      EOT
      exec unshare --mount --net --propagation private sh $DIRECTORY/story
      """)
    #expect(outcome.exit == .exited(0), "\(outcome.errors)")
    return try outcome.output.split(separator: "\n").map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(value as? [String: Any])
    }
  }

  private func numbers(_ entries: [[String: Any]], _ words: String) -> Set<String> {
    Set(
      entries.filter { ($0["MESSAGE"] as? String ?? "").contains(words) }
        .map { $0["MESSAGE_ID"] as? String ?? "none" })
  }

  @Test func theCouriersEntriesAreExplained() throws {
    let entries = try entries(
      """
      mkdir $DIRECTORY/state
      courier=$(dirname $HOPSHIFT)/hopshift-courier
      service $courier --control $DIRECTORY/none --state $DIRECTORY/state --listen $DIRECTORY/past
      await $HOPSHIFT history --since 1h --courier $DIRECTORY/past
      kill $service
      wait $service
      tell hopshift-courier
      grep --quiet 'Subject: hopshift-courier has started' $DIRECTORY/told
      grep --quiet 'Subject: The courier does not hear hopshiftd' $DIRECTORY/told
      """)
    #expect(numbers(entries, "hopshift-courier") == Self.courierStartsAndEnds, "\(entries)")
    for entry in entries { #expect(entry["MESSAGE_ID"] != nil, "\(entry)") }
  }

  private static let courierStartsAndEnds: Set = [
    "3a1d0184355691053364fbcaeebca37d", "8aaf802fb10a64bc8bd3bce607e3469b",
  ]

  /// A reload, one that is refused, and one that is taken back are told apart by their numbers.
  @Test func whatBecomesOfReloads() throws {
    let entries = try entries(
      """
      configure() {
        cat >$DIRECTORY/hopshift.yaml <<YAML
      local: {asn: 65001, address: 127.0.0.1}
      route-servers: {platform: azure, peers: [127.0.0.2, 127.0.0.3]}
      vips: {web: {prefixes: [10.1.0.5/32], owner: {when: address}, $1}}
      YAML
      }
      configure 'med: 1'
      service $(dirname $HOPSHIFT)/hopshiftd --config $DIRECTORY/hopshift.yaml \
        --control $SOCKET --state $DIRECTORY/state
      await $HOPSHIFT --socket $SOCKET status
      configure 'med: 2'
      $HOPSHIFT --socket $SOCKET reload >&2
      configure 'mod: 3'
      ! $HOPSHIFT --socket $SOCKET reload >&2
      configure 'med: 4'
      $HOPSHIFT --socket $SOCKET reload --confirm 1h >&2
      $HOPSHIFT --socket $SOCKET reload --rollback >&2
      $HOPSHIFT --socket $SOCKET reload --confirm 1h >&2
      $HOPSHIFT --socket $SOCKET reload --keep >&2
      kill $service
      wait $service
      tell hopshiftd
      for subject in 'was reloaded' 'was not reloaded' 'Why the configuration was not reloaded' \
        'on trial stays' 'on trial was taken back'; do
        grep --quiet "Subject: .*$subject" $DIRECTORY/told
      done
      """)
    #expect(numbers(entries, "configuration: reloaded").count == 1)
    #expect(numbers(entries, "not reloaded") == ["270be7ad99286a388eb605a8d80b9a75"])
    #expect(numbers(entries, "mod").contains("5d1c3875590db33288d0a0179f5f11a8"))
    #expect(numbers(entries, "as an operator asked") == ["64c2e2d793338517da42f814e76ba6c8"])
    #expect(numbers(entries, "was confirmed and stays") == ["f98d402ca62ab454feab7b01ffaf646c"])
    #expect(entries.compactMap { $0["TRIAL_MS"] as? String } == ["3600000", "3600000"])
    for entry in entries { #expect(entry["MESSAGE_ID"] != nil, "\(entry)") }
  }
}
