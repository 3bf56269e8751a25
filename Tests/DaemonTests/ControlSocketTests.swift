// The control socket over a real UNIX stream: requests, refusals, and a reader that is too slow.

import BGP
import Chronicle
import Control
import Engine
import Foundation
import Linux
import Model
import Testing

@testable import Daemon

struct ControlSocketTests {
  /// A server, and one client of it that was accepted.
  private struct Line: ~Copyable {
    var server: ControlServer
    let epoll: Epoll
    let stream: UnixStream
    let client: ControlClient
    private var buffer = ReceiveBuffer()
    private var requests = ReceiveBuffer(capacity: ControlClient.readSize)
    var now = Instant.zero
    private var assembly = LineBuffer(limit: ControlLimits.recordLine)

    init() throws {
      let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "hopshift-\(UUID().uuidString).sock"
      ).path
      var server = try ControlServer(path: path)
      let epoll = try Epoll(capacity: 8)
      let stream = try UnixStream.connect(path: path)
      let accepted = try server.accept()
      let slot = try #require(accepted)
      try epoll.add(
        slot.raw, token: Loop.token(.client, slot.slot, slot.generation), interest: .read)
      let found = server.client(slot.slot, slot.generation)
      client = try #require(found)
      self.server = server
      self.epoll = epoll
      self.stream = stream
    }

    func send(_ text: String) throws {
      let bytes = Array(text.utf8)
      let sent = try stream.send(bytes.span)
      #expect(sent == bytes.count)
    }

    /// Lets the server send, and reads what came; empty when nothing is on the way.
    mutating func records() throws -> [Record] {
      server.settle(at: now, epoll: epoll)
      var records: [Record] = []
      while let count = try stream.receive(into: &buffer), count > 0 {
        var offset = 0
        while offset < count {
          let end = min(count, offset + assembly.room)
          let failure = buffer.withBytes { bytes -> LineBufferError? in
            do throws(LineBufferError) {
              try assembly.append(bytes.extracting(offset..<end))
              return nil
            } catch {
              return error
            }
          }
          try #require(failure == nil)
          offset = end
          while let line = try assembly.next() { records.append(try Record(line: line.span)) }
        }
        server.settle(at: now, epoll: epoll)
      }
      return records
    }

    /// What the loop does for a client that is readable.
    mutating func receive() throws {
      if client.interest.contains(.read) { try client.receive(&requests) }
    }

    /// Answers what was asked, one request a turn, and counts the turns.
    mutating func answerAll() throws -> Int {
      var turns = 0
      while server.hasWork {
        for client in server.waiting {
          let request = try #require(client.takeRequest())
          try ControlSocketTests.answer(request, to: client)
        }
        turns += 1
      }
      return turns
    }
  }

  private static func plan() -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let vip = IPv4Address(10, 1, 0, 5)
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4), IPv4Address(10, 0, 1, 5)]),
      vips: [
        Plan.VIP(
          name: "web", prefixes: Prefix(.v4(vip), length: 32).map { [$0] } ?? [],
          owner: .init(address: .v4(vip), interfaces: []))
      ])
  }

  private static func answer(_ request: Request, to client: ControlClient) throws {
    let engine = Engine(plan(), seed: 1)
    let moment = Moment(
      facts: ProcessFacts(
        configuration: "/etc/x.yaml", configurationText: [], configurationSum: 0, processID: 7,
        capabilities: "none", mayOpenRawSockets: false, started: .zero),
      door: Door.Facts(sockets: 1, strangers: 0), turned: .zero, turns: TurnLengths(),
      pauses: Pauses(), outcomes: RouteOutcomes(vips: 1), tables: TableReports(),
      events: MachineEvents(),
      measures: Measures(for: plan()),
      hasCourier: false, vacated: [], now: .zero + .seconds(3))
    let connections = (0..<(2 * ConnectionSlot.perPeer)).map {
      Connection(
        ConnectionSlot(index: $0).peer, vips: 1, longest: 200, holdTime: .seconds(30))
    }
    Report.answer(
      request, to: client, engine: engine, connections: connections,
      sources: KernelClass.allCases.map(KernelSource.init),
      recorder: Recorder(Loop.beginning(plan(), 1, 1, moment.facts), at: .zero),
      state: nil, history: History(for: plan()), moment: moment)
  }

  @Test func statusSaysEverythingOnceAndEnds() throws {
    var line = try Line()
    try line.send("1 q7 status\n")
    try line.receive()
    _ = try line.answerAll()
    let records = try line.records()
    #expect(records.map(\.type) == ["daemon", "route-server", "route-server", "vip", "end"])
    #expect(records.allSatisfy { $0.id == "q7" && $0.integer("v") == 1 })
    #expect(records[0].integer("uptime-ms") == 3_000)
    #expect(records[1].string("address") == "10.0.1.4")
    #expect(records[3].string("name") == "web")
    #expect(records[3].string("state") == "unknown")
    #expect(records[4].exitCode == .ok)
  }

  @Test func receivedNamesEachRouteServerOnce() throws {
    var line = try Line()
    let ask = { (words: [String]) in try Request(id: "r", verb: .received, words: words) }
    try Self.answer(try ask([]), to: line.client)
    let all = try line.records()
    #expect(all.map(\.type) == ["received", "received", "end"])
    #expect(all.map { $0.string("route-server") } == ["10.0.1.4", "10.0.1.5", nil])
    #expect(all[0].integer("routes") == 0 && all[0].string("state") == "Idle")
    try Self.answer(try ask(["10.0.1.5", "errors"]), to: line.client)
    let one = try line.records()
    #expect(one.map { $0.string("route-server") } == ["10.0.1.5", nil])
    try Self.answer(try ask(["10.0.1.6"]), to: line.client)
    try Self.answer(try ask(["10.0.1.4", "10.0.1.5"]), to: line.client)
    let ends = try line.records()
    #expect(ends.map(\.exitCode) == [.failure, .usage])
    #expect(
      ends[0].string("message")
        == "there is no route server 10.0.1.6; there are 10.0.1.4, 10.0.1.5")
  }

  @Test func severalRequestsInOnePieceAreSeveralAnswers() throws {
    var line = try Line()
    try line.send("1 a version\n1 b version\n1 c no-such-verb\n")
    try line.receive()
    let turns = try line.answerAll()
    #expect(turns == 2)
    let ends = try line.records().filter(\.isEnd)
    #expect(ends.map(\.id).sorted() == ["a", "b", "c"])
    #expect(ends.first { $0.id == "c" }?.exitCode == .usage)
  }

  /// A client that is let go is not read any more, however much it still sends: the loop would
  /// otherwise wake for it without end.
  @Test func aLineWithoutAnEndIsRefusedAndTheClientLetGo() throws {
    var line = try Line()
    try line.send(String(repeating: "x", count: 8 * ControlLimits.requestLine))
    while line.client.interest.contains(.read) { try line.receive() }
    let (request, isClosing) = (line.client.request, line.client.isClosing)
    #expect(request == nil)
    #expect(isClosing)
    #expect(line.client.interest == .write)
    let codes = try line.records().map(\.exitCode)
    #expect(codes == [.usage])
    // Its slot is free: the answer was taken.
    let client = line.server.client(0, line.client.generation)
    #expect(client == nil)
  }

  @Test func whoDoesNotTakeTheLastAnswerIsDroppedAfterAWhile() throws {
    var line = try Line()
    line.client.enqueue([UInt8](repeating: 0x20, count: ControlClient.queueLimit))
    line.client.closeWhenSent()
    line.server.settle(at: line.now, epoll: line.epoll)
    let before = line.server.client(0, line.client.generation)
    #expect(before != nil)
    line.server.settle(
      at: line.now + ControlClient.farewell + .milliseconds(1), epoll: line.epoll)
    let after = line.server.client(0, line.client.generation)
    #expect(after == nil)
  }

  /// `printf '1 a status\n' | socat - UNIX-CONNECT:...` closes its half at once.
  @Test func aClientThatHasSaidAllStillGetsItsAnswers() throws {
    var line = try Line()
    try line.send("1 a version\n1 b version\n")
    try line.stream.shutdownWrite()
    try line.receive()
    try line.receive()
    _ = try line.answerAll()
    let records = try line.records()
    #expect(records.filter(\.isEnd).map(\.id) == ["a", "b"])
    let client = line.server.client(0, line.client.generation)
    #expect(client == nil)
  }

  /// More valid lines than any buffer holds: none is refused, each is answered in its turn.
  @Test func aFloodOfShortRequestsIsAnsweredOneATurn() throws {
    var line = try Line()
    let count = 3_000
    var text = ""
    for number in 0..<count { text += "1 \(number) version\n" }
    try line.send(text)
    var ends = 0
    var turns = 0
    while ends < count && turns < 2 * count {
      try line.receive()
      for client in line.server.waiting {
        let request = try #require(client.takeRequest())
        try Self.answer(request, to: client)
      }
      turns += 1
      ends += try line.records().filter(\.isEnd).filter { $0.exitCode == .ok }.count
    }
    #expect(ends == count)
    #expect(turns >= count)
  }

  @Test func monitoringNothingKnownIsRefused() throws {
    var line = try Line()
    try Self.answer(try Request(id: "m", verb: .monitor, words: ["weather"]), to: line.client)
    let codes = try line.records().map(\.exitCode)
    #expect(codes == [.usage])
    let isMonitoring = line.client.isMonitoring
    #expect(!isMonitoring)
  }

  @Test func aSlowReaderIsToldWhatItMissed() throws {
    var line = try Line()
    try Self.answer(try Request(id: "m", verb: .monitor, words: ["alarm"]), to: line.client)
    let text = String(repeating: "a", count: 4_000)
    let published = 4_000
    for number in 0..<published {
      line.server.publish(.alarm) { id in
        var record = JSONLine(id: id, type: "alarm")
        record.add("number", number)
        record.add("text", text)
        return record.finish()
      }
    }
    let queued = line.client.queued
    #expect(queued <= ControlClient.queueLimit)
    var records = try line.records()
    // The loss is told with the first record that fits again.
    line.server.publish(.alarm) { JSONLine(id: $0, type: "alarm").finish() }
    records += try line.records()
    let lost = records.compactMap { $0.integer("lost") }
    #expect(lost.count == 1)
    #expect(records.count - lost.count + Int(lost.reduce(0, +)) == published + 1)
    #expect(records.last?.type == "alarm")
  }

  @Test func beyondTheLimitNobodyIsKeptAndTheOthersStay() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "hopshift-\(UUID().uuidString).sock"
    ).path
    var server = try ControlServer(path: path)
    var accepted = 0
    for _ in 0..<ControlServer.clientLimit {
      let stream = try UnixStream.connect(path: path)
      accepted += try server.accept() == nil ? 0 : 1
      _ = consume stream
    }
    #expect(accepted == ControlServer.clientLimit)
    let late = try UnixStream.connect(path: path)
    let refused = try server.accept() == nil
    #expect(refused)
    let count = server.refused
    #expect(count == 1)
    var buffer = ReceiveBuffer()
    let received = try late.receive(into: &buffer)
    #expect(received == 0)
  }
}
