// Messages of a peer that were not plainly accepted: the last ones, for people who ask why.

package import Model

/// One such message.
package struct MessageFault: Hashable, Sendable {
  package enum Outcome: UInt8, Hashable, Sendable {
    case attributeDiscard
    case treatAsWithdraw
    case sessionReset
  }

  package let at: Instant
  package let outcome: Outcome
  /// The type octet of its header (RFC 4271 section 4.1), known to us or not.
  package let type: UInt8
  /// How many octets of it there were, the header included.
  package let length: Int
  /// The path attribute that was at fault, when one was.
  package let attribute: UInt8?
  /// How a NOTIFICATION names the fault; 0/0 for what was only discarded.
  package let code: UInt8
  package let subcode: UInt8
}

extension MessageFault: CustomStringConvertible {
  /// What was wrong, in the words of the registries.
  package var description: String {
    var words: [String] = []
    if let attribute { words.append(AttributeCode.words(attribute)) }
    if outcome == .sessionReset {
      words.append("NOTIFICATION " + DownReason.words(code, subcode))
    } else if code != 0 {
      words.append(DownReason.words(code, subcode))
    } else {
      words.append("malformed or not for us")
    }
    return words.joined(separator: ": ")
  }
}

extension MessageFault.Outcome: CustomStringConvertible {
  /// The words of RFC 7606 section 2.
  package var description: String {
    switch self {
    case .attributeDiscard: "attribute discard"
    case .treatAsWithdraw: "treat as withdraw"
    case .sessionReset: "session reset"
    }
  }
}

/// The last ones. They stay when the session ends: that is when people ask.
struct MessageFaults {
  /// We chose it: a screen of lines.
  static let limit = 32

  private var ring: [MessageFault] = []
  private var next = 0

  /// The oldest first.
  var list: [MessageFault] { Array(ring[next...] + ring[..<next]) }

  mutating func add(_ fault: MessageFault) {
    if ring.count < MessageFaults.limit {
      ring.append(fault)
      return
    }
    ring[next] = fault
    next = (next + 1) % MessageFaults.limit
  }
}
