// One BFD session in asynchronous mode (RFC 5880 section 6): packets and time in, packets out.

package import Bytes
package import Model

/// What a session is to do; made from the Plan.
package struct BFDSettings: Hashable, Sendable {
  /// Both the desired transmit and the required receive interval, while the session is up.
  package var interval: Nanoseconds
  package var multiplier: UInt8

  package init(interval: Nanoseconds, multiplier: UInt8) {
    precondition(interval > .zero && multiplier > 0)
    self.interval = interval
    self.multiplier = multiplier
  }
}

/// The session machine. Demand mode is never asked for, and the echo function is refused by the
/// zero in Required Min Echo RX Interval; a peer that asks for demand mode gets what section 6.8.7
/// requires: no periodic packets while it does, and an answer to each of its polls.
package struct BFDSession: Sendable {
  /// RFC 5880 section 6.8.3: the fixed lower bound of the interval while the session is not up.
  package static let slowInterval = Nanoseconds.seconds(1)

  package private(set) var settings: BFDSettings
  package private(set) var discriminator: UInt32
  package private(set) var state = BFDState.down
  package private(set) var diagnostic = BFDDiagnostic.none
  /// What the peer said last; 1 s and Down before it has spoken (section 6.8.1).
  package private(set) var remote = Remote()
  package private(set) var lastHeard: Instant?
  package private(set) var counters = BFDCounters()

  /// What is in force; it follows the settings when a poll sequence allows (section 6.8.3).
  private var desiredMinTx = BFDSession.slowInterval
  private var transmitBasis = BFDSession.slowInterval
  private var receiveBasis: Nanoseconds
  private var isPolling = false
  /// When the next periodic packet is due, and when the last one left.
  private var nextTransmit: Instant?
  private var lastTransmit: Instant?
  /// Since when silence counts.
  private var hearingSince: Instant?
  private var draw: Draw

  package struct Remote: Hashable, Sendable {
    package var discriminator: UInt32 = 0
    package var state = BFDState.down
    package var diagnostic: UInt8 = 0
    package var minRx = Nanoseconds.microseconds(1)
    package var desiredMinTx = BFDSession.slowInterval
    package var multiplier: UInt8 = 0
    package var demand = false
  }

  /// What one call led to.
  package struct Step: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Write a packet now.
    package static let transmit = Step(rawValue: 1)
    /// It answers a poll.
    package static let final = Step(rawValue: 2)
    package static let stateChanged = Step(rawValue: 4)
    /// The packet was not for this session, or must be discarded.
    package static let discarded = Step(rawValue: 8)
  }

  /// `discriminator` is this session's own and not zero; `seed` spreads the packets.
  package init(_ settings: BFDSettings, discriminator: UInt32, seed: UInt64) {
    precondition(discriminator != 0, "zero stands for no session")
    self.settings = settings
    self.discriminator = discriminator
    receiveBasis = settings.interval
    draw = Draw(seed: seed)
  }

  /// Begins to send. Not all sessions do in the same moment.
  package mutating func start(at now: Instant) {
    nextTransmit = now + draw.length(from: .zero, to: BFDSession.slowInterval / 4)
  }

  /// Another session has this discriminator already; before anything was sent.
  mutating func rename(to discriminator: UInt32) {
    precondition(discriminator != 0, "zero stands for no session")
    self.discriminator = discriminator
  }

  // MARK: Times

  /// Section 6.8.7: the greater of what we want and what the peer can take; nil: it wants none.
  package var transmitInterval: Nanoseconds? {
    if remote.minRx == .zero { return nil }
    return max(transmitBasis, remote.minRx)
  }

  /// Section 6.8.4: the peer's multiplier times the greater of what we can take and what it wants.
  package var detectionTime: Nanoseconds {
    max(receiveBasis, remote.desiredMinTx) * Int64(max(remote.multiplier, 1))
  }

  /// When silence ends the session, or what is known of the peer; nil while there is nothing to
  /// lose.
  package var detectionDeadline: Instant? {
    guard state != .adminDown, let hearingSince else { return nil }
    return hearingSince + detectionTime
  }

  /// When to call `turn`.
  package var deadline: Instant? {
    guard let detection = detectionDeadline else { return nextTransmit }
    return min(detection, nextTransmit ?? detection)
  }

  package var transmitDue: Instant? { nextTransmit }

  // MARK: Events

  /// A packet for this session was received at `stamp`, its transport already checked. It is fed
  /// before silence is judged.
  package mutating func receive(
    _ packet: BFDPacket, at stamp: Instant, readAt now: Instant
  ) -> Step {
    guard packet.yours == 0 || packet.yours == discriminator else {
      counters.discarded += 1
      return .discarded
    }
    counters.received += 1
    remote.discriminator = packet.mine
    remote.state = packet.state
    remote.diagnostic = packet.diagnostic
    remote.demand = packet.demand
    remote.minRx = .microseconds(Int64(packet.requiredMinRx))
    remote.desiredMinTx = .microseconds(Int64(packet.desiredMinTx))
    remote.multiplier = packet.detectMultiplier
    if packet.final, isPolling { finishPoll() }
    lastHeard = max(lastHeard ?? stamp, stamp)
    hearingSince = max(hearingSince ?? stamp, stamp)
    // Section 6.8.6: in AdminDown nothing more is looked at.
    guard state != .adminDown else { return .discarded }
    var step: Step = judge(packet.state, at: now) ? [.stateChanged, .transmit] : []
    if packet.poll { step.formUnion([.transmit, .final]) }
    reschedule(at: now)
    return step
  }

  /// The state machine of section 6.2 as section 6.8.6 writes it.
  private mutating func judge(_ said: BFDState, at now: Instant) -> Bool {
    switch (state, said) {
    case (.adminDown, _): return false
    case (.down, .adminDown): return false
    case (_, .adminDown), (.up, .down): return enter(.down, .neighbourSignalledDown, at: now)
    case (.down, .down): return enter(.initial, diagnostic, at: now)
    case (.down, .initial), (.initial, .initial), (.initial, .up):
      return enter(.up, .none, at: now)
    case (.down, .up), (.initial, .down), (.up, .initial), (.up, .up): return false
    }
  }

  /// Sends what is due by `now`, and judges the silence up to `heard`: everything that had arrived
  /// by then was fed.
  package mutating func turn(heardUntil heard: Instant, at now: Instant) -> Step {
    if let limit = detectionDeadline, limit <= heard {
      // Section 6.8.4, and section 6.8.1: the peer may have a new discriminator when it returns.
      remote = Remote()
      hearingSince = nil
      if enter(.down, .detectionTimeExpired, at: now) { return [.stateChanged, .transmit] }
      reschedule(at: now)
    }
    guard let nextTransmit, nextTransmit <= now else { return [] }
    return .transmit
  }

  /// We were away: silence counts from now on.
  package mutating func excuse(at now: Instant) {
    if hearingSince != nil { hearingSince = now }
  }

  /// Section 6.8.16. The peer is told with the next packets.
  package mutating func shutDown(at now: Instant) -> Step {
    guard state != .adminDown else { return [] }
    _ = enter(.adminDown, .administrativelyDown, at: now)
    return [.stateChanged, .transmit]
  }

  /// Other intervals than before; with a session that is up they are polled for.
  package mutating func change(_ settings: BFDSettings, at now: Instant) -> Step {
    self.settings = settings
    guard state == .up else {
      receiveBasis = settings.interval
      return []
    }
    poll(for: settings.interval)
    reschedule(at: now)
    return .transmit
  }

  // MARK: Packets

  /// Writes the packet that is due. Polls are in every packet until one is answered.
  package mutating func write(final: Bool, at now: Instant, into writer: inout Writer) {
    var packet = BFDPacket(
      diagnostic: diagnostic.rawValue, state: state, detectMultiplier: settings.multiplier,
      mine: discriminator, yours: remote.discriminator,
      desiredMinTx: UInt32(desiredMinTx.microseconds),
      requiredMinRx: UInt32(settings.interval.microseconds))
    // Section 6.5: an answer to a poll must not be a poll itself.
    packet.final = final
    packet.poll = isPolling && !final
    packet.write(into: &writer)
    counters.sent += 1
    // A packet outside the schedule moves nothing (section 6.8.7).
    if !final || nextTransmit == nil { lastTransmit = now }
    if !final { schedule(from: now) }
  }

  // MARK: Inside

  private mutating func enter(
    _ next: BFDState, _ why: BFDDiagnostic, at now: Instant
  ) -> Bool {
    guard next != state else { return false }
    let wasUp = state == .up
    state = next
    diagnostic = why
    if next == .up {
      counters.ups += 1
      // From the slow interval to the one that was asked for: section 6.8.3 wants a poll sequence.
      poll(for: settings.interval)
    } else if wasUp || next == .down || next == .adminDown {
      isPolling = false
      desiredMinTx = max(settings.interval, BFDSession.slowInterval)
      transmitBasis = desiredMinTx
      receiveBasis = settings.interval
    }
    return true
  }

  /// Begins a poll sequence for an interval. Section 6.8.3: a longer transmit interval is used when
  /// the peer has agreed, a shorter one at once; with what we can take it is the other way round.
  private mutating func poll(for interval: Nanoseconds) {
    isPolling = true
    transmitBasis = min(transmitBasis, interval)
    receiveBasis = max(receiveBasis, interval)
    desiredMinTx = interval
  }

  private mutating func finishPoll() {
    isPolling = false
    transmitBasis = desiredMinTx
    receiveBasis = settings.interval
  }

  /// Section 6.8.7: no periodic packets while the peer wants none, or does without them.
  private var isSilenced: Bool {
    if transmitInterval == nil { return true }
    return remote.demand && state == .up && remote.state == .up && !isPolling
  }

  /// The interval less up to a quarter; with a multiplier of one at least a tenth less
  /// (section 6.8.7).
  private mutating func spread(_ interval: Nanoseconds) -> Nanoseconds {
    let longest = settings.multiplier == 1 ? interval * 9 / 10 : interval
    return draw.length(from: interval * 3 / 4, to: longest)
  }

  private mutating func schedule(from instant: Instant) {
    guard let interval = transmitInterval, !isSilenced else {
      nextTransmit = nil
      return
    }
    nextTransmit = instant + spread(interval)
  }

  /// The peer's wishes may have changed: never later than the new interval allows.
  private mutating func reschedule(at now: Instant) {
    guard !isSilenced, let interval = transmitInterval else {
      nextTransmit = nil
      return
    }
    guard let next = nextTransmit else { return schedule(from: lastTransmit ?? now) }
    let limit = (lastTransmit ?? now) + interval
    if next > limit { nextTransmit = limit }
  }
}

/// What a session has done.
package struct BFDCounters: Hashable, Sendable {
  package var sent: UInt64 = 0
  package var received: UInt64 = 0
  package var discarded: UInt64 = 0
  package var ups: UInt64 = 0
}

extension BFDSession {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&discriminator)
    keeper.keep(&settings.interval)
    keeper.keep(&settings.multiplier)
    keeper.keep(&state)
    keeper.keep(&diagnostic)
    keeper.keep(&remote.discriminator)
    keeper.keep(&remote.state)
    keeper.keep(&remote.diagnostic)
    keeper.keep(&remote.minRx)
    keeper.keep(&remote.desiredMinTx)
    keeper.keep(&remote.multiplier)
    keeper.keep(&remote.demand)
    keeper.keep(&lastHeard)
    keeper.keep(&counters.sent)
    keeper.keep(&counters.received)
    keeper.keep(&counters.discarded)
    keeper.keep(&counters.ups)
    keeper.keep(&desiredMinTx)
    keeper.keep(&transmitBasis)
    keeper.keep(&receiveBasis)
    keeper.keep(&isPolling)
    keeper.keep(&nextTransmit)
    keeper.keep(&lastTransmit)
    keeper.keep(&hearingSince)
    draw.keep(in: &keeper)
  }
}
