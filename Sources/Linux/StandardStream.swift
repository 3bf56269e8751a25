// Standard output and error of a program that people and scripts call, and what it inherits.

import CLinux
import Model

/// A descriptor that every program is started with.
package struct StandardStream: Sendable {
  package static let output = StandardStream(raw: STDOUT_FILENO)
  package static let error = StandardStream(raw: STDERR_FILENO)

  private let raw: Int32

  private init(raw: Int32) { self.raw = raw }

  /// Opens /dev/null in the place of each of the three that the caller has closed: the next
  /// descriptor would take its number, and output would end up in a socket.
  package static func fillGaps() throws(Errno) {
    while true {
      let raw = try system {
        unsafe "/dev/null".withCString { unsafe clinux_open($0, O_RDWR, 0) }
      }
      if raw > Int(STDERR_FILENO) {
        try system { clinux_close(Int32(raw)) }
        return
      }
    }
  }

  /// A person reads here.
  package var isTerminal: Bool { isatty(raw) == 1 }

  /// How many columns the terminal has; nil when it is none, or does not say.
  package var columns: Int? {
    var size = winsize()
    do throws(Errno) {
      try system { unsafe clinux_window_size(raw, &size) }
    } catch {
      return nil
    }
    return size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  /// Writes everything and waits for a slow reader; EPIPE when the reader has gone.
  package func write(_ bytes: Span<UInt8>) throws(Errno) {
    var written = 0
    while written < bytes.count {
      let start = written
      do throws(Errno) {
        written += try system {
          unsafe bytes.withUnsafeBufferPointer { bytes in
            let rest = unsafe UnsafeBufferPointer(rebasing: bytes[start...])
            return unsafe clinux_write(raw, rest.baseAddress, rest.count)
          }
        }
      } catch {
        // Somebody who shares the descriptor has made it non-blocking.
        guard error == .again else { throw error }
        _ = StreamSocket.wait(raw, .write, for: .seconds(1))
      }
    }
  }
}

/// The environment that the program was started with.
package enum Environment {
  /// The value of a variable, nil when it is not set.
  package static func value(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
