// Plays a scenario on a scene of its own, tells each step, and keeps everything that was not seen.

import Linux
package import Model

/// Waits on conditions only: a step begins when the one before is done.
package struct ScenarioPlayer {
  private let scenario: Scenario
  private let scene: Scene
  private let say: (String) -> Void
  private let began = Clock.monotonic()
  private var mark: Moment
  /// What was not seen that had to be, by line.
  package private(set) var faults: [String] = []

  /// How long each client was without an answer in the part that ended last.
  package private(set) var outages: [Nanoseconds] = []

  /// Builds the scene, plays everything and removes the scene; answers what was not seen.
  package static func play(
    _ scenario: Scenario, daemon: String, cast: VirtualNetwork.Cast? = nil,
    program: String = AzureProcess.ownProgram,
    say: @escaping (String) -> Void
  ) throws(LabError) -> ScenarioPlayer {
    let scene = try Scene(scenario.layout, daemon: daemon, cast: cast, program: program)
    defer { scene.tearDown() }
    try scene.open()
    var player = ScenarioPlayer(scenario, on: scene, say: say)
    try player.playAll()
    return player
  }

  private init(_ scenario: Scenario, on scene: Scene, say: @escaping (String) -> Void) {
    self.scenario = scenario
    self.scene = scene
    self.say = say
    mark = Moment(nanoseconds: Clock.wall().nanoseconds)
  }

  private mutating func playAll() throws(LabError) {
    tell("ready", "layout \(scenario.layout.name): sessions are up, clients are answered")
    for step in scenario.steps {
      do throws(LabError) {
        if let missing = try play(step) {
          fail(step, missing)
        } else {
          tell("ok", step.text)
        }
      } catch .timedOut(_, let last) {
        // What follows would be about something else.
        fail(step, last)
        break
      } catch .interrupted {
        throw .interrupted
      } catch {
        fail(step, "\(error)")
        break
      }
    }
    try endPart()
  }

  /// What is missing, or nil.
  private mutating func play(_ step: Scenario.Step) throws(LabError) -> String? {
    switch step.action {
    case .mark:
      try endPart()
      mark = Moment(nanoseconds: Clock.wall().nanoseconds)
      return nil
    case .event(let event, let time):
      if let time { try Waiting.until(mark + time) }
      try carryOut(event)
      return nil
    case .await(let condition, let limit):
      try scene.wait(step.text, within: limit) { () throws(LabError) in try missing(condition) }
      return nil
    case .expect(let condition): return try missing(condition)
    case .hold(let condition, let length):
      let deadline = Clock.monotonic() + length
      var broken: String?
      try scene.wait(step.text, within: length + .seconds(20)) { () throws(LabError) in
        broken = try missing(condition)
        return broken != nil || Clock.monotonic() >= deadline ? nil : "the time is not over"
      }
      return broken
    }
  }

  private func carryOut(_ event: Scenario.Event) throws(LabError) {
    switch event {
    case .fault(let fault, let host, let amount):
      try scene.cause(fault, on: host, amount: amount)
    case .mend(let fault, let host): try scene.mend(fault, on: host)
    case .move(let host): try scene.move(to: host)
    case .quirk(let quirk): try scene.change(quirk)
    case .trouble(let trouble): try scene.cause(trouble)
    case .mendTrouble(let door, let mischief): try scene.mend(door, mischief)
    }
  }

  private func missing(_ condition: Scenario.Condition) throws(LabError) -> String? {
    switch condition {
    case .sessions(let hosts): return try scene.missingSession(of: hosts)
    case .route(let host): return try scene.missingRoute(to: host)
    case .staleRoute(let host): return try scene.missingStaleRoute(via: host)
    case .row(let host): return try scene.missingRow(to: host)
    case .probe(let host, let kind, let signal):
      return try scene.missingProbe(kind, of: host, signal)
    case .answer(let host): return try scene.missingAnswer(from: host)
    case .silence: return try scene.missingSilence()
    case .updates(let count, let speaker):
      for (instance, updates) in try scene.updates(since: mark, from: speaker)
      where updates.count != count * scene.layout.vips.count {
        return "\(instance) has seen \(updates.count): \(updates.map { "\($0.update)" })"
      }
      return nil
    case .writes(let count, let host): return try scene.missingWrites(count, host, since: mark)
    case .noWithdrawal: return try scene.withdrawals().first
    case .noNotification: return try scene.notifications().first
    case .outageBelow(let limit):
      let longest = try measured().max() ?? .zero
      return longest < limit ? nil : "it lasted \(Timeline.milliseconds(longest))"
    }
  }

  /// The longest time without an answer since the mark, for each client; it may last still.
  private func measured() throws(LabError) -> [Nanoseconds] {
    var lengths: [Nanoseconds] = []
    for client in scene.clients { lengths.append(try Outage.longest(client, since: mark)) }
    return lengths
  }

  private mutating func endPart() throws(LabError) {
    outages = try measured()
    let texts = zip(scenario.layout.vips, outages).map {
      "\($0.name) was without an answer for at most \(Timeline.milliseconds($1))"
    }
    tell("", texts.joined(separator: ", "))
  }

  private mutating func fail(_ step: Scenario.Step, _ why: String) {
    tell("FAILED", "\(step.text): \(why)")
    faults.append("line \(step.line): \(step.text): \(why)")
  }

  private func tell(_ verdict: String, _ text: String) {
    let elapsed = Clock.monotonic() - began
    let tenths = elapsed.milliseconds / 100
    let time = "\(tenths / 10).\(tenths % 10) s"
    let place = String(repeating: " ", count: max(9 - time.count, 0)) + time
    say("\(place)  \(verdict)\(String(repeating: " ", count: max(8 - verdict.count, 1)))\(text)")
  }
}

/// How long a client was without answers.
package enum Outage {
  /// The longest time between two answers, from just before `moment` until now.
  package static func longest(_ client: QuestionLog, since moment: Moment) throws(LabError)
    -> Nanoseconds
  {
    let answers = try client.questions().compactMap(\.answer?.moment).sorted()
    let now = Moment(nanoseconds: Clock.wall().nanoseconds)
    // The gap may have begun with the last answer before the moment.
    let before = answers.last { $0 < moment } ?? moment
    let points = [before] + answers.filter { $0 >= moment } + [now]
    return zip(points, points.dropFirst()).map { $1 - $0 }.max() ?? .zero
  }
}
