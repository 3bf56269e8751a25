// One connection to the control socket: who it is, what it asked, and what still has to reach it.

import Control
import Linux
import Model

/// A client of the control socket. Nothing it does slows the loop: what it does not read is
/// counted, not kept.
final class ControlClient {
  /// Bytes that may wait for a client that does not read. We chose it: a status of
  /// `PlanLimits.vips` VIPs fits.
  static let queueLimit = 4 << 20

  /// Sent bytes that may lie before what still waits. We chose it: moving the rest costs little
  /// beside sending as much.
  static let compactAbove = 1 << 20

  /// Bytes that one client is sent in one turn; the rest follows in the next.
  static let sendBudget = 1 << 18

  /// What one read takes: a request line of full length and its newline.
  static let readSize = ControlLimits.requestLine + 1

  /// How long a client that is let go may take to read its last answer.
  static let farewell = Nanoseconds.seconds(5)

  /// What a monitor wants to hear of.
  struct Interests: OptionSet {
    let rawValue: UInt16
    static let link = Interests(rawValue: 1)
    static let address = Interests(rawValue: 2)
    static let session = Interests(rawValue: 4)
    static let shift = Interests(rawValue: 8)
    static let vip = Interests(rawValue: 16)
    static let alarm = Interests(rawValue: 32)
    static let route = Interests(rawValue: 64)
    static let neighbour = Interests(rawValue: 128)
    static let host = Interests(rawValue: 256)
    static let desired = Interests(rawValue: 512)
    static let all: Interests = [
      .link, .address, .route, .neighbour, .session, .shift, .vip, .alarm, .host,
    ]

    /// Whoever has one of these needs the class.
    static func of(_ kernelClass: KernelClass) -> Interests {
      switch kernelClass {
      case .interfaces: [.link, .address]
      case .routes: .route
      case .neighbours: .neighbour
      }
    }

    /// The word of `hopshift monitor`, or nil when there is no such kind.
    static func named(_ word: String) -> Interests? {
      switch word {
      case "link": .link
      case "address": .address
      case "route": .route
      case "neighbour": .neighbour
      case "host": .host
      case "session": .session
      case "shift": .shift
      case "vip": .vip
      case "alarm": .alarm
      default: nil
      }
    }
  }

  /// What a client may ask for.
  enum Rights {
    case none
    case read
    case tell
    case write
  }

  private let stream: UnixStream
  let generation: UInt32
  let mayRead: Bool
  let mayTell: Bool
  let mayWrite: Bool
  /// It writes route tables as they are wished.
  private(set) var isCourier = false
  private var lines = LineBuffer(limit: ControlLimits.requestLine)
  private var queue: [UInt8] = []
  private var head = 0
  private var lost = 0
  private(set) var interests: Interests = []
  private(set) var monitorID = ""
  var recording: Recording?
  /// No more requests are read; the connection ends when the queue is empty.
  private(set) var isClosing = false
  /// The client has sent all it wants to send.
  private var hasEnded = false
  /// The request that waits for its answer; the others wait as lines.
  private(set) var request: Request?
  /// What epoll was told.
  var watched: Interest = .read
  /// When the loop first saw that the connection is to end.
  var closingSince: Instant?

  init(_ stream: consuming UnixStream, generation: UInt32, rights: Rights) {
    self.stream = stream
    self.generation = generation
    mayRead = rights != .none
    mayTell = rights == .tell || rights == .write
    mayWrite = rights == .write
  }

  var raw: Int32 { stream.raw }
  var queued: Int { queue.count - head }
  var isMonitoring: Bool { !interests.isEmpty }

  func subscribe(_ interests: Interests, id: String) {
    self.interests = interests
    monitorID = id
  }

  /// What it follows has begun anew; the courier asks again by itself.
  func endFollowing() {
    if !isCourier {
      let text = "the configuration was reloaded: ask again"
      enqueue(JSONLine.end(id: monitorID, code: .failure, message: text))
    }
    interests = []
    closeWhenSent()
  }

  func beCourier() { isCourier = mayTell }

  func closeWhenSent() { isClosing = true }

  /// What the socket should be watched for. A client that is let go is not read any more: what it
  /// still sends would otherwise wake the loop for ever.
  var interest: Interest {
    var interest: Interest = queued > 0 ? .write : []
    if !isClosing && !hasEnded && lines.room >= ControlClient.readSize { interest.insert(.read) }
    return interest
  }

  /// Reads once; the end of the stream ends the connection when everything asked was answered.
  func receive(_ buffer: inout ReceiveBuffer) throws(Errno) {
    guard interest.contains(.read), let count = try stream.receive(into: &buffer) else { return }
    if count == 0 { hasEnded = true }
    let failure = buffer.withBytes { bytes -> LineBufferError? in
      do throws(LineBufferError) {
        try lines.append(bytes.extracting(0..<count))
        return nil
      } catch {
        return error
      }
    }
    precondition(failure == nil, "no more is read than the lines have room for")
    look()
  }

  /// Puts the next whole request in front; a line that is none is answered here.
  private func look() {
    while !isClosing && request == nil {
      do throws(LineBufferError) {
        guard let line = try lines.next() else { break }
        do throws(RequestError) {
          request = try Request(line: line.span)
        } catch {
          enqueue(error.answer)
        }
      } catch {
        let text = "the request line is longer than \(ControlLimits.requestLine) bytes"
        enqueue(JSONLine.end(id: RequestError.noIdentifier, code: .usage, message: text))
        closeWhenSent()
      }
    }
    if hasEnded && request == nil { closeWhenSent() }
  }

  /// The request that waits, and the next one takes its place.
  func takeRequest() -> Request? {
    guard let taken = request else { return nil }
    request = nil
    look()
    return taken
  }

  /// Queues an answer; an answer that does not fit ends the connection, since a part of it would be
  /// wrong.
  func enqueue(_ bytes: [UInt8]) {
    guard queued + bytes.count <= ControlClient.queueLimit else {
      queue.removeAll()
      head = 0
      let text = "the answer is larger than \(ControlClient.queueLimit) bytes"
      queue = JSONLine.end(id: monitorID, code: .failure, message: text)
      closeWhenSent()
      return
    }
    queue.append(contentsOf: bytes)
  }

  /// Queues one record of a stream, or counts it as lost when the client reads too slowly.
  func publish(_ record: [UInt8]) {
    if lost > 0 {
      let note = JSONLine.lost(id: monitorID, count: lost)
      guard queued + note.count + record.count <= ControlClient.queueLimit / 2 else {
        lost += 1
        return
      }
      queue.append(contentsOf: note)
      lost = 0
    }
    guard queued + record.count <= ControlClient.queueLimit else {
      lost += 1
      return
    }
    queue.append(contentsOf: record)
  }

  /// Lets go of what was sent: a client that is always a little behind would otherwise keep it all.
  private func compact() {
    guard head >= ControlClient.compactAbove else { return }
    queue.removeSubrange(..<head)
    head = 0
  }

  /// Sends what the client takes; false when it is gone or all it asked for was said.
  func flush() throws(Errno) -> Bool {
    var sentNow = 0
    while queued > 0 {
      if sentNow >= ControlClient.sendBudget {
        compact()
        return true
      }
      let waiting = queue
      let end = min(waiting.count, head + ControlClient.sendBudget)
      let sent = try stream.send(waiting.span.extracting(head..<end))
      if sent == 0 {
        compact()
        return true
      }
      head += sent
      sentNow += sent
    }
    queue.removeAll(keepingCapacity: queue.capacity <= 65_536)
    head = 0
    return !isClosing
  }
}
