// ARP, ICMP and HTTP on the wire: what we write, what we take, and what we refuse.
import Bytes
import Model
import Testing

@testable import Probes

@Suite struct PacketTests {
  static let ours = MACAddress(bits: 0x02_00_00_00_00_01)
  static let theirs = MACAddress(bits: 0x02_00_00_00_00_02)
  static let ourAddress = IPv4Address(10, 0, 0, 1)
  static let theirAddress = IPv4Address(10, 0, 0, 2)

  /// A reply of iputils' arping's counterpart, the Linux kernel, field by field (RFC 826).
  static let reply = hex(
    """
    020000000001 020000000002 0806 0001 0800 06 04 0002
    020000000002 0a000002 020000000001 0a000001
    """)

  @Test func aQuestionToEverybodyAndToOne() {
    let everybody = ARPPacket(
      asking: Self.theirAddress, known: nil, from: Self.ours, Self.ourAddress)
    #expect(
      written(everybody.write)
        == hex(
          """
          ffffffffffff 020000000001 0806 0001 0800 06 04 0001
          020000000001 0a000001 000000000000 0a000002
          """))
    let one = ARPPacket(
      asking: Self.theirAddress, known: Self.theirs, from: Self.ours, Self.ourAddress)
    #expect(written(one.write).prefix(6) == hex("020000000002")[...])
    #expect(readARP(written(one.write)) == one)
  }

  @Test func anAnswerIsAddressedToTheAsker() throws {
    let packet = try #require(readARP(Self.reply))
    #expect(packet.answers(Self.ours, Self.ourAddress))
    #expect(packet.sender == Self.theirs && packet.senderAddress == Self.theirAddress)
    #expect(!packet.answers(Self.theirs, Self.ourAddress))
    #expect(!packet.answers(Self.ours, Self.theirAddress))
    // With padding, as it comes from a wire.
    #expect(ARPPacket((Self.reply + [UInt8](repeating: 0, count: 18)).span) == packet)
  }

  /// Offset and value of the byte that makes the reply useless.
  @Test(arguments: [
    (0, UInt8(0xff)), (7, 9), (12, 9), (15, 2), (17, 1), (18, 8), (19, 16), (21, 1), (22, 3),
    (37, 7), (41, 9),
  ])
  func whatIsNoAnswer(offset: Int, value: UInt8) {
    var bytes = Self.reply
    bytes[offset] = value
    #expect(!(readARP(bytes)?.answers(Self.ours, Self.ourAddress) ?? false))
  }

  @Test func framesAreCutAndDamagedWithoutHarm() {
    var mutator = Mutator(seed: 826)
    for length in 0..<Self.reply.count { #expect(readARP(Self.reply.prefix(length)) == nil) }
    for _ in 0..<10_000 { _ = readARP(mutator.damage(Self.reply)) }
  }

  @Test func checksumOfTheRFC() {
    // RFC 1071 section 3: the sum of these words is ddf2.
    #expect(checksum(hex("0001f203f4f5f6f7")) == ~0xddf2)
    #expect(checksum(hex("01")) == ~0x0100)
    #expect(checksum([UInt8](repeating: 255, count: 65_536)) == 0)
  }

  @Test func anEchoComesBackAsItWent() throws {
    let packet = EchoPacket(
      identifier: 77, target: TargetSlot(3), number: 0x1_0005, token: 0x1122_3344_5566_7788)
    var bytes = written(packet.writeRequest)
    #expect(bytes.count == EchoPacket.size && checksum(bytes) == 0)
    #expect(readEcho(bytes) == nil, "our own question is no answer")
    bytes[0] = EchoPacket.reply
    #expect(readEcho(bytes) == nil, "the checksum covers the type")
    bytes[2] &+= 8
    #expect(readEcho(bytes) == packet)
    var mutator = Mutator(seed: 792)
    var survivors = 0
    for _ in 0..<10_000 where readEcho(mutator.damage(bytes)).map({ $0 != packet }) ?? false {
      survivors += 1
    }
    // Two changes may cancel out in the checksum: then the token is there.
    #expect(survivors < 100)
  }

  @Test func theHeaderOfARawSocketIsSkipped() {
    var packet = [UInt8](repeating: 0, count: 44)
    packet[0] = 0x45
    packet[9] = 1
    #expect(startOfICMP(packet) == 20)
    packet[0] = 0x46
    #expect(startOfICMP(packet) == 24)
    packet[6] = 0x20
    #expect(startOfICMP(packet) == nil, "a fragment")
    packet[6] = 0x40
    #expect(startOfICMP(packet) == 24, "do not fragment")
    packet[0] = 0x44
    #expect(startOfICMP(packet) == nil)
    packet[0] = 0x4f
    #expect(startOfICMP(packet.prefix(59)) == nil)
    #expect(startOfICMP([]) == nil)
  }

  // MARK: HTTP

  private func check(_ text: String? = nil, _ statuses: ClosedRange<UInt16> = 200...399)
    -> HTTPCheck
  {
    HTTPCheck(
      Plan.Probe.Fetch(
        port: 80, authority: "ws1:80", path: "/health?x=1", statuses: statuses, text: text))
  }

  /// The verdict on an answer that comes in pieces of a size.
  private func judge(_ answer: String, _ check: HTTPCheck, by size: Int) -> HTTPExchange.Verdict {
    var exchange = HTTPExchange()
    let bytes = Array(answer.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      let verdict = exchange.read(bytes[start..<min(start + size, bytes.count)].span, check)
      if verdict != .open { return verdict }
    }
    return .open
  }

  @Test func theRequestIsWhole() {
    #expect(
      String(decoding: check().request, as: UTF8.self)
        == "GET /health?x=1 HTTP/1.1\r\nHost: ws1:80\r\nUser-Agent: hopshift\r\nAccept: */*\r\n"
        + "Connection: close\r\n\r\n")
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\n", HTTPExchange.Verdict.good), ("HTTP/1.0 204\r\n", .good),
    ("HTTP/1.1 399 \n", .good), ("HTTP/1.1 404 Not Found\r\n", .bad), ("HTTP/1.1 2000", .bad),
    ("HTTP/2 200 OK\r\n", .bad), ("SSH-2.0-OpenSSH\r\n", .bad), ("HTTP/1.1 20", .open),
    ("HTTP/1.1  200 OK", .bad), ("HTTP/1.1 2OO OK", .bad), ("", .open),
    ("HTTP/1.1 100 C\r\n", .bad),
  ])
  func statusLines(answer: String, verdict: HTTPExchange.Verdict) {
    for size in [1, 3, 64] { #expect(judge(answer, check(), by: size) == verdict) }
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nwell abababac here", HTTPExchange.Verdict.good),
    ("HTTP/1.1 200 OK\n\nababac", .good), ("HTTP/1.1 200 OK\r\n\r\nababa", .open),
    ("HTTP/1.1 200 OK\r\nX: ababac\r\n", .open), ("HTTP/1.1 500 No\r\n\r\nababac", .bad),
  ])
  func bodies(answer: String, verdict: HTTPExchange.Verdict) {
    for size in [1, 2, 7, 999] { #expect(judge(answer, check("ababac"), by: size) == verdict) }
  }

  @Test func anEndlessAnswerEnds() {
    #expect(
      judge("HTTP/1.1 200 " + String(repeating: "x", count: 2_000), check("a"), by: 100) == .bad)
    let body = "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "b", count: 70_000)
    #expect(judge(body, check("a"), by: 1_000) == .bad)
  }

  @Test func damagedAnswersAreJudgedWithoutHarm() {
    var mutator = Mutator(seed: 9_112)
    let answer = Array("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello world".utf8)
    let expectation = check("world")
    for _ in 0..<10_000 {
      var exchange = HTTPExchange()
      _ = exchange.read(mutator.damage(answer).span, expectation)
    }
  }
}
