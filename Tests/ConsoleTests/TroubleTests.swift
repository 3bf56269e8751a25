// Troubles with the daemon: their exit codes and what a person is told to do.
import Console
import Control
import Model
import Testing

@Suite struct TroubleTests {
  @Test(arguments: [
    (
      Trouble.notListening("Connection refused"), ExitCode.notRunning,
      "hopshiftd does not answer on /run/x.sock (Connection refused). "
        + "Is it running? systemctl status hopshiftd"
    ),
    (
      .noPermission("Permission denied"), .noPermission,
      "no permission to use /run/x.sock (Permission denied). "
        + "Members of the group hopshift may: usermod --append --groups hopshift USER"
    ),
    (
      .failed("Socket type not supported"), .failure,
      "cannot talk to hopshiftd on /run/x.sock: Socket type not supported"
    ),
    (
      .silent, .notRunning,
      "hopshiftd accepts connections on /run/x.sock but has not answered for 2 s. "
        + "Is it stopped? systemctl status hopshiftd"
    ),
    (
      .closed, .notRunning,
      "hopshiftd closed the connection on /run/x.sock before its answer was complete. "
        + "Has it stopped? journalctl --unit hopshiftd"
    ),
    (
      .garbled("tooDeep at byte 9 of a line"), .failure,
      "what answers on /run/x.sock does not speak the control protocol "
        + "(tooDeep at byte 9 of a line). Compare the versions: hopshift version"
    ),
    (.refused(.noPermission, "not for you\u{7}"), .noPermission, "hopshiftd: not for you\\x{7}"),
    (.refused(.ok, "odd"), .failure, "hopshiftd: odd"),
  ])
  func trouble(_ trouble: Trouble, _ code: ExitCode, _ message: String) {
    #expect(trouble.exitCode == code)
    #expect(trouble.message(socket: "/run/x.sock") == message)
  }

  @Test func thePatienceIsOne() {
    let patience = Conversation.quiet + Conversation.signPatience
    #expect(patience == .seconds(Int64(Trouble.patienceSeconds)))
  }
}
