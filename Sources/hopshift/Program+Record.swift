// Records what goes into the daemon: reads the stream, writes the file.

import Console
import Control
import Linux
import Model

extension Program {
  mutating func record(_ command: RecordCommand, _ socket: String) throws(Trouble) -> ExitCode {
    let until = command.length.map { Clock.monotonic() + $0 }
    // Asked first: a daemon that is not there costs nobody an old file.
    var client = try Client(socket: socket, verb: .record, words: command.past ? ["past"] : [])
    guard var answers = try client.next(until: until) else { return .ok }
    if client.end != nil { try Program.accept(client.end) }
    var recording = try OpenRecording(command)
    while true {
      for answer in answers where !answer.record.isEnd {
        guard let piece = answer.record.bytes("hex") else {
          throw .garbled("a piece of a journal that is none")
        }
        guard try recording.take(piece) else { return finish(recording) }
      }
      if client.end != nil { break }
      guard let more = try next(&client, until: until, recording) else { return finish(recording) }
      answers = more
    }
    let code = finish(recording)
    try Program.accept(client.end)
    return code
  }

  /// What comes next. When the daemon goes, what was written is worth as much as before.
  private func next(
    _ client: inout Client, until: Instant?, _ recording: borrowing OpenRecording
  ) throws(Trouble) -> [Conversation.Answer]? {
    do throws(Trouble) {
      return try client.next(until: until)
    } catch {
      output.complain("\(recording.summary); it ends here:")
      throw error
    }
  }

  private func finish(_ recording: borrowing OpenRecording) -> ExitCode {
    do throws(Errno) {
      try recording.sync()
    } catch {
      output.complain("cannot write \(recording.name): \(error)")
      return .failure
    }
    output.complain(recording.summary)
    return .ok
  }
}

/// A file that a recording goes to, or standard output.
private struct OpenRecording: ~Copyable {
  let name: String
  /// Nil: it is standard output, which is not ours to close.
  private let file: OutputFile?
  private let limit: Int
  private var count = 0

  init(_ command: RecordCommand) throws(Trouble) {
    file = try OpenRecording.open(command.path)
    name = command.path.map(Printable.clean) ?? "standard output"
    limit = command.size
  }

  private static func open(_ path: String?) throws(Trouble) -> OutputFile? {
    guard let path else {
      guard !StandardStream.output.isTerminal else {
        throw .local("a journal is nothing for a terminal: hopshift record - >FILE")
      }
      return nil
    }
    do throws(Errno) {
      return try OutputFile(path: path)
    } catch {
      throw .local("cannot write \(Printable.clean(path)): \(error)")
    }
  }

  /// False when there is no room for this piece, or nobody reads it any more.
  mutating func take(_ piece: [UInt8]) throws(Trouble) -> Bool {
    guard count + piece.count <= limit else { return false }
    do throws(Errno) {
      switch file {
      case .some(let file): try file.write(piece.span)
      case .none: try StandardStream.output.write(piece.span)
      }
    } catch {
      if error == .brokenPipe { return false }
      throw .local("cannot write \(name): \(error)")
    }
    count += piece.count
    return true
  }

  func sync() throws(Errno) {
    switch file {
    case .some(let file): try file.sync()
    case .none: return
    }
  }

  var summary: String { "\(name): \(SizeText.text(count)) recorded" }
}
