// The demo of the pair: a planned move, then a frozen owner, told as a timeline and judged.

import Linux
import Model
import Platform

/// Tells the story once. Every check that fails is kept, so that the end can say all of it.
package struct Demo {
  /// What the command line may ask for.
  package struct Options: Sendable {
    /// `pair`, `watcher`, `udr` or `redistribute`.
    package var layout = "pair"
    /// Who plays the route servers, where that is free.
    var casting = CastOptions()
    package var package: String?
    /// Where a page with the timeline is written.
    package var page: String?
    package var plain = false
    package var keep = false
    package var verbose = false

    package init() {}
  }

  private let options: Options
  private let paper: Timeline
  private var faults: [String] = []
  private var shifts: [Shift] = []
  private var strip: LiveStrip?
  private var firstTrigger: Moment?

  package init(_ options: Options) {
    self.options = options
    paper = Timeline(verbose: options.verbose)
  }

  /// Runs the whole demo; true when everything was seen that had to be.
  package mutating func run() throws(LabError) -> Bool {
    let file = try packageFile()
    paper.line("hopshift-lab demo: a VIP moves between two appliances, judged by two BIRDs,")
    paper.line("a packet capture at each of them, and a client.")
    paper.heading("the stage")
    let stage = try Stage(paper: paper)
    defer { stage.leave() }
    do throws(LabError) {
      try stage.enter(package: file, plain: options.plain)
      try stage.startClient(answeredBy: "a")
      strip = LiveStrip([(name: "client", log: stage.client.log)])
      try tellRest(stage)
      try tellMove(stage)
      try tellFreeze(stage)
      try tellThaw(stage)
      try judgeWholeRun(stage)
    } catch {
      check(false, "\(error)")
      if case .interrupted = error { return false }
      tellDiagnosis(stage)
    }
    tellVerdict()
    try writePage(stage)
    if options.keep { try keep(stage) }
    return faults.isEmpty
  }

  // MARK: The story

  private mutating func tellRest(_ stage: Stage) throws(LabError) {
    paper.heading("1  at rest: a holds \(VirtualNetwork.vip)")
    for appliance in stage.appliances {
      let rights = try appliance.rights()
      check(rights.areNone, "hopshiftd on \(appliance.host): \(rights)")
    }
    for (instance, routes) in try stage.network.routes() {
      for route in routes {
        let hop = route.nextHop.map(\.description) ?? "?"
        let path = WireUpdate.text(of: route.path)
        paper.note(
          "table \(instance.name)", "via \(hop) path \(path)\(route.isBest ? "  <- best" : "")")
      }
    }
  }

  private mutating func tellMove(_ stage: Stage) throws(LabError) {
    let network = stage.network
    paper.heading("2  planned move: the address is taken off a and put on b")
    let shift = try watch(stage, to: "b") { () throws(LabError) in
      let removed = try network.lab.removeAddress(VirtualNetwork.vip, on: "a")
      let added = try network.lab.addAddress(VirtualNetwork.vip, on: "b")
      return Demo.trigger(
        added, on: "b",
        before: [Demo.event(removed.before, "kernel a", "\(VirtualNetwork.vip) removed")])
    }
    tell(shift)
  }

  private mutating func tellFreeze(_ stage: Stage) throws(LabError) {
    let network = stage.network
    let frozen = stage.appliances[1]
    paper.heading("3  frozen owner: b stands still, its sessions stay up; the address is put on a")
    let count = frozen.processes().count
    let shift = try watch(stage, to: "a") { () throws(LabError) in
      let began = Clock.wall()
      // A machine that stands still answers nothing and acknowledges nothing, its kernel included:
      // besides stopping the processes its cable is taken off the fabric. Nothing is reset, so the
      // route servers notice nothing.
      try network.lab.unplug("b")
      try frozen.freeze()
      let silent = try stage.waitForSilence()
      let added = try network.lab.addAddress(VirtualNetwork.vip, on: "a")
      return Demo.trigger(
        added, on: "a",
        before: [
          Demo.event(began, "machine b", "frozen, all \(count) processes; its cable is silent"),
          Demo.event(silent, "client", "no answer for \(Stage.silence.milliseconds) ms"),
        ])
    }
    tell(shift)
    let address = try network.address(of: "b")
    for (instance, routes) in try network.routes() {
      let isUp = try instance.isEstablished("b")
      check(isUp, "\(instance.name): the session of the frozen b is still Established")
      check(
        routes.contains { $0.nextHop == address && !$0.isBest },
        "\(instance.name): b's stale route is still held, and is not the best")
    }
  }

  /// A shift with the live view beside it.
  private func watch(
    _ stage: Stage, to claimant: String, _ begin: () throws(LabError) -> Shift.Trigger
  ) throws(LabError) -> Shift {
    func shift() throws(LabError) -> Shift {
      try Shift(
        stage.network, client: stage.client.log, to: claimant, from: Stage.hosts, begin)
    }
    guard let strip else { return try shift() }
    return try strip.during { () throws(LabError) in try shift() }
  }

  private mutating func tellThaw(_ stage: Stage) throws(LabError) {
    let network = stage.network
    paper.heading("4  b thaws, and its address is taken away")
    let thawed = Moment(nanoseconds: Clock.wall().nanoseconds)
    try network.lab.plugIn("b")
    try stage.appliances[1].thaw()
    _ = try network.lab.removeAddress(VirtualNetwork.vip, on: "b")
    // Long enough for whatever b had to say, and for the route servers' retransmissions.
    try Waiting.until(thawed + Shift.window)
    try network.wait(forSessionsOf: Stage.hosts, within: .seconds(5))
    try network.wait(forBest: "a", within: .seconds(1))
    let questions = try stage.client.log.questions().filter { $0.asked > thawed }
    check(
      questions.compactMap(\.answer).allSatisfy { $0.from == "a" },
      "all sessions are up and every answer came from a")
  }

  private mutating func judgeWholeRun(_ stage: Stage) throws(LabError) {
    paper.heading("the whole run, as captured at the route servers")
    let end = Moment(nanoseconds: Clock.wall().nanoseconds)
    var speakers: [IPv4Address] = []
    for host in Stage.hosts { speakers.append(try stage.network.address(of: host)) }
    for tap in stage.network.taps {
      let judge = try tap.judge()
      let updates = judge.updates(from: speakers)
      for (record, update) in updates where firstTrigger.map({ record.moment < $0 }) ?? true {
        paper.note("wire \(judge.instance)", "at start: \(update)")
      }
      let windows = shifts.map { ($0.trigger.moment - .milliseconds(100), $0.trigger.moment) }
      for (record, update) in updates {
        guard let firstTrigger, record.moment >= firstTrigger else { continue }
        let isKnown = windows.contains {
          $0.0 <= record.moment && record.moment <= $0.1 + Shift.window
        }
        if !isKnown { paper.note("wire \(judge.instance)", "between shifts: \(update)") }
      }
      let found = judge.faultsOfWholeRun(speakers: speakers, until: end)
      for fault in found { check(false, fault) }
      if found.isEmpty {
        check(true, "\(judge.instance): no withdrawal, no NOTIFICATION, no connection ended")
      }
    }
  }

  // MARK: Telling

  private mutating func tell(_ shift: Shift) {
    if firstTrigger == nil { firstTrigger = shift.trigger.events.map(\.moment).min() }
    for event in shift.events { paper.event(event, since: shift.trigger.moment) }
    let gap = shift.clientGap.map(Timeline.milliseconds) ?? "no two answers"
    paper.note("client", "longest gap \(gap), \(shift.unanswered) questions without an answer")
    for fault in shift.faults { check(false, fault) }
    let counts = shift.updates.map { "\($0.count) UPDATE at \($0.instance)" }
    if shift.faults.isEmpty {
      check(true, "\(counts.joined(separator: ", ")), no withdrawal, both prefer the new owner")
    }
    shifts.append(shift)
  }

  private func tellDiagnosis(_ stage: Stage) {
    for appliance in stage.appliances {
      paper.heading("what \(appliance.host) said last")
      paper.line(appliance.diagnosis())
    }
  }

  private func tellVerdict() {
    paper.line("")
    guard faults.isEmpty else {
      paper.line("verdict: FAILED")
      for fault in faults { paper.line("  \(fault)") }
      return
    }
    for (name, shift) in zip(["planned move", "frozen owner"], shifts) {
      let wire = shift.events.filter { $0.observer.hasPrefix("wire") }.map(\.moment).max()
      let answer = shift.events.last { $0.observer == "client" }?.moment
      let times = [wire, answer].map { moment in
        moment.map { Timeline.milliseconds($0 - shift.trigger.moment) } ?? "?"
      }
      paper.line(
        "  \(name): UPDATE at both route servers after \(times[0]), client after \(times[1])")
    }
    paper.line(
      "verdict: passed. \(shifts.count) shifts, one UPDATE per route server each, none withdrawn.")
  }

  private mutating func check(_ holds: Bool, _ text: String) {
    paper.check(holds, text)
    if !holds { faults.append(text) }
  }

  private func writePage(_ stage: Stage) throws(LabError) {
    guard let file = options.page else { return }
    let questions = try stage.client.log.questions()
    let titles = ["a planned move, from a to b", "a frozen owner: b stands still, a takes over"]
    var charts: [Chart] = []
    for (title, shift) in zip(titles, shifts) {
      let begin = shift.trigger.moment - .seconds(1)
      let end = shift.trigger.moment + Shift.window - WebClient.patience
      let lane = ChartLane(
        "the client", questions: questions.filter { begin <= $0.asked && $0.asked <= end },
        events: shift.events, trigger: shift.trigger.moment, outage: shift.clientGap)
      charts.append(Chart(title: title, hosts: Stage.hosts, lanes: [lane]))
    }
    let verdict =
      faults.isEmpty
      ? "Passed: one UPDATE per route server and shift, nothing withdrawn."
      : "Failed: " + faults.joined(separator: "; ")
    try ChartPage(
      title: "hopshift: a pair of appliances", verdict: verdict, isPassed: faults.isEmpty,
      charts: charts
    ).write(to: file)
    paper.line("page: \(file)")
  }

  private func keep(_ stage: Stage) throws(LabError) {
    let tag = stage.network.lab.tag
    paper.line("\nkept: `ip netns exec \(tag)-client ping \(VirtualNetwork.vip)`, logs and")
    paper.line("control sockets in \(stage.network.lab.directory); Ctrl-C removes it all")
    try Waiting.untilInterrupted()
  }

  // MARK: Small parts

  private static func event(_ wall: Instant, _ observer: String, _ text: String) -> Shift.Event {
    Shift.Event(
      moment: Moment(nanoseconds: wall.nanoseconds), observer: observer, text: text)
  }

  private static func trigger(
    _ added: AddressRequest.Bracket, on host: String, before: [Shift.Event]
  ) -> Shift.Trigger {
    let took = (added.after - added.before).microseconds
    let text = "\(VirtualNetwork.vip) added (the kernel took \(took) us)"
    return Shift.Trigger(
      moment: Moment(nanoseconds: added.before.nanoseconds),
      events: before + [event(added.before, "kernel \(host)", text)])
  }

  private func packageFile() throws(LabError) -> String {
    if let named = options.package { return named }
    do throws(Errno) {
      let names = try Directories.list("dist")
      let found = names.last { $0.hasPrefix("hopshift_") && $0.hasSuffix(".deb") }
      if let found { return "dist/\(found)" }
    } catch {
      throw .system(error, doing: "listing dist")
    }
    throw .unsuitable("no package: `make deb` builds dist/hopshift_*.deb, or name one with --deb")
  }
}
