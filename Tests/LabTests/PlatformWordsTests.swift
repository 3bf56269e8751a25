// What one process of the simulated platform writes, the other reads: settings, routes, events.

import Control
import Lab
import Model
import Platform
import Testing

@Suite struct PlatformWordsTests {
  private static let address = IPv4Address(10, 0, 1, 4)

  private func record(_ bytes: [UInt8]) throws -> Record {
    try Record(line: Array(bytes.dropLast()).span)
  }

  @Test func `settings survive the command line`() throws {
    var settings = ServerSettings(
      name: "rs1", address: Self.address,
      peers: [
        ServerPeer(name: "a", address: IPv4Address(10, 0, 2, 10), asn: ASNumber(65001)),
        ServerPeer(name: "b", address: IPv4Address(10, 0, 2, 20), asn: ASNumber(65002)),
      ])
    settings.asn = ASNumber(64_512)
    settings.ownPrefixes = [try #require(Prefix("10.0.0.0/16"))]
    settings.seed = 77
    settings.quirks = .measuring
    settings.quirks.routeLimit = 12
    settings.quirks.programming = .published(percent: 10)
    var words = ["before"] + ServerWords.words(for: settings) + ["after"]
    #expect(ServerWords.settings(from: &words) == settings)
    #expect(words == ["before", "after"])
  }

  @Test(arguments: [
    ["--name", "x"], ["--name", "x", "--address", "10.0.0.256"],
    ["--name", "x", "--address", "10.0.0.1", "--peer", "a=10.0.0.2"],
    ["--name", "x", "--address", "10.0.0.1", "--set", "damping=soon"],
    ["--name", "x", "--address", "10.0.0.1", "--seed"],
  ])
  func `settings without sense are refused`(words: [String]) {
    var words = words
    #expect(ServerWords.settings(from: &words) == nil)
  }

  @Test func `routes of every kind survive`() throws {
    let prefix = try #require(Prefix("10.9.0.0/16"))
    let hops: [NextHopType] = [
      .virtualAppliance([.v4(Self.address)]),
      .virtualAppliance([.v4(Self.address), .v6(IPv6Address(high: 1, low: 2))]), .vnetLocal,
      .internet, .none, .virtualNetworkGateway,
    ]
    for hop in hops {
      let route = UserRoute(name: "r", prefix: prefix, nextHop: hop, overridesBGP: true)
      #expect(TableWords.userRoute(TableWords.words(for: route)) == route)
      let effective = EffectiveRoute(
        prefix: prefix, source: .gateway, nextHop: hop, isActive: false)
      #expect(TableWords.route(try record(TableWords.record(effective, id: "1"))) == effective)
    }
    for words in [["VirtualAppliance"], ["Internet", "10.0.0.1"], ["Nowhere"], []] {
      #expect(TableWords.nextHop(words) == nil)
    }
  }

  @Test func `events survive`() throws {
    let prefix = try #require(Prefix("10.1.0.5/32"))
    let hops = [IPAddress.v4(Self.address)]
    var update = UpdateEvent(peer: "a")
    update.announced = [prefix]
    update.announcedCount = 900
    update.withdrawn = [try #require(Prefix("fd00::/64"))]
    update.withdrawnCount = 1
    update.hop = hops[0]
    update.pathLength = 14
    update.held = 900
    update.dropped = "a \"reason\""
    let events: [ServerEvent] = [
      .ready, .restarting, .returned,
      .sessionUp(peer: "a", holdTime: .seconds(9), families: [.ipv4, .ipv6]),
      .sessionDown(peer: "a", reason: "why"), .refused(address: Self.address, reason: "who"),
      .update(update), .best(prefix: prefix, hops: hops, pathLength: 3),
      .best(prefix: prefix, hops: [], pathLength: 0),
      .programmed(prefix: prefix, hops: hops, waited: .milliseconds(1_810)),
      .askedAgain(peer: "a", family: .ipv6), .wasAsked(peer: "a", family: .ipv4),
    ]
    for event in events {
      let bytes = EventLine.bytes(of: event, at: Instant(nanoseconds: 1_234_567))
      let told = try #require(EventLine.event(try record(bytes)))
      #expect(told.event == event && told.moment == Moment(nanoseconds: 1_234_567))
    }
    let strange = try record(Array("{\"type\":\"news\",\"moment\":1}\n".utf8))
    #expect(EventLine.event(strange) == nil)
  }

  @Test func `what the fabric tells survives`() throws {
    let event = FabricEvent(
      before: Moment(nanoseconds: 5), after: Moment(nanoseconds: 9), subnet: "client",
      prefix: try #require(Prefix("10.1.0.5/32")), what: .forwards, hops: [.v4(Self.address)],
      reason: "none")
    #expect(FabricEvent(try record(event.bytes())) == event)
  }
}
