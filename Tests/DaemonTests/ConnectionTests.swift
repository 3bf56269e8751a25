// One connection over real TCP whose buffers are tiny: what is cut is finished before anything newer.

import BGP
import Engine
import Glibc
import Linux
import Model
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
  /// Prefixes of a VIP whose volley is larger than all buffers on its way.
  private static let many = 20_000

  /// A connection, its far end, and volleys of two VIPs at two rungs each.
  private final class Stage {
    let connection: Connection
    let far: TCPSocket
    var magazine: Magazine
    var salvo: Salvo
    var timeline: Timeline
    private(set) var heard: [UInt8] = []
    private var buffer = ReceiveBuffer()
    static let slot = ConnectionSlot(PeerSlot(0), .incoming)
    static let large = VIPSlot(0)
    static let small = VIPSlot(1)

    init() throws {
      let loopback = IPv4Address(127, 0, 0, 1)
      let listener = try TCPListener(on: loopback, port: 0)
      let far = try TCPSocket.connect(
        from: loopback, to: loopback, port: listener.port, userTimeout: .seconds(30))
      var accepted: TCPSocket?
      try ConnectionTests.within("the connection to stand") {
        accepted = try listener.accept()
        switch accepted {
        case .some: return true
        case .none: return false
        }
      }
      guard let near = accepted.take() else { throw Errno.notConnected }
      Stage.limit(near.raw, SO_SNDBUF)
      Stage.limit(far.raw, SO_RCVBUF)
      let plan = try Stage.plan()
      magazine = Magazine(
        plan.vips.map { VolleyContent($0.prefixes) }, peers: 1, localASN: plan.local.asn)
      salvo = Salvo(for: magazine)
      timeline = Timeline(for: plan)
      connection = Connection(
        PeerSlot(0), vips: 2, longest: magazine.longest, holdTime: .seconds(30))
      _ = try connection.adopt(near)
      self.far = far
    }

    private static func limit(_ descriptor: Int32, _ option: Int32) {
      // Far less than a volley, and enough for more than one segment.
      var size: Int32 = 16_384
      let result = unsafe setsockopt(
        descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
      #expect(result == 0)
    }

    private static func plan() throws -> Plan {
      let local = IPv4Address(10, 0, 2, 10)
      let owner = Plan.Owner(address: .v4(local), interfaces: [])
      let prefixes = try (0..<(ConnectionTests.many + 1)).map { number in
        try #require(Prefix(.v4(IPv4Address(bits: 0x0b00_0000 + UInt32(number))), length: 32))
      }
      return Plan(
        local: .init(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: .init(
          platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
          peers: [IPv4Address(10, 0, 1, 4)]),
        vips: [
          Plan.VIP(name: "large", prefixes: Array(prefixes.dropLast()), owner: owner),
          Plan.VIP(name: "small", prefixes: [prefixes[ConnectionTests.many]], owner: owner),
        ])
    }

    /// Arms a volley and puts it into the outbox; gives its bytes.
    func fire(_ vip: VIPSlot, _ rung: Rung) -> [UInt8] {
      let negotiated = Negotiated(
        fourOctetAS: true, extendedMessages: false, routeRefresh: true, holdTime: .seconds(30),
        keepalive: .seconds(10), peerIdentifier: IPv4Address(10, 0, 1, 4))
      let volley = magazine.arm(
        vip, for: PeerSlot(0),
        Announcement(nextHops: NextHopAddresses(IPv4Address(10, 0, 2, 10)), rung: rung),
        negotiated: negotiated, epoch: 1)
      connection.add(Outbox.Entry(volley: volley, vip: vip, shift: 0))
      return magazine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
    }

    /// Sends until TCP takes nothing more.
    func clog() throws {
      var last = -1
      var still = 0
      try ConnectionTests.within("TCP to be full") {
        _ = try launch()
        still = connection.outbox.byteCount == last ? still + 1 : 0
        last = connection.outbox.byteCount
        return still > 1_000
      }
    }

    func launch() throws -> Input? {
      try connection.launch(magazine, &salvo, messageLimit: 4_096)
      return connection.takeFlow(Stage.slot)
    }

    /// The far end reads what is there.
    func read() throws {
      while let count = try far.receive(into: &buffer), count > 0 {
        heard += buffer.withBytes { bytes in (0..<count).map { bytes[$0] } }
      }
    }
  }

  /// Waits for a condition, for so long that a busy machine is no failure.
  private static func within(_ what: String, _ holds: () throws -> Bool) throws {
    let deadline = Clock.monotonic() + .seconds(30)
    while try !holds() {
      try #require(Clock.monotonic() < deadline, "waited in vain for \(what)")
      sched_yield()
    }
  }

  private static let keepalive =
    [UInt8](repeating: 0xff, count: 16) + [0, 19, 4] as [UInt8]

  @Test func whatHasBegunIsFinishedAndWhatHasNotIsReplaced() throws {
    let stage = try Stage()
    let first = stage.fire(Stage.large, .owner)
    #expect(try stage.launch() == .held(Stage.slot))
    try stage.clog()
    let begun = stage.connection.outbox.begunCount
    #expect(begun > 0 && begun < first.count)

    let old = stage.fire(Stage.small, .owner)
    _ = try stage.launch()
    let new = stage.fire(Stage.small, .firstTakeover)
    let second = stage.fire(Stage.large, .firstTakeover)
    try stage.connection.add(Self.keepalive.span)
    #expect(stage.connection.outbox.waitingCount == 2)

    var told: [Input] = []
    try Self.within("everything to arrive") {
      try stage.read()
      if let flow = try stage.launch() { told.append(flow) }
      return !stage.connection.isWaiting
    }
    let expected = first + new + second + Self.keepalive
    try Self.within("the last bytes") {
      try stage.read()
      return stage.heard.count >= expected.count
    }
    #expect(stage.heard == expected)
    #expect(old != new && old.count < first.count)
    // The engine heard of progress, and in the end that all was taken.
    #expect(told.last == .taken(Stage.slot))
    #expect(told.dropLast().allSatisfy { $0 == .held(Stage.slot) })
    #expect(told.count > 2)
  }

  /// However often everything is asked for again while nothing leaves: one volley for each VIP
  /// waits, and the memory is what it was.
  @Test func answersThatCannotLeaveDoNotPileUp() throws {
    let stage = try Stage()
    _ = stage.fire(Stage.large, .owner)
    #expect(try stage.launch() == .held(Stage.slot))
    try stage.clog()
    let begun = stage.connection.outbox.begunCount
    for round in 0..<10_000 {
      let rung: Rung = round % 2 == 0 ? .owner : .firstTakeover
      _ = stage.fire(Stage.small, rung)
      _ = try stage.launch()
    }
    #expect(stage.connection.outbox.waitingCount == 1)
    #expect(stage.connection.outbox.begunCount <= begun)
    #expect(stage.connection.outbox.begunCount > 0)
  }

  /// The engine is told when a whole message has left, and only then.
  @Test func aFewBytesTakenAreNotTold() throws {
    let stage = try Stage()
    _ = stage.fire(Stage.large, .owner)
    #expect(try stage.launch() == .held(Stage.slot))
    var known = stage.connection.outbox.completed
    try Self.within("everything to leave") {
      try stage.read()
      let flow = try stage.launch()
      let completed = stage.connection.outbox.completed
      if stage.connection.isWaiting { #expect((flow != nil) == (completed != known)) }
      known = completed
      return flow == .taken(Stage.slot)
    }
    #expect(!stage.connection.isWaiting)
  }
}
