// Every row of the vectors, delivered three ways, gets the reaction that the RFCs want.

import BGP
import Bytes
import Model
import Testing

struct VectorTests {
  /// Rows whose label we do not follow, and the clause why. A row that passes must leave this list.
  static let exceptions: [String: String] = {
    let unrecognized =
      "RFC 4271 section 5: an unrecognised optional attribute is no error; rows of the same kind "
      + "from the RFC text want it accepted"
    let martian =
      "RFC 4271 section 6.3: a loopback address is no valid next hop; the labelled rows of the "
      + "same kind want treat-as-withdraw"
    return [
      "frr-rfc7606/unknown-fd-nontransitive/ebgp": unrecognized,
      "frr-rfc7606/unknown-fd-nontransitive/ibgp": unrecognized,
      "frr-rfc7606/unknown-fe-transitive/ebgp": unrecognized,
      "frr-rfc7606/unknown-fe-transitive/ibgp": unrecognized,
      "exabgp-ci/api-check#4": martian,
      "exabgp-ci/api-multiple-api#2": martian,
      "exabgp-ci/api-nexthop-self#4": martian,
      "exabgp-ci/api-nexthop-self#5": martian,
      "exabgp-ci/conf-generic-attribute#2":
        "RFC 4271 section 6.3: attribute 153 says that it is well-known, and nobody knows it",
      "exabgp-ci/conf-path-information#3":
        "RFC 7911 section 4: path identifiers come only after ADD-PATH, which we never offer",
      "exabgp-ci/extended-nexthop#2":
        "RFC 2545 section 3: the next hop of an IPv6 route has 16 or 32 octets; the capability "
        + "that would allow 4 is not offered",
    ]
  }()

  @Test func vectorsAreComplete() {
    #expect(VectorRow.all.count == 533)
    let ids = Set(VectorRow.all.map(\.id))
    #expect(ids.count == 533)
    for id in VectorTests.exceptions.keys.sorted() { #expect(ids.contains(id), "\(id)") }
  }

  @Test(arguments: VectorRow.all)
  func reaction(to row: VectorRow) throws {
    let deliveries = VectorDelivery.allCases.filter { $0.suits(row) }
    #expect(deliveries.contains(.whole) && deliveries.contains(.byteByByte))
    let reactions = deliveries.map { VectorReaction(to: row, $0) }
    for (delivery, reaction) in zip(deliveries, reactions) {
      #expect(reaction.isConsistent, "\(delivery): \(reaction)")
      #expect(reaction == reactions[0], "\(delivery) differs from whole")
    }
    let isSatisfied = reactions[0].satisfies(row)
    if let reason = VectorTests.exceptions[row.id] {
      #expect(!isSatisfied, "it passes now, take it off the list (\(reason))")
    } else {
      #expect(isSatisfied, "\(row.expect) but \(reactions[0])")
    }
  }
}
