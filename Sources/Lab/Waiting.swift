// Waiting in the lab: on a condition, with a deadline, never for a fixed while.

import Linux
package import Model

/// Looks at a condition until it holds.
package enum Waiting {
  /// The pause between two looks. We chose it: short beside everything that is waited for.
  package static let pause = Nanoseconds.milliseconds(10)

  /// How many times longer than usual things may take here: a slow or busy machine says so in its
  /// environment. What must not happen is watched as long as ever.
  package static let patience = factor(of: Environment.value("HOPSHIFT_PATIENCE"))

  /// A number from 1 to 100; anything else is 1.
  package static func factor(of text: String?) -> Int64 {
    guard let number = text.flatMap({ Int64($0) }), (1...100).contains(number) else { return 1 }
    return number
  }

  /// Returns when `condition` answers nil; what it answers otherwise is told when time is up. Only
  /// a clean-up may not be interrupted.
  package static func until(
    _ what: String, within limit: Nanoseconds, mayInterrupt: Bool = true,
    _ condition: () throws(LabError) -> String?
  ) throws(LabError) {
    let deadline = Clock.monotonic() + limit * patience
    while true {
      guard let missing = try condition() else { return }
      if mayInterrupt, Termination.isRequested { throw .interrupted }
      if Clock.monotonic() >= deadline { throw .timedOut(what, last: missing) }
      do throws(Errno) {
        try Processes.pause(nanoseconds: pause.count)
      } catch {
        throw .system(error, doing: "waiting for \(what)")
      }
    }
  }

  /// Returns when a person asks the program to end.
  package static func untilInterrupted() throws(LabError) {
    do throws(Errno) {
      while !Termination.isRequested { try Processes.pause(nanoseconds: pause.count) }
    } catch {
      throw .system(error, doing: "waiting for an interruption")
    }
  }

  /// Returns when the wall clock has reached `moment`: the end of a window in which nothing more
  /// may come.
  package static func until(_ moment: Moment) throws(LabError) {
    let left = moment - Moment(nanoseconds: Clock.wall().nanoseconds)
    try until("the end of the window", within: left + .seconds(1)) { () throws(LabError) in
      Clock.wall().nanoseconds >= moment.nanoseconds ? nil : "not yet"
    }
  }
}
