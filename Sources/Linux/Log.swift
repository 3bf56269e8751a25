// One entry a message: to the journal with its fields, or as a line to standard error.

import CLinux
import Model

/// The log. Nothing on the fire path writes to it.
package final class Log {
  /// syslog(3) severities.
  package enum Level: UInt8, Comparable, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// What the journal keeps beside the text, by its name.
  package typealias Field = (name: String, value: String)

  /// Bytes of text a line holds; longer ones are cut. journald takes 48 KiB, people far less.
  package static let lineLimit = 2048
  /// Bytes of any other field: a name of the configuration, a number.
  static let fieldLimit = 256

  /// Less urgent messages are not written.
  private let threshold: Level
  private let descriptor: Int32
  /// Messages that nobody was ready to read since the last that was.
  private var dropped = 0
  private let hasPrefix: Bool
  /// There when standard error leads to the journal.
  private let journal: JournalSocket?
  private let identifier: String

  /// Writes to a descriptor that is open as long as the log lives. The level stands before each
  /// line as `<6>` unless a terminal reads it: that is how journald takes it (sd-daemon(3)). When
  /// the descriptor is the journal's (`stream`), entries go to it with their fields, and as lines
  /// only while it does not take them.
  package convenience init(
    threshold: Level, descriptor: Int32 = STDERR_FILENO, identifier: String = "hopshiftd"
  ) {
    self.init(
      threshold: threshold, descriptor: descriptor, identifier: identifier,
      stream: Environment.value("JOURNAL_STREAM"), journal: JournalSocket.path)
  }

  /// The same in other surroundings than those of this process.
  package init(
    threshold: Level, descriptor: Int32, identifier: String, stream: String?, journal path: String
  ) {
    self.threshold = threshold
    self.descriptor = descriptor
    self.identifier = identifier
    hasPrefix = stream != nil || isatty(descriptor) == 0
    journal = JournalSocket.isJournal(descriptor, stream) ? Log.journal(path) : nil
  }

  /// Nil when the system has no socket for us: then lines are as good.
  private static func journal(_ path: String) -> JournalSocket? {
    do throws(Errno) {
      return try JournalSocket(path: path)
    } catch {
      return nil
    }
  }

  package func error(_ text: @autoclosure () -> String) { write(.error, text) }
  package func warning(_ text: @autoclosure () -> String) { write(.warning, text) }
  package func notice(_ text: @autoclosure () -> String) { write(.notice, text) }
  package func info(_ text: @autoclosure () -> String) { write(.info, text) }
  package func debug(_ text: @autoclosure () -> String) { write(.debug, text) }

  package func write(_ level: Level, _ text: String, _ fields: [Field]) {
    write(level, { text }, fields)
  }

  private func write(_ level: Level, _ text: () -> String, _ fields: [Field] = []) {
    guard level <= threshold else { return }
    let note = dropped == 0 ? "" : " (\(dropped) messages before this one were dropped)"
    let text = text() + note
    if take(level, text, fields) {
      dropped = 0
      return
    }
    // A reader that hangs must not stop the service: what it has no room for is counted.
    guard StreamSocket.wait(descriptor, .write, for: .zero) else {
      dropped += 1
      return
    }
    let line = Log.line(level, text, hasPrefix: hasPrefix)
    do throws(Errno) {
      try system { unsafe clinux_write(descriptor, line, line.count) }
      dropped = 0
    } catch {
      // A log that nobody can read must not stop the service, and there is nowhere to say so.
      dropped += 1
    }
  }

  /// True when the journal has taken the entry.
  private func take(_ level: Level, _ text: String, _ fields: [Field]) -> Bool {
    switch journal {
    case .none: return false
    case .some(let journal):
      let fixed = [
        ("MESSAGE", Log.escaped(text, limit: Log.lineLimit)),
        ("PRIORITY", Array("\(level.rawValue)".utf8)),
        ("SYSLOG_IDENTIFIER", Array(identifier.utf8)),
      ]
      let others = fields.map { ($0.name, Log.escaped($0.value, limit: Log.fieldLimit)) }
      do throws(Errno) {
        try journal.send(JournalSocket.entry(fixed + others))
        return true
      } catch {
        // It is being started anew, or is stuck: its other door may still be open.
        return false
      }
    }
  }

  /// The bytes of one line: level, text without control characters, newline.
  static func line(_ level: Level, _ text: String, hasPrefix: Bool) -> [UInt8] {
    var bytes = hasPrefix ? Array("<\(level.rawValue)>".utf8) : []
    bytes += escaped(text, limit: lineLimit)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// Text as bytes, at most `limit` of them. What could move a cursor, change a colour or turn the
  /// direction of text around is written as `\x{1b}`: some of it was said by a peer.
  static func escaped(_ text: String, limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(limit, text.utf8.count) + 16)
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        let piece = "\\x{\(String(scalar.value, radix: 16))}"
        guard bytes.count + piece.utf8.count <= limit else { break }
        bytes.append(contentsOf: piece.utf8)
        continue
      }
      // A scalar is never cut in two.
      guard let piece = UTF8.encode(scalar), bytes.count + piece.count <= limit else { break }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }

  /// The C0 and C1 controls, and the marks that turn the direction of text around.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }
}
