// A recording of the past ends where it said, whatever the recorder has got since.

import Chronicle
import Engine
import Journal
import Model
import Testing

@testable import Daemon

@Suite struct RecordingTests {
  /// Each input is longer than half a piece, so that a piece begins and ends within one.
  private static func record(
    _ times: ClosedRange<Int64>, into recorder: inout Recorder
  ) {
    let body = [UInt8](repeating: 5, count: Recording.pieceSize * 2 / 3)
    for time in times {
      recorder.record(.turn, body.span, at: Instant(nanoseconds: time), OutputSum())
    }
  }

  @Test func theLastRecordIsWhole() throws {
    let beginning = Beginning(
      release: "0", seed: 1, run: 1, wallOffset: 0, configuration: [])
    var recorder = Recorder(beginning, at: .zero)
    RecordingTests.record(1...4, into: &recorder)
    let oldest = recorder.attachOldest()
    var recording = Recording(
      id: "r", position: try #require(oldest), end: recorder.end)
    RecordingTests.record(5...8, into: &recorder)
    var file: [UInt8] = []
    while recording.hasMore(recorder.end) {
      let piece = recording.next(recorder)
      file += try #require(piece)
    }
    var reader = try JournalReader(file.span)
    var times: [Int64] = []
    while let record = reader.next(in: file.span) { times.append(record.time.nanoseconds) }
    #expect(reader.end == .complete)
    #expect(times == [0, 1, 2, 3, 4])
  }

  /// The state of this moment is a head with nothing behind it.
  @Test func aHeadAloneIsWhole() throws {
    let beginning = Beginning(
      release: "0", seed: 1, run: 1, wallOffset: 0, configuration: [])
    var recorder = Recorder(beginning, at: .zero)
    RecordingTests.record(1...2, into: &recorder)
    var recording = Recording(
      id: "r", position: recorder.attachHere([7]), end: recorder.end)
    RecordingTests.record(3...4, into: &recorder)
    var file: [UInt8] = []
    while recording.hasMore(recorder.end) {
      let piece = recording.next(recorder)
      file += try #require(piece)
    }
    var reader = try JournalReader(file.span)
    let first = reader.next(in: file.span)
    #expect(first?.source == .beginning)
    let second = reader.next(in: file.span)
    #expect(second == nil)
    #expect(reader.end == .complete)
  }
}
