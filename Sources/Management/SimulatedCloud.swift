// Both services together, and what goes wrong at their doors.

package import Model
import Platform

/// The resource manager and the metadata service of one lab: calls and time in, conduct out. Which
/// token is good is known to both, as in Azure.
package struct SimulatedCloud: Sendable {
  /// Troubles that are in force at once.
  package static let troubleLimit = 32
  /// Between two bytes of a slow answer. We chose it: whole answers would take minutes.
  private static let drip = Nanoseconds.milliseconds(20)
  private static let gigabyte: Int64 = 1 << 30
  /// Where a redirect leads when nothing is said.
  private static let elsewhere = "https://elsewhere.example/"

  package let estate: Estate
  package var manager: ResourceManager
  private var metadata: MetadataService
  private var office: TokenOffice
  package private(set) var troubles: [Trouble] = []

  package init(_ estate: Estate, seed: UInt64) {
    self.estate = estate
    manager = ResourceManager(estate, seed: seed)
    metadata = MetadataService(estate)
    office = TokenOffice(seed: seed &+ 1)
  }

  // MARK: Time

  package var deadline: Instant? { manager.deadline }

  package mutating func settle(at now: Instant) { manager.settle(at: now) }

  // MARK: Troubles

  /// False when it cannot happen there, or there are too many.
  package mutating func cause(_ trouble: Trouble) -> Bool {
    guard trouble.mischief.doors.contains(trouble.door),
      troubles.count < SimulatedCloud.troubleLimit
    else { return false }
    troubles.removeAll { $0.mischief == trouble.mischief && $0.door == trouble.door }
    troubles.append(trouble)
    return true
  }

  /// How many were mended.
  package mutating func mend(_ door: Door?, _ mischief: Mischief?) -> Int {
    let mended = troubles.filter {
      (door == nil || $0.door == door) && (mischief == nil || $0.mischief == mischief)
    }
    troubles.removeAll { mended.contains($0) }
    if mended.contains(where: { $0.mischief == .throttled }) { manager.reopen() }
    return mended.count
  }

  /// The one trouble with connections that is in force at a door.
  package func connection(at door: Door) -> Mischief? {
    troubles.last { $0.door == door && $0.mischief.isOfConnection }?.mischief
  }

  /// The first trouble that a call runs into; a limited one has one time less then.
  private mutating func meet(_ call: Call, at door: Door) -> Trouble? {
    let kinds = SimulatedCloud.kinds(call, door)
    guard
      let place = troubles.firstIndex(where: {
        $0.door == door && !$0.mischief.isOfConnection && kinds.contains($0.calls)
      })
    else { return nil }
    let found = troubles[place]
    if let times = found.times {
      if times <= 1 { troubles.remove(at: place) } else { troubles[place].times = times - 1 }
    }
    return found
  }

  private static func kinds(_ call: Call, _ door: Door) -> [Mischief.Calls] {
    let path = call.path.map { $0.lowercased() }
    switch door {
    case .rest:
      if path.contains("operations") || path.contains("operationresults") {
        return [.all, .operations]
      }
      return [.all, call.isWrite ? .writes : .reads]
    case .metadata:
      switch path.dropFirst().first {
      case "identity": return [.all, .token]
      case "instance": return [.all, .instance]
      case "scheduledevents": return [.all, .events, call.method == "POST" ? .writes : .reads]
      default: return [.all]
      }
    }
  }

  // MARK: Calls

  /// Answers a call. `origin` is how the caller names us; `wall` is the time in seconds since 1970.
  package mutating func answer(
    _ call: Call, at door: Door, origin: String, now: Instant, wall: Int64
  ) -> Conduct {
    settle(at: now)
    guard let trouble = meet(call, at: door) else {
      return carryOut(call, door, .succeeds, origin: origin, now: now, wall: wall)
    }
    if let refused = instead(of: call, trouble, now: now) { return refused }
    let fate: Fate =
      switch trouble.mischief {
      case .operationFails: .fails
      case .operationCancelled: .isCancelled
      case .operationHangs: .neverEnds
      default: .succeeds
      }
    var conduct = carryOut(call, door, fate, origin: origin, now: now, wall: wall)
    conduct.mischief = trouble.mischief
    spoil(&conduct, trouble)
    return conduct
  }

  private mutating func carryOut(
    _ call: Call, _ door: Door, _ fate: Fate, origin: String, now: Instant, wall: Int64
  ) -> Conduct {
    switch door {
    case .metadata:
      let (reply, after) = metadata.answer(call, &office, at: now, wall: wall)
      return Conduct(reply, after: after)
    case .rest:
      let verdict = office.judge(
        call.header("Authorization"), audiences: estate.audiences, wall: wall)
      var reply: Reply
      if case .good = verdict {
        reply = manager.answer(call, origin: origin, fate: fate, at: now)
      } else {
        reply = Refusal.unauthorised(verdict)
      }
      let request = manager.newGUID()
      reply.headers += [
        Pair("Cache-Control", "no-cache"), Pair("x-ms-request-id", request),
        Pair("x-ms-correlation-request-id", request),
        Pair("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        Pair("X-Content-Type-Options", "nosniff"),
      ]
      return Conduct(reply)
    }
  }

  /// What is answered without doing what was asked; nil: it is done.
  private mutating func instead(of call: Call, _ trouble: Trouble, now: Instant) -> Conduct? {
    let seconds = trouble.value.flatMap { Int64($0) }
    let path = "/" + call.path.joined(separator: "/")
    let reply: Reply
    switch trouble.mischief {
    case .throttled where trouble.door == .rest:
      let wait = Nanoseconds.seconds(min(seconds ?? 2, 3_600))
      manager.close(for: wait, at: now)
      reply = Refusal.throttled(after: wait)
    case .busy:
      reply = Refusal.busy(
        "PutRouteOperation", path, seconds: seconds ?? 1, header: seconds)
    case .conflict:
      reply = Refusal.reply(
        409, "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress.")
    case .changed:
      let given = call.header("If-Match") ?? "none"
      reply = Refusal.changed(path, given: given, found: "another")
    case .forbidden:
      reply = Refusal.forbidden(
        "the machine's identity", action: "Microsoft.Network/routeTables/routes/write", path)
    case .gone where trouble.door == .rest: reply = Refusal.absent(path)
    case .failing:
      let status = Int(seconds ?? 500)
      let usable = (500...599).contains(status) ? status : 500
      reply = Refusal.reply(usable, "InternalServerError", "An error occurred.")
    case .operationForgotten: reply = Refusal.reply(404, "NotFound", "Operation not found.")
    case .redirect:
      reply = Reply(307, [Pair("Location", trouble.value ?? SimulatedCloud.elsewhere)])
    case .throttled, .gone, .notFound, .noIdentity:
      reply = SimulatedCloud.metadataRefusal(trouble.mischief)
    case .lostRequest: return Conduct(Reply(0), .hangUp, mischief: trouble.mischief)
    case .silent: return Conduct(Reply(0), .silence, mischief: trouble.mischief)
    default: return nil
    }
    return Conduct(reply, mischief: trouble.mischief)
  }

  private static func metadataRefusal(_ mischief: Mischief) -> Reply {
    switch mischief {
    case .throttled: Reply(429, [], ["error": "Too many requests"])
    case .gone: Reply(410, [], ["error": "Gone"])
    case .notFound: Reply(404, [], ["error": "Not found"])
    default:
      Reply(
        400, [], ["error": "invalid_request", "error_description": "Identity not found"])
    }
  }

  private func spoil(_ conduct: inout Conduct, _ trouble: Trouble) {
    switch trouble.mischief {
    case .failsAfterwards:
      conduct.reply = Refusal.reply(500, "InternalServerError", "An error occurred.")
    case .lostAnswer: conduct.manner = .hangUp
    case .drip: conduct.manner = .drip(every: SimulatedCloud.drip)
    case .flood: conduct.manner = .flood(to: SimulatedCloud.gigabyte)
    case .truncated: conduct.reply.body.removeLast((conduct.reply.body.count + 1) / 2)
    case .cut: conduct.manner = .cut(after: conduct.reply.body.count / 2)
    default: break
    }
  }

  // MARK: What a person does

  package mutating func revokeTokens() { office.revokeAll() }

  /// For tokens that are given out from now on; those that were are worth nothing.
  package mutating func setTokenLife(_ seconds: Int64) {
    office.life = seconds
    office.revokeAll()
  }

  package mutating func setBudget(_ kind: String, _ count: Int64, at now: Instant) -> Bool {
    manager.setBudget(kind, count, at: now)
  }

  package mutating func setFirstEvents(after wait: Nanoseconds) { metadata.firstEventsAfter = wait }

  package mutating func setCountsCalls(_ counts: Bool) { metadata.countsCalls = counts }

  package var events: [ScheduledEvent] { metadata.events.events }

  /// Announces an event; nil when there are too many.
  package mutating func announce(
    _ kind: ScheduledEvent.Kind, of machines: [String], notBefore: Int64, lasts: Int64
  ) -> String? {
    let id = manager.newGUID().uppercased()
    let event = ScheduledEvent(
      id: id, kind: kind, machines: machines, notBefore: notBefore, lasts: lasts)
    return metadata.events.add(event) ? id : nil
  }

  package mutating func endEvent(_ id: String) -> Bool { metadata.events.end(id) }

  package mutating func beginEvent(_ id: String, wall: Int64) -> Bool {
    metadata.events.begin(id, wall: wall)
  }

  /// A route changed by somebody who is no program of ours: at once, whatever is under way. False
  /// when there is no such table, or it cannot hold that.
  package mutating func meddle(
    _ table: String, _ route: String, prefix: String?, hop: IPAddress?, at now: Instant
  ) -> Bool {
    manager.meddle(table, route, prefix: prefix, hop: hop, at: now)
  }

  /// Every route of every table: table, route, prefix, type, hop, state.
  package var routes: [[String]] {
    manager.tables.flatMap { table in
      table.routes.map { route in
        [
          table.name, route.name, route.prefix, route.hopType,
          route.hop ?? route.hops.joined(separator: ","), route.state,
        ]
      }
    }
  }
}
