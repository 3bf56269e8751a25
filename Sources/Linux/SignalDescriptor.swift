// Signals as readable events instead of interruptions.

import CLinux

/// Blocks signals in the calling thread and lets them be read instead. They stay blocked when this
/// value goes: a signal that is pending then must not fall back on its default action.
package struct SignalDescriptor: ~Copyable {
  private let descriptor: Descriptor

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  package init(_ signals: [Int32]) throws(Errno) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals {
      let result = unsafe sigaddset(&set, signal)
      precondition(result == 0, "not a signal")
    }
    // pthread_sigmask answers the error itself, and the only one is a wrong first argument.
    let result = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    precondition(result == 0)
    descriptor = Descriptor(
      adopting: Int32(try system { unsafe clinux_signal_descriptor(&set) }))
  }

  /// The next pending signal, or nil when there is none.
  package func next() throws(Errno) -> Int32? {
    var info = signalfd_siginfo()
    do throws(Errno) {
      let size = MemoryLayout<signalfd_siginfo>.size
      let count = try system { unsafe clinux_read(descriptor.raw, &info, size) }
      precondition(count == size, "signalfd reads whole records")
    } catch {
      if error == .again { return nil }
      throw error
    }
    return Int32(bitPattern: info.ssi_signo)
  }
}

/// What a write to somebody who has gone does to a whole process.
package enum BrokenPipe {
  /// From here on such a write fails and nothing else happens. For programs whose libraries write
  /// by themselves, since a socket of ours says MSG_NOSIGNAL.
  package static func ignoreSignal() throws(Errno) {
    _ = try system { clinux_ignore_broken_pipes() }
  }
}

/// The signals that end a daemon in order.
package enum SignalNumber {
  package static let terminate = SIGTERM
  package static let interrupt = SIGINT
  package static let hangUp = SIGHUP
}
