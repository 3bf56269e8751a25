// The path attributes: their numbers, the flags each must have, and where one lies in a message.

/// The IANA "BGP Path Attributes" that are checked. Others are unrecognised and carried past.
enum AttributeCode {
  static let origin: UInt8 = 1
  static let asPath: UInt8 = 2
  static let nextHop: UInt8 = 3
  static let multiExitDiscriminator: UInt8 = 4
  static let localPreference: UInt8 = 5
  static let atomicAggregate: UInt8 = 6
  static let aggregator: UInt8 = 7
  static let communities: UInt8 = 8
  static let originatorID: UInt8 = 9
  static let clusterList: UInt8 = 10
  static let multiprotocolReach: UInt8 = 14
  static let multiprotocolUnreach: UInt8 = 15
  static let extendedCommunities: UInt8 = 16
  static let as4Path: UInt8 = 17
  static let as4Aggregator: UInt8 = 18
  static let pmsiTunnel: UInt8 = 22
  static let tunnelEncapsulation: UInt8 = 23
  static let ipv6ExtendedCommunities: UInt8 = 25
  static let accumulatedIGP: UInt8 = 26
  static let linkState: UInt8 = 29
  static let largeCommunities: UInt8 = 32
  static let onlyToCustomer: UInt8 = 35
  static let nextHopCharacteristics: UInt8 = 39
  static let prefixSID: UInt8 = 40
}

extension AttributeCode {
  /// The number and the registered name, as far as it is known here.
  static func words(_ code: UInt8) -> String {
    name(code).map { "attribute \(code) (\($0))" } ?? "attribute \(code)"
  }

  private static func name(_ code: UInt8) -> String? {
    switch code {
    case origin: "ORIGIN"
    case asPath: "AS_PATH"
    case nextHop: "NEXT_HOP"
    case multiExitDiscriminator: "MULTI_EXIT_DISC"
    case localPreference: "LOCAL_PREF"
    case atomicAggregate: "ATOMIC_AGGREGATE"
    case aggregator: "AGGREGATOR"
    case communities: "COMMUNITIES"
    case originatorID: "ORIGINATOR_ID"
    case clusterList: "CLUSTER_LIST"
    case multiprotocolReach: "MP_REACH_NLRI"
    case multiprotocolUnreach: "MP_UNREACH_NLRI"
    case extendedCommunities: "EXTENDED COMMUNITIES"
    case as4Path: "AS4_PATH"
    case as4Aggregator: "AS4_AGGREGATOR"
    case pmsiTunnel: "PMSI_TUNNEL"
    case tunnelEncapsulation: "Tunnel Encapsulation"
    case ipv6ExtendedCommunities: "IPv6 Address Specific Extended Community"
    case accumulatedIGP: "AIGP"
    case linkState: "BGP-LS"
    case largeCommunities: "LARGE_COMMUNITY"
    case onlyToCustomer: "Only to Customer"
    case nextHopCharacteristics: "Next Hop Dependent Characteristics"
    case prefixSID: "BGP Prefix-SID"
    default: nil
    }
  }
}

/// The flags octet of an attribute (RFC 4271 section 4.3); the low four bits mean nothing.
struct AttributeFlags: OptionSet, Hashable {
  let rawValue: UInt8

  static let optional = AttributeFlags(rawValue: 0x80)
  static let transitive = AttributeFlags(rawValue: 0x40)
  static let partial = AttributeFlags(rawValue: 0x20)
  static let extendedLength = AttributeFlags(rawValue: 0x10)

  static let wellKnown: AttributeFlags = .transitive
  static let optionalNonTransitive: AttributeFlags = .optional
  static let optionalTransitive: AttributeFlags = [.optional, .transitive]

  /// The Optional and Transitive bits that the attribute's specification fixes; nil when we do
  /// not know the attribute.
  static func specified(for code: UInt8) -> AttributeFlags? {
    switch code {
    case AttributeCode.origin, AttributeCode.asPath, AttributeCode.nextHop,
      AttributeCode.localPreference, AttributeCode.atomicAggregate:
      .wellKnown
    case AttributeCode.multiExitDiscriminator, AttributeCode.originatorID,
      AttributeCode.clusterList, AttributeCode.multiprotocolReach,
      AttributeCode.multiprotocolUnreach, AttributeCode.accumulatedIGP, AttributeCode.linkState:
      .optionalNonTransitive
    case AttributeCode.aggregator, AttributeCode.communities, AttributeCode.extendedCommunities,
      AttributeCode.as4Path, AttributeCode.as4Aggregator, AttributeCode.pmsiTunnel,
      AttributeCode.tunnelEncapsulation, AttributeCode.ipv6ExtendedCommunities,
      AttributeCode.largeCommunities, AttributeCode.onlyToCustomer,
      AttributeCode.nextHopCharacteristics, AttributeCode.prefixSID:
      .optionalTransitive
    default: nil
    }
  }

  /// Whether these flags agree with what is specified: Optional and Transitive as fixed
  /// (RFC 7606 section 3(c)), and Partial only where both are set (RFC 4271 section 4.3).
  func agree(with specified: AttributeFlags) -> Bool {
    intersection(.optionalTransitive) == specified
      && (specified == .optionalTransitive || !contains(.partial))
  }
}

///      +-------+------+--------------------------+---------------+
///      | Flags | Code | Length (1 octet, or 2)   | Value         |
///      +-------+------+--------------------------+---------------+
///
/// One attribute and where it lies in the message.
struct PathAttribute {
  let flags: AttributeFlags
  let code: UInt8
  /// Header and value.
  let whole: Range<Int>
  let value: Range<Int>

  /// What the head of an attribute can be.
  enum Reading {
    case attribute(PathAttribute)
    /// It does not fit into what is left (RFC 7606 section 4); the code when that could be read.
    case overrun(code: UInt8?)
  }

  /// Reads the attribute at `offset`; it must end at or before `end`.
  static func read(_ bytes: Span<UInt8>, at offset: Int, end: Int) -> Reading {
    let left = end - offset
    guard left >= 2 else { return .overrun(code: nil) }
    let flags = AttributeFlags(rawValue: bytes[offset])
    let code = bytes[offset + 1]
    let headerLength = flags.contains(.extendedLength) ? 4 : 3
    guard left >= headerLength else { return .overrun(code: code) }
    let length =
      headerLength == 4
      ? Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]) : Int(bytes[offset + 2])
    guard left - headerLength >= length else { return .overrun(code: code) }
    let start = offset + headerLength
    return .attribute(
      PathAttribute(
        flags: flags, code: code, whole: offset..<(start + length), value: start..<(start + length))
    )
  }
}

/// The attribute codes met so far in one message.
struct AttributeSet {
  private var words: [4 of UInt64] = [0, 0, 0, 0]
  private(set) var count = 0

  /// Notes a code; false when it was there already.
  mutating func insert(_ code: UInt8) -> Bool {
    if contains(code) { return false }
    words[Int(code >> 6)] |= 1 << UInt64(code & 63)
    count += 1
    return true
  }

  func contains(_ code: UInt8) -> Bool { words[Int(code >> 6)] & 1 << UInt64(code & 63) != 0 }
}
