// Who has which token: what the metadata service gives out and the resource manager believes.

import Model
import Platform

/// Tokens that were given out. Azure's metadata service keeps a token and gives it out again until
/// little of its life is left; this one does the same.
struct TokenOffice: Sendable {
  struct Issue: Hashable, Sendable {
    var secret: String
    var identity: String
    var audience: String
    var begins: Int64
    var ends: Int64
    var isRevoked = false
  }

  enum Verdict: Hashable, Sendable {
    case good(identity: String)
    case missing
    case unknown
    case expired
    case otherAudience
  }

  /// Tokens that are remembered.
  static let limit = 1_000
  /// Those of Azure have about so many characters.
  private static let length = 1_600
  /// With less than that left of it a kept token is not given out again.
  private static let leastLeft: Int64 = 300

  private var issued: [Issue] = []
  private var dice: Dice
  /// Seconds. Machines get tokens for a day.
  var life: Int64 = 86_400

  init(seed: UInt64) { dice = Dice(seed: seed) }

  mutating func token(of identity: String, for audience: String, wall: Int64) -> Issue {
    let kept = issued.last {
      $0.identity == identity && $0.audience == audience && !$0.isRevoked
        && $0.ends - wall > min(TokenOffice.leastLeft, life / 2)
    }
    if let kept { return kept }
    let issue = Issue(
      secret: secret(), identity: identity, audience: audience, begins: wall, ends: wall + life)
    issued.append(issue)
    if issued.count > TokenOffice.limit { issued.removeFirst() }
    return issue
  }

  /// Everything that was given out is worth nothing from now on.
  mutating func revokeAll() {
    for place in issued.indices { issued[place].isRevoked = true }
  }

  func judge(_ header: String?, audiences: [String], wall: Int64) -> Verdict {
    guard let header else { return .missing }
    let words = header.split(separator: " ")
    guard words.count == 2, words[0].lowercased() == "bearer" else { return .missing }
    guard let found = issued.first(where: { $0.secret == words[1] }) else { return .unknown }
    if found.isRevoked || found.ends <= wall { return .expired }
    return audiences.contains(found.audience) ? .good(identity: found.identity) : .otherAudience
  }

  /// Three parts with points between them, as a JWT has; nobody but us reads it.
  private mutating func secret() -> String {
    let letters = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var out: [UInt8] = []
    while out.count < TokenOffice.length {
      out.append(letters[dice.below(letters.count)])
      if out.count == 100 || out.count == 1_200 { out.append(UInt8(ascii: ".")) }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
