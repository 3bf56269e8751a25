// HTTPS against a real TLS server that behaves and misbehaves: what comes of each exchange.

import Foundation
import HTTPS
import Model
import Testing

/// The server and its certificate, gone at the end.
final class Server {
  let port: Int
  let certificate: String
  private let place: URL
  private let process = Process()
  private let input = Pipe()

  init(_ more: [String] = []) throws {
    place = FileManager.default.temporaryDirectory.appendingPathComponent(
      "https-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    certificate = place.appendingPathComponent("certificate.pem").path
    let key = place.appendingPathComponent("key.pem").path
    let maker = Process()
    maker.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    maker.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
      "-keyout", key, "-out", certificate,
    ]
    maker.standardError = FileHandle.nullDevice
    try maker.run()
    maker.waitUntilExit()
    let script = try #require(Bundle.module.url(forResource: "server", withExtension: "py"))
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script.path, certificate, key] + more
    process.standardInput = input
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var line = Data()
    while line.last != 0x0a {
      let next = output.fileHandleForReading.readData(ofLength: 1)
      try #require(!next.isEmpty, "the server has not started")
      line += next
    }
    let text = String(decoding: line.dropLast(), as: UTF8.self)
    port = try #require(Int(text))
  }

  deinit {
    do {
      try input.fileHandleForWriting.close()
      process.waitUntilExit()
      try FileManager.default.removeItem(at: place)
    } catch { Issue.record(error) }
  }

  func url(_ path: String) -> String { "https://localhost:\(port)\(path)" }
}

extension Transport {
  /// Turns until an exchange is finished. Every exchange has a limit, so this has one too.
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

  func ask(_ outgoing: Outgoing) throws -> Result<Incoming, Failure> {
    let id = try #require(start(outgoing))
    return try #require(finish(id))
  }
}

@Suite(.serialized) struct TransportTests {
  private func transport(_ server: Server) throws -> Transport {
    try #require(Transport(authority: server.certificate))
  }

  @Test func aRequestIsWrittenAsItIsGiven() throws {
    let server = try Server()
    let transport = try transport(server)
    let put = Outgoing(
      .put, server.url("/echo"),
      headers: [("If-Match", "W/\"7\""), ("Content-Type", "application/json")], token: "tok.en",
      body: Array("{\"a\":1}".utf8))
    let answer = try transport.ask(put).get()
    #expect(answer.status == 200)
    #expect(answer.headers.contains(.init(name: "etag", value: "W/\"1\"")))
    let text = String(decoding: answer.body, as: UTF8.self)
    #expect(text.hasPrefix("PUT /echo HTTP/1.1\r\n"))
    #expect(text.contains("\r\nIf-Match: W/\"7\"\r\n"))
    #expect(text.contains("\r\nAuthorization: Bearer tok.en\r\n"))
    #expect(text.contains("\r\nContent-Type: application/json\r\n"))
    #expect(text.contains("\r\nContent-Length: 7\r\n"))
    #expect(!text.lowercased().contains("expect:"))
    #expect(text.hasSuffix("{\"a\":1}"))
    let get = try transport.ask(Outgoing(.get, server.url("/echo"))).get()
    let bare = String(decoding: get.body, as: UTF8.self)
    #expect(bare.hasPrefix("GET /echo HTTP/1.1\r\n"))
    #expect(!bare.contains("Authorization"))
    let post = try transport.ask(Outgoing(.post, server.url("/echo"))).get()
    let empty = String(decoding: post.body, as: UTF8.self)
    #expect(empty.hasPrefix("POST /echo HTTP/1.1\r\n"))
    #expect(empty.contains("\r\nContent-Length: 0\r\n"))
    // All three over one connection, which was kept.
    let connection = Incoming.Header(name: "x-connection", value: "1")
    #expect(post.headers.contains(connection))
  }

  @Test func aRedirectIsAnAnswer() throws {
    let server = try Server()
    let answer = try transport(server).ask(Outgoing(.get, server.url("/redirect"), token: "t"))
    #expect(try answer.get().status == 302)
  }

  @Test func whomNobodyVouchesForGetsNothing() throws {
    let server = try Server()
    let outgoing = Outgoing(.get, server.url("/echo"), token: "t")
    // An authority that the system does not know, and a name that is not in the certificate.
    let stranger = try #require(Transport())
    #expect(try stranger.ask(outgoing) == .failure(.certificate))
    let other = Outgoing(.get, "https://127.0.0.1:\(server.port)/echo", token: "t")
    #expect(try transport(server).ask(other) == .failure(.certificate))
  }

  @Test func oldTLSIsRefused() throws {
    let server = try Server(["old"])
    let result = try transport(server).ask(Outgoing(.get, server.url("/echo"), token: "t"))
    #expect(result == .failure(.secureChannel))
  }

  @Test func otherProtocolsAreNotSpoken() throws {
    let transport = try #require(Transport())
    for url in ["file:///etc/hostname", "ftp://localhost/", "gopher://localhost/", "nonsense://x"] {
      #expect(try transport.ask(Outgoing(.get, url)) == .failure(.badURL), "\(url)")
    }
  }

  @Test func slowServersHaveAnEnd() throws {
    let server = try Server()
    let transport = try transport(server)
    for path in ["/silent", "/drip", "/claims"] {
      let outgoing = Outgoing(.get, server.url(path), limit: .milliseconds(400))
      let result = try transport.ask(outgoing)
      #expect(result == .failure(.timeout(mayHaveArrived: true)), "\(path)")
    }
  }

  /// Whoever watches usually owns the transport, and is ending with it: a call then would be to
  /// somebody who is not there any more.
  @Test func whoWatchesIsNotCalledAtTheEnd() throws {
    final class Calls { var isOver = false, early = 0, late = 0 }
    let server = try Server()
    let calls = Calls()
    do {
      let transport = try transport(server)
      transport.onWatch = { _ in
        if calls.isOver { calls.late += 1 } else { calls.early += 1 }
      }
      _ = try transport.ask(Outgoing(.get, server.url("/echo"))).get()
      let silent = Outgoing(.get, server.url("/silent"), limit: .seconds(60))
      #expect(transport.start(silent) != nil)
      for _ in 0..<1_000 where transport.watched.isEmpty { transport.timerFired() }
      try #require(!transport.watched.isEmpty)
      calls.isOver = true
    }
    #expect(calls.early > 0 && calls.late == 0)
  }

  @Test func longAnswersHaveAnEnd() throws {
    let server = try Server()
    let transport = try transport(server)
    for path in ["/endless", "/headers"] {
      #expect(try transport.ask(Outgoing(.get, server.url(path))) == .failure(.tooLong), "\(path)")
    }
  }

  @Test func brokenAnswersAreNone() throws {
    let server = try Server()
    let transport = try transport(server)
    for path in ["/cut", "/hangup"] {
      let result = try transport.ask(Outgoing(.put, server.url(path), body: [0x7b, 0x7d]))
      #expect(result == .failure(.broken(mayHaveArrived: true)), "\(path)")
    }
    guard case .failure = try transport.ask(Outgoing(.get, server.url("/garbage"))) else {
      Issue.record("garbage is no answer")
      return
    }
    // The others do not suffer from it.
    #expect(try transport.ask(Outgoing(.get, server.url("/none"))).get().status == 404)
  }

  @Test func nobodyThereIsToldApart() throws {
    let port: Int
    do {
      let server = try Server()
      port = server.port
    }
    let transport = try #require(Transport())
    let refused = try transport.ask(Outgoing(.get, "https://127.0.0.1:\(port)/"))
    #expect(refused == .failure(.refused))
    let nowhere = try transport.ask(Outgoing(.get, "https://nowhere.invalid/"))
    #expect(nowhere == .failure(.noAddress))
  }

  @Test func exchangesAreBoundedAndCanBeGivenUp() throws {
    let server = try Server()
    let transport = try transport(server)
    var started: [ExchangeID] = []
    while let id = transport.start(Outgoing(.get, server.url("/silent"))) { started.append(id) }
    #expect(started.count == Transport.limit)
    for id in started { transport.cancel(id) }
    #expect(try transport.ask(Outgoing(.get, server.url("/echo"))).get().status == 200)
  }
}
