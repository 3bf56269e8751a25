// Reads an UPDATE and says what it amounts to (RFC 7606), and where in it its routes lie.

import Bytes

/// What must be known of a session to judge its UPDATEs.
package struct UpdateContext: Hashable, Sendable {
  /// AS numbers in AS_PATH and AGGREGATOR have four octets (RFC 6793).
  package var fourOctetAS: Bool
  /// The peer is in another AS.
  package var isExternal: Bool
  /// What was negotiated.
  package var families: Families

  package init(fourOctetAS: Bool, isExternal: Bool, families: Families) {
    self.fourOctetAS = fourOctetAS
    self.isExternal = isExternal
    self.families = families
  }

  var octetsPerAS: Int { fourOctetAS ? 4 : 2 }

  /// Whether this is a family, and one of the session.
  func uses(_ family: Families) -> Bool { !family.isEmpty && families.contains(family) }
}

///      +-----------------------------+-------------------------------------+
///      | Withdrawn Routes Length (2) | Withdrawn Routes                    |
///      +-----------------------------+-------------------------------------+
///      | Total Path Attr Length (2)  | Path Attributes                     |
///      +-----------------------------+-------------------------------------+
///      | Network Layer Reachability Information, to the end of the message |
///      +-------------------------------------------------------------------+
///
/// One pass over one message.
package struct UpdateReader {
  private let context: UpdateContext
  private var reading = UpdateReading()
  /// The first fault that asks for more than a discard, as a reset would name it.
  private var fault: Notification?
  private var met = AttributeSet()
  private var nextHopRange: Range<Int>?

  /// Withdrawn Routes Length and Total Path Attribute Length of an UPDATE that says nothing.
  private static let emptyLength = 23

  private init(_ context: UpdateContext) { self.context = context }

  /// Classifies a whole message whose header was checked; throws what resets the session.
  package static func classify(
    _ message: Span<UInt8>, in context: UpdateContext
  ) throws(Notification) -> UpdateClass {
    try read(message, in: context).kind
  }

  /// Reads a whole message whose header was checked; throws what resets the session.
  static func read(
    _ message: Span<UInt8>, in context: UpdateContext
  ) throws(Notification) -> UpdateReading {
    var reader = UpdateReader(context)
    try reader.read(message)
    return reader.reading
  }

  private mutating func read(_ bytes: Span<UInt8>) throws(Notification) {
    // RFC 4271 section 6.3: when the two lengths do not fit into the message, no field can be
    // found.
    guard let withdrawnLength = bytes.bigEndian16(at: Framing.headerLength),
      let withdrawn = bytes.piece(at: Framing.headerLength + 2, length: Int(withdrawnLength)),
      let attributesLength = bytes.bigEndian16(at: withdrawn.upperBound),
      let attributes = bytes.piece(at: withdrawn.upperBound + 2, length: Int(attributesLength))
    else { throw .malformedAttributeList }
    let routes = attributes.upperBound..<bytes.count
    // RFC 7606 section 5.3.
    guard PrefixList.isWellFormed(bytes, in: withdrawn, width: 32),
      PrefixList.isWellFormed(bytes, in: routes, width: 32)
    else { throw .invalidNetworkField }

    reading.withdrawn = withdrawn
    reading.routes = routes
    try readAttributes(bytes, attributes)
    if !routes.isEmpty || reading.reach != nil { requireMandatory(hasRoutes: !routes.isEmpty) }

    // RFC 7606 section 5.2: attributes without reachable routes (MP_UNREACH_NLRI alone is no such
    // case) leave it unsure that all routes were seen: nothing milder than a reset will do.
    let isOnlyUnreach =
      reading.unreach != nil && met.count == 1 && fault != .malformedAttributeList
    if reading.kind == .treatAsWithdraw, routes.isEmpty, reading.reach?.hasRoutes != true,
      !isOnlyUnreach, let fault
    {
      throw fault
    }
    reading.kind = conclusion(
      isEmpty: bytes.count == UpdateReader.emptyLength,
      usesIPv4: !withdrawn.isEmpty || !routes.isEmpty)
  }

  private mutating func readAttributes(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(Notification) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      switch PathAttribute.read(bytes, at: offset, end: range.upperBound) {
      case .attribute(let attribute):
        try judge(bytes, attribute)
        offset = attribute.whole.upperBound
      case .overrun(let code):
        // RFC 7606 section 4: the total length is trusted, the routes behind it can be found; but
        // not those inside a multiprotocol attribute (section 3(j)).
        if code == AttributeCode.multiprotocolReach || code == AttributeCode.multiprotocolUnreach {
          throw .malformedAttributeList
        }
        note(.treatAsWithdraw, .malformedAttributeList, code)
        return
      }
    }
  }

  private mutating func judge(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute
  ) throws(Notification) {
    let isMultiprotocol =
      attribute.code == AttributeCode.multiprotocolReach
      || attribute.code == AttributeCode.multiprotocolUnreach
    guard met.insert(attribute.code) else {
      // RFC 7606 section 3(g): the first counts, but of these there may be only one.
      if isMultiprotocol { throw .malformedAttributeList }
      return
    }
    guard let specified = AttributeFlags.specified(for: attribute.code) else {
      // RFC 4271 section 6.3: well-known means that everybody knows it.
      if !attribute.flags.contains(.optional) {
        throw .attribute(.unrecognizedWellKnown, attribute.whole)
      }
      return
    }
    if isMultiprotocol {
      try readMultiprotocol(bytes, attribute)
    }
    guard attribute.flags.agree(with: specified) else {
      note(context.verdictOnFlags(attribute.code), attribute)
      return
    }
    if isMultiprotocol { return }
    let verdict = context.verdict(bytes, attribute)
    note(verdict, attribute)
    if verdict == .accept { keep(bytes, attribute) }
  }

  /// Remembers where those attributes lie that are shown to people.
  private mutating func keep(_ bytes: Span<UInt8>, _ attribute: PathAttribute) {
    switch attribute.code {
    case AttributeCode.nextHop:
      reading.nextHop = bytes.bigEndian32(at: attribute.value.lowerBound)
      nextHopRange = attribute.whole
    case AttributeCode.asPath: reading.path = attribute.value
    case AttributeCode.as4Path: reading.as4Path = attribute.value
    case AttributeCode.communities: reading.communities = attribute.value
    default: return
    }
  }

  private mutating func readMultiprotocol(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute
  ) throws(Notification) {
    if attribute.code == AttributeCode.multiprotocolReach {
      reading.reach = try MultiprotocolAttribute.reach(bytes, attribute, families: context.families)
    } else {
      reading.unreach = try MultiprotocolAttribute.unreach(
        bytes, attribute, families: context.families)
    }
  }

  /// RFC 7606 section 3(d): routes without a well-known mandatory attribute are withdrawn. For
  /// routes in MP_REACH_NLRI the next hop is in there (RFC 4760 section 3).
  private mutating func requireMandatory(hasRoutes: Bool) {
    for code in AttributeCode.origin...AttributeCode.nextHop
    where !met.contains(code) && (hasRoutes || code != AttributeCode.nextHop) {
      note(.treatAsWithdraw, .missingWellKnownAttribute(code), code)
    }
    // RFC 4271 section 6.3: the next hop must be the address of a host. Its section says "log and
    // ignore the route", which is what treat-as-withdraw does.
    if hasRoutes, let nextHop = reading.nextHop, let nextHopRange,
      !UpdateReader.canBeHost(nextHop)
    {
      note(.treatAsWithdraw, .attribute(.invalidNextHop, nextHopRange), AttributeCode.nextHop)
    }
  }

  /// Neither in 0/8 nor 127/8 nor from 224.0.0.0 up (RFC 1122 section 3.2.1.3).
  private static func canBeHost(_ address: UInt32) -> Bool {
    let first = address >> 24
    return first != 0 && first != 127 && first < 224
  }

  private mutating func note(_ verdict: AttributeVerdict, _ attribute: PathAttribute) {
    switch verdict {
    case .accept: break
    case .discard: note(.attributeDiscard, nil, attribute.code)
    case .withdraw(let fault):
      note(.treatAsWithdraw, .attribute(fault, attribute.whole), attribute.code)
    }
  }

  /// RFC 7606 section 3(h): the gravest verdict holds.
  private mutating func note(
    _ verdict: UpdateClass, _ fault: Notification?, _ culprit: UInt8?
  ) {
    if self.fault == nil { self.fault = fault }
    guard verdict.rawValue > reading.kind.rawValue else { return }
    reading.kind = verdict
    reading.culprit = culprit
    reading.subcode = fault?.subcode ?? 0
  }

  private func conclusion(isEmpty: Bool, usesIPv4: Bool) -> UpdateClass {
    let (reach, unreach) = (reading.reach, reading.unreach)
    guard reading.kind == .accept else { return reading.kind }
    // RFC 4724 section 2: for IPv4 unicast an empty UPDATE; else one empty MP_UNREACH_NLRI alone.
    if isEmpty { return context.families.contains(.ipv4Unicast) ? .endOfRIB : .ignored }
    if let unreach, met.count == 1, !unreach.hasRoutes, !usesIPv4 {
      return context.uses(unreach.family) ? .endOfRIB : .ignored
    }
    let usesMultiprotocol = context.uses(reach?.family ?? []) || context.uses(unreach?.family ?? [])
    if usesMultiprotocol || usesIPv4 && context.families.contains(.ipv4Unicast) { return .accept }
    // Only attributes, for no route at all: correct and without effect.
    return reach == nil && unreach == nil && !usesIPv4 ? .accept : .ignored
  }
}
