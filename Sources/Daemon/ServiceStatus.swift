// What systemd is told: ready, a status line, and that the loop still turns.

import BGP
import Engine
import Failover
import Linux
import Model

/// The service's side of the loop: readiness, watchdog and the time it may take to stop.
struct ServiceStatus {
  /// How long queued bytes may take to leave after a stop was asked for.
  static let stopLimit = Nanoseconds.seconds(2)

  private let watchdogInterval: Nanoseconds?
  private var nextKick: Instant
  private var stopBy: Instant?
  private var isReady = false
  private var isChanged = false
  private(set) var lastTurn: Instant

  init() {
    let now = Clock.monotonic()
    // systemd's advice: at half the interval it enforces (sd_watchdog_enabled(3)).
    watchdogInterval = Systemd.watchdogInterval.map { $0 / 2 }
    nextKick = now
    lastTurn = now
  }

  var deadline: Instant? { stopBy ?? watchdogInterval.map { _ in nextKick } }

  /// `drain` is how long the sessions stay before.
  mutating func beginStopping(at now: Instant, drain: Nanoseconds) {
    stopBy = now + drain + ServiceStatus.stopLimit
  }

  func stopDeadlinePassed(_ now: Instant) -> Bool { stopBy.map { now >= $0 } ?? false }

  /// Notes what changes the status line; the line itself is written when the turn ends.
  mutating func heed(_ note: Note) {
    switch note {
    case .current, .session, .standing, .stale: isChanged = true
    default: return
    }
  }

  /// True once: when it was said that start-up is complete.
  mutating func turn(at now: Instant, engine: borrowing Engine) -> Bool {
    lastTurn = now
    if let watchdogInterval, now >= nextKick {
      Systemd.watchdog()
      nextKick = now + watchdogInterval
    }
    guard isChanged, stopBy == nil else { return false }
    isChanged = false
    let line = ServiceStatus.line(engine)
    guard !isReady && engine.interfaces.isCurrent else {
      Systemd.status(line)
      return false
    }
    isReady = true
    Systemd.ready(status: line)
    return true
  }

  static func line(_ engine: borrowing Engine) -> String {
    let held = engine.failover.heldCount
    var established = 0
    for session in engine.speaker.sessions where session.state == .established { established += 1 }
    let vips = engine.plan.vips.count
    let servers = engine.plan.routeServers.peers.count
    return "holds \(held) of \(vips) VIPs, \(established) of \(servers) route servers established"
  }
}
