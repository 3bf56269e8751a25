// The connection to the daemon: asked for a stream at once, and anew whenever it breaks.

import Azure
import Control
import Linux
import Model

/// Bytes of the control socket to what they mean. It never waits.
struct ControlLink: ~Copyable {
  /// What came.
  enum News: Sendable {
    case connected
    /// Everything as it stands, in answer to all questions up to this one.
    case snapshot(ask: UInt64, Settings?, [Desired], CrowdSnapshot?)
    case desired(Desired)
    case writer(CrowdState)
    case routes(CrowdSet)
    /// What the VIPs are besides their routes.
    case carried([Carriage])
    /// Of these events the traffic has left this machine, as far as the daemon can move it.
    case vacated([String])
    /// Where metrics are to be served.
    case metricsPlace(String?)
    /// The answer to `askNumbers`; empty when there is none.
    case numbers([Record])
    /// The answer to `askShifts`; nil when it was refused.
    case shifts([Record]?)
    case lost(String)
    /// The daemon does not take something that was told; once for each reason.
    case refused(String)
  }

  /// Until the next attempt: the daemon starts within a second, and an attempt costs microseconds.
  static let pause = Nanoseconds.milliseconds(200)
  /// Whoever does not answer for so long is left and asked anew.
  static let patience = Nanoseconds.seconds(10)
  /// Bytes that wait to be sent. A daemon that reads takes them at once.
  static let outgoingLimit = 1 << 20

  private static let follow = "follow"
  private static let say = "say"
  private static let ask = "ask-"
  private static let count = "count"
  private static let past = "past"
  /// Records of one answer to `metrics`: far more than it tells one by one.
  private static let numberLimit = 8_192

  private let path: String
  private var stream: UnixStream?
  private var buffer = ReceiveBuffer()
  private var lines = LineBuffer(limit: ControlLimits.recordLine)
  private var outgoing: [UInt8] = []
  private var settings: Settings?
  private var records: [Desired] = []
  private var writer: CrowdState?
  private var routes: [CrowdSet] = []
  private var carriages: [Carriage] = []
  private var metricsPlace: String?
  private var numbers: [Record] = []
  /// The question for them has no end yet.
  private var isCounting = false
  private var shifts: [Record] = []
  private var lastAsk: UInt64 = 0
  private var attemptAt: Instant
  /// When a request was made that nothing has answered since.
  private var askedAt: Instant?
  private var toldLoss: String?
  private var toldRefusal: String?
  /// Whether everything of the stream's beginning has come.
  private(set) var isFollowing = false
  private(set) var generation: UInt32 = 0

  init(path: String, now: Instant) {
    self.path = path
    attemptAt = now
  }

  /// The descriptor to watch, while there is one.
  private(set) var raw: Int32?
  var isConnected: Bool { stream != nil }

  var interest: Interest { outgoing.isEmpty ? .read : .readAndWrite }

  var deadline: Instant? {
    stream == nil ? attemptAt : askedAt.map { $0 + ControlLink.patience }
  }

  /// Connects when it is time, and leaves whoever does not answer.
  mutating func turn(at now: Instant) -> [News] {
    if stream != nil {
      guard let askedAt, now >= askedAt + ControlLink.patience else { return [] }
      return leave("hopshiftd does not answer", at: now)
    }
    guard now >= attemptAt else { return [] }
    attemptAt = now + ControlLink.pause
    do throws(Errno) {
      let made = try UnixStream.connect(path: path)
      raw = made.raw
      stream = consume made
    } catch {
      return loss("\(path): \(error)")
    }
    generation &+= 1
    lines = LineBuffer(limit: ControlLimits.recordLine)
    outgoing = []
    settings = nil
    records = []
    writer = nil
    routes = []
    carriages = []
    metricsPlace = nil
    numbers = []
    isCounting = false
    shifts = []
    toldLoss = nil
    send(ControlLink.follow, .desired, ["follow", "courier"], at: now)
    return [.connected]
  }

  private mutating func loss(_ words: String) -> [News] {
    guard toldLoss != words else { return [] }
    toldLoss = words
    return [.lost(words)]
  }

  private mutating func leave(_ words: String, at now: Instant) -> [News] {
    stream = nil
    raw = nil
    isFollowing = false
    askedAt = nil
    attemptAt = now + ControlLink.pause
    return loss(words)
  }

  // MARK: Requests

  /// Asks for everything as it stands. Without a connection the next one begins with that.
  mutating func question(_ number: UInt64, at now: Instant) {
    lastAsk = max(lastAsk, number)
    guard stream != nil else { return }
    send("\(ControlLink.ask)\(number)", .desired, [], at: now)
  }

  /// Asks for what the daemon has counted. Without a connection nothing comes. An answer that is
  /// late serves whoever asks next: two at once would run into each other.
  mutating func askNumbers(at now: Instant) {
    guard stream != nil, !isCounting else { return }
    isCounting = true
    numbers = []
    send(ControlLink.count, .metrics, [], at: now)
  }

  /// Asks for shifts: of one number, or a page `from` one on.
  mutating func askShifts(_ words: [String], at now: Instant) {
    guard stream != nil else { return }
    shifts = []
    send(ControlLink.past, .history, words, at: now)
  }

  /// Tells something that has no answer but its end.
  mutating func tell(_ verb: Verb, _ words: [String], at now: Instant) {
    guard stream != nil else { return }
    // What a server said may stand in them, and a word holds no NUL.
    let clean = words.map { String($0.unicodeScalars.map { $0 == "\0" ? " " : Character($0) }) }
    send(ControlLink.say, verb, clean, at: now)
  }

  private mutating func send(_ id: String, _ verb: Verb, _ words: [String], at now: Instant) {
    do throws(RequestError) {
      outgoing += try Request(id: id, verb: verb, words: words).encoded()
      askedAt = askedAt ?? now
    } catch {
      preconditionFailure("a request of ours keeps the limits: \(error.message)")
    }
  }

  /// Sends what the daemon takes.
  mutating func flush(at now: Instant) -> [News] {
    guard stream != nil, !outgoing.isEmpty else { return [] }
    if outgoing.count > ControlLink.outgoingLimit {
      return leave("hopshiftd does not read", at: now)
    }
    do throws(Errno) {
      let count = try stream?.send(outgoing.span) ?? 0
      outgoing.removeFirst(count)
      return []
    } catch {
      return leave("hopshiftd: \(error)", at: now)
    }
  }

  // MARK: Answers

  /// Reads once. More may be there.
  mutating func receive(at now: Instant) -> [News] {
    var count: Int?
    do throws(Errno) {
      count = try stream?.receive(into: &buffer)
    } catch {
      return leave("hopshiftd: \(error)", at: now)
    }
    guard let count else { return [] }
    if count == 0 { return leave("hopshiftd has closed the connection", at: now) }
    askedAt = nil
    var found: [[UInt8]] = []
    do throws(LineBufferError) {
      try ControlLink.append(buffer, to: &lines)
      while let line = try lines.next() { found.append(line) }
    } catch {
      return leave("a line of hopshiftd is too long", at: now)
    }
    var news: [News] = []
    for line in found {
      // What comes after a line that ends the connection is nobody's.
      guard stream != nil else { break }
      news += read(line, at: now)
    }
    return news
  }

  private static func append(
    _ buffer: borrowing ReceiveBuffer, to lines: inout LineBuffer
  ) throws(LineBufferError) {
    try buffer.withBytes { bytes throws(LineBufferError) in try lines.append(bytes) }
  }

  private mutating func read(_ line: [UInt8], at now: Instant) -> [News] {
    let record: Record
    do throws(RecordError) {
      record = try Record(line: line.span)
    } catch {
      return leave("a line of hopshiftd cannot be read", at: now)
    }
    guard record.integer("v") == Int64(ControlLimits.version) else {
      return leave("hopshiftd speaks another version of the protocol", at: now)
    }
    if record.id == ControlLink.count { return counted(record, at: now) }
    if record.id == ControlLink.past { return told(record, at: now) }
    switch record.type {
    case "metrics": metricsPlace = record.string("listen")
    case "azure": settings = Settings(line)
    case "vip": if let carriage = Carriage(line) { carriages.append(carriage) }
    case "desired": return heard(Desired(line), in: record.id)
    case "route-writer": return heard(CrowdState(line), in: record.id)
    case "route-set": return heard(CrowdSet(line), in: record.id, at: now)
    case "complete": return complete(upTo: lastAsk)
    case "vacated": return [.vacated(ControlLink.events(of: record))]
    case "lost": return leave("records were lost on the way", at: now)
    case "end": return ended(record, at: now)
    default: break
    }
    return []
  }
}

extension ControlLink {
  fileprivate static func events(of record: Record) -> [String] {
    guard case .array(let values)? = record["events"] else { return [] }
    return values.compactMap { if case .string(let id) = $0 { id } else { nil } }
  }

  fileprivate mutating func heard(_ desired: Desired?, in id: String) -> [News] {
    guard let desired else { return [] }
    if id == ControlLink.follow, isFollowing { return [.desired(desired)] }
    records.append(desired)
    return []
  }

  fileprivate mutating func heard(_ state: CrowdState?, in id: String) -> [News] {
    guard let state else { return [] }
    if id == ControlLink.follow, isFollowing { return [.writer(state)] }
    writer = state
    return []
  }

  fileprivate mutating func heard(
    _ set: CrowdSet?, in id: String, at now: Instant
  ) -> [News] {
    guard let set else { return [] }
    if id == ControlLink.follow, isFollowing { return [.routes(set)] }
    // One for each route at most.
    guard routes.count < Desired.routeLimit else {
      return leave("hopshiftd wants routes without end", at: now)
    }
    routes.append(set)
    return []
  }

  fileprivate mutating func counted(_ record: Record, at now: Instant) -> [News] {
    guard numbers.count < ControlLink.numberLimit else {
      return leave("hopshiftd counts without end", at: now)
    }
    guard record.isEnd else {
      numbers.append(record)
      return []
    }
    defer { numbers = [] }
    isCounting = false
    return [.numbers(record.exitCode == .ok ? numbers : [])]
  }

  fileprivate mutating func told(_ record: Record, at now: Instant) -> [News] {
    guard shifts.count < ControlLink.numberLimit else {
      return leave("hopshiftd remembers without end", at: now)
    }
    guard record.isEnd else {
      shifts.append(record)
      return []
    }
    defer { shifts = [] }
    return [.shifts(record.exitCode == .ok ? shifts : nil)]
  }

  /// The stream's beginning is whole.
  fileprivate mutating func complete(upTo ask: UInt64) -> [News] {
    isFollowing = true
    return [.metricsPlace(metricsPlace), .carried(carriages), take(ask)]
  }

  private mutating func take(_ ask: UInt64) -> News {
    defer {
      records = []
      settings = nil
      writer = nil
      routes = []
    }
    return .snapshot(ask: ask, settings, records, writer.map { CrowdSnapshot($0, routes) })
  }

  fileprivate mutating func ended(_ record: Record, at now: Instant) -> [News] {
    let message = record.string("message") ?? ""
    switch record.id {
    case ControlLink.say:
      // Another configuration may have no such VIP any more; that is told once.
      guard record.exitCode != .ok, toldRefusal != message else { return [] }
      toldRefusal = message
      return [.refused(message)]
    case let id where id.hasPrefix(ControlLink.ask):
      guard record.exitCode == .ok, let number = UInt64(id.dropFirst(ControlLink.ask.count)) else {
        records = []
        writer = nil
        routes = []
        return []
      }
      return [take(number)]
    default: return leave("hopshiftd: \(message)", at: now)
    }
  }
}
