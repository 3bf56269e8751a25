// Metrics over HTTP: whoever asks gets the daemon's numbers of this moment, and our own.

import Azure
import Control
import Linux
import Metrics
import Model

extension Loop {
  /// How long a page waits for the daemon. We chose it: less than the ten seconds after which
  /// Prometheus gives up, so that it hears at least that the daemon is silent.
  static let pagePatience = Nanoseconds.seconds(2)
  /// How long a page is served again: whoever asks without a pause does not make the daemon work
  /// without one. We chose it: no program that keeps such numbers asks more than once a second.
  static let pageLife = Nanoseconds.milliseconds(250)
  /// Until a place that could not be opened is tried again.
  static let doorPause = Nanoseconds.seconds(5)

  var metricsDeadline: Instant? {
    var result = Instant.earlier(pageDue, doorAt)
    if let timeout = door?.timeout {
      result = Instant.earlier(result, Clock.monotonic() + timeout)
    }
    return result
  }

  /// The configuration says where; the daemon may have been started with another one.
  func serve(at place: String?) {
    guard place != metricsPlace else { return }
    metricsPlace = place
    doorAt = place == nil ? nil : Clock.monotonic()
    doorTrouble = nil
    closeDoor()
  }

  private func closeDoor() {
    pageDue = nil
    page = nil
    guard let raw = door?.raw else { return }
    do throws(Errno) {
      try epoll.remove(raw)
    } catch {
      failure = error
    }
    door = nil
  }

  private func openDoor(at now: Instant) {
    guard let place = metricsPlace, let doorAt, now >= doorAt else { return }
    self.doorAt = nil
    do throws(Errno) {
      let made = try MetricsDoor(place)
      guard let raw = made.raw else { throw .inputOutput }
      lastDoor &+= 1
      try epoll.add(raw, token: Loop.token(.web, 0, lastDoor), interest: .read)
      door = made
      doorTrouble = nil
      log.notice(.metrics, "metrics are served on \(place)")
    } catch {
      self.doorAt = now + Loop.doorPause
      // Once for each reason.
      if doorTrouble != error {
        log.warning(.trouble, "metrics cannot be served on \(place): \(error)")
      }
      doorTrouble = error
    }
  }

  /// Takes requests and asks the daemon; one question serves all who wait.
  func turnMetrics(at now: Instant) {
    openDoor(at: now)
    guard let door else { return }
    let isAsked = door.turn()
    if let page, now < page.until {
      if isAsked, pageDue == nil { door.answer(type: Exposition.contentType, page.text) }
    } else if isAsked, pageDue == nil {
      page = nil
      pageDue = now + Loop.pagePatience
      link.askNumbers(at: now)
    }
    // The daemon that was asked has gone, or says nothing.
    if let pageDue, now >= pageDue || !link.isConnected { tellMetrics([]) }
  }

  /// What the daemon has answered; nothing when it has not.
  func tellMetrics(_ records: [Record]) {
    guard pageDue != nil, let door else { return }
    pageDue = nil
    var text = Exposition()
    DaemonMetrics(records).write(isStale: nil, into: &text)
    let facts = CourierMetrics(
      started: started, now: Clock.monotonic(),
      hasToken: office.token(at: Clock.monotonic()) != nil,
      // A disk that hangs says nothing.
      isDurable: diskTrouble == nil && (office.keepsEverything || office.isWaitingForStore),
      openCalls: calls.count, depth: office.queueDepth,
      traffic: traffic)
    facts.write(into: &text)
    let finished = text.finish()
    page = (finished, Clock.monotonic() + Loop.pageLife)
    door.answer(type: Exposition.contentType, finished)
  }
}
