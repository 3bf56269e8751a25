// What was asked for about the configuration, until it is done: a reload, and whether it stays.

import Configuration
import Linux
import Model
import Seal

/// A configuration that was read and found good, with the files that it names.
struct Configured: Sendable {
  var plan: Plan
  var text: [UInt8]
  var protection: TCPProtection
  var key: SealKey?
}

/// Who wants another configuration, and how long they wait.
struct Reloads {
  /// How long a reload waits for a moment in which nothing is under way. We chose it: a listing of
  /// the kernel's takes milliseconds, and people wait for the answer.
  static let patience = Nanoseconds.seconds(1)
  /// How long a disk may take when a signal asked. We chose it: it is told in the log then.
  static let readingPatience = Nanoseconds.seconds(10)
  /// And when somebody waits at the command line, who gives up after two seconds. We chose it: with
  /// the wait for a quiet moment it is less than that.
  static let askerPatience = Nanoseconds.milliseconds(700)
  /// The longest time that a reload may be on trial: the longest that the command line knows.
  static let longestTrial = Nanoseconds.seconds(7 * 86_400)

  enum Asker {
    case signal
    /// The request's name, and how long the reload is on trial; nil: it stays.
    case client(ControlClient, id: String, trial: Nanoseconds?)
    /// Nobody has confirmed in time.
    case time
    /// An operator does not want to wait for that.
    case rollback(ControlClient, id: String)
  }

  /// What is asked for, and until when it may wait for a quiet moment.
  struct Wanted {
    var asker: Asker
    var until: Instant
    /// The file is read once, when it is asked for; nil: it is being read.
    var read: Result<Configured, ReadProblem>?
  }

  /// Every problem of a file, ready to print.
  struct ReadProblem: Error {
    var text: String
  }

  /// What was in force before a reload that is on trial.
  struct Trial {
    var former: Configured
    var ends: Instant
  }

  var wanted: Wanted?
  /// Signals came while something else was wanted: the file is read once more for all of them.
  var isAskedAgain = false
  /// Whether the thread that reads has not left its answer yet.
  var isReading = false
  /// Nobody waits for that answer any more: whoever asks now wants the file as it is now.
  var isAbandoned = false
  var trial: Trial?
  /// What the last reload took the place of, until it is known whether it is on trial.
  var former: Configured?

  var deadline: Instant? {
    // Whoever waits looks again soon: what it waits for makes no event of its own, but the reader.
    let next = wanted.map { $0.read == nil && isReading ? $0.until : nextLook }
    let ends = wanted == nil ? trial?.ends : nil
    return Instant.earlier(next, ends)
  }

  private(set) var nextLook = Instant.zero
  /// How often it is looked whether the moment has come. We chose it: a listing of an appliance's
  /// links and addresses takes about as long.
  private static let look = Nanoseconds.milliseconds(2)

  /// Asks for the file, which is read first, or for what was in force before.
  mutating func ask(_ asker: Asker, at now: Instant) {
    let patience =
      switch asker {
      case .client, .rollback: Reloads.askerPatience
      case .signal, .time: Reloads.readingPatience
      }
    wanted = Wanted(asker: asker, until: now + patience)
    nextLook = now
  }

  /// Several signals are one, but for what was begun before the last of them.
  mutating func askAgain(at now: Instant) {
    if wanted == nil { ask(.signal, at: now) } else { isAskedAgain = true }
  }

  /// From now on only a quiet moment is waited for.
  mutating func hasRead(_ read: Result<Configured, ReadProblem>, at now: Instant) {
    wanted?.read = read
    wanted?.until = now + Reloads.patience
    nextLook = now
  }

  mutating func lookAgain(after now: Instant) { nextLook = now + Reloads.look }

  /// Reads a configuration and everything it names, as a start would.
  static func read(_ path: String) -> Result<Configured, ReadProblem> {
    switch Startup.load(path) {
    case .failed(let text): return .failure(ReadProblem(text: text))
    case .plan(let plan, _, let text):
      switch (Startup.protection(of: plan), Startup.key(of: plan)) {
      case (.failure(let problem), _), (_, .failure(let problem)):
        return .failure(ReadProblem(text: problem.text))
      case (.success(let protection), .success(let key)):
        return .success(Configured(plan: plan, text: text, protection: protection, key: key))
      }
    }
  }
}
