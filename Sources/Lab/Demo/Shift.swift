// One shift as everybody saw it: kernel, wire, both route servers' tables, fabric, client.

package import Model

/// What was seen of a shift, and everything that was wrong with it.
package struct Shift {
  /// How long after its trigger a shift is watched. We chose it: a second UPDATE would come much
  /// earlier.
  package static let window = Nanoseconds.seconds(3)

  /// One observation.
  package struct Event: Sendable {
    package var moment: Moment
    package var observer: String
    package var text: String

    package init(moment: Moment, observer: String, text: String) {
      self.moment = moment
      self.observer = observer
      self.text = text
    }
  }

  /// What set it off. Times are told relative to `moment`.
  package struct Trigger: Sendable {
    package var moment: Moment
    /// What happened before and at that moment.
    package var events: [Event]

    package init(moment: Moment, events: [Event]) {
      self.moment = moment
      self.events = events
    }
  }

  package var trigger: Trigger
  package private(set) var events: [Event] = []
  package private(set) var faults: [String] = []
  /// The longest time between two answers to the client, from just before the first event to the
  /// end of the window.
  package private(set) var clientGap: Nanoseconds?
  /// Questions of that time that were never answered.
  package private(set) var unanswered = 0
  /// UPDATEs counted at each instance.
  package private(set) var updates: [(instance: String, count: Int)] = []

  private let network: VirtualNetwork
  private let claimant: String
  private let start: Moment

  /// Sets a shift off and watches it to the end of its window. `claimant` is the host that must
  /// hold the VIP then.
  package init(
    _ network: VirtualNetwork, client: QuestionLog, to claimant: String, from speakers: [String],
    _ begin: () throws(LabError) -> Trigger
  ) throws(LabError) {
    self.network = network
    self.claimant = claimant
    // What the claim has to beat, as the route servers hold it now.
    var incumbent: [Int?] = []
    for (_, routes) in try network.routes() {
      incumbent.append(routes.first(where: \.isBest)?.path.count)
    }
    trigger = try begin()
    start = trigger.events.map(\.moment).min() ?? trigger.moment
    events = trigger.events
    do throws(LabError) {
      try network.wait(forBest: claimant, within: Shift.window)
    } catch .timedOut(let what, let last) {
      faults.append("not seen in time: \(what): \(last)")
    }
    try Waiting.until(trigger.moment + Shift.window)
    try readWire(speakers, incumbent)
    try readTables()
    try readClient(client)
    events.sort { $0.moment < $1.moment }
  }

  private mutating func readWire(_ speakers: [String], _ incumbent: [Int?]) throws(LabError) {
    var addresses: [IPv4Address] = []
    for speaker in speakers { addresses.append(try network.address(of: speaker)) }
    let until = trigger.moment + Shift.window
    for (index, tap) in network.taps.enumerated() {
      let judge = try tap.judge()
      let expected = ExpectedShift(
        prefix: VirtualNetwork.vipPrefix, claimant: try network.address(of: claimant),
        speakers: addresses, shorterThan: incumbent[index], from: start, until: until)
      faults += judge.faults(of: expected)
      let seen = judge.updates(from: addresses).filter {
        start <= $0.record.moment && $0.record.moment <= until
      }
      updates.append((judge.instance, seen.count))
      for (record, update) in seen {
        add(record.moment, "wire \(judge.instance)", "\(update), from \(record.source.address)")
      }
    }
  }

  private mutating func readTables() throws(LabError) {
    let address = try network.address(of: claimant)
    for (instance, routes) in try network.routes() {
      guard let best = routes.first(where: \.isBest), best.nextHop == address else {
        faults.append("\(instance.name): its best route is not the one via \(address)")
        continue
      }
      let others = routes.filter { !$0.isBest }.map {
        "\($0.nextHop.map(\.description) ?? "?") x \($0.path.count)"
      }
      let stale = others.isEmpty ? "" : "; still held: \(others.joined(separator: ", "))"
      add(best.since, "table \(instance.name)", "best via \(address)\(stale)")
    }
    let chosen = try network.fabric.routes(to: VirtualNetwork.vipPrefix).first(where: \.isBest)
    if let chosen { add(chosen.since, "fabric", "forwards to \(address)") }
  }

  private mutating func readClient(_ client: QuestionLog) throws(LabError) {
    // Later questions may still be under way.
    let end = trigger.moment + Shift.window - WebClient.patience - .milliseconds(100)
    let begin = start - .milliseconds(100)
    let questions = try client.questions().filter { begin <= $0.asked && $0.asked <= end }
    unanswered = questions.count { $0.answer == nil }
    let answers = questions.compactMap(\.answer).sorted { $0.moment < $1.moment }
    let pairs = zip(answers, answers.dropFirst())
    clientGap = pairs.map { $1.moment - $0.moment }.max()
    guard let first = answers.first(where: { $0.from == claimant && $0.moment >= trigger.moment })
    else {
      faults.append("the client got no answer from \(claimant)")
      return
    }
    add(first.moment, "client", "first answer from \(claimant)")
    if let late = answers.first(where: { $0.from != claimant && $0.moment > first.moment }) {
      faults.append("the client got an answer from \(late.from) after the first from \(claimant)")
    }
    // Restored means to the end: whatever was asked once the first answer was there has its answer.
    let lost = questions.count { $0.asked > first.moment && $0.answer == nil }
    if lost > 0 { faults.append("\(lost) questions were lost after the first answer") }
  }

  private mutating func add(_ moment: Moment, _ observer: String, _ text: String) {
    events.append(Event(moment: moment, observer: observer, text: text))
  }
}
