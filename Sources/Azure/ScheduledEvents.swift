// Scheduled events: what Azure is about to do to machines, and which of it concerns us.

package import Model

/// One event of the list.
package struct ScheduledEvent: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    case freeze = "Freeze"
    case reboot = "Reboot"
    case redeploy = "Redeploy"
    case preempt = "Preempt"
    case terminate = "Terminate"
    case other
  }

  package var id: String
  package var kind: Kind
  /// Names of machines.
  package var resources: [String]
  /// It has begun; there is nothing to be won by asking for its begin.
  package var hasStarted: Bool

  /// Whether this machine is among those it concerns. The list goes to all machines of a group.
  package func concerns(_ machine: String) -> Bool {
    resources.contains { $0.lowercased() == machine.lowercased() }
  }

  /// Whether it concerns this machine and nobody else: an approval counts for all resources.
  package func concernsOnly(_ machine: String) -> Bool {
    resources.count == 1 && concerns(machine)
  }
}

/// The list at one time.
package struct ScheduledEvents: Hashable, Sendable {
  /// Events that are kept of one list.
  package static let limit = 100

  package var incarnation: Int64
  package var events: [ScheduledEvent]

  /// Reads the answer; nothing when it is none: a list that cannot be read is not an empty one.
  package init?(_ body: [UInt8]) {
    guard let read = JSON.read(Fields.self, body), let incarnation = read.incarnation,
      let entries = read.events
    else { return nil }
    self.incarnation = incarnation
    events = entries.prefix(ScheduledEvents.limit).compactMap { entry in
      guard let id = entry.id, (1...128).contains(id.utf8.count), let type = entry.type,
        id.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
      else { return nil }
      return ScheduledEvent(
        id: id, kind: ScheduledEvent.Kind(rawValue: type) ?? .other,
        resources: entry.resources ?? [], hasStarted: entry.status == "Started")
    }
  }

  private struct Fields: Decodable {
    struct Entry: Decodable {
      var id: String?
      var type: String?
      var resources: [String]?
      var status: String?

      enum CodingKeys: String, CodingKey {
        case id = "EventId"
        case type = "EventType"
        case resources = "Resources"
        case status = "EventStatus"
      }
    }
    var incarnation: Int64?
    var events: [Entry]?

    enum CodingKeys: String, CodingKey {
      case incarnation = "DocumentIncarnation"
      case events = "Events"
    }
  }
}

/// What is told of events.
package enum EventNews: Hashable, Sendable {
  /// This machine will be away: traffic should go elsewhere before.
  case announced(ScheduledEvent)
  case started(ScheduledEvent)
  /// It is no longer in the list: it is over, or was called off.
  case gone(ScheduledEvent)
}

/// Asks for the list once a second, and tells what changes for this machine.
package struct EventWatch: Sendable {
  /// Microsoft's advice.
  package static let period = Nanoseconds.seconds(1)
  /// The first call arms the service, and may be answered only then.
  package static let firstLimit = Nanoseconds.seconds(150)
  package static let limit = Nanoseconds.seconds(10)
  package static let backoff = Backoff(first: .seconds(1), limit: .seconds(30))

  private let machine: String
  private let endpoint: Endpoint
  private let countsFreezes: Bool
  private var dice: Dice
  private var due: Instant
  private var call: CallID?
  private var lastCall: UInt64 = 0
  private var failures = 0
  package private(set) var hasAnswered = false
  /// What concerns this machine, by the last list that came.
  package private(set) var known: [ScheduledEvent] = []
  /// Approved, so that it is done once.
  private var approved: Set<String> = []
  private var refusals = 0
  /// Until then no event is approved, since the last approval was not taken.
  private var approvalDue = Instant.zero

  package init(
    machine: String, at endpoint: Endpoint = .metadata, countsFreezes: Bool, seed: UInt64,
    now: Instant
  ) {
    self.machine = machine
    self.endpoint = endpoint
    self.countsFreezes = countsFreezes
    dice = Dice(seed: seed)
    due = now
  }

  package var deadline: Instant? { call == nil ? due : nil }

  /// How long the next answer may take.
  package var answerLimit: Nanoseconds {
    hasAnswered ? EventWatch.limit : EventWatch.firstLimit
  }

  package mutating func turn(at now: Instant) -> (CallID, Request)? {
    guard call == nil, now >= due else { return nil }
    lastCall += 1
    let id = CallID(lastCall)
    call = id
    return (id, Metadata.scheduledEvents(at: endpoint))
  }

  package mutating func lost(_ id: CallID, at now: Instant) {
    guard id == call else { return }
    call = nil
    fail(nil, at: now)
  }

  /// What is news in an answer. A list that failed to come changes nothing.
  package mutating func answered(_ id: CallID, _ answer: Answer, at now: Instant) -> [EventNews] {
    guard id == call else { return [] }
    call = nil
    guard answer.status == 200, let list = ScheduledEvents(answer.body) else {
      fail(answer.retryAfter, at: now)
      return []
    }
    hasAnswered = true
    failures = 0
    due = now + EventWatch.period
    let ours = list.events.filter { $0.concerns(machine) && isOfInterest($0) }
    var news: [EventNews] = []
    for event in known where !ours.contains(where: { $0.id == event.id }) {
      news.append(.gone(event))
      approved.remove(event.id)
    }
    for event in ours {
      let before = known.first { $0.id == event.id }
      if before == nil { news.append(.announced(event)) }
      if event.hasStarted, before?.hasStarted != true { news.append(.started(event)) }
    }
    known = ours
    // Nobody waits for an approval: the next that is refused is the first in its row.
    if ours.allSatisfy(\.hasStarted) { (refusals, approvalDue) = (0, .zero) }
    return news
  }

  /// The request that lets an event begin; nothing when others are concerned too, when it has begun
  /// or is over, and when it was asked for before.
  package mutating func approve(_ event: String, at now: Instant) -> Request? {
    guard now >= approvalDue, let found = known.first(where: { $0.id == event }),
      !found.hasStarted, found.concernsOnly(machine), approved.insert(event).inserted
    else { return nil }
    return Metadata.start(event, at: endpoint)
  }

  /// The service has let it begin.
  package mutating func approvalWasTaken() { refusals = 0 }

  /// It has not, or nobody knows: it is asked for again, and no sooner than the service wishes.
  /// Answers whether it was the first time in a row.
  package mutating func approvalFailed(
    _ event: String, after wish: Nanoseconds?, at now: Instant
  ) -> Bool {
    approved.remove(event)
    refusals += 1
    approvalDue = now + (wish ?? EventWatch.backoff.wait(after: refusals, &dice))
    return refusals == 1
  }

  private func isOfInterest(_ event: ScheduledEvent) -> Bool {
    switch event.kind {
    case .reboot, .redeploy, .preempt, .terminate: true
    // To dodge some seconds costs two shifts.
    case .freeze: countsFreezes
    case .other: false
    }
  }

  private mutating func fail(_ after: Nanoseconds?, at now: Instant) {
    failures += 1
    due = now + (after ?? EventWatch.backoff.wait(after: failures, &dice))
  }
}
