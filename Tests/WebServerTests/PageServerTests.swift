// A page over real sockets: who gets it, who does not, and what a bad client can hold up.

import Foundation
import Linux
import Model
import Testing
import WebServer

@Suite(.serialized, .timeLimit(.minutes(2))) struct PageServerTests {
  /// A server, and clients that are turned by the test's own thread.
  private final class Stage {
    private let listener: TCPListener
    /// Gone before the listener is.
    private var server: PageServer?
    private var buffer = ReceiveBuffer()
    var page: [UInt8] = Array("page\n".utf8)
    var isAnswering = true
    private(set) var held: [PageRequestID] = []

    init() throws {
      listener = try TCPListener(on: IPv4Address(127, 0, 0, 1), port: 0)
      server = PageServer(listener: listener.raw, path: "/metrics")
      if server == nil { throw Errno.inputOutput }
    }

    deinit { server = nil }

    func client(_ text: String) throws -> TCPSocket {
      let loopback = IPv4Address(127, 0, 0, 1)
      let socket = try TCPSocket.connect(
        from: loopback, to: loopback, port: listener.port, userTimeout: .seconds(30))
      try wait("the connection") {
        do throws(Errno) {
          _ = try socket.send(Array(text.utf8).span)
          return true
        } catch {
          if error == .notConnected || error == .again { return false }
          throw error
        }
      }
      return socket
    }

    func turn() {
      server?.run()
      held += server?.takeRequests() ?? []
      guard isAnswering else { return }
      for id in held { server?.answer(id, type: "text/x", page) }
      held = []
    }

    /// What the server sends until `holds`, or until it closes the connection.
    func answer(
      _ socket: borrowing TCPSocket, until holds: (String) -> Bool
    ) throws -> (text: String, isClosed: Bool) {
      var text: [UInt8] = []
      let end = Clock.monotonic() + .seconds(60)
      while Clock.monotonic() < end {
        turn()
        if let count = try socket.receive(into: &buffer) {
          if count == 0 { return (String(decoding: text, as: UTF8.self), true) }
          buffer.withBytes { bytes in for index in bytes.indices { text.append(bytes[index]) } }
          if holds(String(decoding: text, as: UTF8.self)) {
            return (String(decoding: text, as: UTF8.self), false)
          }
        }
      }
      Issue.record("only \(String(decoding: text, as: UTF8.self))")
      return (String(decoding: text, as: UTF8.self), false)
    }

    func wait(_ what: String, until holds: () throws -> Bool) throws {
      let end = Clock.monotonic() + .seconds(60)
      while try !holds() {
        turn()
        guard Clock.monotonic() < end else {
          Issue.record("\(what) did not come")
          return
        }
      }
    }
  }

  @Test(arguments: [
    ("GET /metrics", "200 OK", "page\n"), ("GET /metrics?a=b", "200 OK", "page\n"),
    ("GET /", "404 Not Found", "try /metrics\n"), ("GET /metrics/x", "404", "try /metrics\n"),
    ("POST /metrics", "405", "GET or HEAD\n"), ("DELETE /metrics", "405", "GET or HEAD\n"),
  ])
  func answers(_ line: String, _ status: String, _ body: String) throws {
    let stage = try Stage()
    let socket = try stage.client("\(line) HTTP/1.1\r\nHost: a\r\n\r\n")
    let answer = try stage.answer(socket) { $0.hasSuffix(body) }.text
    #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
    #expect(answer.contains("Content-Type: text/\(status.hasPrefix("200") ? "x" : "plain")\r\n"))
  }

  @Test func aHeadHasNoBody() throws {
    let stage = try Stage()
    let socket = try stage.client("HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let answer = try stage.answer(socket) { _ in false }
    #expect(answer.text.contains("Content-Length: 5\r\n") && answer.text.hasSuffix("\r\n\r\n"))
    #expect(answer.isClosed)
  }

  @Test func withoutAPageThereIsNone() throws {
    let stage = try Stage()
    stage.page = []
    // The second request is read when the first was answered: at the end, too.
    let request = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
    let socket = try stage.client(request + request)
    #expect(try stage.answer(socket) { $0.hasSuffix("not now\n") }.text.hasPrefix("HTTP/1.1 503"))
  }

  @Test(arguments: [
    "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
    "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\nbody",
  ])
  func whoSendsABodyIsLeft(_ text: String) throws {
    let stage = try Stage()
    let socket = try stage.client(text)
    let answer = try stage.answer(socket) { _ in false }
    #expect(answer.isClosed && !answer.text.contains("page"))
  }

  @Test func headersHaveAnEnd() throws {
    let stage = try Stage()
    let long = String(repeating: "x", count: 2 * PageServer.memoryLimit)
    let socket = try stage.client("GET /metrics HTTP/1.1\r\nHost: \(long)\r\n\r\n")
    let answer = try stage.answer(socket) { $0.contains("\r\n\r\n") }.text
    #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
  }

  /// One that waits for its page, and one that says nothing, hold nobody up.
  @Test func othersAreAnsweredMeanwhile() throws {
    let stage = try Stage()
    let silent = try stage.client("GET /met")
    stage.isAnswering = false
    let first = try stage.client("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    try stage.wait("the first request") { stage.held.count == 1 }
    let other = try stage.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = try stage.answer(other) { $0.hasSuffix("try /metrics\n") }
    stage.isAnswering = true
    #expect(try stage.answer(first) { $0.hasSuffix("page\n") }.text.contains("200 OK"))
    // It was there all the time.
    #expect(silent.raw >= 0)
  }

  /// Requests that nobody has answered do not outlive the server.
  @Test func itEndsWhileSomebodyWaits() throws {
    let socket = try Self.abandoned()
    var buffer = ReceiveBuffer()
    let end = Clock.monotonic() + .seconds(60)
    var isClosed = false
    while !isClosed, Clock.monotonic() < end {
      do throws(Errno) {
        isClosed = try socket.receive(into: &buffer) == 0
      } catch {
        isClosed = true
      }
    }
    #expect(isClosed)
  }

  private static func abandoned() throws -> TCPSocket {
    let stage = try Stage()
    stage.isAnswering = false
    let socket = try stage.client("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    try stage.wait("the request") { stage.held.count == 1 }
    return socket
  }
}
