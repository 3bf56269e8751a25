// The judge must fail what must fail: each planted fault is found, and a clean shift passes.

import Lab
import Model
import Testing

private let incumbent = IPv4Address(10, 0, 2, 20)
private let claimant = IPv4Address(10, 0, 2, 10)
private let server = Endpoint(address: IPv4Address(10, 0, 1, 4), port: 179)

struct WireJudgeTests {
  /// A fault to plant into a clean shift.
  enum Fault: CaseIterable {
    case none
    case second
    case missing
    case withdrawal
    case notBetter
    case wrongSpeaker
    case tooLate
  }

  private static func moment(_ milliseconds: Int64) -> Moment {
    Moment(nanoseconds: milliseconds * 1_000_000)
  }

  private static func judge(_ fault: Fault) -> WireJudge {
    var reader = WireReader()
    let source = Endpoint(address: fault == .wrongSpeaker ? incumbent : claimant, port: 40_000)
    var messages = [(Int64(1), Samples.open(asn: 65001, fourOctet: true))]
    if fault != .missing {
      let update = Samples.update(
        pathLength: fault == .notBetter ? 15 : 14, withdrawing: fault == .withdrawal)
      messages.append((fault == .tooLate ? 5_000 : 1_001, update))
    }
    if fault == .second { messages.append((1_002, Samples.update(pathLength: 13))) }
    reader.read(
      Segment(source: server, destination: source, sequence: 0, isSYN: true), at: moment(0))
    reader.read(
      Segment(
        source: server, destination: source, sequence: 1,
        payload: Samples.open(asn: 65515, fourOctet: true)), at: moment(0))
    var sequence: UInt32 = 1
    for (time, bytes) in messages {
      reader.read(
        Segment(source: source, destination: server, sequence: sequence, payload: bytes),
        at: moment(time))
      sequence += UInt32(bytes.count)
    }
    return WireJudge(instance: "rs1", reader: reader)
  }

  @Test(arguments: Fault.allCases)
  func `a shift is judged`(fault: Fault) throws {
    let expected = ExpectedShift(
      prefix: try #require(Prefix("10.1.0.5/32")), claimant: claimant,
      speakers: [claimant, incumbent], shorterThan: 15, from: WireJudgeTests.moment(1_000),
      until: WireJudgeTests.moment(4_000))
    let faults = WireJudgeTests.judge(fault).faults(of: expected)
    #expect(faults.isEmpty == (fault == .none), "\(faults)")
  }

  /// A message that must never be seen during a run, and whether the judge has to object.
  @Test(arguments: [
    (Samples.keepalive, false),
    (Samples.update(pathLength: 14), false),
    (Samples.update(pathLength: 14, withdrawing: true), true),
    // Cease, administrative shutdown (RFC 4486).
    (Samples.message(type: 3, [6, 2]), true),
    // Cease, connection collision resolution, before any route.
    (Samples.message(type: 3, [6, 7]), false),
    // An UPDATE whose only attribute is MP_UNREACH_NLRI.
    (Samples.message(type: 2, [0, 0, 0, 6, 0x80, 15, 3, 0, 1, 1]), true),
    // End-of-RIB.
    (Samples.message(type: 2, [0, 0, 0, 0]), false),
    (Samples.message(type: 9, []), true),
  ])
  func `the whole run is judged`(bytes: [UInt8], isFault: Bool) {
    var reader = WireReader()
    let source = Endpoint(address: claimant, port: 40_000)
    for (payload, peer) in [
      (Samples.open(asn: 65515, fourOctet: true), true),
      (Samples.open(asn: 65001, fourOctet: true), false),
    ] {
      reader.read(
        Segment(
          source: peer ? server : source, destination: peer ? source : server, sequence: 1,
          payload: payload), at: WireJudgeTests.moment(1))
    }
    let next = 1 + UInt32(Samples.open(asn: 65001, fourOctet: true).count)
    reader.read(
      Segment(source: source, destination: server, sequence: next, payload: bytes),
      at: WireJudgeTests.moment(2))
    let judge = WireJudge(instance: "rs1", reader: reader)
    let until = WireJudgeTests.moment(3)
    let faults = judge.faultsOfWholeRun(speakers: [claimant], until: until)
    #expect(faults.isEmpty == !isFault, "\(faults)")
    // Of strangers nothing is said, nor of what came after the end.
    #expect(judge.faultsOfWholeRun(speakers: [incumbent], until: until).isEmpty)
    let before = WireJudgeTests.moment(1)
    #expect(judge.faultsOfWholeRun(speakers: [claimant], until: before).isEmpty)
  }

  @Test(arguments: [true, false])
  func `a connection that spoke and ended is a fault, one that never spoke is not`(spoke: Bool) {
    var reader = WireReader()
    let source = Endpoint(address: claimant, port: 40_000)
    let open = Samples.open(asn: 65001, fourOctet: true)
    if spoke {
      reader.read(
        Segment(source: source, destination: server, sequence: 1, payload: open),
        at: WireJudgeTests.moment(1))
    }
    reader.read(
      Segment(
        source: source, destination: server, sequence: 1 + UInt32(open.count), isRST: true),
      at: WireJudgeTests.moment(2))
    let judge = WireJudge(instance: "rs1", reader: reader)
    let faults = judge.faultsOfWholeRun(speakers: [claimant], until: WireJudgeTests.moment(3))
    #expect(faults.isEmpty == !spoke)
  }
}
