// Variants of UPDATEs made from a table of what each attribute's own RFC says, not from the reader.

import BGP
import Model
import Testing

/// One attribute as its specification has it, and what its faults lead to on an external session.
struct AttributeVariant: Sendable, CustomTestStringConvertible {
  let name: String
  let code: UInt8
  /// Optional and Transitive.
  let flags: UInt8
  let value: String
  /// What a right one leads to, and one with other flags.
  var right = UpdateClass.accept
  var onFlags = UpdateClass.treatAsWithdraw
  /// Values that are wrong, and what they lead to.
  var wrong: [(value: String, leadsTo: UpdateClass)] = []
  var isMandatory = false

  var testDescription: String { name }

  func bytes(flags: UInt8, value: [UInt8]) -> [UInt8] {
    [flags, code] + (flags & 0x10 != 0 ? Wire.be16(value.count) : [UInt8(value.count)]) + value
  }

  var bytes: [UInt8] { bytes(flags: flags, value: Wire.hex(value)) }

  /// The lengths of this list, but for multiples of `size`, are wrong (RFC 7606 sections 7.8, 7.14
  /// and 7.15, RFC 8092 section 6).
  private static func lists(of size: Int) -> [(value: String, leadsTo: UpdateClass)] {
    [0, 1, size - 1, size + 1, 2 * size - 1].map {
      (String(repeating: "00", count: $0), .treatAsWithdraw)
    }
  }

  static let mandatory: [AttributeVariant] = [
    .init(
      name: "ORIGIN", code: 1, flags: 0x40, value: "00",
      wrong: [
        ("", .treatAsWithdraw), ("03", .treatAsWithdraw), ("ff", .treatAsWithdraw),
        ("0000", .treatAsWithdraw),
      ], isMandatory: true),
    .init(
      name: "AS_PATH", code: 2, flags: 0x40, value: "0201 0000fde9",
      wrong: [
        ("02", .treatAsWithdraw), ("0200", .treatAsWithdraw), ("0201 0000fd", .treatAsWithdraw),
        ("0202 0000fde9", .treatAsWithdraw), ("0201 0000fde9 02", .treatAsWithdraw),
        ("0201 00000000", .treatAsWithdraw), ("0001 0000fde9", .treatAsWithdraw),
        ("0301 0000fde9", .treatAsWithdraw), ("0401 0000fde9", .treatAsWithdraw),
        ("0501 0000fde9", .treatAsWithdraw), ("0201 0000fde9 0101 00000000", .treatAsWithdraw),
        ("0201 fde9", .treatAsWithdraw), ("", .accept),
        (
          "0201 0000fde9 0102 00000001 00000002",
          .accept
        ), ("0101 00005ba0", .accept),
      ], isMandatory: true),
    .init(
      name: "NEXT_HOP", code: 3, flags: 0x40, value: "0a000002",
      wrong: [
        ("", .treatAsWithdraw), ("0a0000", .treatAsWithdraw), ("0a00000200", .treatAsWithdraw),
        ("00000000", .treatAsWithdraw), ("7f000001", .treatAsWithdraw),
        ("e0000001", .treatAsWithdraw), ("ffffffff", .treatAsWithdraw),
        (String(repeating: "20", count: 16), .treatAsWithdraw),
      ], isMandatory: true),
  ]

  static let others: [AttributeVariant] = [
    .init(
      name: "MULTI_EXIT_DISC", code: 4, flags: 0x80, value: "00000001",
      wrong: [
        ("", .treatAsWithdraw), ("000001", .treatAsWithdraw), ("0000000001", .treatAsWithdraw),
      ]),
    // RFC 7606 sections 7.5, 7.9 and 7.10: from outside these are discarded, whatever they say.
    .init(
      name: "LOCAL_PREF", code: 5, flags: 0x40, value: "00000064", right: .attributeDiscard,
      wrong: [("", .attributeDiscard), ("000064", .attributeDiscard)]),
    .init(
      name: "ATOMIC_AGGREGATE", code: 6, flags: 0x40, value: "",
      wrong: [("00", .attributeDiscard), ("00000000", .attributeDiscard)]),
    .init(
      name: "AGGREGATOR", code: 7, flags: 0xc0, value: "0000fde9 0a000002",
      wrong: [
        ("", .attributeDiscard), ("fde9 0a000002", .attributeDiscard),
        ("0000fde9 0a0000", .attributeDiscard), ("0000fde9 0a000002 00", .attributeDiscard),
        ("00000000 0a000002", .attributeDiscard),
      ]),
    .init(name: "COMMUNITIES", code: 8, flags: 0xc0, value: "ffff0000", wrong: lists(of: 4)),
    .init(
      name: "ORIGINATOR_ID", code: 9, flags: 0x80, value: "0a000002", right: .attributeDiscard,
      wrong: [("", .attributeDiscard), ("0a", .attributeDiscard)]),
    .init(
      name: "CLUSTER_LIST", code: 10, flags: 0x80, value: "0a000002", right: .attributeDiscard,
      wrong: [("", .attributeDiscard), ("0a000002 00", .attributeDiscard)]),
    .init(
      name: "EXTENDED COMMUNITIES", code: 16, flags: 0xc0, value: "0002fde900000001",
      wrong: lists(of: 8)),
    // RFC 6793 section 6: from a speaker with four-octet numbers these are discarded.
    .init(
      name: "AS4_PATH", code: 17, flags: 0xc0, value: "0201 0000fde9", right: .attributeDiscard),
    .init(
      name: "AS4_AGGREGATOR", code: 18, flags: 0xc0, value: "0000fde9 0a000002",
      right: .attributeDiscard,
      wrong: [("", .attributeDiscard), ("fde9 0a000002", .attributeDiscard)]),
    .init(
      name: "PMSI_TUNNEL", code: 22, flags: 0xc0, value: "00 06 000010 0a000002",
      wrong: [("00 06 0000", .treatAsWithdraw), ("00 06 000010 0a0000", .treatAsWithdraw)]),
    .init(
      name: "IPv6 EXTENDED COMMUNITIES", code: 25, flags: 0xc0,
      value: "0002 20010db8000000000000000000000001 0001", wrong: lists(of: 20)),
    .init(
      name: "LARGE_COMMUNITY", code: 32, flags: 0xc0, value: "0000fde9 00000001 00000002",
      wrong: lists(of: 12)),
    .init(
      name: "OTC", code: 35, flags: 0xc0, value: "0000fde9",
      wrong: [
        ("", .treatAsWithdraw), ("fde9", .treatAsWithdraw), ("0000fde900", .treatAsWithdraw),
        ("00000000", .treatAsWithdraw),
      ]),
    .init(
      name: "BGP Prefix-SID", code: 40, flags: 0xc0, value: "01 0007 00 0000 00000001",
      onFlags: .attributeDiscard,
      wrong: [("01", .attributeDiscard), ("01 0008 00 0000 00000001", .attributeDiscard)]),
  ]

  static let all = mandatory + others
}

struct VariantTests {
  private func established() -> Bench {
    let bench = Bench()
    #expect(bench.reach(.established))
    return bench
  }

  /// The message with one attribute put in the place of its right form, or added.
  private func update(_ variant: AttributeVariant, _ bytes: [UInt8]) -> [UInt8] {
    var attributes: [UInt8] = []
    for other in AttributeVariant.mandatory where other.code != variant.code {
      attributes += other.bytes
    }
    return Wire.update(attributes: bytes + attributes, routes: Wire.goodRoute)
  }

  private func kind(_ message: [UInt8]) -> UpdateClass? {
    let bench = established()
    let actions = bench.receive(message)
    guard actions.count == 1, case .update(let kind) = actions[0] else { return nil }
    // The session goes on, and the route is there exactly when it was accepted.
    #expect(bench.sent.isEmpty && bench.state == .established)
    let isThere = kind == .accept || kind == .attributeDiscard
    #expect(bench.received.routes.count == (isThere ? 1 : 0))
    return kind
  }

  /// The body of the NOTIFICATION that ends a session which gets this.
  private func refusal(_ message: [UInt8], _ bench: Bench) -> [UInt8]? {
    let actions = bench.receive(message)
    guard actions.contains(.close), bench.state == .idle, bench.sent.count == 1,
      let last = bench.sent.last, last.count >= 21, last[18] == 3
    else { return nil }
    return Array(last[19...])
  }

  @Test(arguments: AttributeVariant.all)
  func everyOctetOfFlags(variant: AttributeVariant) {
    for flags in UInt8.min...UInt8.max {
      let bytes = variant.bytes(flags: flags, value: Wire.hex(variant.value))
      // RFC 7606 section 3(c); Partial only with optional transitive ones (RFC 4271 section 4.3);
      // Extended Length is how long the length is, and the rest means nothing.
      let isRight = flags & 0xc0 == variant.flags && (variant.flags == 0xc0 || flags & 0x20 == 0)
      let wanted = isRight ? variant.right : variant.onFlags
      #expect(kind(update(variant, bytes)) == wanted, "flags \(flags)")
    }
  }

  @Test(arguments: AttributeVariant.all)
  func everyWrongValue(variant: AttributeVariant) {
    for (value, wanted) in variant.wrong {
      let value = Wire.hex(value)
      for flags in [variant.flags, variant.flags | 0x10] {
        let bytes = variant.bytes(flags: flags, value: value)
        #expect(kind(update(variant, bytes)) == wanted, "\(value)")
      }
    }
  }

  /// RFC 7606 section 3(g): the first counts, whatever the second says; and it counts also when it
  /// is the wrong one.
  @Test(arguments: AttributeVariant.all)
  func theFirstOfTwoCounts(variant: AttributeVariant) {
    let right = variant.bytes
    #expect(kind(update(variant, right + right)) == variant.right)
    for (value, wanted) in variant.wrong {
      let wrong = variant.bytes(flags: variant.flags, value: Wire.hex(value))
      #expect(kind(update(variant, right + wrong)) == variant.right, "\(value)")
      #expect(kind(update(variant, wrong + right)) == wanted, "\(value)")
    }
  }

  /// RFC 7606 section 3(d).
  @Test(arguments: AttributeVariant.mandatory)
  func aMandatoryOneThatIsMissing(variant: AttributeVariant) {
    #expect(kind(update(variant, [])) == .treatAsWithdraw)
  }

  @Test func anyOrderWillDo() {
    let pieces = AttributeVariant.mandatory.map(\.bytes) + AttributeVariant.others.map(\.bytes)
    for shift in pieces.indices {
      let rotated = Array((pieces[shift...] + pieces[..<shift]).joined())
      #expect(
        kind(Wire.update(attributes: rotated, routes: Wire.goodRoute)) == .attributeDiscard)
      let reversed = Array((pieces[shift...] + pieces[..<shift]).reversed().joined())
      #expect(
        kind(Wire.update(attributes: reversed, routes: Wire.goodRoute)) == .attributeDiscard)
    }
  }

  /// RFC 7606 section 4: the total length is believed, the routes behind it are withdrawn. Section
  /// 5.2: without routes nobody knows what was meant.
  @Test(arguments: AttributeVariant.all)
  func anAttributeThatDoesNotFit(variant: AttributeVariant) {
    let good = AttributeVariant.mandatory.filter { $0.code != variant.code }.flatMap(\.bytes)
    let whole = variant.bytes(flags: variant.flags | 0x10, value: Wire.hex(variant.value) + [0])
    for kept in 1..<whole.count {
      let attributes = good + whole.prefix(kept)
      let message = Wire.update(attributes: attributes, routes: Wire.goodRoute)
      #expect(kind(message) == .treatAsWithdraw, "\(kept) octets")
      #expect(
        refusal(Wire.update(attributes: attributes), established())?.prefix(2) == [3, 1],
        "\(kept) octets")
    }
  }

  /// RFC 4271 section 6.3 and RFC 7606 section 3(i): whoever does not know a well-known attribute
  /// cannot go on; an optional one is carried past, of whatever length.
  @Test func attributesThatNobodyKnows() {
    let known = Set(AttributeVariant.all.map(\.code) + [14, 15, 23, 26, 29, 39])
    for code in UInt8.min...UInt8.max where !known.contains(code) {
      let unknown = AttributeVariant(name: "\(code)", code: code, flags: 0, value: "c0ffee")
      for flags: UInt8 in [0x80, 0xa0, 0xc0, 0xe0, 0x90, 0xff] {
        for value in [[], Wire.hex("c0ffee")] {
          let bytes = unknown.bytes(flags: flags, value: value)
          #expect(kind(update(unknown, bytes)) == .accept, "\(code), flags \(flags)")
        }
      }
      for flags: UInt8 in [0x00, 0x20, 0x40, 0x60, 0x50] {
        let bytes = unknown.bytes(flags: flags, value: Wire.hex("c0ffee"))
        #expect(refusal(update(unknown, bytes), established()) == [3, 2] + bytes, "\(code)")
      }
    }
  }

  /// RFC 7606 sections 3(j), 5.3 and 7.11, RFC 4760 section 7, RFC 2545 section 3: routes that
  /// cannot be told apart end the session.
  @Test(
    arguments: [
      (14, "", 1), (14, "0002 01", 1), (14, "0002 01 00", 1), (14, "0002 01 00 00", 1),
      (14, "0002 01 04 0a000002 00", 1), (14, "0002 01 ff 00", 1),
      (14, "0002 01 0f 20010db8000000000000000000000000 00", 1),
      (14, "0002 01 10 20010db8000000000000000000000001", 1),
      (
        14, "0002 01 10 20010db8000000000000000000000001 00 81 20010db8000000000000000000000001 00",
        9
      ),
      (14, "0002 01 10 20010db8000000000000000000000001 00 40 20010db8", 9),
      (14, "0001 01 10 20010db8000000000000000000000001 00", 1),
      (14, "0001 01 04 0a000002 00 21 cb007100", 9),
      (15, "", 9), (15, "00", 9), (15, "0002", 9), (15, "0002 01 40", 9), (15, "0002 01 81 00", 9),
      (15, "0001 01 21 cb007100", 9),
    ] as [(UInt8, String, UInt8)])
  func multiprotocolThatCannotBeRead(code: UInt8, value: String, subcode: UInt8) {
    let attribute = AttributeVariant(name: "", code: code, flags: 0x80, value: value)
    for routes in [[], Wire.goodRoute] {
      let settings = SessionSettings(
        localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
        peerASN: ASNumber(65001), holdTime: .seconds(180), families: [.ipv4Unicast, .ipv6Unicast])
      let bench = Bench(settings)
      #expect(bench.reach(.established, open: Wire.open(ipv6: true)))
      let message = Wire.update(attributes: attribute.bytes + Wire.goodAttributes, routes: routes)
      #expect(refusal(message, bench)?.prefix(2) == [3, subcode])
    }
  }

  /// RFC 4271 section 6.1: shorter than its kind can be, or longer than the session allows, with
  /// the length that was refused.
  @Test func lengthsThatNoMessageHas() {
    let limits: [(type: UInt8, least: Int, most: Int)] = [
      (1, 29, 4096), (2, 23, 4096), (3, 21, 4096), (4, 19, 19), (5, 23, 4096),
    ]
    let lengths = [0, 1, 18, 19, 20, 21, 22, 23, 28, 4096, 4097, 65_535]
    for (type, least, most) in limits {
      for length in lengths where length < least || length > most {
        // All of it is there, so that nothing else can be what is waited for.
        var message = Wire.message(type, [UInt8](repeating: 0, count: max(0, length - 19)))
        message.replaceSubrange(16..<18, with: Wire.be16(length))
        #expect(refusal(message, established()) == [1, 2] + Wire.be16(length), "\(type) \(length)")
      }
    }
    for type in [0, 6, 7, 128, 255] as [UInt8] {
      #expect(refusal(Wire.message(type), established()) == [1, 3, type])
    }
    for place in 0..<16 {
      var message = Wire.keepalive
      message[place] = 0xfe
      #expect(refusal(message, established()) == [1, 1])
    }
  }

  /// RFC 8654 section 4: only the session that agreed on them has longer messages, and never an
  /// OPEN or a KEEPALIVE.
  @Test func longMessagesNeedTheCapability() {
    let padding = AttributeVariant(name: "", code: 250, flags: 0xc0, value: "")
    let attributes =
      Wire.goodAttributes + padding.bytes(flags: 0xd0, value: [UInt8](repeating: 7, count: 5000))
    let message = Wire.update(attributes: attributes, routes: Wire.goodRoute)
    #expect(refusal(message, established()) == [1, 2] + Wire.be16(message.count))
    let bench = Bench()
    #expect(bench.reach(.established, open: Wire.open(extended: true)))
    #expect(bench.receive(message) == [.update(.accept)])
  }

  /// A NOTIFICATION is never answered (RFC 4271 section 6.4), whatever it says and however long.
  @Test func everyNotificationEndsTheSession() {
    for code in UInt8.min...9 {
      for subcode in [0, 1, 2, 4, 8, 10, 11, 255] as [UInt8] {
        for data in [[], [0], [255], [UInt8](repeating: 0xc3, count: 4075)] as [[UInt8]] {
          let bench = established()
          let actions = bench.receive(Wire.notification(code, subcode, data))
          #expect(actions.contains(.close) && bench.sent.isEmpty)
          #expect(bench.lastError == .notificationReceived(code: code, subcode: subcode))
        }
      }
    }
  }

  /// RFC 2918 section 4 and RFC 7313 section 5: only subtype 0 asks for something.
  @Test func onlyAPlainRefreshIsARequest() {
    for subtype in UInt8.min...UInt8.max {
      let bench = established()
      let actions = bench.receive(Wire.refresh(subtype: subtype))
      #expect(actions == (subtype == 0 ? [.refreshRequested(.ipv4Unicast)] : []))
      #expect(bench.state == .established && bench.sent.isEmpty)
    }
    for (afi, safi) in [(1, 2), (1, 128), (2, 1), (25, 65), (0, 0), (65_535, 255)] {
      let bench = established()
      #expect(bench.receive(Wire.refresh(afi: afi, safi: UInt8(safi))) == [])
      #expect(bench.state == .established && bench.sent.isEmpty)
    }
  }
}
