// The demo of the SD-WAN pair: a branch's route goes and comes back, then hundreds do at once.

import Linux
import Model
import Platform

/// One scene, four changes of an appliance's kernel, each of which has to be few UPDATEs.
struct RouteDemo {
  /// How long the scene is seen at rest before a change, and after it.
  private static let rest = Nanoseconds.seconds(1)
  /// Until everybody has followed a change.
  private static let limit = Nanoseconds.seconds(20)
  /// Branches that come at once: more than one UPDATE would be without a reason to wait.
  private static let branches = 300
  /// UPDATEs that many routes may need. A change waits 10 ms for others, and adding so many may
  /// take several times that.
  private static let most = 12

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
    paper.line("hopshift-lab demo redistribute: two SD-WAN appliances announce the branch that is")
    paper.line("in their kernels, the second one with a longer path.")
    paper.heading("the stage")
    let daemon: String
    if let package = options.package { daemon = package } else { daemon = try OwnPrograms.daemon() }
    let scene = try Scene(.redistribute, daemon: daemon, cast: options.casting.cast)
    defer { scene.tearDown() }
    try scene.open()
    let vip = scene.layout.vips[0]
    paper.step("network \(scene.lab.tag): hopshiftd on edge1 and edge2, a tunnel from each")
    paper.step("the client fetches http://\(vip.address)/ every 10 ms; cpe1 answers, behind edge1")
    let strip = LiveStrip([(name: "client", log: scene.clients[0])])
    paper.heading("who answers, a letter each 20 ms: 1 is cpe1, 2 is cpe2, a dot is nobody")
    try watch(
      scene, strip, "edge1's kernel loses its route to the branch", to: "edge2",
      expecting: .withdrawal(by: "edge1")
    ) { () throws(LabError) in try scene.cause(.routeLost, on: "edge1") }
    try watch(scene, strip, "the route comes back", to: "edge1", expecting: .claim) {
      () throws(LabError) in try scene.mend(.routeLost, on: "edge1")
    }
    let burst = try addBranches(scene)
    try watch(
      scene, strip, "edge1's tunnel goes down, and \(RouteDemo.branches + 1) routes with it",
      to: "edge2",
      expecting: .departure(of: RouteDemo.branches + 1, by: "edge1", most: RouteDemo.most)
    ) { () throws(LabError) in
      let tunnel = try scene.tunnel(of: "edge1").name
      try scene.lab.run(["ip", "link", "set", "dev", tunnel, "down"], on: "edge1")
    }
    let praise = "each route server heard what it had to, no more"
    for chapter in story.chapters.prefix(2) { story.tell(chapter, praise: praise) }
    tell(burst)
    for chapter in story.chapters.dropFirst(2) { story.tell(chapter, praise: praise) }
    story.tellVerdict(passed: ["verdict: passed. What came together in the kernel left together."])
    if let file = options.page {
      try story.writePage(
        to: file, title: "hopshift: an SD-WAN pair and its branches",
        passed: "Passed: few UPDATEs for each change.", hosts: ["cpe1", "cpe2"])
    }
    if options.keep {
      paper.line("\nkept, until Ctrl-C: \(scene.lab.tag)")
      try Waiting.untilInterrupted()
    }
    return story.faults.isEmpty
  }

  private mutating func watch(
    _ scene: Scene, _ strip: LiveStrip, _ text: String, to carrier: String,
    expecting expected: SceneShift.Expected, _ begin: () throws(LabError) -> Void
  ) throws(LabError) {
    var trigger = Moment(nanoseconds: 0)
    try strip.during { () throws(LabError) in
      try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + RouteDemo.rest)
      trigger = Moment(nanoseconds: Clock.wall().nanoseconds)
      try begin()
      try scene.wait("\(carrier) to carry the branch", within: RouteDemo.limit) {
        () throws(LabError) in
        if let missing = try scene.missingRoute(to: carrier) { return missing }
        return try scene.missingAnswer(from: scene.layout.answerer(of: carrier))
      }
      try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + RouteDemo.rest)
    }
    story.add(
      text, try SceneShift(scene, to: carrier, trigger: trigger, fault: text, expecting: expected))
  }

  // MARK: Many at once

  /// How many UPDATEs each route server was sent for all of them, and when the last one came.
  private struct Burst {
    var instance: String
    var updates: Int
    var last: Nanoseconds
  }

  /// Puts many routes into edge1's kernel, as a routing daemon does that has heard of them.
  private mutating func addBranches(_ scene: Scene) throws(LabError) -> [Burst] {
    let gateway = try scene.network.address(of: "cpe1")
    let lines = (0..<RouteDemo.branches).map { number in
      "route add 10.\(65 + number / 256).\(number % 256).0/24 via \(gateway) proto static"
    }
    let path = try scene.lab.write("branches.ip", lines.joined(separator: "\n") + "\n")
    let trigger = Moment(nanoseconds: Clock.wall().nanoseconds)
    try scene.lab.run(["ip", "-batch", path], on: "edge1")
    var bursts: [Burst] = []
    try scene.wait("all branches at both route servers", within: RouteDemo.limit) {
      () throws(LabError) in
      bursts = []
      for (instance, seen) in try scene.updates(since: trigger, from: "edge1") {
        let told = Set(seen.flatMap(\.update.announced)).count
        if told < RouteDemo.branches { return "\(instance) was told \(told)" }
        let last = seen.last.map { $0.record.moment - trigger } ?? .zero
        bursts.append(Burst(instance: instance, updates: seen.count, last: last))
      }
      return nil
    }
    return bursts
  }

  // MARK: Telling

  private mutating func tell(_ bursts: [Burst]) {
    paper.heading("\(RouteDemo.branches) branches more come into edge1's kernel")
    for burst in bursts {
      let isFew = burst.updates <= RouteDemo.most
      let text =
        "\(burst.instance): all of them in \(burst.updates) UPDATEs, the last after "
        + Timeline.milliseconds(burst.last)
      paper.check(isFew, text)
      if !isFew { story.add(fault: text) }
    }
  }
}
