// The demo of Trustgrid's pair: no Route Server, a planned move and a death by a route table.

import Linux
import Model

/// One scene, two shifts, each of which has to be one write of the one who takes the VIP.
struct TableDemo {
  /// How long the scene is seen at rest before a shift, and after it.
  private static let rest = Nanoseconds.seconds(1)
  /// A shift that takes longer has failed. Azure's own operations take a second or two here.
  private static let limit = Nanoseconds.seconds(20)

  private let options: Demo.Options
  private let paper: Timeline
  private var shifts: [(title: String, shift: SceneShift)] = []
  private var faults: [String] = []

  init(_ options: Demo.Options) {
    self.options = options
    paper = Timeline(verbose: options.verbose)
  }

  /// Runs the whole demo; true when everything was seen that had to be.
  mutating func run() throws(LabError) -> Bool {
    paper.line("hopshift-lab demo udr: Trustgrid's two appliances, and no Route Server.")
    paper.line("The VIP is a route of a table; whoever takes it puts itself there, by one write.")
    paper.heading("the stage")
    let daemon: String
    if let package = options.package { daemon = package } else { daemon = try OwnPrograms.daemon() }
    let scene = try Scene(.udr, daemon: daemon, cast: options.casting.cast)
    defer { scene.tearDown() }
    try scene.open()
    paper.step("network \(scene.lab.tag): hopshiftd and hopshift-courier on a and b")
    paper.step("the resource manager, with TLS, in the fabric; operations last a second")
    paper.step("the client fetches http://\(scene.layout.vips[0].address)/ every 10 ms; a answers")
    let strip = LiveStrip([(name: "client", log: scene.clients[0])])
    paper.heading("who answers, a letter each 20 ms; a dot is nobody")
    try watch(
      scene, strip, .maintenance, "a", to: "b", "the operator takes a out of service")
    try scene.mend(.maintenance, on: "a")
    try watch(scene, strip, .hostDies, "b", to: "a", "b is gone, and nobody is told")
    for (title, shift) in shifts { tell(title, shift) }
    tellVerdict()
    try writePage()
    if options.keep {
      paper.line("\nkept, until Ctrl-C: \(scene.lab.tag)")
      try Waiting.untilInterrupted()
    }
    return faults.isEmpty
  }

  private mutating func watch(
    _ scene: Scene, _ strip: LiveStrip, _ fault: Fault, _ host: String, to heir: String,
    _ text: String
  ) throws(LabError) {
    var trigger = Moment(nanoseconds: 0)
    try strip.during { () throws(LabError) in
      try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + TableDemo.rest)
      trigger = Moment(nanoseconds: Clock.wall().nanoseconds)
      try scene.cause(fault, on: host)
      try scene.wait("\(heir) to answer", within: TableDemo.limit) { () throws(LabError) in
        if let missing = try scene.missingRoute(to: heir) { return missing }
        return try scene.missingAnswer(from: heir)
      }
      try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + TableDemo.rest)
    }
    shifts.append((text, try SceneShift(scene, to: heir, trigger: trigger, fault: text)))
  }

  // MARK: Telling

  private mutating func tell(_ title: String, _ shift: SceneShift) {
    paper.heading(title)
    for event in shift.events { paper.event(event, since: shift.trigger) }
    let outage = shift.outage.map(Timeline.milliseconds) ?? "no end of it"
    paper.note("client", "without an answer for \(outage), \(shift.unanswered) requests lost")
    for fault in shift.faults { paper.check(false, fault) }
    if shift.faults.isEmpty {
      paper.check(true, "one write, by the one who took the VIP; nothing was deleted")
    }
    faults += shift.faults
  }

  private func tellVerdict() {
    paper.line("")
    guard faults.isEmpty else {
      paper.line("verdict: FAILED")
      for fault in faults { paper.line("  \(fault)") }
      return
    }
    for (title, shift) in shifts {
      let outage = shift.outage.map(Timeline.milliseconds) ?? "?"
      paper.line("  \(title): \(outage) without an answer")
    }
    paper.line("verdict: passed. \(shifts.count) shifts, one write each.")
    paper.line("(Azure was seen to take four to thirty seconds from a write to the traffic.)")
  }

  private func writePage() throws(LabError) {
    guard let file = options.page else { return }
    let charts = shifts.map { title, shift in
      Chart(title: title, hosts: ["a", "b"], lanes: [ChartLane("the client", shift)])
    }
    try ChartPage(
      title: "hopshift: a pair and a route table",
      verdict: faults.isEmpty ? "Passed: one write for each shift." : "Failed.",
      isPassed: faults.isEmpty, charts: charts
    ).write(to: file)
    paper.line("\npage: \(file)")
  }
}
