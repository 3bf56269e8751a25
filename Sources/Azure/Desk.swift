// All route tables together: records of the daemon in, calls and reports out.

package import Model

/// A call of one of the tables.
package struct DeskCall: Hashable, Sendable {
  package var table: Int
  package var call: CallID
}

/// How far the routes of one VIP have come, in the words of the control protocol's `report`.
package enum RouteStage: String, Hashable, Sendable {
  case queued
  case accepted
  case done
  case foreign
  case failed
}

/// What one route of the kernel is to be in one table.
package struct CrowdWord: Hashable, Sendable {
  package var table: Int
  package var prefix: Prefix
  package var intent: Intent
}

package enum DeskInput: Hashable, Sendable {
  /// A record, as it came.
  case desired(Desired)
  /// Everything as it stands, in answer to a question.
  case answered(ask: UInt64, [Desired])
  /// Words about routes of the kernel; those of an answer come before it.
  case crowd(ask: UInt64?, [CrowdWord])
  case answer(DeskCall, Answer)
  case lost(DeskCall, Loss)
  case paused
  case tokenChanged
  case turn
}

package enum DeskOutput: Hashable, Sendable {
  case call(DeskCall, Request)
  /// Ask the daemon for everything as it stands.
  case ask(UInt64)
  case renewToken
  case report(vip: String, Generation, RouteStage, String)
  /// How far a route of the kernel has come in one table.
  case crowd(table: Int, Prefix, Generation, RouteStage, String)
  /// A table was read, and this stands against what is announced.
  case read(table: ResourceID, TableRecord)
}

/// The tables of one configuration. Another configuration is another desk.
package struct Desk: Sendable {
  /// Tables of one configuration.
  package static let tableLimit = 64
  /// When a server that throttles does not say for how long.
  static let throttleWait = Nanoseconds.seconds(60)

  private struct Progress: Sendable {
    var generation: Generation
    /// Of each route in each table; the last that was told.
    var stages: [RouteStage]
    var details: [String]
    var told: RouteStage?
    var toldDetail = ""
  }

  private struct Question: Sendable {
    var ask: UInt64
    var number: UInt64
  }

  private var tables: [Table]
  /// One for each subscription, and which one a table has.
  private var budgets: [Budget]
  private let budgetOf: [Int]
  /// The VIPs in their order, and where the routes of each begin in every table.
  private let vips: [String]
  private let routes: [[Prefix]]
  private let starts: [Int]
  private var progress: [Progress]
  /// By table and place: the newest question of a route is the one whose answer counts.
  private var questions: [[Question?]]
  private var lastAsk: UInt64 = 0

  /// `records` say which VIPs and routes there are; nothing for a name that no route can have, more
  /// tables than the limit, or a table that is none.
  package init?(
    _ ids: [ResourceID], at endpoint: Endpoint, _ records: [Desired], policy: DriftPolicy,
    seed: UInt64, now: Instant
  ) {
    guard ids.count <= Desk.tableLimit, ids.allSatisfy(\.isRouteTable) else { return nil }
    var managed: [ManagedRoute] = []
    var starts: [Int] = []
    for record in records {
      starts.append(managed.count)
      for prefix in record.routes {
        guard let name = Desired.routeName(record.vip, prefix) else { return nil }
        let hop = prefix.address.width == 32 ? record.nextHop : record.nextHop6
        managed.append(
          ManagedRoute(name: name, prefix: prefix, candidates: hop.map { [$0] } ?? []))
      }
    }
    var subscriptions: [String] = []
    budgetOf = ids.map { id in
      let name = id.subscription.lowercased()
      if let known = subscriptions.firstIndex(of: name) { return known }
      subscriptions.append(name)
      return subscriptions.count - 1
    }
    budgets = subscriptions.map { _ in Budget() }
    tables = ids.enumerated().map { index, id in
      Table(id, at: endpoint, managed, policy: policy, seed: seed &+ UInt64(index), now: now)
    }
    questions = ids.map { _ in [] }
    vips = records.map(\.vip)
    routes = records.map(\.routes)
    self.starts = starts
    let count = ids.count
    progress = records.map { record in
      let places = record.routes.count * count
      return Progress(
        generation: .none, stages: Array(repeating: .done, count: places),
        details: Array(repeating: "", count: places))
    }
  }

  package var firstTable: ResourceID? { tables.first?.id }

  package var deadline: Instant? {
    tables.reduce(nil) { Instant.earlier($0, $1.deadline) }
  }

  // MARK: Reads of others

  /// When a read that can wait may be made in this subscription; nil: now.
  func wait(forReadIn subscription: String, at now: Instant) -> Instant? {
    tables.indices.first { tables[$0].id.subscription.lowercased() == subscription.lowercased() }
      .flatMap { budgets[budgetOf[$0]].wait(for: .read, isFailover: false, at: now) }
  }

  /// Such a read has an answer. Whoever is throttled by it is throttled for everything.
  mutating func noteRead(in subscription: String, _ answer: Answer, at now: Instant) {
    for place in tables.indices
    where tables[place].id.subscription.lowercased() == subscription.lowercased() {
      budgets[budgetOf[place]].spend(.read, at: now)
      budgets[budgetOf[place]].note(answer, at: now)
      if case .throttled(_, let after) = answer.meaning {
        budgets[budgetOf[place]].block(until: now + (after ?? Desk.throttleWait))
      }
      return
    }
  }

  package mutating func handle(
    _ input: DeskInput, at now: Instant, into outputs: inout [DeskOutput]
  ) {
    let before = lastAsk
    switch input {
    case .desired(let record): take(record, nil, at: now, into: &outputs)
    case .answered(let ask, let records):
      for record in records { take(record, ask, at: now, into: &outputs) }
      for table in questions.indices {
        for place in questions[table].indices {
          if let question = questions[table][place], question.ask <= ask {
            questions[table][place] = nil
          }
        }
      }
    case .crowd(let ask, let words):
      for word in words { take(word, ask, at: now, into: &outputs) }
    case .answer(let call, let answer):
      give(.answered(call.call, answer), to: call.table, at: now, into: &outputs)
    case .lost(let call, let loss):
      give(.lost(call.call, loss), to: call.table, at: now, into: &outputs)
    case .paused: giveAll(.paused, at: now, into: &outputs)
    case .tokenChanged: giveAll(.tokenChanged, at: now, into: &outputs)
    case .turn: giveAll(.turn, at: now, into: &outputs)
    }
    // One question for all that doubt: the daemon answers with everything.
    if lastAsk != before { outputs.append(.ask(lastAsk)) }
    report(into: &outputs)
  }

  private mutating func giveAll(
    _ input: TableInput, at now: Instant, into outputs: inout [DeskOutput]
  ) {
    for table in tables.indices { give(input, to: table, at: now, into: &outputs) }
  }

  /// A record reaches its routes in every table: as an answer where it was asked for, as news
  /// elsewhere.
  private mutating func take(
    _ record: Desired, _ ask: UInt64?, at now: Instant, into outputs: inout [DeskOutput]
  ) {
    guard let vip = vips.firstIndex(of: record.vip), routes[vip] == record.routes else { return }
    let places = routes[vip].count * tables.count
    if progress[vip].generation != record.generation {
      progress[vip] = Progress(
        generation: record.generation,
        stages: Array(repeating: record.voice == .ours ? .queued : .done, count: places),
        details: Array(repeating: "", count: places))
      // What is not ours is nobody's progress.
      if record.voice != .ours { progress[vip].told = .done }
    }
    for table in tables.indices {
      for (offset, prefix) in record.routes.enumerated() {
        let slot = RouteSlot(starts[vip] + offset)
        let intent = record.intent(for: prefix)
        say(slot, intent, ask, to: table, at: now, into: &outputs)
      }
    }
  }

  /// A route of the kernel. What is not wished and not there needs no place.
  private mutating func take(
    _ word: CrowdWord, _ ask: UInt64?, at now: Instant, into outputs: inout [DeskOutput]
  ) {
    guard tables.indices.contains(word.table) else { return }
    if word.intent.wish == .notOurs, tables[word.table].slot(of: word.prefix) == nil { return }
    guard let slot = tables[word.table].makeSlot(of: word.prefix) else {
      let name = tables[word.table].id.name
      return outputs.append(
        .crowd(
          table: word.table, word.prefix, word.intent.generation, .failed,
          "\(name): \(Trouble.full(Table.crowdLimit).sentence)"))
    }
    say(slot, word.intent, ask, to: word.table, at: now, into: &outputs)
  }

  private mutating func say(
    _ slot: RouteSlot, _ intent: Intent, _ ask: UInt64?, to table: Int, at now: Instant,
    into outputs: inout [DeskOutput]
  ) {
    if let ask, let question = question(table, slot), question.ask <= ask {
      give(.word(ask: question.number, slot, intent), to: table, at: now, into: &outputs)
    } else {
      give(.intent(slot, intent), to: table, at: now, into: &outputs)
    }
  }

  private mutating func give(
    _ input: TableInput, to table: Int, at now: Instant, into outputs: inout [DeskOutput]
  ) {
    guard tables.indices.contains(table) else { return }
    var heard: [TableOutput] = []
    tables[table].handle(input, at: now, &budgets[budgetOf[table]], into: &heard)
    for output in heard {
      switch output {
      case .call(let call, let request):
        outputs.append(.call(DeskCall(table: table, call: call), request))
      case .ask(let number, let slot): ask(table, number, slot)
      case .renewToken:
        if !outputs.contains(.renewToken) { outputs.append(.renewToken) }
      case .told(let slot, let generation, let outcome):
        if let prefix = tables[table].crowdPrefix(slot) {
          tell(table, slot, prefix, generation, outcome, into: &outputs)
        } else {
          note(table, slot, generation, outcome)
        }
      case .read(let record): outputs.append(.read(table: tables[table].id, record))
      }
    }
  }

  private mutating func ask(_ table: Int, _ number: UInt64, _ slot: RouteSlot) {
    lastAsk += 1
    while questions[table].count <= slot.index { questions[table].append(nil) }
    questions[table][slot.index] = Question(ask: lastAsk, number: number)
  }

  private func question(_ table: Int, _ slot: RouteSlot) -> Question? {
    questions[table].indices.contains(slot.index) ? questions[table][slot.index] : nil
  }

  // MARK: Reports

  private mutating func note(
    _ table: Int, _ slot: RouteSlot, _ generation: Generation, _ outcome: Outcome
  ) {
    guard let vip = starts.lastIndex(where: { $0 <= slot.index }),
      progress[vip].generation == generation
    else { return }
    let place = table * routes[vip].count + slot.index - starts[vip]
    guard progress[vip].stages.indices.contains(place),
      let (stage, detail) = words(outcome, of: table)
    else { return }
    progress[vip].stages[place] = stage
    progress[vip].details[place] = detail
  }

  /// Nothing for what was superseded: the newer word has a progress of its own.
  private func words(_ outcome: Outcome, of table: Int) -> (stage: RouteStage, detail: String)? {
    let name = tables[table].id.name
    switch outcome {
    case .accepted: return (.accepted, "")
    case .done: return (.done, "")
    case .superseded: return nil
    case .waiting(let trouble): return (.failed, "\(name): \(trouble.sentence)")
    case .drifted(let record):
      let found = record.map { "leads to \($0.target.sentence)" } ?? "is gone"
      return (.foreign, "\(name): the route \(found)")
    }
  }

  private mutating func tell(
    _ table: Int, _ slot: RouteSlot, _ prefix: Prefix, _ generation: Generation,
    _ outcome: Outcome, into outputs: inout [DeskOutput]
  ) {
    guard let (stage, detail) = words(outcome, of: table) else { return }
    outputs.append(.crowd(table: table, prefix, generation, stage, detail))
    guard stage == .done, case .removed = tables[table].wish(of: slot) else { return }
    tables[table].release(slot)
    if question(table, slot) != nil { questions[table][slot.index] = nil }
  }

  /// The least of what the routes have come to is what the VIP has.
  private mutating func report(into outputs: inout [DeskOutput]) {
    let order: [RouteStage] = [.failed, .foreign, .queued, .accepted, .done]
    for vip in progress.indices where progress[vip].generation != .none {
      let stage = order.first { progress[vip].stages.contains($0) } ?? .done
      let place = progress[vip].stages.firstIndex(of: stage)
      let detail = place.map { progress[vip].details[$0] } ?? ""
      if progress[vip].told == stage, progress[vip].toldDetail == detail { continue }
      progress[vip].told = stage
      progress[vip].toldDetail = detail
      outputs.append(.report(vip: vips[vip], progress[vip].generation, stage, detail))
    }
  }
}

extension Trouble {
  /// For people: what is in the way, and what mends it if that is known.
  package var sentence: String {
    switch self {
    case .busy(let complaint): "somebody else's change is under way (\(complaint.code))"
    case .throttled: "too many calls of this subscription"
    case .unauthorised(let complaint): "the token is not accepted (\(complaint))"
    case .forbidden(let complaint): "the identity lacks a permission (\(complaint))"
    case .homeless(let complaint): "the table is not there (\(complaint))"
    case .refused(let complaint): "refused (\(complaint))"
    case .failing(let complaint): "Azure is in trouble (\(complaint))"
    case .operationFailed(let complaint): "the change failed (\(complaint))"
    case .operationNeverEnds: "the change does not come to an end"
    case .lost(let loss): loss.reason.rawValue
    case .unreadable: "the answer cannot be read"
    case .contested: "somebody else writes it again and again"
    case .taken(let name): "route \(name) has this prefix, and it is not ours"
    case .full(let count): "the table has \(count) routes; the rest is left for virtual IPs"
    case .unkept: "the store does not take the word, and what is not kept is not written"
    }
  }
}

extension RouteTarget {
  package var sentence: String {
    switch self {
    case .appliance(let hop): hop.description
    case .other(let type): type
    }
  }
}
