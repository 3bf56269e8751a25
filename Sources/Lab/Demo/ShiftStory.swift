// Several shifts of one scene as a demo tells them: each with its stages, then all with a verdict.

import Model

/// What a demo of one scene has seen so far.
struct ShiftStory {
  /// A shift, and what led to it.
  struct Chapter {
    var title: String
    var shift: SceneShift
  }

  private(set) var chapters: [Chapter] = []
  private(set) var faults: [String] = []
  private let paper: Timeline

  init(on paper: Timeline) { self.paper = paper }

  mutating func add(_ title: String, _ shift: SceneShift) {
    chapters.append(Chapter(title: title, shift: shift))
    faults += shift.faults
  }

  /// Something that is wrong beside the shifts.
  mutating func add(fault: String) { faults.append(fault) }

  /// Tells one of them; `praise` is what it is when nothing is wrong.
  func tell(_ chapter: Chapter, praise: String) {
    let shift = chapter.shift
    paper.heading(chapter.title)
    for event in shift.events { paper.event(event, since: shift.trigger) }
    let outage = shift.outage.map(Timeline.milliseconds) ?? "no end of it"
    paper.note("client", "without an answer for \(outage), \(shift.unanswered) requests lost")
    for fault in shift.faults { paper.check(false, fault) }
    if shift.faults.isEmpty { paper.check(true, praise) }
  }

  /// The outages, and `passed` when everything was seen that had to be.
  func tellVerdict(passed: [String]) {
    paper.line("")
    guard faults.isEmpty else {
      paper.line("verdict: FAILED")
      for fault in faults { paper.line("  \(fault)") }
      return
    }
    for chapter in chapters {
      let outage = chapter.shift.outage.map(Timeline.milliseconds) ?? "?"
      paper.line("  \(chapter.title): \(outage) without an answer")
    }
    for line in passed { paper.line(line) }
  }

  /// Writes a page with a chart of each; `hosts` are those who answer, in the order of colours.
  func writePage(
    to file: String, title: String, passed: String, hosts: [String]
  ) throws(LabError) {
    let charts = chapters.map { chapter in
      Chart(
        title: chapter.title, hosts: hosts, lanes: [ChartLane("the client", chapter.shift)])
    }
    try ChartPage(
      title: title, verdict: faults.isEmpty ? passed : "Failed.", isPassed: faults.isEmpty,
      charts: charts
    ).write(to: file)
    paper.line("\npage: \(file)")
  }
}
