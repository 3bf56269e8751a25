// A BGP speaker for measuring a route server: it opens, announces, and tells what it is answered.

import Linux
package import Model
import Platform

/// One session at a time, from first byte to last, on the thread of whoever asks. It takes nothing
/// that it is told, and answers keepalives.
package final class ServerSpeaker {
  /// How a route server has answered an OPEN.
  package enum Opening: Equatable, Sendable {
    /// Its own hold time, and how long it took from connecting to its first KEEPALIVE.
    case established(holdTime: UInt16, after: Nanoseconds)
    case refused(code: UInt8, subcode: UInt8)
    case failed(String)
  }

  /// How a session ended that was not ended by us.
  package enum Ending: Equatable, Sendable {
    case notification(code: UInt8, subcode: UInt8)
    case closed
    case failed(String)
  }

  private static let port: UInt16 = 179
  /// Unacknowledged for so long, a connection is given up.
  private static let userTimeout = Nanoseconds.seconds(20)
  /// KEEPALIVEs leave as often as the shortest hold time needs (RFC 4271 section 4.4).
  private static let pace = Nanoseconds.seconds(1)

  private let local: IPv4Address
  private let asn: ASNumber
  private let server: IPv4Address
  private var socket: TCPSocket?
  private var reader = MessageReader()
  private var buffer = ReceiveBuffer()
  private var isFourOctet = false
  private var lastSent = Instant.zero
  private var ending: Ending?
  private var opened: WireOpen?
  private var wasKept = false

  init(_ server: IPv4Address, from local: IPv4Address, asn: ASNumber) {
    self.server = server
    self.local = local
    self.asn = asn
  }

  /// Connects and opens with a hold time in seconds; an earlier session is dropped without a word.
  func open(holdTime: UInt16, within limit: Nanoseconds) -> Opening {
    let began = Clock.monotonic()
    let deadline = began + limit
    socket = nil
    (reader, isFourOctet, ending, opened, wasKept) = (MessageReader(), false, nil, nil, false)
    do throws(Errno) {
      let new = try TCPSocket.connect(
        from: local, to: server, port: ServerSpeaker.port, userTimeout: ServerSpeaker.userTimeout)
      guard new.wait(.write, for: limit) else { return .failed("nobody answers") }
      if let error = new.connectResult() { return .failed("\(error)") }
      socket = .some(new)
    } catch {
      return .failed("\(error)")
    }
    var settings = ServerSettings(name: "measure", address: local, peers: [])
    settings.asn = asn
    settings.quirks.holdTime = .seconds(Int64(holdTime))
    send(MessageWriter.opening(settings), until: deadline)
    listen(until: deadline) { self.opened != nil && self.wasKept }
    switch ending {
    case .notification(let code, let subcode):
      return .refused(code: code, subcode: subcode)
    case .closed: return .failed("it closed the connection")
    case .failed(let why): return .failed(why)
    case nil: break
    }
    guard let opened, wasKept else { return .failed("it does not come to an end") }
    isFourOctet = opened.fourOctet
    return .established(holdTime: opened.holdTime, after: Clock.monotonic() - began)
  }

  /// Announces prefixes with one path in one UPDATE; nil while the session stands.
  func announce(_ prefixes: [Prefix], pathLength: Int, within limit: Nanoseconds) -> Ending? {
    let path = Array(repeating: asn.value, count: pathLength)
    let attributes = MessageWriter.Attributes(path: path, hop: .v4(local))
    send(
      MessageWriter.update(prefixes, attributes, fourOctet: isFourOctet),
      until: Clock.monotonic() + limit)
    return ending
  }

  /// Stays for a while; nil when the session still stands then.
  func stay(_ length: Nanoseconds) -> Ending? {
    listen(until: Clock.monotonic() + length) { false }
    return ending
  }

  /// Ends the session (RFC 4486: Administrative Shutdown).
  func end() {
    send(MessageWriter.notification(6, 2), until: Clock.monotonic() + ServerSpeaker.pace)
    socket = nil
  }

  private func send(_ bytes: [UInt8], until deadline: Instant) {
    var sent = 0
    while ending == nil, sent < bytes.count {
      do throws(Errno) {
        guard let count = try socket?.send(bytes.span.extracting(sent...)) else { return }
        sent += count
        lastSent = Clock.monotonic()
        if count > 0 { continue }
      } catch {
        // What it has said before it went is still to be read.
        listen(until: Clock.monotonic() + ServerSpeaker.pace) { false }
        if ending == nil { ending = .failed("\(error)") }
        return
      }
      if Clock.monotonic() >= deadline { ending = .failed("it takes nothing more") }
      read(for: .milliseconds(10))
    }
  }

  /// Reads until something is so, the time is over or the session has ended.
  private func listen(until deadline: Instant, _ isDone: () -> Bool) {
    while ending == nil, !isDone() {
      let now = Clock.monotonic()
      if now >= deadline { return }
      read(for: min(deadline - now, ServerSpeaker.pace))
      if wasKept, ending == nil, Clock.monotonic() - lastSent >= ServerSpeaker.pace {
        send(MessageWriter.keepalive, until: deadline)
      }
    }
  }

  private func read(for length: Nanoseconds) {
    guard socket?.wait(.read, for: length) ?? false else { return }
    do throws(Errno) {
      guard let count = try socket?.receive(into: &buffer) else { return }
      if count == 0 { ending = .closed }
    } catch {
      ending = .failed("\(error)")
      return
    }
    reader.append(buffer.withBytes { span in span.indices.map { span[$0] } })
    while let message = reader.next(fourOctet: isFourOctet) { take(message) }
  }

  private func take(_ message: WireMessage) {
    switch message {
    case .opening(let open):
      opened = open
      send(MessageWriter.keepalive, until: Clock.monotonic() + ServerSpeaker.pace)
    case .keepalive: wasKept = true
    case .notification(let code, let subcode):
      ending = .notification(code: code, subcode: subcode)
    case .unreadable(let why): ending = .failed("it said what cannot be read: \(why)")
    case .update, .routeRefresh: break
    }
  }
}
