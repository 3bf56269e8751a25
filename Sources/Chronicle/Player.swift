// Plays recorded inputs into an engine and tells what it decides.

package import Engine
import Failover
package import Journal
package import Model
import Probes

/// One thing that an engine decided or noticed, for people.
package struct Event: Equatable, Sendable {
  package let time: Instant
  package let sentence: NoteSentence
}

/// An engine that is driven by a journal instead of sockets.
package struct Player: ~Copyable {
  package private(set) var engine: Engine
  private var outputs: Outputs
  private let plan: Plan
  private var latest = Instant(nanoseconds: .min)
  /// What the probes found out by the last input.
  package private(set) var signals: [(target: TargetSlot, signal: Signal)] = []

  /// Nil when the beginning holds a state that another version has written, or that of another
  /// Plan.
  package init?(_ plan: Plan, _ beginning: Beginning) {
    self.plan = plan
    engine = Engine(plan, seed: beginning.seed, run: beginning.run)
    outputs = Outputs(for: plan)
    guard !beginning.state.isEmpty else { return }
    guard engine.restore(beginning.state) else { return nil }
    // Volleys are no state.
    let nothing: [UInt8] = []
    engine.handle(.idle, nothing.span, at: engine.latest, into: &outputs)
  }

  /// When the engine wants a turn.
  package var deadline: Instant? { engine.deadline }

  /// One input; the answer is the sum of its outputs. `events` gets what is worth telling.
  package mutating func play(
    _ input: Input, _ bytes: Span<UInt8>, at time: Instant, errno name: (Int32) -> String,
    into events: inout [Event]
  ) -> OutputSum {
    // A damaged time runs backwards at most once: the sum of its record would not be right.
    latest = max(latest, time)
    engine.handle(input, bytes, at: latest, into: &outputs)
    return finish(errno: name, into: &events)
  }

  /// Evidence that another player has found.
  package mutating func suppose(
    _ target: TargetSlot, _ signal: Signal, at time: Instant, errno name: (Int32) -> String,
    into events: inout [Event]
  ) {
    latest = max(latest, time)
    engine.suppose(target, signal, at: latest, into: &outputs)
    _ = finish(errno: name, into: &events)
  }

  /// Its own probes ask nobody.
  package mutating func muteProbes() { engine.muteProbes() }

  private mutating func finish(
    errno name: (Int32) -> String, into events: inout [Event]
  ) -> OutputSum {
    let sum = OutputSum(outputs, from: 0, engine)
    signals.removeAll(keepingCapacity: true)
    for output in outputs.list {
      guard case .note(let note) = output else { continue }
      if case .probe(.signal(let target, let signal, _)) = note {
        signals.append((target, signal))
      }
      guard let sentence = NoteSentence.of(note, plan, link: link(of: note), errno: name) else {
        continue
      }
      events.append(Event(time: latest, sentence: sentence))
    }
    outputs.removeAll()
    return sum
  }

  private func link(of note: Note) -> Link? {
    guard case .standing(_, _, _, _, .link(let index)) = note else { return nil }
    return engine.failover.view.link(index)
  }
}
