// What Azure Route Server allows, as far as it is published.
import Model

/// The rules of `platform: azure`, and of `azure-vwan`.
enum AzureRules {
  /// Every Azure Route Server has this number.
  static let asn = ASNumber(65_515)

  /// An UPDATE counts on top of what is held already, even when it replaces it: for all to move at
  /// once, no more than half of `Plan.Platform.routeLimit` may be held.
  static let prefixLimit = 2_000

  /// Half of what a Route Server took before September 2025: one that was made then may still end
  /// the session above.
  static let olderPrefixLimit = 500

  /// Numbers no peer may have: Microsoft's own, and the private ones that Azure uses itself.
  static let reserved: [ClosedRange<UInt32>] = [
    8_074...8_075, 12_076...12_076, 65_515...65_515, 65_517...65_520,
  ]

  /// The AS numbers in the communities that Azure uses itself.
  static let communityNumbers: [UInt32] = [65_515, 65_517, 65_518]

  /// IANA's numbers that Azure names as unusable too (RFC 5398, RFC 7300).
  static let documentation: [ClosedRange<UInt32>] = [64_496...64_511, 65_535...65_551]

  /// Only 2-byte numbers.
  static let asnLimit: UInt32 = 65_535
}

/// Why a number cannot be used on a platform.
enum ASNumberRules {
  static let advice = "use a private number, such as 65001"

  /// Nil when a BGP speaker may have this number on this platform; nil for the platform means that
  /// it is not known.
  static func complaint(_ number: ASNumber, on platform: Plan.Platform?) -> String? {
    switch number.value {
    case 0: return "AS 0 is reserved (RFC 7607)"
    case 23_456: return "AS 23456 stands for numbers that need 4 bytes (RFC 6793)"
    case 65_535, UInt32.max: return "AS \(number) is reserved (RFC 7300)"
    default: break
    }
    guard platform?.isAzure ?? false else { return nil }
    if AzureRules.reserved.contains(where: { $0.contains(number.value) }) {
      return "AS \(number) is reserved by Azure"
    }
    if AzureRules.documentation.contains(where: { $0.contains(number.value) }) {
      return "AS \(number) is reserved by IANA, and Azure refuses it"
    }
    if number.value > AzureRules.asnLimit {
      return "AS \(number) needs 4 bytes; Azure Route Server takes 2-byte AS numbers only"
    }
    return nil
  }
}
