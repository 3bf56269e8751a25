// The process of a relay: frames from one interface to another, some of them late, some never.

import Control
import Linux
import Model
import Platform

/// One thread between two interfaces that nobody else listens on.
final class RelayLoop {
  private static let events = 8
  private static let frameKind: UInt8 = 7
  private static let signalKind: UInt8 = 6
  /// Frames of one direction that are taken in before the other one has its turn. We chose it.
  private static let budget = 64

  /// One direction: in at one interface, out at the other.
  private final class Way {
    let direction: RelayDirection
    let from: any FrameEnd
    var line: RelayLine
    /// The kernel had no room for them.
    var refused = 0
    init(_ direction: RelayDirection, from: any FrameEnd, seed: UInt64) {
      self.direction = direction
      self.from = from
      line = RelayLine(seed: seed)
    }
  }

  private var epoll: Epoll
  private let signals: SignalDescriptor
  private let port: ControlPort
  /// Towards the host, and from it.
  private let ways: [Way]
  private let tap: TapEnd?
  private var buffer = ReceiveBuffer(capacity: FrameSocket.capacity)
  private var isStopped = false

  /// `host` is an interface here, or a tap in the namespace of the host.
  init(
    host: String, tapIn namespace: String?, network: String, seed: UInt64, control: String
  ) throws(Errno) {
    let end: any FrameEnd
    if let namespace {
      let own = try TapEnd(host, in: namespace)
      tap = own
      end = own
    } else {
      tap = nil
      end = try CableEnd(interface: host)
    }
    epoll = try Epoll(capacity: RelayLoop.events)
    signals = try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
    ways = [
      Way(.toHost, from: try CableEnd(interface: network), seed: seed),
      Way(.fromHost, from: end, seed: seed &+ 1),
    ]
    port = try ControlPort(path: control, epoll)
    let token = EventToken(kind: RelayLoop.signalKind, slot: 0, generation: 0)
    try epoll.add(signals.raw, token: token, interest: .read)
    for (place, way) in ways.enumerated() {
      let token = EventToken(kind: RelayLoop.frameKind, slot: UInt16(place), generation: 0)
      try epoll.add(way.from.raw, token: token, interest: .read)
    }
  }

  /// Runs until it is asked to end.
  func run() throws(Errno) {
    while !isStopped {
      let deadline = Instant.earlier(ways[0].line.deadline, ways[1].line.deadline)
      let count = try epoll.wait(until: deadline)
      for position in 0..<count { try handle(epoll.event(at: position)) }
      try passOn()
    }
  }

  private func handle(_ event: Epoll.Event) throws(Errno) {
    if ControlPort.owns(event) {
      for request in try port.take(event, epoll).requests { try answer(request) }
      return
    }
    switch event.token.kind {
    case RelayLoop.signalKind: isStopped = try signals.next() != nil
    case RelayLoop.frameKind: try takeIn(ways[Int(event.token.slot)])
    default: return
    }
  }

  private func takeIn(_ way: Way) throws(Errno) {
    do throws(Errno) {
      for _ in 0..<RelayLoop.budget where try way.from.next(into: &buffer) {
        let frame = buffer.withBytes { span in span.indices.map { span[$0] } }
        way.line.take(frame, at: Clock.monotonic())
      }
    } catch {
      // An interface that goes down says so once; it may come back.
      guard error == .networkDown else { throw error }
    }
  }

  private func passOn() throws(Errno) {
    let now = Clock.monotonic()
    for (place, way) in ways.enumerated() {
      let out = ways[1 - place]
      while let frame = way.line.next(at: now) {
        do throws(Errno) {
          if try !out.from.send(frame.span) { way.refused += 1 }
        } catch .networkDown {
          way.refused += 1
        }
      }
    }
  }

  // MARK: Requests

  private func answer(_ request: ControlPort.Request) throws(Errno) {
    var records: [UInt8] = []
    let problem = obey(request, into: &records)
    try port.answer(request, records, problem == nil ? .ok : .usage, problem ?? "", epoll)
  }

  private func obey(_ request: ControlPort.Request, into records: inout [UInt8]) -> String? {
    let words = request.words
    if words == ["ping"] { return nil }
    if words.first == "carrier" { return setCarrier(words) }
    guard words.count >= 2, let direction = RelayDirection(rawValue: words[1]),
      let way = ways.first(where: { $0.direction == direction })
    else {
      return "known words: carrier on|off | counts WAY | ping | set WAY MILLIONTHS DELAY JITTER"
    }
    switch (words[0], words.count) {
    case ("counts", 2):
      var line = JSONLine(id: request.id, type: "counts")
      line.add("passed", way.line.counts.passed - way.refused)
      line.add("lost", way.line.counts.lost)
      line.add("overflowed", way.line.counts.overflowed + way.refused)
      line.finish(into: &records)
      return nil
    case ("set", 5):
      guard let loss = Int(words[2]), (0...1_000_000).contains(loss),
        let delay = Nanoseconds(platformText: words[3]),
        let jitter = Nanoseconds(platformText: words[4])
      else { return "'\(words.joined(separator: " "))' is not understood" }
      way.line.loss = loss
      way.line.delay = delay
      way.line.jitter = jitter
      return nil
    default: return "'\(words.joined(separator: " "))' is not understood"
    }
  }

  private func setCarrier(_ words: [String]) -> String? {
    guard words == ["carrier", "on"] || words == ["carrier", "off"] else {
      return "'\(words.joined(separator: " "))' is not understood"
    }
    guard let tap else { return "this end has no carrier of its own" }
    do throws(Errno) {
      try tap.setCarrier(words[1] == "on")
      return nil
    } catch {
      return "the carrier of the tap cannot be set: \(error)"
    }
  }
}
