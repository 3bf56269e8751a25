// What a received UPDATE amounts to (RFC 7606), short of the errors that end the session.

/// The classes of RFC 7606 section 2, from harmless to grave; an error that resets the session is
/// a `Notification` instead.
package enum UpdateClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Nothing wrong with it.
  case accept
  /// The marker of RFC 4724 section 2 for a family of this session.
  case endOfRIB
  /// Correct, but only about families that were not negotiated (RFC 4760 section 7).
  case ignored
  /// An attribute was malformed, or not for us, and is left out; the routes stand.
  case attributeDiscard
  /// The routes it announces are to be taken as withdrawn.
  case treatAsWithdraw
}

extension UpdateClass: CustomStringConvertible {
  package var description: String {
    switch self {
    case .accept: "accept"
    case .endOfRIB: "end-of-RIB"
    case .ignored: "ignored"
    case .attributeDiscard: "attribute discard"
    case .treatAsWithdraw: "treat as withdraw"
    }
  }
}
