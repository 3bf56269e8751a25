// Which programs this machine has.

import Linux

/// Looks for programs where the lab's programs look for them.
package enum Programs {
  private static let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]

  /// Whether a program of this name is installed.
  package static func has(_ name: String) -> Bool {
    do throws(Errno) {
      for directory in directories where try Directories.exists("\(directory)/\(name)") {
        return true
      }
    } catch {
      return false
    }
    return false
  }
}
