// The token of the machine's identity: fetched early, renewed at half its life, kept in memory only.

package import Model

/// Whose identity the machine speaks with.
package enum Identity: Hashable, Sendable {
  case system
  /// One of several identities that were assigned to the machine.
  case client(String)
  case object(String)
  case resource(ResourceID)
}

/// A bearer token. Neither its description nor a dump of it shows it.
package struct Token: Sendable {
  /// What goes behind `Bearer `; only who writes the header reads it.
  package let secret: String
  /// How long it is good from when it was asked for.
  package let life: Nanoseconds

  /// Characters of a token; those of Azure have about 2,000.
  package static let limit = 16_384

  /// Reads an answer of the metadata service. All its numbers are strings. `wall` is the time of
  /// day in seconds, if it is believed: a cached token says in `expires_in` sometimes how long it
  /// was good when it was new.
  package init?(_ body: [UInt8], wall: Int64?) {
    guard let read = JSON.read(Fields.self, body), let token = read.token,
      (1...Token.limit).contains(token.utf8.count),
      token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
      read.type.map({ $0.lowercased() == "bearer" }) ?? true,
      let life = read.life?.seconds, life > 0
    else { return nil }
    var seconds = min(life, Token.longest)
    if let wall, let end = read.end?.seconds, end > wall {
      seconds = min(seconds, end - wall)
    }
    secret = token
    self.life = .seconds(seconds)
  }

  /// Tokens of machines are good for a day; a longer one is not believed for longer.
  private static let longest: Int64 = 86_400 * 2

  private struct Fields: Decodable {
    var token: String?
    var type: String?
    var life: Number?
    var end: Number?

    enum CodingKeys: String, CodingKey {
      case token = "access_token"
      case type = "token_type"
      case life = "expires_in"
      case end = "expires_on"
    }
  }

  /// A number in a string, as the metadata service writes it, or a number, as others do.
  private enum Number: Decodable {
    case known(Int64)
    case unknown

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      do {
        self = Int64(try container.decode(String.self)).map { .known($0) } ?? .unknown
      } catch {
        self = .known(try container.decode(Int64.self))
      }
    }

    var seconds: Int64? { if case .known(let seconds) = self { seconds } else { nil } }
  }
}

extension Token: CustomStringConvertible, CustomReflectable {
  package var description: String { "a token" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

package enum TokenTrouble: Hashable, Sendable {
  /// There is no such identity; somebody has to assign one.
  case noIdentity(Complaint)
  case answer(Complaint)
  case lost(Loss)
  case unreadable
}

/// Keeps a token that is good. Asks at start, at half the life of what it has, and when one is
/// refused; tries again by the rules of the metadata service.
package struct TokenKeeper: Sendable {
  /// The service is updated for up to 70 s and answers 410 for so long; it has 5 tries at least.
  package static let backoff = Backoff(first: .seconds(1), limit: .seconds(30))
  /// With no identity nothing changes before a person has done something.
  package static let identityPause = Nanoseconds.seconds(60)
  /// A token that was refused is in the service's cache as well; asking faster gives the same.
  package static let renewalPause = Nanoseconds.seconds(5)

  package private(set) var token: Token?
  package private(set) var trouble: TokenTrouble?
  /// Changes with each new token.
  package private(set) var serial: UInt64 = 0
  private let request: Request
  private var dice: Dice
  private var call: CallID?
  private var askedAt = Instant.zero
  private var lastCall: UInt64 = 0
  private var failures = 0
  private var due: Instant
  private var expires: Instant?

  package init(
    _ identity: Identity, audience: String, at endpoint: Endpoint = .metadata, seed: UInt64,
    now: Instant
  ) {
    request = Metadata.token(identity, audience: audience, at: endpoint)
    dice = Dice(seed: seed)
    due = now
  }

  package var deadline: Instant? { call == nil ? due : nil }

  /// Whether there is a token that is good now.
  package func isGood(at now: Instant) -> Bool { expires.map { now < $0 } ?? false }

  /// The request to make now, if it is time.
  package mutating func turn(at now: Instant) -> (CallID, Request)? {
    guard call == nil, now >= due else { return nil }
    lastCall += 1
    let id = CallID(lastCall)
    call = id
    askedAt = now
    return (id, request)
  }

  /// Somebody would not take the token.
  package mutating func refused(at now: Instant) {
    due = min(due, max(now, askedAt + TokenKeeper.renewalPause))
  }

  package mutating func lost(_ id: CallID, _ loss: Loss, at now: Instant) {
    guard id == call else { return }
    call = nil
    fail(.lost(loss), at: now)
  }

  /// Answers whether there is a new token.
  package mutating func answered(
    _ id: CallID, _ answer: Answer, wall: Int64?, at now: Instant
  ) -> Bool {
    guard id == call else { return false }
    call = nil
    guard answer.status == 200 else {
      // Of the others 400 means an identity that is not there or has to be named.
      if answer.status == 400 {
        trouble = .noIdentity(answer.complaint)
        due = now + dice.jittered(TokenKeeper.identityPause)
      } else {
        fail(.answer(answer.complaint), after: answer.retryAfter, at: now)
      }
      return false
    }
    guard let fresh = Token(answer.body, wall: wall) else {
      fail(.unreadable, at: now)
      return false
    }
    failures = 0
    trouble = nil
    // From when it was asked for: then it is never good for longer than the server thinks.
    expires = askedAt + fresh.life
    due = max(askedAt + fresh.life / 2, now + TokenKeeper.renewalPause)
    token = fresh
    serial += 1
    return true
  }

  private mutating func fail(
    _ trouble: TokenTrouble, after: Nanoseconds? = nil, at now: Instant
  ) {
    failures += 1
    self.trouble = trouble
    due = now + (after ?? TokenKeeper.backoff.wait(after: failures, &dice))
  }
}
