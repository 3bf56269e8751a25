// What a page shows of a shift: lanes of time on one scale, coloured by who answered.

package import Model

/// Several lanes that share a scale; zero is each lane's own trigger.
package struct Chart {
  package var title: String
  /// The hosts that can answer; their place gives the colour.
  package var hosts: [String]
  package var lanes: [ChartLane]

  /// The time that all lanes show.
  package var begin: Nanoseconds {
    let first = lanes.compactMap { $0.events.map(\.time).min() }.min() ?? .zero
    return min(first, .zero) - Chart.margin
  }
  package var end: Nanoseconds {
    let last = lanes.map(\.lastInterest).max() ?? .zero
    return last + Chart.margin
  }

  package init(title: String, hosts: [String], lanes: [ChartLane]) {
    self.title = title
    self.hosts = hosts
    self.lanes = lanes
  }

  /// What is shown before the trigger and after the last thing that happened. We chose it: twenty
  /// requests.
  private static let margin = Nanoseconds.milliseconds(200)
}

/// One run, as its client saw it.
package struct ChartLane {
  /// A stretch of time with one answerer, or with none.
  package struct Span: Equatable {
    package var host: String?
    package var begin: Nanoseconds
    package var end: Nanoseconds

    package init(host: String?, begin: Nanoseconds, end: Nanoseconds) {
      self.host = host
      self.begin = begin
      self.end = end
    }
  }

  package var name: String
  package var spans: [Span]
  /// What happened, relative to the trigger.
  package var events: [(time: Nanoseconds, observer: String, text: String)]
  package var outage: Nanoseconds?

  package init(
    _ name: String, questions: [Question], events: [Shift.Event], trigger: Moment,
    outage: Nanoseconds?
  ) {
    self.name = name
    self.outage = outage
    spans = ChartLane.spans(of: questions, since: trigger)
    self.events = events.map { ($0.moment - trigger, $0.observer, $0.text) }
  }

  init(_ name: String, _ shift: SceneShift) {
    self.init(
      name, questions: shift.questions, events: shift.events, trigger: shift.trigger,
      outage: shift.outage)
  }

  /// When the last thing happened that somebody wants to see.
  fileprivate var lastInterest: Nanoseconds {
    let gaps = spans.filter { $0.host == nil }.map(\.end)
    return max(events.map(\.time).max() ?? .zero, gaps.max() ?? .zero)
  }

  /// From the first answer of a host to its last before another or nobody. Two answers of one host
  /// that are more than four paces apart have nobody between them, those of two hosts more than
  /// two: a busy machine is late now and then, and a move is what is looked at.
  package static func spans(of questions: [Question], since trigger: Moment) -> [Span] {
    var spans: [Span] = []
    let answers = questions.compactMap(\.answer).sorted { $0.moment < $1.moment }
    for answer in answers {
      let time = answer.moment - trigger
      guard let last = spans.last else {
        spans.append(Span(host: answer.from, begin: time, end: time))
        continue
      }
      let paces: Int64 = last.host == answer.from ? 4 : 2
      if time - last.end > Nanoseconds(WebClient.usualPace.count * paces) {
        spans.append(Span(host: nil, begin: last.end, end: time))
        spans.append(Span(host: answer.from, begin: time, end: time))
      } else if last.host == answer.from {
        spans[spans.count - 1].end = time
      } else {
        spans[spans.count - 1].end = time
        spans.append(Span(host: answer.from, begin: time, end: time))
      }
    }
    return spans
  }
}
