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
  private var story: ShiftStory

  init(_ options: Demo.Options) {
    self.options = options
    paper = Timeline(verbose: options.verbose)
    story = ShiftStory(on: paper)
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
    for chapter in story.chapters {
      story.tell(chapter, praise: "one write, by the one who took the VIP; nothing was deleted")
    }
    story.tellVerdict(passed: [
      "verdict: passed. \(story.chapters.count) shifts, one write each.",
      "(Azure was seen to take four to thirty seconds from a write to the traffic.)",
    ])
    if let file = options.page {
      try story.writePage(
        to: file, title: "hopshift: a pair and a route table",
        passed: "Passed: one write for each shift.", hosts: ["a", "b"])
    }
    if options.keep {
      paper.line("\nkept, until Ctrl-C: \(scene.lab.tag)")
      try Waiting.untilInterrupted()
    }
    return story.faults.isEmpty
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
    story.add(text, try SceneShift(scene, to: heir, trigger: trigger, fault: text))
  }
}
