// The built hopshift-lab as resource manager and metadata service of one test, and a client for it.

import Azure
import Control
import Foundation
import HTTPS
import Lab
import Model
import Testing

// Words that other rooms use too.
typealias Request = Azure.Request
typealias Answer = Azure.Answer
typealias Endpoint = Azure.Endpoint

/// The process, its records and its files, gone at the end.
final class Service {
  static let table =
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/lab"
    + "/providers/Microsoft.Network/routeTables/udr"

  let rest: UInt16
  let metadata: UInt16
  private let place: String
  private let process = Process()
  private var asked = 0

  private var control: String { place + "/control" }
  var authority: String { place + "/authority.pem" }
  private var log: String { place + "/log" }

  init() throws {
    // A socket's path holds 107 bytes.
    place = "/tmp/hopshift-rest-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    process.executableURL = tests.appending(path: "hopshift-lab")
    process.arguments =
      ["rest", "--control", place + "/control", "--authority", place + "/authority.pem"]
      + [
        "--subnet", "pair=10.0.2.0/24=udr", "--machine", "a=pair=10.0.2.10", "--table", "udr",
        "--lasts", "50ms",
      ]
    let path = place + "/log"
    try Data().write(to: URL(filePath: path))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: path))
    try process.run()
    let ready = try Service.wait("the service to be ready") {
      try Service.records(path).first { $0.type == "ready" }
    }
    rest = UInt16(try #require(ready.integer("rest")))
    metadata = UInt16(try #require(ready.integer("metadata")))
  }

  deinit {
    process.terminate()
    process.waitUntilExit()
    do {
      try FileManager.default.removeItem(atPath: place)
    } catch { Issue.record(error) }
  }

  var isRunning: Bool { process.isRunning }

  /// Until the condition gives something, half a minute at most.
  static func wait<Value>(_ what: String, _ look: () throws -> Value?) throws -> Value {
    let deadline = Date(timeIntervalSinceNow: 30)
    while Date() < deadline {
      if let value = try look() { return value }
      _ = poll(nil, 0, 10)
    }
    throw Late(what: what)
  }

  struct Late: Error { var what: String }

  private static func records(_ path: String) throws -> [Record] {
    let text = try Data(contentsOf: URL(filePath: path))
    // The last piece may be a line that is being written.
    return try text.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map {
      try Record(line: Array($0).span)
    }
  }

  /// Every call that was answered, in order.
  func calls() throws -> [ToldCall] { try Service.records(log).compactMap { ToldCall($0) } }

  /// The bytes of everything that was told.
  func told() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: log))) }

  @discardableResult
  func ask(_ words: String) throws -> [Record] {
    asked += 1
    return try ControlCall.ask(
      control, words.split(separator: " ").map(String.init), id: "\(asked)",
      within: .seconds(20), of: "the service")
  }

  // MARK: A client

  var management: Endpoint { Endpoint(host: "localhost", port: rest) }
  var metadataEndpoint: Endpoint { .plain("127.0.0.1", metadata) }

  func transport() throws -> Transport { try #require(Transport(authority: authority)) }

  /// A good token.
  func token(_ transport: Transport) throws -> String {
    let request = Metadata.token(.system, audience: Cloud.world.audience, at: metadataEndpoint)
    let answer = Answer(try transport.ask(request, token: nil).get())
    return try #require(Token(answer.body, wall: nil)).secret
  }

  static func route(_ name: String = "vip") throws -> ResourceID {
    try #require(ResourceID(table)?.child("routes", name))
  }

  func put(_ hop: String) throws -> Request {
    let prefix = try #require(Prefix("10.64.0.0/12"))
    let address = try #require(IPAddress(hop))
    return Calls.put(
      try Service.route(), Calls.body(prefix, address), ifMatch: nil, at: management)
  }

  func get() throws -> Request { Calls.get(try Service.route(), at: management) }

  /// The next hop that stands, as a person would see it.
  func hop() throws -> String? {
    try ask("routes").first { $0.string("name") == "vip" }?.string("hop")
  }
}

extension Answer {
  init(_ incoming: Incoming) {
    self.init(
      status: incoming.status, headers: incoming.headers.map { Header($0.name, $0.value) },
      body: incoming.body)
  }
}

extension Transport {
  /// One request and what comes of it; every exchange has a limit, so this has one too.
  func ask(
    _ request: Request, token: String?, limit: Nanoseconds = .seconds(10),
    bodyLimit: Int = 64 << 10
  ) throws -> Result<Incoming, Failure> {
    let method = try #require(Outgoing.Method(rawValue: request.method.rawValue))
    let outgoing = Outgoing(
      method, request.url, headers: request.headers, token: token, body: request.body,
      limit: limit, bodyLimit: bodyLimit)
    let id = try #require(start(outgoing))
    return try #require(finish(id))
  }

  /// Turns until an exchange is finished.
  func finish(_ id: ExchangeID) -> Result<Incoming, Failure>? {
    var settings: UInt64 = 0
    var due: Date?
    for _ in 0..<1_000_000 {
      if timerSettings != settings {
        settings = timerSettings
        due = timer.map { Date(timeIntervalSinceNow: Double($0.count) / 1e9) }
      }
      for (found, result) in takeFinished() where found == id { return result }
      let now = Date()
      if let moment = due, moment <= now {
        due = nil
        timerFired()
        continue
      }
      let wait = due.map { Int32(min($0.timeIntervalSince(now) * 1_000 + 1, 5_000)) } ?? 5_000
      var set = watched.map {
        pollfd(
          fd: $0.descriptor, events: Int16(($0.reads ? POLLIN : 0) | ($0.writes ? POLLOUT : 0)),
          revents: 0)
      }
      _ = unsafe poll(&set, nfds_t(set.count), wait)
      for entry in set where entry.revents != 0 {
        let bits = Int32(entry.revents)
        ready(
          entry.fd, reads: bits & POLLIN != 0, writes: bits & POLLOUT != 0,
          error: bits & (POLLERR | POLLHUP) != 0)
      }
    }
    return nil
  }
}
