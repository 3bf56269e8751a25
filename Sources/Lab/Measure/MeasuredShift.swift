// One shift as the client of a VIP saw it, and what many of them come to.

package import Model

/// A shift that was asked for, and the questions around it.
package struct MeasuredShift: Equatable, Sendable {
  package var host: String
  /// When it was asked for, and until when it was watched.
  package var began: Moment
  package var end: Moment
  /// How long after the last change before it was seen it was asked for; nil for the first.
  package var sinceLast: Nanoseconds?
  /// From asking for it to the first answer of the new host.
  package var arrival: Nanoseconds?
  /// From asking for it to the first answer of the new host behind which none of another came: each
  /// route server instance serves a part of the network, so for a while both hosts may answer.
  package var moved: Nanoseconds?
  /// The longest time between two answers, from asking on.
  package var outage: Nanoseconds
  /// Questions asked since that were never answered.
  package var lost: Int

  /// Looks at the questions of a client: `began` is when the shift was asked for, `end` when it was
  /// no longer watched.
  package init(
    to host: String, questions: [Question], began: Moment, end: Moment, lastChange: Moment?
  ) {
    self.host = host
    self.began = began
    self.end = end
    sinceLast = lastChange.map { began - $0 }
    let answers = questions.compactMap(\.answer).filter { $0.moment <= end }
      .sorted { $0.moment < $1.moment }
    let after = answers.filter { $0.moment >= began }
    arrival = after.first { $0.from == host }.map { $0.moment - began }
    let lastOfOld = after.last { $0.from != host }?.moment ?? began
    moved = after.first { $0.from == host && $0.moment > lastOfOld }.map { $0.moment - began }
    // The gap may have begun with the last answer before.
    let before = answers.last { $0.moment < began }?.moment ?? began
    let points = [before] + after.map(\.moment) + [end]
    outage = zip(points, points.dropFirst()).map { $1 - $0 }.max() ?? .zero
    lost = questions.count { began <= $0.asked && $0.asked <= end && $0.answer == nil }
  }

  /// When the traffic was at the new host whole.
  package var change: Moment? { moved.map { began + $0 } }
}
