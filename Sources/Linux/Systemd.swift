// Telling the service manager how we are (sd_notify), and how often it wants to hear from us.

import CLinux
import CSystemd
package import Model

/// Without a service manager every call does nothing and answers false.
package enum Systemd {
  /// Sends assignments, one a line, as sd_notify(3) lists them; true when they were sent.
  @discardableResult
  package static func notify(_ state: String) -> Bool {
    unsafe sd_notify(0, state) > 0
  }

  /// Start-up is complete.
  @discardableResult
  package static func ready(status: String) -> Bool { notify("READY=1\nSTATUS=\(status)") }

  /// One line for `systemctl status`.
  @discardableResult
  package static func status(_ text: String) -> Bool { notify("STATUS=\(text)") }

  /// Shutting down has begun.
  @discardableResult
  package static func stopping() -> Bool { notify("STOPPING=1") }

  /// Still alive; to be said at least every `watchdogInterval`.
  @discardableResult
  package static func watchdog() -> Bool { notify("WATCHDOG=1") }

  /// The sockets that a socket unit has opened for us (sd_listen_fds(3)): those that listen for TCP
  /// over IPv4, each to be owned by the caller, and how many others there were, which are left
  /// alone. To be asked once.
  package static func listeningSockets() -> (usable: [Int32], others: Int) {
    let count = sd_listen_fds(1)
    guard count > 0 else { return ([], 0) }
    let first = Int32(SD_LISTEN_FDS_START)
    let usable = (first..<(first + count)).filter {
      sd_is_socket_inet($0, AF_INET, Int32(clinux_sock_stream), 1, 0) > 0
    }
    return (usable, Int(count) - usable.count)
  }

  /// How long the service manager waits for `watchdog` before it kills us; nil when it does not.
  /// Half of it is a good period.
  package static var watchdogInterval: Nanoseconds? {
    var microseconds: UInt64 = 0
    guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
    // Beyond a year nobody waits, and the product still fits.
    return .microseconds(Int64(min(microseconds, 31_536_000_000_000)))
  }
}
