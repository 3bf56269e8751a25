// The liveness machine of one target: probes sent and answers in, up or down out.

package import Model

/// How often is asked, how long is waited, and how many in a row decide.
package struct Cadence: Hashable, Sendable {
  package var interval: Nanoseconds
  package var timeout: Nanoseconds
  package var fall: Int
  package var rise: Int

  package init(interval: Nanoseconds, timeout: Nanoseconds, fall: Int, rise: Int) {
    precondition(interval > .zero && timeout > .zero && fall > 0 && rise > 0)
    self.interval = interval
    self.timeout = timeout
    self.fall = fall
    self.rise = rise
  }

  /// How old what is known of a target may become while we are away; after that it is asked anew.
  /// As long as it takes to find out, but not less than a second: a machine that is only busy is
  /// late by less, and has to see a death however often it is.
  package var memory: Nanoseconds {
    max(.seconds(1), interval * Int64(max(fall, rise)) + timeout)
  }
}

/// What became of an answer.
package enum Reception: Equatable, Sendable {
  case counted
  /// No probe with this token is on its way: too old, answered before, or never asked.
  case unasked
  /// It came after the timeout. The probe counts as lost.
  case late
}

/// Decides from probes whether a target lives. All kinds of probes share it.
///
/// `fall` failures in a row make the target down, `rise` answers in a row make it up; anything else
/// changes nothing. Only a probe that is newer than the last answered one can speak for death.
package struct Liveness: Sendable {
  /// A judgement that comes so much later than it was due may be wrong: whoever was away has
  /// perhaps missed the answer. We chose it: above what a machine with all cores loaded is late,
  /// below what freezes of a machine take.
  package static var lateness: Nanoseconds { .milliseconds(10) }

  package let cadence: Cadence
  package private(set) var state = Signal.unknown
  package private(set) var reason = LivenessReason.notAsked
  package private(set) var since: Instant
  package private(set) var lastAnswer: Instant?
  package private(set) var roundTrips = RoundTrips()
  package private(set) var counters = LivenessCounters()
  /// In a row, and of these kinds only.
  package private(set) var failures = 0
  package private(set) var successes = 0
  private var flights = Flights()
  private var newestAnswered: UInt32 = 0
  /// Times in a row that what was on its way was made void and nothing was judged in between.
  private var voidedInARow = 0
  /// Since when probes count: those sent before a long absence do not.
  private var countsSince: Instant?

  package init(_ cadence: Cadence, at now: Instant = .zero) {
    self.cadence = cadence
    since = now
  }

  /// When the oldest probe without an answer is due to be judged.
  package var deadline: Instant? {
    guard let sentAt = flights.oldestOpen?.sentAt else { return nil }
    return sentAt + cadence.timeout
  }

  package var isInFlight: Bool { flights.oldestOpen != nil }

  /// Whether another probe may be sent now.
  package var mayLaunch: Bool { !flights.isFull }

  /// A probe is about to be sent; its token names it.
  package mutating func launch(at now: Instant) -> UInt32 {
    counters.sent += 1
    return flights.launch(at: now)
  }

  /// What was launched and not withdrawn has left. Answers whether there was anything.
  package mutating func sent(at now: Instant) -> Bool {
    var hasLeft = false
    var position = flights.count - 1
    while position >= 0, flights[position].sentAt == nil {
      hasLeft = hasLeft || !flights[position].isAnswered
      flights[position].sentAt = now
      position -= 1
    }
    return hasLeft
  }

  /// The newest probe on its way that had no answer at this time; for answers that name none.
  package func newestOpen(at stamp: Instant) -> UInt32? {
    var position = flights.count - 1
    while position >= 0 {
      let flight = flights[position]
      if !flight.isAnswered, flight.launchedAt <= stamp { return flight.token }
      position -= 1
    }
    return nil
  }

  /// An answer to the probe `token` was read at `now`.
  package mutating func answered(
    _ token: UInt32, _ stamp: ProbeStamp, readAt now: Instant
  ) -> Reception {
    guard let position = flights.position(of: token), !flights[position].isAnswered else {
      counters.unasked += 1
      return .unasked
    }
    let flight = flights[position]
    let limit = (flight.sentAt ?? now) + cadence.timeout
    // Who comes so late itself cannot say that the answer did: the whole machine may have stood.
    if stamp.at > limit, !stamp.isTimely, now - limit <= Liveness.lateness {
      counters.late += 1
      close(position)
      countFailure(flight, .lost, at: now)
      return .late
    }
    close(position)
    if Int32(bitPattern: token &- newestAnswered) > 0 { newestAnswered = token }
    // The wall clock was set: nobody knows how long it took.
    let isDoubtful = stamp.origin == .doubtful
    if !isDoubtful { roundTrips.add(stamp.at - flight.launchedAt) }
    countAnswer(at: isDoubtful ? now : stamp.at, now, isOld: isOld(flight))
    return .counted
  }

  /// The probe came to a bad end before its time: refused, or a wrong answer.
  package mutating func failed(_ token: UInt32, _ reason: LivenessReason, at now: Instant) {
    guard let position = flights.position(of: token), !flights[position].isAnswered else { return }
    let flight = flights[position]
    close(position)
    countFailure(flight, reason, at: now)
  }

  /// Judges the probes whose time was over at `heard`: everything that had arrived by then was
  /// read. Answers the token of a probe that is lost, nil when there is none any more.
  package mutating func judge(heardUntil heard: Instant, at now: Instant) -> UInt32? {
    flights.removeAnswered()
    for position in 0..<flights.count where !flights[position].isAnswered {
      guard let sentAt = flights[position].sentAt, sentAt + cadence.timeout <= heard else {
        return nil
      }
      let flight = flights[position]
      close(position)
      countFailure(flight, .lost, at: now)
      return flight.token
    }
    return nil
  }

  /// We were away: what is on its way says nothing any more. The counts in a row stay. Answers
  /// false when this was done before and nothing was judged since: a machine that is always late
  /// has to judge all the same.
  package mutating func voidFlights() -> Bool {
    guard voidedInARow == 0 else { return false }
    if isInFlight {
      voidedInARow += 1
      counters.voided += 1
    }
    flights.removeAll()
    return true
  }

  /// Nobody waits any more for what is on its way: it was asked through a socket that is gone.
  mutating func abandonFlights() { flights.removeAll() }

  /// We were away for longer than `cadence.memory`: what was sent before says nothing of now,
  /// whatever became of it and however often we were away. The state stays; what would change it is
  /// counted anew.
  package mutating func forget(at now: Instant) {
    failures = 0
    successes = 0
    voidedInARow = 0
    countsSince = now
  }

  private func isOld(_ flight: Flight) -> Bool {
    countsSince.map { flight.launchedAt < $0 } ?? false
  }

  /// The probe could not be sent, or its answer cannot be told from a forged one: it says nothing.
  package mutating func withdraw(_ token: UInt32) {
    guard let position = flights.position(of: token), !flights[position].isAnswered else { return }
    counters.voided += 1
    close(position)
  }

  /// A sign of life that answers no single probe.
  package mutating func witnessed(at stamp: Instant, readAt now: Instant) {
    countAnswer(at: stamp, now)
  }

  /// The target is down by what its protocol says, without counting.
  package mutating func condemned(_ reason: LivenessReason, at now: Instant) {
    successes = 0
    failures = cadence.fall
    enter(.down, reason, at: now)
  }

  /// Nothing can be said for the time being.
  package mutating func suspend(_ reason: LivenessReason, at now: Instant) {
    successes = 0
    failures = 0
    flights.removeAll()
    enter(.unknown, reason, at: now)
  }

  private mutating func close(_ position: Int) {
    flights[position].isAnswered = true
    voidedInARow = 0
    flights.removeAnswered()
  }

  private mutating func countAnswer(at stamp: Instant, _ now: Instant, isOld: Bool = false) {
    counters.answered += 1
    if lastAnswer.map({ stamp > $0 }) ?? true { lastAnswer = stamp }
    failures = 0
    if !isOld { successes = min(successes + 1, cadence.rise) }
    if state == .failing || successes >= cadence.rise { enter(.up, .answered, at: now) }
  }

  private mutating func countFailure(
    _ flight: Flight, _ reason: LivenessReason, at now: Instant
  ) {
    if isOld(flight) {
      counters.voided += 1
      return
    }
    counters.lost += 1
    successes = 0
    guard Int32(bitPattern: flight.token &- newestAnswered) > 0 else { return }
    failures = min(failures + 1, cadence.fall)
    if failures >= cadence.fall {
      enter(.down, reason, at: now)
    } else if state == .up {
      enter(.failing, reason, at: now)
    }
  }

  private mutating func enter(_ next: Signal, _ why: LivenessReason, at now: Instant) {
    // A target that recovers from one loss was up all the time.
    let isSameLife = next.isUp && state.isUp
    if next != state || next == .down { self.reason = why }
    if next != state, !isSameLife { since = now }
    state = next
  }
}

extension Liveness {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&state)
    keeper.keep(&reason)
    keeper.keep(&since)
    keeper.keep(&lastAnswer)
    roundTrips.keep(in: &keeper)
    keeper.keep(&counters.sent)
    keeper.keep(&counters.answered)
    keeper.keep(&counters.lost)
    keeper.keep(&counters.late)
    keeper.keep(&counters.voided)
    keeper.keep(&counters.unasked)
    keeper.keep(&failures)
    keeper.keep(&successes)
    flights.keep(in: &keeper)
    keeper.keep(&newestAnswered)
    keeper.keep(&voidedInARow)
    keeper.keep(&countsSince)
  }
}
