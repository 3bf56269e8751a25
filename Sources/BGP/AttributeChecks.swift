// Judges the value of each path attribute by its specification, one clause a branch.

import Bytes

/// What RFC 7606 section 2 would have done with one attribute.
enum AttributeVerdict: Hashable {
  case accept
  case discard
  /// Treat as withdraw; the fault is what a reset would name.
  case withdraw(Notification.AttributeFault)
}

extension UpdateContext {
  /// What follows from flags that are not the specified ones.
  func verdictOnFlags(_ code: UInt8) -> AttributeVerdict {
    switch code {
    // RFC 7311 section 3.2, RFC 9552 section 8.2.2, RFC 8669 section 6: discard.
    case AttributeCode.accumulatedIGP, AttributeCode.linkState, AttributeCode.prefixSID: .discard
    // RFC 7606 section 3(c).
    default: .withdraw(.flags)
    }
  }

  /// Judges the value of an attribute whose flags are right. The multiprotocol attributes are
  /// judged by `MultiprotocolAttribute`; an unrecognised optional attribute is accepted
  /// (RFC 4271 section 5).
  func verdict(_ bytes: Span<UInt8>, _ attribute: PathAttribute) -> AttributeVerdict {
    let value = attribute.value
    switch attribute.code {
    case AttributeCode.origin:
      // RFC 7606 section 7.1.
      if value.count != 1 { return .withdraw(.length) }
      return bytes[value.lowerBound] <= 2 ? .accept : .withdraw(.invalidOrigin)
    case AttributeCode.asPath:
      // RFC 7606 section 7.2. An empty path is legal syntax.
      return ASPath.isWellFormed(bytes, in: value, octetsPerAS: octetsPerAS)
        ? .accept : .withdraw(.malformedASPath)
    case AttributeCode.nextHop, AttributeCode.multiExitDiscriminator:
      // RFC 7606 sections 7.3 and 7.4.
      return value.count == 4 ? .accept : .withdraw(.length)
    case AttributeCode.localPreference, AttributeCode.originatorID:
      // RFC 7606 sections 7.5 and 7.9: from outside it is discarded, whatever it says.
      if isExternal { return .discard }
      return value.count == 4 ? .accept : .withdraw(.length)
    case AttributeCode.clusterList:
      // RFC 7606 section 7.10.
      if isExternal { return .discard }
      return verdictOnList(value, of: 4)
    case AttributeCode.atomicAggregate:
      // RFC 7606 section 7.6.
      return value.isEmpty ? .accept : .discard
    case AttributeCode.aggregator:
      return verdictOnAggregator(bytes, value, octetsPerAS: octetsPerAS)
    case AttributeCode.communities:
      // RFC 7606 section 7.8.
      return verdictOnList(value, of: 4)
    case AttributeCode.extendedCommunities:
      // RFC 7606 section 7.14.
      return verdictOnList(value, of: 8)
    case AttributeCode.ipv6ExtendedCommunities:
      // RFC 7606 section 7.15.
      return verdictOnList(value, of: 20)
    case AttributeCode.largeCommunities:
      // RFC 8092 section 6.
      return verdictOnList(value, of: 12)
    case AttributeCode.as4Path, AttributeCode.as4Aggregator:
      return verdictOnFourOctetTwin(bytes, attribute)
    default:
      return verdictOnExtension(bytes, attribute)
    }
  }

  /// A list that must not be empty and whose items have `size` octets.
  private func verdictOnList(_ value: Range<Int>, of size: Int) -> AttributeVerdict {
    !value.isEmpty && value.count % size == 0 ? .accept : .withdraw(.length)
  }

  /// RFC 7606 section 7.7: an AS number and an address. RFC 7607 section 2: AS 0 is discarded too.
  private func verdictOnAggregator(
    _ bytes: Span<UInt8>, _ value: Range<Int>, octetsPerAS: Int
  ) -> AttributeVerdict {
    guard value.count == octetsPerAS + 4 else { return .discard }
    for index in value.prefix(octetsPerAS) where bytes[index] != 0 { return .accept }
    return .discard
  }

  /// AS4_PATH and AS4_AGGREGATOR, which only a speaker with two-octet numbers should send.
  private func verdictOnFourOctetTwin(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute
  ) -> AttributeVerdict {
    if attribute.code == AttributeCode.as4Aggregator {
      // RFC 6793 section 6: malformed, or from a speaker with four-octet numbers: discard.
      let verdict = verdictOnAggregator(bytes, attribute.value, octetsPerAS: 4)
      return fourOctetAS ? .discard : verdict
    }
    let isWellFormed =
      !attribute.value.isEmpty && ASPath.isWellFormed(bytes, in: attribute.value, octetsPerAS: 4)
    // RFC 6793 section 6: malformed from a two-octet speaker is discarded; whatever comes from a
    // four-octet speaker too. We are stricter with the latter when it is malformed as well, as
    // FRR is: such a speaker has no business with this attribute, and its path is in doubt.
    guard fourOctetAS else { return isWellFormed ? .accept : .discard }
    return isWellFormed ? .discard : .withdraw(.optional)
  }

  /// The newer attributes, most of them lists of type, length and value.
  private func verdictOnExtension(
    _ bytes: Span<UInt8>, _ attribute: PathAttribute
  ) -> AttributeVerdict {
    let value = attribute.value
    switch attribute.code {
    case AttributeCode.pmsiTunnel:
      return AttributeValues.isPMSITunnel(bytes, value) ? .accept : .withdraw(.optional)
    case AttributeCode.tunnelEncapsulation:
      // RFC 9012 section 13: what cannot be parsed is treated as withdraw.
      return AttributeValues.isTunnelEncapsulation(bytes, value) ? .accept : .withdraw(.optional)
    case AttributeCode.accumulatedIGP:
      // RFC 7311 section 3.4: unless it is enabled on the session (within one AS it is), it
      // counts as unrecognised and non-transitive; section 3.2: malformed is discarded.
      if isExternal { return .accept }
      return AttributeValues.isAccumulatedIGP(bytes, value) ? .accept : .discard
    case AttributeCode.linkState:
      // RFC 9552 section 8.2.2.
      return AttributeValues.isTLVs(bytes, value, typeOctets: 2) ? .accept : .discard
    case AttributeCode.onlyToCustomer:
      // RFC 9234 section 5: four octets; AS 0 is not an AS (RFC 7607).
      guard value.count == 4 else { return .withdraw(.length) }
      return bytes.bigEndian32(at: value.lowerBound) != 0 ? .accept : .withdraw(.optional)
    case AttributeCode.nextHopCharacteristics:
      return AttributeValues.isNextHopCharacteristics(bytes, value) ? .accept : .discard
    case AttributeCode.prefixSID:
      // RFC 8669 section 6.
      return AttributeValues.isPrefixSID(bytes, value) ? .accept : .discard
    default:
      return .accept
    }
  }
}
