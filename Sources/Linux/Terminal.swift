// Standard output, standard error and the end of a process.

import CLinux

/// Where a program's own words go before there is a log.
package enum Terminal {
  package static func output(_ text: String) { write(text, to: STDOUT_FILENO) }
  package static func error(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Writes all of it. A reader that went away (EPIPE) ends it quietly: nobody is left to tell.
  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var offset = 0
    do throws(Errno) {
      while offset < bytes.count {
        offset += try system {
          unsafe bytes.withUnsafeBytes { raw in
            unsafe clinux_write(
              descriptor, raw.baseAddress.map { unsafe $0 + offset }, raw.count - offset)
          }
        }
      }
    } catch {
      return
    }
  }

  package static func exit(_ code: Int32) -> Never { CLinux.exit(code) }
}
