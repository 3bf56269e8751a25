// One line a message to standard error, in the form that the reader there expects.

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

  /// Bytes of text a line holds; longer ones are cut. journald takes 48 KiB, people far less.
  package static let lineLimit = 2048

  /// Less urgent messages are not written.
  private let threshold: Level
  private let descriptor: Int32
  /// Messages that nobody was ready to read since the last that was.
  private var dropped = 0
  private let hasPrefix: Bool

  /// Writes to a descriptor that is open as long as the log lives. The level stands before each
  /// line as `<6>` unless a terminal reads it: that is how journald takes it (sd-daemon(3)).
  package init(threshold: Level, descriptor: Int32 = STDERR_FILENO) {
    self.threshold = threshold
    self.descriptor = descriptor
    hasPrefix = unsafe getenv("JOURNAL_STREAM") != nil || isatty(descriptor) == 0
  }

  package func error(_ text: @autoclosure () -> String) { write(.error, text) }
  package func warning(_ text: @autoclosure () -> String) { write(.warning, text) }
  package func notice(_ text: @autoclosure () -> String) { write(.notice, text) }
  package func info(_ text: @autoclosure () -> String) { write(.info, text) }
  package func debug(_ text: @autoclosure () -> String) { write(.debug, text) }

  private func write(_ level: Level, _ text: () -> String) {
    guard level <= threshold else { return }
    // A reader that hangs must not stop the service: what it has no room for is counted.
    guard StreamSocket.wait(descriptor, .write, for: .zero) else {
      dropped += 1
      return
    }
    let note = dropped == 0 ? "" : " (\(dropped) messages before this one were dropped)"
    let line = Log.line(level, text() + note, hasPrefix: hasPrefix)
    do throws(Errno) {
      try system { unsafe clinux_write(descriptor, line, line.count) }
      dropped = 0
    } catch {
      // A log that nobody can read must not stop the service, and there is nowhere to say so.
      dropped += 1
    }
  }

  /// The bytes of one line: level, text without control characters, newline.
  static func line(_ level: Level, _ text: String, hasPrefix: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lineLimit + 8)
    if hasPrefix { bytes.append(contentsOf: "<\(level.rawValue)>".utf8) }
    let start = bytes.count
    for character in text.unicodeScalars {
      let isControl = character.value < 32 || (127..<160).contains(character.value)
      let encoded = UTF8.encode(isControl ? " " : character)
      // A scalar is never cut in two.
      guard let encoded, bytes.count - start + encoded.count <= lineLimit else { break }
      bytes.append(contentsOf: encoded)
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}
