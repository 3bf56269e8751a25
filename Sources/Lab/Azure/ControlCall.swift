// One request to a part of the simulated platform, and its answer.

package import Control
import Linux
package import Model

/// A request is a line of words: an identifier, then what is asked. The answer's records bear the
/// identifier; the last one, `end`, says how it went.
package enum ControlCall {
  package static func ask(
    _ path: String, _ words: [String], id: String, within limit: Nanoseconds, of name: String
  ) throws(LabError) -> [Record] {
    let line = ([id] + words).joined(separator: " ") + "\n"
    let deadline = Clock.monotonic() + limit
    let stream = try open(path, line, until: deadline, name)
    var buffer = ReceiveBuffer()
    var lines = LineBuffer(limit: ControlLimits.recordLine)
    var records: [Record] = []
    while true {
      let left = deadline - Clock.monotonic()
      guard left > .zero, stream.wait(.read, for: left) else {
        throw .timedOut("\(name) to answer '\(words.joined(separator: " "))'", last: "")
      }
      do throws(Errno) {
        guard let count = try stream.receive(into: &buffer) else { continue }
        if count == 0 { throw Errno.connectionReset }
      } catch {
        throw .system(error, doing: "the answer of \(name)")
      }
      for record in try take(&lines, buffer, from: name) {
        guard record.isEnd else {
          records.append(record)
          continue
        }
        guard record.exitCode == .ok else {
          throw .command(
            words: [name] + words, status: record.exitCode.rawValue,
            output: record.string("message") ?? "")
        }
        return records
      }
    }
  }

  private static func open(
    _ path: String, _ line: String, until deadline: Instant, _ name: String
  ) throws(LabError) -> UnixStream {
    do throws(Errno) {
      let stream = try UnixStream.connect(path: path)
      try send(line, on: stream, until: deadline)
      return stream
    } catch {
      throw .system(error, doing: "asking \(name)")
    }
  }

  private static func send(
    _ line: String, on stream: borrowing UnixStream, until deadline: Instant
  ) throws(Errno) {
    let bytes = Array(line.utf8)
    var written = 0
    while written < bytes.count {
      let rest = Array(bytes[written...])
      written += try stream.send(rest.span)
      let left = deadline - Clock.monotonic()
      guard written < bytes.count else { return }
      guard left > .zero, stream.wait(.write, for: left) else { throw .timedOut }
    }
  }

  private static func take(
    _ lines: inout LineBuffer, _ buffer: borrowing ReceiveBuffer, from name: String
  ) throws(LabError) -> [Record] {
    var whole: [[UInt8]] = []
    do throws(LineBufferError) {
      try buffer.withBytes { (bytes) throws(LineBufferError) in try lines.append(bytes) }
      while let line = try lines.next() { whole.append(line) }
    } catch {
      throw .unsuitable("\(name) answered a line that is too long")
    }
    var found: [Record] = []
    for line in whole {
      do throws(RecordError) {
        found.append(try Record(line: line.span))
      } catch {
        throw .unsuitable("\(name) answered \(String(decoding: line, as: UTF8.self))")
      }
    }
    return found
  }
}
