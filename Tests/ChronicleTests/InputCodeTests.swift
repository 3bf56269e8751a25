// Every input in its byte form and back; the numbers in a file never change.
import BGP
import Chronicle
import Engine
import Failover
import Journal
import Model
import Probes
import Testing

@Suite struct InputCodeTests {
  /// Each case with the bytes that stand for it: what is recorded today is read by every later
  /// version.
  static let inputs: [(Input, [UInt8])] = [
    (.opened(.interfaces, port: 300), [1, 0, 0xac, 2]),
    (.openFailed(.routes, code: 12), [2, 1, 12]),
    (.kernel(.neighbours), [3, 2]),
    (.overrun(.interfaces), [4, 0]),
    (.drained(.routes), [5, 1]),
    (.dumpFailed(.interfaces, code: 105), [6, 0, 105]),
    (.watched(.neighbours), [7, 2]),
    (.unwatched(.neighbours), [8, 2]),
    (.doubted(InterfaceIndex(7)), [9, 7]),
    (.connected(PeerSlot(1)), [10, 1]),
    (.connectFailed(PeerSlot(0)), [11, 0]),
    (.accepted(PeerSlot(1)), [12, 1]),
    (.received(ConnectionSlot(PeerSlot(1), .incoming)), [13, 3]),
    (.closed(ConnectionSlot(PeerSlot(1), .outgoing)), [14, 2]),
    (.hello(FellowSlot(2)), [15, 2]),
    (.paused(Nanoseconds(128)), [16, 0x80, 1]),
    (.turn, [17]),
    (.idle, [18]),
    (.stop, [19]),
    (.held(ConnectionSlot(PeerSlot(0), .incoming)), [27, 1]),
    (.taken(ConnectionSlot(PeerSlot(1), .outgoing)), [28, 2]),
    (.recalled(isSameBoot: true), [21, 1]),
    (.command(.move(VIPSlot(1), to: HostSlot(2), isForced: true)), [22, 1, 2, 1]),
    (.command(.take(VIPSlot(1), isForced: false)), [23, 1, 0]),
    (.command(.give(VIPSlot(0), isForced: true)), [24, 0, 1]),
    (.command(.release(VIPSlot(1))), [25, 1]),
    (.command(.outOfService(VIPSlot(1), true)), [26, 1, 1]),
    (.doomed(true), [30, 1]),
    (.probe(.portOpened(PortSlot(1))), [20, 1, 1]),
    (.probe(.portFailed(PortSlot(1), code: 1)), [20, 2, 1, 1]),
    (.probe(.socketFailed(.bfd, code: 13)), [20, 3, 1, 13]),
    (.probe(.frame(PortSlot(0), ProbeStamp(at: time))), [20, 4, 0] + eight + [0]),
    (
      .probe(.echo(from: source, ProbeStamp(at: time, .doubtful), isWhole: true)),
      [20, 5, 5] + eight + [2, 1]
    ),
    (
      .probe(
        .control(BFDArrival(source: source, hopLimit: 255, isMultihop: true, stamp: time))),
      [20, 6, 5, 255, 1] + eight
    ),
    (.probe(.connected(ProbeConnection(TargetSlot(1), lane: 2))), [20, 7, 6]),
    (.probe(.received(ProbeConnection(TargetSlot(0), lane: 3))), [20, 8, 3]),
    (.probe(.closed(ProbeConnection(TargetSlot(1), lane: 0), .refused)), [20, 9, 4, 3]),
    (.probe(.notSent(TargetSlot(1))), [20, 10, 1]),
    (.probe(.sent(at: time)), [20, 11] + eight),
    (.probe(.heard(until: time)), [20, 12] + eight),
    (.probe(.overrun(PortSlot(1))), [20, 13, 1]),
  ]

  private static let time = Instant(nanoseconds: 0x0102_0304_0506_0708)
  private static let eight: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
  private static let source = IPv4Address(bits: 5)

  private static let beginning = Beginning(
    release: "0", seed: 1, run: 1, wallOffset: 0, configuration: [],
    routeServers: ["10.10.1.4", "10.10.1.5"], fellows: ["a", "b", "c"], vips: ["v", "w"],
    hosts: ["x", "y", "z"], targets: ["s", "t"])

  /// What the recorder wrote, without the header and the beginning.
  private static func recorded(_ input: Input, _ body: [UInt8]) throws -> (
    bytes: [UInt8], record: JournalRecord
  ) {
    var recorder = Recorder(beginning, at: .zero)
    recorder.record(input, body.span, at: Instant(nanoseconds: 9), OutputSum())
    let attached = recorder.attachOldest()
    var position = try #require(attached)
    var bytes: [UInt8] = []
    while !position.hasReached(recorder.end) {
      let piece = recorder.read(&position, limit: 7)
      bytes += try #require(piece)
    }
    var reader = try JournalReader(bytes.span)
    _ = reader.next(in: bytes.span)
    let next = reader.next(in: bytes.span)
    let record = try #require(next)
    #expect(reader.next(in: bytes.span) == nil)
    #expect(reader.end == .complete)
    return (bytes, record)
  }

  @Test(arguments: InputCodeTests.inputs.indices) func bothWays(_ index: Int) throws {
    let (input, code) = InputCodeTests.inputs[index]
    let (bytes, record) = try InputCodeTests.recorded(input, [0xaa, 0xbb])
    #expect(record.payload.map { bytes[$0] } == code + [0, 0xaa, 0xbb])
    let recorded = RecordedInput(record, bytes.span)
    let back = try #require(recorded)
    #expect(back.input == input)
    #expect(back.time == Instant(nanoseconds: 9))
    #expect(back.body.map { bytes[$0] } == [0xaa, 0xbb])
    #expect(back.isPossible(in: InputCodeTests.beginning))
  }

  @Test func eachCodeOnce() {
    // Of a probe's event the second number is its own.
    let probes = InputCodeTests.inputs.map(\.1).filter { $0[0] == 20 }.map { $0[1] }
    #expect(probes == Array(1...UInt8(probes.count)))
    let codes = InputCodeTests.inputs.map { $0.1[0] }.filter { $0 != 20 }
    #expect(codes.sorted() == Array(1...19) + Array(21...28) + [30])
  }

  @Test(arguments: [
    Input.connected(PeerSlot(2)), .received(ConnectionSlot(PeerSlot(2), .outgoing)),
    .hello(FellowSlot(3)), .command(.release(VIPSlot(2))),
    .command(.move(VIPSlot(0), to: HostSlot(3), isForced: false)),
    .probe(.notSent(TargetSlot(2))), .probe(.overrun(PortSlot(2))),
    .probe(.received(ProbeConnection(TargetSlot(2), lane: 0))),
  ])
  func whatThePlanDoesNotHave(_ input: Input) throws {
    let (bytes, record) = try InputCodeTests.recorded(input, [])
    let recorded = RecordedInput(record, bytes.span)
    let back = try #require(recorded)
    #expect(!back.isPossible(in: InputCodeTests.beginning))
  }

  /// Names map numbers: the other configuration lists its route servers the other way round.
  @Test func translated() {
    var other = InputCodeTests.beginning
    other.routeServers = ["10.10.1.5"]
    other.fellows = ["c", "a"]
    other.vips = ["w", "v"]
    other.hosts = ["z"]
    other.targets = ["t"]
    let names = Names(from: InputCodeTests.beginning, to: other)
    #expect(names.translate(.connected(PeerSlot(1))) == .connected(PeerSlot(0)))
    #expect(names.translate(.connected(PeerSlot(0))) == nil)
    #expect(
      names.translate(.closed(ConnectionSlot(PeerSlot(1), .incoming)))
        == .closed(ConnectionSlot(PeerSlot(0), .incoming)))
    #expect(names.translate(.hello(FellowSlot(2))) == .hello(FellowSlot(0)))
    #expect(names.translate(.hello(FellowSlot(1))) == nil)
    #expect(names.translate(.turn) == .turn)
    #expect(
      names.translate(.command(.move(VIPSlot(0), to: HostSlot(2), isForced: true)))
        == .command(.move(VIPSlot(1), to: HostSlot(0), isForced: true)))
    #expect(
      names.translate(.command(.move(VIPSlot(0), to: HostSlot(1), isForced: true))) == nil)
    #expect(names.target(TargetSlot(1)) == TargetSlot(0))
  }
}
