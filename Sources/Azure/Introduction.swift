// Who we are: the metadata service is asked until it has said so once.

package import Model

/// Learns the machine's name and its cloud. Neither changes while the machine runs.
package struct Introduction: Sendable {
  /// The metadata service answers 404 and 410 while it is updated, for up to 70 s.
  package static let backoff = Backoff(first: .seconds(1), limit: .seconds(30))

  package private(set) var machine: Machine?
  /// Why nothing is known yet; nil before the first answer.
  package private(set) var trouble: String?
  private let endpoint: Endpoint
  private var dice: Dice
  private var call: CallID?
  private var lastCall: UInt64 = 0
  private var failures = 0
  private var due: Instant

  package init(at endpoint: Endpoint, seed: UInt64, now: Instant) {
    self.endpoint = endpoint
    dice = Dice(seed: seed)
    due = now
  }

  package var deadline: Instant? { call == nil && machine == nil ? due : nil }

  /// The request to make now, if it is time.
  package mutating func turn(at now: Instant) -> (CallID, Request)? {
    guard machine == nil, call == nil, now >= due else { return nil }
    lastCall += 1
    let id = CallID(lastCall)
    call = id
    return (id, Metadata.instance(at: endpoint))
  }

  package mutating func lost(_ id: CallID, _ loss: Loss, at now: Instant) {
    guard id == call else { return }
    call = nil
    fail(loss.reason.rawValue, nil, at: now)
  }

  package mutating func answered(_ id: CallID, _ answer: Answer, at now: Instant) {
    guard id == call else { return }
    call = nil
    guard answer.status == 200 else {
      return fail(answer.complaint.description, answer.retryAfter, at: now)
    }
    guard let found = Machine(answer.body) else {
      return fail(Loss.Reason.unreadable.rawValue, nil, at: now)
    }
    machine = found
    trouble = nil
  }

  private mutating func fail(_ words: String, _ after: Nanoseconds?, at now: Instant) {
    failures += 1
    trouble = words
    due = now + (after ?? Introduction.backoff.wait(after: failures, &dice))
  }
}
