// The command line's side of one question: bytes and time in, records and bytes to send out.

package import Control
package import Model

/// One question to the daemon and its answer. The caller moves the bytes and tells the time; it
/// reads everything readable before it calls `turn`, so that an answer that waits is never missed.
package struct Conversation: Sendable {
  /// A record of the answer and the line that it was, without its newline.
  package struct Answer: Sendable {
    package let line: [UInt8]
    package let record: Record
  }

  /// A stream that has nothing to say for so long is asked for a sign of life.
  package static let quiet = Nanoseconds.milliseconds(500)
  /// A sign of life is waited for so long; with `quiet` it makes up the patience.
  package static let signPatience = Nanoseconds.milliseconds(1_500)
  /// The longest answer that is not a stream: each VIP of the largest Plan, and as many others.
  package static let recordLimit = 2 * PlanLimits.vips
  /// Records of the past: every shift that the courier keeps, each with as many as its bytes there
  /// can be, at the least that a record has.
  package static let pastLimit = 2_048 * 256

  /// Bytes that wait to be sent. The caller takes them away as they leave.
  package var outgoing: [UInt8]
  /// The `end` record of the answer, once it has come.
  package private(set) var end: Record?

  private let isStream: Bool
  private let patience: Nanoseconds
  /// The courier's past: it may be long, so silence counts and not the whole time.
  private let isPast: Bool
  private let started: Instant
  private var heard: Instant
  private var signAsked: Instant?
  private var received = 0
  private var buffer = LineBuffer(limit: ControlLimits.recordLine)

  private static let askID = "ask"
  private static let signID = "sign"

  /// Asks for a stream when the verb is `monitor`, `record` without a word, or `desired` with one.
  package init(_ verb: Verb, words: [String] = [], at now: Instant) throws(RequestError) {
    isStream =
      verb == .monitor || verb == .record && words.isEmpty || verb == .desired && !words.isEmpty
    isPast = verb == .history && words.first == "since"
    let seconds = verb == .inspect ? Trouble.inspectionSeconds : Trouble.patienceSeconds
    patience = .seconds(Int64(seconds))
    started = now
    heard = now
    outgoing = []
    // The sign is asked for first: a daemon that is stopped shows before a quiet stream begins.
    if isStream { try askForSign(at: now) }
    outgoing += try Request(id: Conversation.askID, verb: verb, words: words).encoded()
  }

  /// How many bytes the next `receive` may bring.
  package var room: Int { buffer.room }

  /// When `turn` must be called if nothing comes.
  package var deadline: Instant {
    guard isStream else { return (isPast ? heard : started) + patience }
    if let signAsked { return signAsked + Conversation.signPatience }
    return heard + Conversation.quiet
  }

  /// Takes what came and gives the records of the answer in it.
  package mutating func receive(
    _ bytes: Span<UInt8>, at now: Instant
  ) throws(Trouble) -> [Answer] {
    precondition(bytes.count <= room, "more bytes than there is room for")
    var answers: [Answer] = []
    for line in try lines(adding: bytes) where end == nil {
      if let answer = try read(line) { answers.append(answer) }
      heard = now
      signAsked = nil
    }
    return answers
  }

  private mutating func lines(adding bytes: Span<UInt8>) throws(Trouble) -> [[UInt8]] {
    do throws(LineBufferError) {
      try buffer.append(bytes)
      var lines: [[UInt8]] = []
      while let line = try buffer.next() { lines.append(line) }
      return lines
    } catch {
      throw .garbled("a line is longer than \(ControlLimits.recordLine) bytes")
    }
  }

  /// Judges the time: asks a quiet stream for a sign of life, gives up on a silent daemon.
  package mutating func turn(at now: Instant) throws(Trouble) {
    guard end == nil, now >= deadline else { return }
    guard isStream, signAsked == nil else { throw .silent }
    do throws(RequestError) {
      try askForSign(at: now)
    } catch {
      throw .failed(error.message)
    }
  }

  private mutating func askForSign(at now: Instant) throws(RequestError) {
    outgoing += try Request(id: Conversation.signID, verb: .version).encoded()
    signAsked = now
  }

  private mutating func read(_ line: [UInt8]) throws(Trouble) -> Answer? {
    let record = try Conversation.parse(line)
    guard record.integer("v") == Int64(ControlLimits.version) else {
      throw .garbled("version \(record.text("v")) of the protocol")
    }
    switch record.id {
    case Conversation.signID: return nil
    case Conversation.askID, RequestError.noIdentifier: break
    default: throw .garbled("an answer to a question that was not asked")
    }
    received += 1
    let limit = isPast ? Conversation.pastLimit : Conversation.recordLimit
    if !isStream, received > limit {
      throw .garbled("more than \(limit) records")
    }
    if record.isEnd { end = record }
    return Answer(line: line, record: record)
  }

  private static func parse(_ line: [UInt8]) throws(Trouble) -> Record {
    do throws(RecordError) {
      return try Record(line: line.span)
    } catch {
      throw .garbled("\(error.reason) at byte \(error.offset) of a line")
    }
  }
}
