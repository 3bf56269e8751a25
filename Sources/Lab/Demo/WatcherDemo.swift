// The demo of Elleman's watcher: a server dies, and beside it the same with the article's means.

import Linux
import Model

/// Two scenes side by side, the same fault at the same moment. Only hopshiftd is judged.
struct WatcherDemo {
  /// How long the fault is watched: longer than the article's loop needs.
  private static let window = Nanoseconds.seconds(4)
  /// How long the scenes are seen at rest.
  private static let rest = Nanoseconds.seconds(1)
  private static let dying = "ws1"
  private static let heir = "ws2"

  private let options: Demo.Options
  private let paper: Timeline
  private var faults: [String] = []

  init(_ options: Demo.Options) {
    self.options = options
    paper = Timeline(verbose: options.verbose)
  }

  /// Runs the whole demo; true when everything was seen that had to be.
  mutating func run() throws(LabError) -> Bool {
    paper.line("hopshift-lab demo watcher: Elleman's two web servers and their watcher.")
    paper.line("ws1 dies without a word; the watcher has to tell both route servers.")
    paper.heading("the stage")
    let daemon: String
    if let package = options.package { daemon = package } else { daemon = try OwnPrograms.daemon() }
    let ours = try Scene(.watcher, daemon: daemon, cast: options.casting.cast)
    defer { ours.tearDown() }
    try ours.open()
    paper.step("network \(ours.lab.tag): hopshiftd on watch1 asks ws1 and ws2")
    let article = try articleScene()
    defer { article?.tearDown() }
    var clients = [(name: "hopshift", log: ours.clients[0])]
    if let article { clients.append((name: "article", log: article.clients[0])) }
    paper.step("lt1 fetches http://\(ours.layout.vips[0].address)/ every 10 ms; ws1 answers")
    let shifts = try play(ours, article, LiveStrip(clients))
    try tell(shifts.ours, "hopshift", isJudged: true)
    if let theirs = shifts.article { try tell(theirs, "the article: curl and ExaBGP") }
    try writePage(shifts.ours, shifts.article)
    tellVerdict(shifts.ours, shifts.article)
    if options.keep { try keep(ours, article) }
    return faults.isEmpty
  }

  /// The same network with the article's programs; nil, with a word on why, where they are not.
  private func articleScene() throws(LabError) -> Scene? {
    if let reason = ArticleWatcher.reasonNotToRun {
      paper.step("nothing beside it: \(reason)")
      return nil
    }
    let scene = try Scene(.watcher, daemon: nil, cast: options.casting.cast)
    do throws(LabError) {
      let watcher = try ArticleWatcher(scene)
      try scene.openToClients()
      try watcher.checkRunning()
      paper.step("network \(scene.lab.tag): the article's curl loop and ExaBGP on watch1")
      return scene
    } catch .interrupted {
      scene.tearDown()
      throw .interrupted
    } catch {
      paper.step("nothing beside it: the article's programs do not start: \(error)")
      scene.tearDown()
      return nil
    }
  }

  /// Both scenes at rest, the fault in both, and a window in which everything must have happened.
  private func play(_ ours: Scene, _ article: Scene?, _ strip: LiveStrip) throws(LabError) -> (
    ours: SceneShift, article: SceneShift?
  ) {
    paper.heading("who answers, a letter each 20 ms: 1 is ws1, 2 is ws2, a dot is nobody")
    let scenes = [ours] + (article.map { [$0] } ?? [])
    var triggers: [Moment] = []
    try strip.during { () throws(LabError) in
      try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds) + WatcherDemo.rest)
      for scene in scenes {
        triggers.append(Moment(nanoseconds: Clock.wall().nanoseconds))
        try scene.cause(.hostDies, on: WatcherDemo.dying)
      }
      try Waiting.until(triggers[0] + WatcherDemo.window)
    }
    let fault = "\(WatcherDemo.dying) is gone, and nobody is told"
    var shifts: [SceneShift] = []
    for (scene, trigger) in zip(scenes, triggers) {
      shifts.append(
        try SceneShift(scene, to: WatcherDemo.heir, trigger: trigger, fault: fault))
    }
    return (shifts[0], shifts.count > 1 ? shifts[1] : nil)
  }

  // MARK: Telling

  private mutating func tell(_ shift: SceneShift, _ name: String, isJudged: Bool = false)
    throws(LabError)
  {
    paper.heading(name)
    for event in shift.events { paper.event(event, since: shift.trigger) }
    let outage = shift.outage.map(Timeline.milliseconds) ?? "no end of it"
    paper.note("client", "without an answer for \(outage), \(shift.unanswered) requests lost")
    guard isJudged else {
      for fault in shift.faults { paper.note("", "seen there: \(fault)") }
      return
    }
    for fault in shift.faults { paper.check(false, fault) }
    if shift.faults.isEmpty {
      paper.check(true, "one UPDATE at each route server, no withdrawal, ws2 has the traffic")
    }
    faults += shift.faults
  }

  private func tellVerdict(_ ours: SceneShift, _ article: SceneShift?) {
    paper.line("")
    guard faults.isEmpty, let outage = ours.outage else {
      paper.line("verdict: FAILED")
      for fault in faults { paper.line("  \(fault)") }
      return
    }
    paper.line("  hopshift    \(Timeline.milliseconds(outage)) without an answer")
    if let article {
      let text = article.outage.map { "\(Timeline.milliseconds($0)) without an answer" }
      paper.line("  the article \(text ?? "did not bring the traffic back in time")")
    }
    paper.line("verdict: passed. One UPDATE per route server, nothing withdrawn.")
    paper.line("(Azure then takes one to five seconds to program the route, for either.)")
  }

  private func writePage(_ ours: SceneShift, _ article: SceneShift?) throws(LabError) {
    guard let file = options.page else { return }
    var lanes = [ChartLane("hopshift", ours)]
    if let article { lanes.append(ChartLane("the article: curl and ExaBGP", article)) }
    let chart = Chart(
      title: "ws1 dies, and nobody is told", hosts: [WatcherDemo.dying, WatcherDemo.heir],
      lanes: lanes)
    let page = ChartPage(
      title: "hopshift: Elleman's watcher",
      verdict: faults.isEmpty
        ? "Passed: one UPDATE per route server, nothing withdrawn." : "Failed.",
      isPassed: faults.isEmpty, charts: [chart])
    try page.write(to: file)
    paper.line("\npage: \(file)")
  }

  private func keep(_ ours: Scene, _ article: Scene?) throws(LabError) {
    paper.line("\nkept, until Ctrl-C: hopshift in \(ours.lab.tag)")
    if let article { paper.line("the article in \(article.lab.tag)") }
    try Waiting.untilInterrupted()
  }
}
