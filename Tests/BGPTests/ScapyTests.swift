// scapy reads what we write, and we read what scapy writes.

import BGP
import Bytes
import Model
import Testing

@Suite(.enabled(if: Scapy.reasonNotToRun == nil, Comment(rawValue: Scapy.reasonNotToRun ?? "")))
struct ScapyTests {
  // MARK: Ours

  private func update(
    _ prefixes: [String], family: Families = .ipv4Unicast, asn: UInt32, as4: Bool,
    rung: Rung = .last, _ attributes: RouteAttributes = .none
  ) throws -> [UInt8] {
    let encoder = UpdateEncoder(
      localASN: ASNumber(asn), fourOctetAS: as4, extendedMessages: false)
    let routes = EncodedPrefixes(try prefixes.map { try #require(Prefix($0)) }, family)
    var writer = Writer(capacity: encoder.size(of: routes, rung: rung, attributes))
    let hops = NextHopAddresses(IPv4Address(10, 10, 0, 5), IPv6Address("2001:db8:2::5"))
    encoder.write(routes, Announcement(nextHops: hops, rung: rung), attributes, into: &writer)
    return writer.bytes
  }

  /// What takes these back, as one VIP's volley.
  private func withdrawal(_ prefixes: [String], _ families: Families) throws -> [UInt8] {
    let content = VolleyContent(try prefixes.map { try #require(Prefix($0)) })
    var magazine = Magazine([content], peers: 1, localASN: ASNumber(65001))
    let volley = magazine.arm(
      VIPSlot(0), for: PeerSlot(0), .withdrawal,
      negotiated: Negotiated(
        fourOctetAS: true, extendedMessages: false, routeRefresh: true, holdTime: .seconds(180),
        keepalive: .seconds(60), peerIdentifier: IPv4Address(10, 10, 1, 4), families: families),
      epoch: 1)
    return magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
  }

  /// The messages that a session sends until it is stopped, or until it answers `last`.
  private func session(asn: UInt32, families: Families, last: [UInt8]? = nil) -> [[UInt8]] {
    let bench = Bench(
      SessionSettings(
        localASN: ASNumber(asn), localIdentifier: IPv4Address(10, 0, 0, 7),
        peerASN: ASNumber(65515), holdTime: .seconds(30), families: families))
    _ = bench.on(.start)
    _ = bench.on(.connected)
    _ = bench.receive(Wire.open(asn: 65515))
    _ = bench.receive(Wire.keepalive)
    if let last { _ = bench.receive(last) } else { _ = bench.on(.stop(.administrativeShutdown)) }
    return bench.sent
  }

  @Test func `scapy reads every kind of message that we write`() throws {
    var messages: [(fourOctets: Bool, bytes: [UInt8])] = []
    var expected: [String] = []
    func add(_ bytes: [UInt8], as4: Bool = true, _ text: String) {
      messages.append((as4, bytes))
      expected.append(text)
    }
    let goodbye = "hopshiftd stops".utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    let plain = session(asn: 65001, families: .ipv4Unicast)
    try #require(plain.count == 3)
    add(
      plain[0],
      "OPEN version 4 as 65001 hold 30 id 10.0.0.7 [family 1/1, "
        + "code 2 of 0, code 6 of 0, as4 65001]")
    add(plain[1], "KEEPALIVE")
    add(plain[2], "NOTIFICATION 6/2 0f\(goodbye.joined())")
    let wide = session(asn: 4_200_000_000, families: .all, last: Wire.update(attributes: [0x40]))
    try #require(wide.count == 3)
    add(
      wide[0],
      "OPEN version 4 as 23456 hold 30 id 10.0.0.7 [family 1/1, family 2/1, "
        + "code 2 of 0, code 6 of 0, as4 4200000000]")
    add(wide[2], "NOTIFICATION 3/1 ")

    let path = "40/1 origin 0; 40/2 path 2:"
    let hop = "40/3 next-hop 10.10.0.5"
    add(
      try update(["100.64.0.1/32", "10.0.0.0/9", "0.0.0.0/0"], asn: 65001, as4: true),
      "UPDATE withdrawn [] attributes [\(path)65001; \(hop)] "
        + "routes [100.64.0.1/32, 10.0.0.0/9, 0.0.0.0/0]")
    let attributes = RouteAttributes(
      med: 70_000,
      communities: [
        try #require(Community("no-advertise")), try #require(Community("65001:258")),
      ], largeCommunities: [try #require(LargeCommunity("65001:1:4294967295"))])
    let told = "80/4 med 70000; c0/8 communities 65535:65282 65001:258"
    let large = "c0/32 bytes 0000fde900000001ffffffff"
    add(
      try update(["100.64.0.1/32"], asn: 4_200_000_000, as4: true, attributes),
      "UPDATE withdrawn [] attributes [\(path)4200000000; \(hop); \(told); \(large)] "
        + "routes [100.64.0.1/32]")
    add(
      try update(["100.64.0.1/32"], asn: 4_200_000_000, as4: false, attributes), as4: false,
      "UPDATE withdrawn [] attributes [\(path)23456; \(hop); \(told); "
        + "c0/17 path 2:4200000000; \(large)] routes [100.64.0.1/32]")
    let standby = Array(repeating: "65001", count: Rung.standby.pathLength)
    add(
      try update(["100.64.0.1/32"], asn: 65001, as4: false, rung: .standby), as4: false,
      "UPDATE withdrawn [] attributes [\(path)\(standby.joined(separator: ",")); \(hop)] "
        + "routes [100.64.0.1/32]")
    add(
      try update(
        ["2001:db8:1::5/128", "2001:db8:8::/45"], family: .ipv6Unicast, asn: 65001, as4: true,
        attributes),
      "UPDATE withdrawn [] attributes [90/14 reach 2/1 via 2001:db8:2::5 "
        + "[2001:db8:1::5/128, 2001:db8:8::/45]; \(path)65001; \(told); \(large)] routes []")
    add(UpdateEncoder.endOfRIB(.ipv4Unicast), "UPDATE withdrawn [] attributes [] routes []")
    add(
      UpdateEncoder.endOfRIB(.ipv6Unicast),
      "UPDATE withdrawn [] attributes [80/15 unreach 2/1 []] routes []")
    add(
      try withdrawal(["10.1.0.5/32", "10.0.0.0/9"], .ipv4Unicast),
      "UPDATE withdrawn [10.1.0.5/32, 10.0.0.0/9] attributes [] routes []")
    add(
      try withdrawal(["2001:db8:1::5/128", "2001:db8:8::/45"], .ipv6Unicast),
      "UPDATE withdrawn [] attributes [90/15 unreach 2/1 "
        + "[2001:db8:1::5/128, 2001:db8:8::/45]] routes []")

    #expect(try Scapy.decode(messages) == expected)
  }

  // MARK: Theirs

  @Test func `we read what scapy writes`() throws {
    let all = try Scapy.encode()
    for kind in ["OPEN", "UPDATE", "KEEPALIVE", "REFRESH", "NOTIFICATION"] {
      #expect(all.contains { $0.kind == kind })
    }
    for written in all {
      switch written.kind {
      case "OPEN": try readOpen(written)
      case "UPDATE": continue
      default: try readOther(written)
      }
    }
    for fourOctets in [false, true] {
      try readUpdates(all.filter { $0.kind == "UPDATE" && $0.fourOctets == fourOctets })
    }
  }

  private func readOpen(_ written: Scapy.Written) throws {
    let open = try Open(written.bytes.span)
    var says = "\(open.asn) \(open.holdTime) \(open.identifier)"
    if open.capability.families.contains(.ipv4Unicast) { says += " v4" }
    if open.capability.families.contains(.ipv6Unicast) { says += " v6" }
    if open.capability.routeRefresh { says += " refresh" }
    if open.capability.extendedMessages { says += " extended" }
    if open.capability.fourOctetAS != nil { says += " as4" }
    #expect(says == written.says)
  }

  /// UPDATEs of one session: the class of each, and every route that is there after it.
  private func readUpdates(_ stream: [Scapy.Written]) throws {
    let bench = Bench(
      SessionSettings(
        localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
        peerASN: ASNumber(65515), holdTime: .seconds(180), families: .all))
    let first = try #require(stream.first)
    let open = Wire.open(asn: 65515, as4: first.fourOctets, ipv6: true)
    #expect(bench.reach(.established, open: open))
    for written in stream {
      let actions = bench.receive(written.bytes)
      guard case .update(let kind)? = actions.first, actions.count == 1 else {
        Issue.record("\(actions) of \(Wire.text(written.bytes))")
        continue
      }
      let routes = bench.received.routes.map { "\($0.prefix) \($0.nextHop) \($0.path.asns)" }
      #expect(
        "\(kind)|\(routes.sorted().joined(separator: "; "))" == written.says,
        "\(Wire.text(written.bytes))")
    }
  }

  private func readOther(_ written: Scapy.Written) throws {
    let bench = Bench(
      SessionSettings(
        localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
        peerASN: ASNumber(65001), holdTime: .seconds(180), families: .all))
    #expect(bench.reach(.established, open: Wire.open(ipv6: true)))
    let actions = bench.receive(written.bytes)
    switch written.kind {
    case "KEEPALIVE": #expect(actions.isEmpty && bench.state == .established)
    case "REFRESH":
      #expect(actions == [.refreshRequested(written.says == "1" ? .ipv4Unicast : .ipv6Unicast)])
    default:
      let words = written.says.split(separator: " ")
      let numbers = words[0].split(separator: "/").compactMap { UInt8($0) }
      #expect(
        actions.contains(.down(.notificationReceived(code: numbers[0], subcode: numbers[1]))))
      #expect(bench.shutdownCommunication == (words.count > 1 ? String(words[1]) : nil))
    }
  }
}
