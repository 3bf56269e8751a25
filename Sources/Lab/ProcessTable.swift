// Questions about the processes of this machine, answered from /proc; any may vanish in between.

package import Linux

/// Looks at /proc once per question.
package enum ProcessTable {
  private static let statLimit = 4096
  private static let environmentLimit = 1 << 20

  /// When a process began, in clock ticks after boot; nil when there is no such process.
  package static func startTime(of pid: Int32) -> UInt64? {
    // Field 22, counted from 1; the fields after the name start with number 3.
    guard let fields = fields(of: pid), fields.count > 19 else { return nil }
    return UInt64(fields[19])
  }

  /// The state letter of proc_pid_stat(5): `T` is stopped. Nil when there is no such process.
  package static func state(of pid: Int32) -> Character? {
    fields(of: pid)?.first?.first
  }

  /// Whether a process can still do anything: one that has ended and waits for its parent cannot.
  package static func isAlive(_ pid: Int32) -> Bool {
    guard let state = state(of: pid) else { return false }
    return state != "Z" && state != "X"
  }

  /// Processes whose environment holds `variable`, as `NAME=value`.
  package static func marked(with variable: String) -> [Int32] {
    let wanted = Array(variable.utf8)
    return all().filter { pid in
      guard let bytes = read("/proc/\(pid)/environ", limit: environmentLimit) else { return false }
      return bytes.split(separator: 0).contains { $0.elementsEqual(wanted) }
    }
  }

  /// Processes in the same namespace as `pid`, itself among them.
  package static func sharing(_ kind: Processes.Namespace, with pid: Int32) -> [Int32] {
    guard let wanted = Processes.namespace(kind, of: pid) else { return [] }
    return all().filter { Processes.namespace(kind, of: $0) == wanted }
  }

  /// Processes in a named network namespace.
  static func inside(_ namespace: String, _ shell: Shell) throws(LabError) -> [Int32] {
    let answer = try shell.attempt(["ip", "netns", "pids", namespace]).output
    return answer.split(separator: "\n").compactMap { Int32($0) }
  }

  /// The children of a process, oldest first.
  package static func children(of pid: Int32) -> [Int32] {
    let bytes = read("/proc/\(pid)/task/\(pid)/children", limit: environmentLimit) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
  }

  private static func all() -> [Int32] {
    do throws(Errno) {
      return try Directories.list("/proc").compactMap { Int32($0) }
    } catch {
      preconditionFailure("/proc cannot be listed")
    }
  }

  /// The fields of /proc/PID/stat behind the name, which stands in parentheses and may hold any
  /// byte.
  private static func fields(of pid: Int32) -> [Substring]? {
    guard let bytes = read("/proc/\(pid)/stat", limit: statLimit) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    return text[text.index(after: end)...].split { $0.isWhitespace }
  }

  /// Nil when the process is gone: to all these questions that is an answer.
  private static func read(_ path: String, limit: Int) -> [UInt8]? {
    do throws(Errno) {
      return try Files.read(path: path, limit: limit)
    } catch {
      return nil
    }
  }
}
