// What systemd is told: one line, and that the loop still turns.

import Azure
import Linux
import Model
import Store

struct ServiceLine {
  private let interval: Nanoseconds?
  private var nextKick: Instant
  private var line = ""

  init() {
    // systemd's advice: at half the interval it enforces (sd_watchdog_enabled(3)).
    interval = Systemd.watchdogInterval.map { $0 / 2 }
    nextKick = Clock.monotonic()
  }

  var deadline: Instant? { interval.map { _ in nextKick } }

  mutating func turn(
    at now: Instant, _ isConnected: Bool, _ office: borrowing Office, _ trouble: StoreError?
  ) {
    if let interval, now >= nextKick {
      Systemd.watchdog()
      nextKick = now + interval
    }
    let daemon = isConnected ? "connected to hopshiftd" : "hopshiftd is not there"
    let token = office.token(at: now) == nil ? "no token" : "token"
    let store = trouble.map { "store: \($0)" } ?? "store"
    let next = [daemon, token, store].joined(separator: ", ")
    guard next != line else { return }
    line = next
    Systemd.status(next)
  }
}
