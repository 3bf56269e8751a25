// Other processes of this machine: which namespaces they are in, and signals to them.

import CLab

/// What can be asked about processes and done to them.
package enum Processes {
  /// A signal, by its number on this machine.
  package enum Signal: Sendable {
    case kill
    case terminate
    case stop
    case proceed

    fileprivate var number: Int32 {
      switch self {
      case .kill: SIGKILL
      case .terminate: SIGTERM
      case .stop: SIGSTOP
      case .proceed: SIGCONT
      }
    }
  }

  /// Which kind of namespace: the names under /proc/PID/ns.
  package enum Namespace: String, Sendable {
    case network = "net"
    case pid = "pid"
  }

  /// The user whose rights this process has; 0 is root.
  package static var effectiveUser: UInt32 { geteuid() }

  /// This process.
  package static var own: Int32 { getpid() }

  /// Sends a signal; a process that is gone is no fault.
  package static func signal(_ pid: Int32, _ signal: Signal) throws(Errno) {
    do throws(Errno) {
      try system { clab_kill(pid, signal.number) }
    } catch .noSuchProcess {
      return
    }
  }

  /// The identity of a namespace, `net:[4026531840]`, or nil when the process is gone or a zombie.
  package static func namespace(_ kind: Namespace, of pid: Int32) -> String? {
    var bytes = [CChar](repeating: 0, count: 64)
    let count = unsafe clab_readlink("/proc/\(pid)/ns/\(kind.rawValue)", &bytes, bytes.count)
    guard count > 0, count < bytes.count else { return nil }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The file that this process executes.
  package static func ownProgram() throws(Errno) -> String {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = try system { unsafe clab_readlink("/proc/self/exe", &bytes, bytes.count) }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Turns this process into another program, the first word looked up in PATH. It returns only by
  /// an error.
  package static func become(_ words: [String]) throws(Errno) -> Never {
    let arguments = CStrings(words)
    try system { unsafe clab_exec(arguments.vector) }
    preconditionFailure("a program that was executed came back")
  }

  /// Waits for `nanoseconds` and nothing else: the pause between two looks at a condition.
  package static func pause(nanoseconds: Int64) throws(Errno) {
    try system { clab_wait(-1, nanoseconds) }
  }
}
