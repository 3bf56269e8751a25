// What can go wrong on purpose: each by its name, with the calls that it happens to.

/// The two services, each behind a door of its own.
package enum Door: String, CaseIterable, Hashable, Sendable {
  case rest
  case metadata
}

/// One way to misbehave. The raw value is its name on the command line.
package enum Mischief: String, CaseIterable, Hashable, Sendable {
  // Answers with an error.
  case throttled
  case busy
  case conflict
  case changed
  case forbidden
  case gone
  case failing
  case notFound = "not-found"
  case noIdentity = "no-identity"
  // Answers that do not say what happened.
  case failsAfterwards = "fails-afterwards"
  case lostRequest = "lost-request"
  case lostAnswer = "lost-answer"
  case silent
  case drip
  case flood
  case truncated
  case cut
  case redirect
  // Long operations that end otherwise.
  case operationFails = "operation-fails"
  case operationCancelled = "operation-cancelled"
  case operationHangs = "operation-hangs"
  case operationForgotten = "operation-forgotten"
  // The connection itself.
  case down
  case tlsName = "tls-name"
  case tlsExpired = "tls-expired"
  case tlsStranger = "tls-stranger"
  case tlsOld = "tls-old"

  package var summary: String {
    switch self {
    case .throttled: "429, too many calls, with Retry-After; a call before that makes it longer"
    case .busy: "429, another operation is updating the table: no throttling"
    case .conflict: "409, AnotherOperationInProgress"
    case .changed: "412, the tag is not that of the resource"
    case .forbidden: "403, the role does not allow it"
    case .gone: "404 of the manager; 410 of the metadata service, which is being updated"
    case .failing: "500, or another status"
    case .notFound: "404 of the metadata service, which is being updated"
    case .noIdentity: "400, the machine has no such identity"
    case .failsAfterwards: "500, and yet it was carried out"
    case .lostRequest: "the connection ends, and nothing was carried out"
    case .lostAnswer: "the connection ends, and yet it was carried out"
    case .silent: "the connection stays, and no answer ever comes"
    case .drip: "the answer comes a byte at a time"
    case .flood: "the answer has a gigabyte"
    case .truncated: "the JSON of the answer ends in its middle"
    case .cut: "the connection ends in the middle of the answer"
    case .redirect: "307, to another host"
    case .operationFails: "what was accepted fails in the end, and nothing has changed"
    case .operationCancelled: "what was accepted is cancelled in the end"
    case .operationHangs: "what was accepted never ends"
    case .operationForgotten: "404 for whoever asks for an operation"
    case .down: "nobody listens"
    case .tlsName: "the certificate is for another name"
    case .tlsExpired: "the certificate has expired"
    case .tlsStranger: "the certificate is signed by nobody we know"
    case .tlsOld: "nothing newer than TLS 1.1"
    }
  }

  /// The doors that it can happen at.
  package var doors: [Door] {
    switch self {
    case .busy, .conflict, .changed, .forbidden, .failsAfterwards, .operationFails,
      .operationCancelled, .operationHangs, .operationForgotten, .tlsName, .tlsExpired,
      .tlsStranger, .tlsOld:
      [.rest]
    case .notFound, .noIdentity: [.metadata]
    default: Door.allCases
    }
  }

  /// Whether it is done to the connection, before anything is said.
  package var isOfConnection: Bool {
    [.down, .tlsName, .tlsExpired, .tlsStranger, .tlsOld].contains(self)
  }

  /// What it happens to when nothing else is said.
  package var usualCalls: Calls {
    switch self {
    case .busy, .conflict, .changed, .failsAfterwards, .lostAnswer, .operationFails,
      .operationCancelled, .operationHangs:
      .writes
    case .operationForgotten: .operations
    default: .all
    }
  }

  /// Which calls something happens to.
  package enum Calls: String, CaseIterable, Hashable, Sendable {
    case all
    case writes
    case reads
    /// Questions for a long operation.
    case operations
    case token
    case instance
    case events
  }
}

/// A mischief in force.
package struct Trouble: Hashable, Sendable {
  package var mischief: Mischief
  package var door: Door
  package var calls: Mischief.Calls
  /// How often it will happen; nil: until it is mended.
  package var times: Int?
  /// A status, seconds or a place, where the mischief has one.
  package var value: String?

  package init(
    _ mischief: Mischief, at door: Door, to calls: Mischief.Calls? = nil, times: Int? = nil,
    value: String? = nil
  ) {
    self.mischief = mischief
    self.door = door
    self.calls = calls ?? (door == .metadata ? .all : mischief.usualCalls)
    self.times = times
    self.value = value
  }
}
