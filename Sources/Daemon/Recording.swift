// What a client that records has been given of the flight recorder, and what it is still to get.

import Chronicle
import Control

/// One recording on its way to one client.
struct Recording {
  /// Bytes of the journal in one record: in hexadecimal it stays below the longest line.
  static let pieceSize = 24_576
  /// What may wait for the client at once. We chose it: the recorder keeps the rest, and other
  /// answers are not held up.
  static let queueShare = 4 * 2 * pieceSize

  let id: String
  var position: RecorderPosition
  /// Where it ends; nil: it goes on.
  let end: Int?

  /// Whether there is more to give now.
  func hasMore(_ recorded: Int) -> Bool { !position.hasReached(end ?? recorded) }

  /// The next piece; nil when what comes next is lost. Behind the end there may be more by now, and
  /// a part of that would be a record that is cut.
  mutating func next(_ recorder: borrowing Recorder) -> ArraySlice<UInt8>? {
    let isInHead = !position.hasReached(position.offset)
    let left = isInHead ? Recording.pieceSize : (end ?? .max) - position.offset
    return recorder.read(&position, limit: min(Recording.pieceSize, left))
  }

  /// Answers a request to record: begins it, or says why it cannot begin.
  ///
  /// `state` is that of the engine now; nil while a dump runs.
  static func begin(
    _ request: Request, for client: ControlClient, _ recorder: borrowing Recorder,
    state: [UInt8]?
  ) {
    guard let scope = Scope(request.words) else {
      let text = "record takes no word but past or now"
      return client.enqueue(JSONLine.end(id: request.id, code: .usage, message: text))
    }
    guard client.recording == nil, !client.isMonitoring else {
      let text = "this connection carries a stream already"
      return client.enqueue(JSONLine.end(id: request.id, code: .usage, message: text))
    }
    let here = state.map { recorder.attachHere($0) }
    guard let position = scope == .now ? here : recorder.attachOldest() ?? here else {
      let text = "the kernel is being read, and that has no beginning: ask again"
      return client.enqueue(JSONLine.end(id: request.id, code: .failure, message: text))
    }
    client.recording = Recording(
      id: request.id, position: position, end: scope == .open ? nil : recorder.end)
  }

  /// What is asked for.
  private enum Scope {
    /// What is known and what comes; only what is known; only the state of this moment.
    case open, past, now

    init?(_ words: [String]) {
      switch words {
      case []: self = .open
      case ["past"]: self = .past
      case ["now"]: self = .now
      default: return nil
      }
    }
  }

  static let reloaded =
    "the configuration was reloaded, and a new journal begins: record again"

  static let tooSlow =
    "this reader is too slow: what came next is lost; what was written can be replayed"
}

extension ControlClient {
  /// Gives the client what it has room for.
  func serveRecording(_ recorder: borrowing Recorder) {
    while var recording, recording.hasMore(recorder.end), queued < Recording.queueShare {
      guard let piece = recording.next(recorder) else {
        enqueue(JSONLine.end(id: recording.id, code: .failure, message: Recording.tooSlow))
        self.recording = nil
        return
      }
      self.recording = recording
      var line = JSONLine(id: recording.id, type: "journal")
      line.add("hex", hexadecimal: piece)
      enqueue(line.finish())
    }
    guard let recording, recording.end != nil, !recording.hasMore(recorder.end) else { return }
    enqueue(JSONLine.end(id: recording.id, code: .ok, message: ""))
    self.recording = nil
  }

  /// Another configuration has taken over: its journal is another one.
  func endRecording() {
    guard let recording else { return }
    enqueue(JSONLine.end(id: recording.id, code: .failure, message: Recording.reloaded))
    self.recording = nil
  }

  /// Whether a turn would bring a recording forward.
  func canServeRecording(_ recorded: Int) -> Bool {
    guard let recording else { return false }
    return queued < Recording.queueShare
      && (recording.hasMore(recorded) || recording.end != nil)
  }
}
