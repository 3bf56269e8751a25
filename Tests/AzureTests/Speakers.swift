// Two speakers with a table machine each, their daemons, freezes and a network, all in virtual time.

import Azure
import Foundation
import Model

/// A claim of a route: the greater its number, the later it was made.
struct Claim {
  var number: Int
  var speaker: Int
  var at = Instant.zero
}

/// What is known of a write when it leaves, and what the machine itself cannot know.
struct Sent {
  var claim: Int
  /// The route was there, so the write should have been guarded.
  var existed: Bool
}

/// One machine with its daemon's belief, seen from outside.
struct Speaker {
  var table: Table
  var budget = Budget()
  var counter: UInt64 = 0
  /// The generation of the last word about each route.
  var generations: [Generation]
  /// What its daemon believes of each route.
  var belief: [Claim]
  var isAbsent: [Bool]
  var frozenUntil: Instant?
  /// Its daemon listens until then, and answers no question.
  var listensUntil = Instant.zero
  /// What comes in while it is frozen.
  var inbox: [TableInput] = []
  var openWrite: CallID?
  var thawedAt = Instant.zero
  var done: [Generation]
  var answersUnderWay = 0
}

/// A schedule made from a seed.
struct Speakers {
  enum Event {
    case claim(route: Int, speaker: Int)
    case learn(speaker: Int, route: Int, Claim)
    case input(Int, TableInput)
    case arrive(Int, CallID, Request, Sent, Mischief)
    case question(Int, ask: UInt64, RouteSlot)
    case freeze(Int, Nanoseconds)
    case thaw(Int)
    case turn(Int)
    case meddle(Int)
    case moveTag
    case calm
  }

  static let routes = 3
  var now = Instant.zero
  var dice: Dice
  var queue: [(at: Instant, order: Int, event: Event)] = []
  var order = 0
  var manager = SimulatedManager()
  var speakers: [Speaker] = []
  var truth: [Claim]
  var isCalm = false
  var withFreezes: Bool
  var withFallback: Bool
  var violations: [String] = []
  var seen: Set<String> = []
  var traceSum: UInt64 = 0
  var creationsOutOfTurn = 0
  /// Claim of the last change that was applied, for each route.
  var applied: [Int]
  var turnAt: [Instant?] = [nil, nil]

  init(seed: UInt64) {
    dice = Dice(seed: seed)
    withFreezes = seed % 4 != 0
    withFallback = seed % 5 == 0
    truth = Array(repeating: Claim(number: 0, speaker: 0), count: Speakers.routes)
    applied = Array(repeating: 0, count: Speakers.routes)
    guard let id = ResourceID(ResourceIDTests.table) else { return }
    let managed = (0..<Speakers.routes).map { index in
      ManagedRoute(
        name: "vip\(index)", prefix: Speakers.prefix(index),
        candidates: [Speakers.hop(0), Speakers.hop(1)])
    }
    for index in 0..<2 {
      speakers.append(
        Speaker(
          table: Table(
            id, at: Cloud.world.management, managed, policy: .repair, seed: seed &+ UInt64(index),
            now: .zero),
          generations: Array(repeating: .none, count: Speakers.routes), belief: truth,
          isAbsent: Array(repeating: false, count: Speakers.routes),
          done: Array(repeating: .none, count: Speakers.routes)))
    }
  }

  static func hop(_ speaker: Int) -> IPAddress { .v4(IPv4Address(10, 0, 0, UInt8(4 + speaker))) }

  static func prefix(_ route: Int) -> Prefix {
    let address = IPAddress.v4(IPv4Address(100, 64, 0, UInt8(route)))
    guard let prefix = Prefix(address, length: 32) else { preconditionFailure("a host prefix") }
    return prefix
  }

  mutating func below(_ bound: Int64) -> Int64 { Int64(dice.next() % UInt64(bound)) }
  mutating func chance(_ percent: Int64) -> Bool { below(100) < percent }
  mutating func milliseconds(_ low: Int64, _ high: Int64) -> Nanoseconds {
    .milliseconds(low + below(high - low + 1))
  }

  mutating func plan(_ event: Event, after wait: Nanoseconds) {
    order += 1
    queue.append((now + wait, order, event))
  }

  mutating func run() {
    for route in 0..<Speakers.routes where chance(70) {
      manager.routes["vip\(route)"] = SimulatedManager.Entry(
        prefix: Speakers.prefix(route).description, hop: "10.0.0.4")
    }
    for speaker in 0..<2 {
      plan(.turn(speaker), after: .zero)
      for route in 0..<Speakers.routes { push(speaker, route) }
    }
    for _ in 0..<(4 + below(20)) {
      plan(
        .claim(route: Int(below(3)), speaker: Int(below(2))), after: milliseconds(0, 120_000))
    }
    if withFreezes {
      for _ in 0..<below(6) {
        plan(.freeze(Int(below(2)), milliseconds(50, 20_000)), after: milliseconds(0, 120_000))
      }
    }
    for _ in 0..<below(3) { plan(.meddle(Int(below(3))), after: milliseconds(0, 120_000)) }
    for _ in 0..<below(6) { plan(.moveTag, after: milliseconds(0, 120_000)) }
    plan(.calm, after: .seconds(150))
    let end = Instant(nanoseconds: 3_000_000_000_000)
    while let index = queue.indices.min(by: {
      (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order)
    }) {
      let next = queue.remove(at: index)
      guard next.at <= end else { break }
      now = next.at
      carryOut(next.event)
    }
  }

  private mutating func carryOut(_ event: Event) {
    switch event {
    case .claim(let route, let speaker): claim(route, speaker)
    case .learn(let speaker, let route, let claim): learn(speaker, route, claim)
    case .input(let speaker, let input): give(speaker, input)
    case .arrive(let speaker, let call, let request, let sent, let mischief):
      arrive(speaker, call, request, sent, mischief)
    case .question(let speaker, let ask, let slot): question(speaker, ask, slot)
    case .freeze(let speaker, let length):
      guard speakers[speaker].frozenUntil == nil else { return }
      speakers[speaker].frozenUntil = now + length
      plan(.thaw(speaker), after: length)
    case .thaw(let speaker): thaw(speaker)
    case .turn(let speaker):
      if turnAt[speaker] == now {
        turnAt[speaker] = nil
        give(speaker, .turn)
      } else if speakers[speaker].table.deadline == nil || now == .zero {
        give(speaker, .turn)
      }
    case .meddle(let route):
      guard manager.routes["vip\(route)"] != nil, !manager.isBusy(at: now) else { return }
      manager.meddle(
        "vip\(route)",
        SimulatedManager.Entry(prefix: Speakers.prefix(route).description, hop: "10.9.9.9"))
      seen.insert("meddled")
    case .moveTag: manager.moveTag()
    case .calm: isCalm = true
    }
  }

  private mutating func claim(_ route: Int, _ speaker: Int) {
    guard speakers[speaker].frozenUntil == nil, now >= speakers[speaker].listensUntil else {
      return
    }
    truth[route] = Claim(number: truth[route].number + 1, speaker: speaker, at: now)
    // Who has just lost it may want it back.
    if !isCalm, chance(50) {
      plan(.claim(route: route, speaker: 1 - speaker), after: milliseconds(5, 3_000))
    }
    speakers[speaker].belief[route] = truth[route]
    speakers[speaker].isAbsent[route] = withFallback && chance(50)
    push(speaker, route)
    plan(.learn(speaker: 1 - speaker, route: route, truth[route]), after: milliseconds(1, 800))
  }

  private mutating func learn(_ speaker: Int, _ route: Int, _ claim: Claim) {
    if let until = speakers[speaker].frozenUntil {
      plan(.learn(speaker: speaker, route: route, claim), after: until - now + .milliseconds(300))
      return
    }
    guard claim.number > speakers[speaker].belief[route].number else { return }
    speakers[speaker].belief[route] = claim
    push(speaker, route)
  }

  private func intent(_ speaker: Int, _ route: Int) -> Intent {
    let generation = speakers[speaker].generations[route]
    guard speakers[speaker].belief[route].speaker == speaker else {
      return Intent(generation, .notOurs)
    }
    return Intent(
      generation, speakers[speaker].isAbsent[route] ? .absent : .hop(Speakers.hop(speaker)))
  }

  private mutating func push(_ speaker: Int, _ route: Int) {
    speakers[speaker].counter += 1
    speakers[speaker].generations[route] = Generation(epoch: 1, counter: speakers[speaker].counter)
    let intent = intent(speaker, route)
    plan(.input(speaker, .intent(RouteSlot(route), intent)), after: .milliseconds(1))
  }

  private mutating func question(_ speaker: Int, _ ask: UInt64, _ slot: RouteSlot) {
    let free = max(speakers[speaker].frozenUntil ?? now, speakers[speaker].listensUntil)
    if now < free {
      plan(.question(speaker, ask: ask, slot), after: free - now + .milliseconds(1))
      return
    }
    plan(
      .input(speaker, .word(ask: ask, slot, intent(speaker, slot.index))), after: .milliseconds(1))
  }

  private mutating func thaw(_ speaker: Int) {
    speakers[speaker].frozenUntil = nil
    // Longer than news of others take once both run again.
    speakers[speaker].listensUntil = now + .milliseconds(900)
    speakers[speaker].thawedAt = now
    let waiting = speakers[speaker].inbox
    speakers[speaker].inbox = []
    give(speaker, .paused)
    for input in waiting { give(speaker, input) }
    seen.insert("thawed")
  }

  /// An input reaches a machine, now or when it is thawed.
  private mutating func give(_ speaker: Int, _ input: TableInput) {
    if speakers[speaker].frozenUntil != nil {
      speakers[speaker].inbox.append(input)
      return
    }
    switch input {
    case .answered(let call, _), .lost(let call, _):
      if speakers[speaker].openWrite == call { speakers[speaker].openWrite = nil }
    default: break
    }
    var outputs: [TableOutput] = []
    var budget = speakers[speaker].budget
    speakers[speaker].table.handle(input, at: now, &budget, into: &outputs)
    speakers[speaker].budget = budget
    for output in outputs { follow(speaker, output) }
    if let deadline = speakers[speaker].table.deadline {
      if deadline < now { violations.append("a deadline in the past") }
      if turnAt[speaker] != deadline {
        turnAt[speaker] = deadline
        plan(.turn(speaker), after: max(deadline - now, .zero))
      }
    }
  }

  private mutating func follow(_ speaker: Int, _ output: TableOutput) {
    traceSum = traceSum &* 31 &+ UInt64(now.nanoseconds)
    switch output {
    case .call(let call, let request): send(speaker, call, request)
    case .ask(let ask, let slot):
      plan(.question(speaker, ask: ask, slot), after: .milliseconds(1))
    case .renewToken: plan(.input(speaker, .tokenChanged), after: milliseconds(5, 2_000))
    case .told(let slot, let generation, let outcome):
      if outcome == .done { speakers[speaker].done[slot.index] = generation }
      if case .waiting(.contested) = outcome { seen.insert("contested") }
      if outcome == .superseded { seen.insert("superseded") }
    case .read: break
    }
  }

  private mutating func send(_ speaker: Int, _ call: CallID, _ request: Request) {
    var sent = Sent(claim: 0, existed: false)
    if request.isWrite {
      if speakers[speaker].openWrite != nil { violations.append("two writes of one table") }
      speakers[speaker].openWrite = call
      if let route = routeIndex(request) {
        sent.claim = speakers[speaker].belief[route].number
        sent.existed = manager.routes["vip\(route)"] != nil
        let last = truth[route]
        if last.speaker != speaker, last.at < speakers[speaker].thawedAt {
          violations.append("speaker \(speaker) writes vip\(route) unasked after a freeze")
        }
        if request.method == .delete, !speakers[speaker].isAbsent[route] {
          violations.append("a route is deleted that should be there")
        }
        if speakers[speaker].table.pending(RouteSlot(route)) == nil {
          violations.append("a write that nobody wants")
        }
      }
    }
    let mischief = drawMischief()
    seen.insert("\(mischief)")
    var travel = milliseconds(3, 50)
    // Bytes that a frozen machine had not sent yet leave when it runs again.
    if withFreezes, chance(20) { travel = milliseconds(50, 8_000) }
    plan(.arrive(speaker, call, request, sent, mischief), after: travel)
  }

  private mutating func drawMischief() -> Mischief {
    guard !isCalm, chance(25) else { return .none }
    return Mischief.allCases[Int(below(Int64(Mischief.allCases.count)))]
  }

  private func routeIndex(_ request: Request) -> Int? {
    guard let start = request.target.range(of: "/routes/vip")?.upperBound else { return nil }
    return Int(request.target[start...].prefix { $0 != "?" })
  }

  private mutating func arrive(
    _ speaker: Int, _ call: CallID, _ request: Request, _ sent: Sent, _ mischief: Mischief
  ) {
    var answer: TableInput
    switch mischief {
    case .requestLost: answer = .lost(call, .unanswered(.timeout))
    case .notSent: answer = .lost(call, .notSent(.refused))
    case .failsBefore: answer = .answered(call, SimulatedManager.error(503, ""))
    case .busy:
      answer = .answered(
        call, SimulatedManager.error(429, "RetryableError", [Answer.Header("Retry-After", "2")]))
    case .conflict:
      answer = .answered(call, SimulatedManager.error(409, "AnotherOperationInProgress"))
    case .throttled:
      answer = .answered(
        call,
        SimulatedManager.error(429, "TooManyRequests", [Answer.Header("Retry-After", "7")]))
    case .unauthorised:
      answer = .answered(call, SimulatedManager.error(401, "ExpiredAuthenticationToken"))
    case .forbidden: answer = .answered(call, SimulatedManager.error(403, "AuthorizationFailed"))
    case .none, .answerLost, .failsAfter, .truncated:
      let given = reach(speaker, request, sent)
      switch mischief {
      case .answerLost: answer = .lost(call, .unanswered(.broken))
      case .failsAfter: answer = .answered(call, SimulatedManager.error(500, "InternalServerError"))
      case .truncated:
        answer = .answered(
          call,
          Answer(
            status: given.status, headers: given.headers,
            body: Array(given.body.prefix(given.body.count / 2))))
      default: answer = .answered(call, given)
      }
    }
    plan(.input(speaker, answer), after: milliseconds(3, 50))
  }

  private mutating func reach(_ speaker: Int, _ request: Request, _ sent: Sent) -> Answer {
    let before = manager.changes.count
    let outcome = isCalm || chance(90) ? "Succeeded" : chance(50) ? "Failed" : "Canceled"
    var lasts = chance(10) ? milliseconds(10_000, 60_000) : milliseconds(100, 3_000)
    if !isCalm, chance(2) { lasts = milliseconds(200_000, 400_000) }
    let answer = manager.handle(request, by: speaker, at: now, lasts: lasts, ends: outcome)
    if manager.changes.count > before, let change = manager.changes.last,
      let route = routeIndex(request)
    {
      if sent.claim < applied[route] {
        if sent.existed || change.wasGuarded {
          violations.append("speaker \(speaker) took vip\(route) back at \(now)")
        } else {
          // Only what was not there is written without a guard; see `Table.send`.
          creationsOutOfTurn += 1
        }
      }
      applied[route] = max(applied[route], sent.claim)
    }
    return answer
  }

  /// What must hold at the end, when faults have stopped long ago.
  mutating func judgeEnd() {
    for route in 0..<Speakers.routes {
      let claim = truth[route]
      let owner = speakers[claim.speaker]
      let hop = manager.routes["vip\(route)"]?.hop
      let wanted: String? =
        owner.isAbsent[route] ? nil : Speakers.hop(claim.speaker).description
      if hop != wanted { violations.append("vip\(route) leads to \(hop ?? "nothing")") }
      if owner.table.pending(RouteSlot(route)) != nil {
        violations.append("vip\(route) was never told as done")
      }
      if owner.done[route] == .none { violations.append("vip\(route): nothing was told") }
    }
  }
}
