// A scenario: what happens to a scene, one step after the other, and what must then be seen.

package import Management
package import Model

/// A file read whole and found right. `ScenarioPlayer` plays it.
package struct Scenario: Sendable {
  package var layout: Layout
  package var steps: [Step]

  /// One line of the file.
  package struct Step: Equatable, Sendable {
    package var line: Int
    /// The line as it was written, for the report.
    package var text: String
    package var action: Action
  }

  package enum Action: Equatable, Sendable {
    /// From here on UPDATEs are counted and outages measured.
    case mark
    /// An event, now or so long after the mark.
    case event(Event, at: Nanoseconds?)
    /// What must become true in time.
    case await(Condition, within: Nanoseconds)
    /// What must be true now.
    case expect(Condition)
    /// What must stay true so long.
    case hold(Condition, for: Nanoseconds)
  }

  package enum Event: Equatable, Sendable {
    case fault(Fault, host: String?, amount: Int?)
    case mend(Fault?, host: String?)
    case move(String)
    case quirk(QuirkRequest)
    /// The resource manager or the metadata service misbehaves.
    case trouble(Trouble)
    case mendTrouble(Door, Mischief?)
  }

  package enum Condition: Equatable, Sendable {
    /// Both instances have sessions with these speakers.
    case sessions([String])
    /// Both instances and the fabric send every VIP to this host.
    case route(String)
    /// Both instances hold a route via this host that is not the best.
    case staleRoute(String)
    /// The route table sends every VIP to this host.
    case row(String)
    /// Every speaker judges its probes of this kind for this host so.
    case probe(String, kind: String, Signal)
    /// This host answers every client.
    case answer(String)
    /// Nobody answers any client.
    case silence
    /// So many UPDATEs since the mark at each instance, of one speaker or of all.
    case updates(Int, from: String?)
    /// So many changes of routes of a table were taken since the mark, from one host or from all.
    case writes(Int, from: String?)
    /// Since the scene began no speaker has withdrawn anything.
    case noWithdrawal
    /// Since the scene began no session was ended by a NOTIFICATION.
    case noNotification
    /// Since the mark no client was without an answer for so long.
    case outageBelow(Nanoseconds)
  }
}

/// Everything that is wrong with a scenario's text.
package struct ScenarioError: Error, Equatable, CustomStringConvertible {
  package struct Problem: Equatable, Sendable {
    package var line: Int
    package var text: String
  }

  package var name: String
  package var problems: [Problem]

  package var description: String {
    problems.map { "\(name):\($0.line): \($0.text)" }.joined(separator: "\n")
  }
}
