// An instance on a bench: peers that speak by hand, and a clock that is turned by hand.

import Model
import Platform

/// Two peers, 10.0.2.10 and 10.0.2.20, both of AS 65001 unless said otherwise.
struct Bench {
  static let vip = Prefix("10.1.0.5/32")!
  static let a = IPv4Address(10, 0, 2, 10)
  static let b = IPv4Address(10, 0, 2, 20)

  var server: RouteServer
  var now = Instant.zero
  /// Everything that was put out so far.
  var outputs: [RouteServer.Output] = []

  static func settings(_ change: (inout Quirks) -> Void = { _ in }) -> ServerSettings {
    var settings = ServerSettings(
      name: "rs1", address: IPv4Address(10, 0, 1, 4),
      peers: [
        ServerPeer(name: "a", address: a, asn: ASNumber(65001)),
        ServerPeer(name: "b", address: b, asn: ASNumber(65001)),
      ])
    settings.quirks = .measuring
    // Peers connect here; who connects first is a test of its own.
    settings.quirks.connects = false
    change(&settings.quirks)
    return settings
  }

  init(_ settings: ServerSettings = Bench.settings()) {
    server = RouteServer(settings, at: .zero)
    collect()
  }

  mutating func collect() { outputs += server.takeOutputs() }

  /// Forgets what was put out, so that what comes next stands alone.
  mutating func clear() { outputs.removeAll() }

  mutating func pass(_ length: Nanoseconds) {
    now = now + length
    server.tick(at: now)
    collect()
  }

  /// Changes a quirk that there is.
  mutating func set(_ name: String, _ value: String) {
    precondition(server.set(name, value, at: now), "\(name) is no quirk, or \(value) no value")
    collect()
  }

  // MARK: Peers

  /// What a peer's OPEN is made of.
  static func open(
    from address: IPv4Address, asn: UInt32 = 65001, holdTime: Int64 = 30,
    _ change: (inout Quirks) -> Void = { _ in }
  ) -> [UInt8] {
    var settings = ServerSettings(name: "peer", address: address, peers: [])
    settings.asn = ASNumber(asn)
    settings.quirks.holdTime = .seconds(holdTime)
    change(&settings.quirks)
    return MessageWriter.opening(settings)
  }

  /// A connection from a peer that has said its OPEN.
  mutating func begin(
    _ address: IPv4Address, open: [UInt8]? = nil
  ) -> ConnectionKey? {
    let key = server.accepted(from: address, at: now)
    collect()
    if let key { receive(open ?? Bench.open(from: address), on: key) }
    return key
  }

  /// A session that is up.
  mutating func establish(_ address: IPv4Address, open: [UInt8]? = nil) -> ConnectionKey {
    guard let key = begin(address, open: open) else { preconditionFailure("it was refused") }
    receive(MessageWriter.keepalive, on: key)
    return key
  }

  mutating func receive(_ bytes: [UInt8], on key: ConnectionKey) {
    server.received(bytes, on: key, at: now)
    collect()
  }

  /// An announcement by `address` with itself as next hop.
  static func announcement(
    _ prefix: Prefix = vip, by address: IPv4Address, length: Int,
    _ change: (inout MessageWriter.Attributes) -> Void = { _ in }
  ) -> [UInt8] {
    var attributes = MessageWriter.Attributes(
      path: Array(repeating: 65001, count: length), hop: .v4(address))
    change(&attributes)
    return MessageWriter.update(prefix, attributes, fourOctet: true)
  }

  mutating func announce(
    _ prefix: Prefix = vip, by address: IPv4Address, length: Int, on key: ConnectionKey
  ) {
    receive(Bench.announcement(prefix, by: address, length: length), on: key)
  }

  // MARK: What came out

  var events: [ServerEvent] {
    outputs.compactMap { if case .event(let event) = $0 { event } else { nil } }
  }

  /// The messages sent on a connection.
  func sent(on key: ConnectionKey) -> [WireMessage] {
    var reader = MessageReader()
    for case .send(key, let bytes) in outputs { reader.append(bytes) }
    var found: [WireMessage] = []
    while let message = reader.next(fourOctet: true) { found.append(message) }
    return found
  }

  func notifications(on key: ConnectionKey) -> [WireMessage] {
    sent(on: key).filter { if case .notification = $0 { true } else { false } }
  }

  /// Reasons of sessions that went down.
  var downs: [String] {
    events.compactMap { if case .sessionDown(_, let reason) = $0 { reason } else { nil } }
  }

  func programmed(_ prefix: Prefix = vip) -> [IPAddress] { server.programmed(prefix) }
}
