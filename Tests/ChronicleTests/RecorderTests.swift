// The flight recorder: what it keeps, what it drops, and who reads too slowly.
import Chronicle
import Engine
import Journal
import Model
import Testing

@Suite struct RecorderTests {
  private static let beginning = Beginning(
    release: "0", seed: 1, run: 1, wallOffset: 0, configuration: [])

  private static func all(
    _ recorder: borrowing Recorder, _ position: inout RecorderPosition
  ) -> [UInt8]? {
    var bytes: [UInt8] = []
    while !position.hasReached(recorder.end) {
      guard let piece = recorder.read(&position, limit: 50_000) else { return nil }
      bytes += piece
    }
    return bytes
  }

  /// Who follows gets every record, over the moment when the oldest are dropped; who begins then
  /// is told that there is no beginning any more.
  @Test func followedAndDropped() throws {
    var recorder = Recorder(RecorderTests.beginning, at: .zero)
    let position = recorder.attachOldest()
    var follower = try #require(position)
    var sleeper = follower
    var file: [UInt8] = []
    let body = [UInt8](repeating: 5, count: 60_000)
    for round in 1...40 {
      recorder.record(.turn, body.span, at: Instant(nanoseconds: Int64(round)), OutputSum())
      let piece = RecorderTests.all(recorder, &follower)
      file += try #require(piece)
    }
    var reader = try JournalReader(file.span)
    var times: [Int64] = []
    while let record = reader.next(in: file.span) { times.append(record.time.nanoseconds) }
    #expect(reader.end == .complete)
    #expect(times == Array(0...40))
    let inputs = recorder.inputs
    #expect(inputs == 40)
    let late = recorder.attachOldest()
    #expect(late == nil)
    // The head was copied for it; what followed is gone.
    let rest = RecorderTests.all(recorder, &sleeper)
    #expect(rest == nil)
  }

  /// Who begins in the older half reads on into the newer one.
  @Test func readOverBothHalves() throws {
    var recorder = Recorder(RecorderTests.beginning, at: .zero)
    let body = [UInt8](repeating: 5, count: 60_000)
    for round in 1...12 {
      recorder.record(.turn, body.span, at: Instant(nanoseconds: Int64(round)), OutputSum())
    }
    let oldest = recorder.attachOldest()
    var position = try #require(oldest)
    let piece = RecorderTests.all(recorder, &position)
    let file = try #require(piece)
    var reader = try JournalReader(file.span)
    var times: [Int64] = []
    while let record = reader.next(in: file.span) { times.append(record.time.nanoseconds) }
    #expect(reader.end == .complete && times == Array(0...12))
  }

  /// What cannot be kept takes everything before with it; a state makes a new beginning.
  @Test func whatIsTooLong() throws {
    var recorder = Recorder(RecorderTests.beginning, at: .zero)
    recorder.record(.turn, [UInt8]().span, at: .zero, OutputSum())
    let attached = recorder.attachOldest()
    var reader = try #require(attached)
    let long = [UInt8](repeating: 1, count: 600_000)
    recorder.record(.recalled(isSameBoot: true), long.span, at: .zero, OutputSum())
    let oldest = recorder.attachOldest()
    #expect(oldest == nil)
    let rest = RecorderTests.all(recorder, &reader)
    #expect(rest == nil)
    let wants = recorder.wantsStart
    #expect(wants)
    recorder.noteStart([7])
    recorder.record(.turn, [UInt8]().span, at: Instant(nanoseconds: 5), OutputSum())
    let again = recorder.attachOldest()
    var position = try #require(again)
    let piece = RecorderTests.all(recorder, &position)
    let bytes = try #require(piece)
    let replay = try Replay(bytes)
    #expect(replay.beginning.state == [7])
  }

  @Test func theLongestDatagramFits() throws {
    var recorder = Recorder(RecorderTests.beginning, at: .zero)
    let body = [UInt8](repeating: 5, count: 65_536)
    for _ in 0..<100 { recorder.record(.turn, body.span, at: .zero, OutputSum()) }
    let end = recorder.end
    #expect(end > 6_553_600)
  }
}
