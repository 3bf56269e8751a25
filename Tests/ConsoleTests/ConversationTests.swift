// A question to the daemon in virtual time: answers, silence, signs of life, and nonsense.
import Console
import Control
import Model
import Testing

@Suite struct ConversationTests {
  private func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  private func outgoing(_ conversation: inout Conversation) -> String {
    defer { conversation.outgoing = [] }
    return String(decoding: conversation.outgoing, as: UTF8.self)
  }

  @Test(arguments: [1, 7, 100, 100_000])
  func statusInAnyCut(_ size: Int) throws {
    var conversation = try Conversation(.status, at: at(0))
    #expect(outgoing(&conversation) == "1 ask status\n")
    let stream = Array((Recorded.status + "\n").utf8)
    var types: [String] = []
    var text = ""
    for start in stride(from: 0, to: stream.count, by: size) {
      let piece = Array(stream[start..<min(start + size, stream.count)])
      for answer in try conversation.receive(piece.span, at: at(1)) {
        types.append(answer.record.type)
        text += String(decoding: answer.line, as: UTF8.self) + "\n"
      }
    }
    #expect(types == ["daemon", "route-server", "route-server", "vip", "vip", "end"])
    #expect(text == Recorded.status + "\n")
    #expect(conversation.end?.exitCode == .ok)
    try conversation.turn(at: at(1_000_000))
  }

  @Test func aStatusMustBeWholeInTime() throws {
    var conversation = try Conversation(.status, at: at(0))
    #expect(conversation.deadline == at(2_000))
    #expect(
      try conversation.receive(Array((Recorded.daemon + "\n").utf8).span, at: at(1)).count == 1)
    try conversation.turn(at: at(1_999))
    #expect(throws: Trouble.silent) { try conversation.turn(at: at(2_000)) }
  }

  @Test func aStreamBeginsWithASignOfLife() throws {
    var conversation = try Conversation(.monitor, words: ["link"], at: at(0))
    #expect(outgoing(&conversation) == "1 sign version\n1 ask monitor link\n")
    #expect(conversation.deadline == at(1_500))
    #expect(throws: Trouble.silent) { try conversation.turn(at: at(1_500)) }
  }

  @Test func aQuietStreamIsAskedForASign() throws {
    var conversation = try Conversation(.monitor, at: at(0))
    _ = outgoing(&conversation)
    let sign = Array(#"{"v":1,"id":"sign","type":"end","code":0,"message":"ok"}"#.utf8) + [10]
    for round in 0..<3 {
      let heard = Int64(round) * 1_000 + 10
      #expect(try conversation.receive(sign.span, at: at(heard)).isEmpty)
      #expect(conversation.end == nil)
      #expect(conversation.deadline == at(heard + 500))
      try conversation.turn(at: at(heard + 499))
      #expect(outgoing(&conversation) == "")
      try conversation.turn(at: at(heard + 500))
      #expect(outgoing(&conversation) == "1 sign version\n")
      #expect(conversation.deadline == at(heard + 2_000))
      try conversation.turn(at: at(heard + 1_999))
    }
    #expect(throws: Trouble.silent) { try conversation.turn(at: at(4_010)) }
  }

  @Test func whoSleptLongAsksBeforeBlaming() throws {
    var conversation = try Conversation(.monitor, at: at(0))
    let record = Array(#"{"v":1,"id":"ask","type":"alarm","at-ns":1,"text":"t"}"#.utf8) + [10]
    #expect(try conversation.receive(record.span, at: at(10)).count == 1)
    _ = outgoing(&conversation)
    try conversation.turn(at: at(100_000))
    #expect(outgoing(&conversation) == "1 sign version\n")
    #expect(conversation.deadline == at(101_500))
  }

  @Test(arguments: [
    ("not json", Trouble.garbled("notAnObject at byte 0 of a line")),
    ("SSH-2.0-OpenSSH_9.2", .garbled("notAnObject at byte 0 of a line")),
    (#"{"v":2,"id":"ask","type":"end"}"#, .garbled("version 2 of the protocol")),
    (#"{"id":"ask","type":"end"}"#, .garbled("version - of the protocol")),
    (
      #"{"v":1,"id":"other","type":"end"}"#,
      .garbled("an answer to a question that was not asked")
    ),
  ])
  func nonsense(_ line: String, _ trouble: Trouble) throws {
    var conversation = try Conversation(.status, at: at(0))
    let error = try #require(throws: Trouble.self) {
      _ = try conversation.receive(Array((line + "\n").utf8).span, at: at(1))
    }
    #expect(error == trouble)
  }

  @Test func aLineWithoutEnd() throws {
    var conversation = try Conversation(.status, at: at(0))
    let bytes = [UInt8](repeating: 0x78, count: ControlLimits.recordLine + 1)
    #expect(throws: Trouble.garbled("a line is longer than 65536 bytes")) {
      _ = try conversation.receive(bytes.span, at: at(1))
    }
  }

  @Test func aRefusalWithoutIdentifierEndsTheAnswer() throws {
    var conversation = try Conversation(.status, at: at(0))
    let line = JSONLine.end(id: RequestError.noIdentifier, code: .usage, message: "no")
    #expect(try conversation.receive(line.span, at: at(1)).count == 1)
    #expect(conversation.end?.exitCode == .usage)
  }

  @Test func anAnswerHasABound() throws {
    var conversation = try Conversation(.status, at: at(0))
    let line = Array(#"{"v":1,"id":"ask","type":"vip"}"#.utf8) + [10]
    for _ in 0..<Conversation.recordLimit { _ = try conversation.receive(line.span, at: at(1)) }
    #expect(throws: Trouble.garbled("more than \(Conversation.recordLimit) records")) {
      _ = try conversation.receive(line.span, at: at(1))
    }
  }

  /// The courier keeps more than a status has, and to tell it may take longer.
  @Test func thePastMayBeLong() throws {
    var conversation = try Conversation(.history, words: ["since", "0"], at: at(0))
    let line = Array(#"{"v":1,"id":"ask","type":"stage"}"#.utf8) + [10]
    for _ in 0...Conversation.recordLimit { _ = try conversation.receive(line.span, at: at(1_900)) }
    try conversation.turn(at: at(3_000))
    #expect(conversation.deadline == at(3_900))
    #expect(throws: Trouble.silent) { try conversation.turn(at: at(3_900)) }
  }
}
