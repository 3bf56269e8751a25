// A thread: for programs of the lab, the courier's disk, and the file that a reload reads.

import CLab

/// A joinable thread.
@safe
package struct Worker: ~Copyable {
  private let thread: pthread_t

  /// What the new thread takes with it.
  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts `body` on a thread of its own.
  package init(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    let work = unsafe Unmanaged.passRetained(Work(body))
    var started = pthread_t()
    let result = unsafe pthread_create(
      &started, nil,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        }
        return nil
      }, work.toOpaque())
    guard result == 0 else {
      unsafe work.release()
      throw Errno(code: result)
    }
    thread = started
  }

  /// Waits until the body has returned. Whoever starts a worker joins it.
  package consuming func join() {
    let result = pthread_join(thread, nil)
    precondition(result == 0, "a worker was joined twice")
  }
}
