// The resource manager of the lab: route tables with tags, and operations that take their time.

package import Model
package import Platform

/// Azure Resource Manager as far as routes need it, in the versions of the network provider that
/// share one form of routes. A call goes in with the time, an answer comes out.
///
/// - Every write of a table begins an operation; while it lasts, further writes of that table are
///   refused with a 429 that is no throttling. Reads show the new content as `Updating` at once.
/// - Tags change when a write is taken and once more when its operation ends.
/// - What an operation leads to reaches the network later, by `programming`.
package struct ResourceManager: Sendable {
  /// A table as the network is to follow it; nil: it is gone.
  package struct Program: Hashable, Sendable {
    package var name: String
    package var table: RouteTable?
  }

  /// Route tables of all subscriptions together.
  package static let tableLimit = 64

  var estate: Estate
  var tables: [TableResource] = []
  var operations: [Operation] = []
  private var budgets: [(subscription: String, budgets: Budgets)] = []
  private var programs: [(due: Instant, program: Program)] = []
  var dice: Dice
  /// How long an operation lasts. The recordings show one to two seconds.
  package var lasts = Nanoseconds.seconds(1)
  /// How long after its end the network follows.
  package var programming = Nanoseconds.zero
  /// Actions that the role lacks, in lower case.
  package var denied: [String] = []
  /// Subscriptions and groups that exist beside the estate's own: `subscription/group`.
  package var otherGroups: [String] = []

  init(_ estate: Estate, seed: UInt64) {
    self.estate = estate
    dice = Dice(seed: seed)
    for name in estate.tables {
      var table = TableResource(
        subscription: estate.subscription, group: estate.group, name: name,
        location: estate.location, guid: "")
      table.guid = newGUID()
      table.tag = newTag()
      tables.append(table)
      programs.append((.zero, program(of: table)))
    }
  }

  // MARK: Time

  /// When something happens by itself.
  package var deadline: Instant? {
    let ends = operations.filter { !$0.isOver && $0.fate != .neverEnds }.map(\.ends)
    return (ends + programs.map(\.due)).min()
  }

  /// Ends the operations that are due.
  mutating func settle(at now: Instant) {
    for place in operations.indices where !operations[place].isOver {
      guard operations[place].ends <= now, operations[place].fate != .neverEnds else { continue }
      operations[place].isOver = true
      finish(operations[place], at: operations[place].ends)
    }
    if operations.count > Operation.limit {
      operations.removeFirst(operations.count - Operation.limit)
    }
  }

  private mutating func finish(_ operation: Operation, at moment: Instant) {
    guard let key = operation.key, let place = tables.firstIndex(where: { $0.key == key }) else {
      return
    }
    guard operation.fate == .succeeds else {
      guard var before = operation.before else {
        tables.remove(at: place)
        return
      }
      before.tag = newTag()
      before.state = "Failed"
      tables[place] = before
      return
    }
    if operation.deletes {
      let gone = program(of: tables.remove(at: place))
      programs.append((moment + programming, Program(name: gone.name, table: nil)))
      return
    }
    tables[place].state = "Succeeded"
    for index in tables[place].routes.indices { tables[place].routes[index].state = "Succeeded" }
    tables[place].tag = newTag()
    programs.append((moment + programming, program(of: tables[place])))
  }

  private func program(of table: TableResource) -> Program {
    let table = table.table(own: estate.group)
    return Program(name: table.name, table: table)
  }

  /// What the network is to follow now.
  package mutating func takePrograms(at now: Instant) -> [Program] {
    let due = programs.filter { $0.due <= now }.map(\.program)
    programs.removeAll { $0.due <= now }
    return due
  }

  /// Everything that stands, for a network that begins anew.
  package var standing: [Program] { tables.map { program(of: $0) } }

  // MARK: Calls

  /// Answers a call whose token was found to be good. `origin` is how the caller names us, which is
  /// how operations are named to him.
  mutating func answer(
    _ call: Call, origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    settle(at: now)
    guard let version = call.parameter("api-version"), !version.isEmpty else {
      return Refusal.reply(
        400, "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.")
    }
    guard ResourceManager.isVersion(version) else {
      return Refusal.reply(
        400, "InvalidApiVersionParameter", "The api-version '\(version)' is invalid.")
    }
    let path = call.path.map { $0.lowercased() }
    guard path.count >= 2, path[0] == "subscriptions" else { return Refusal.unknownPath(call) }
    guard subscriptions.contains(path[1]) else {
      return Refusal.reply(
        404, "SubscriptionNotFound", "The subscription '\(call.path[1])' could not be found.")
    }
    let kind = Budgets.Kind(call)
    if let wait = spend(kind, path[1], at: now) { return Refusal.throttled(after: wait) }
    var reply = dispatch(call, path, origin: origin, fate: fate, at: now)
    reply.headers += self.headers(kind, path[1])
    return reply
  }

  /// A year, a month and a day; previews have a word behind them.
  private static func isVersion(_ text: String) -> Bool {
    let parts = text.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false)
    return parts.count >= 3 && parts[0].count == 4 && parts[1].count == 2 && parts[2].count == 2
      && parts[0...2].allSatisfy { $0.allSatisfy(\.isNumber) }
  }

  private var subscriptions: [String] {
    [estate.subscription.lowercased()]
      + otherGroups.map { $0.lowercased().split(separator: "/").first.map(String.init) ?? "" }
  }

  func hasGroup(_ subscription: String, _ group: String) -> Bool {
    let wanted = "\(subscription)/\(group)".lowercased()
    return "\(estate.subscription)/\(estate.group)".lowercased() == wanted
      || otherGroups.contains { $0.lowercased() == wanted }
  }

  private mutating func dispatch(
    _ call: Call, _ path: [String], origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    switch path.count {
    case 5 where path[2...] == ["providers", "microsoft.network", "routetables"]:
      return listTables(call, path[1], group: nil)
    case 8 where path[2...5] == ["providers", "microsoft.network", "locations", path[5]]:
      return operation(call, path, origin: origin, at: now)
    case 7... where path[2] == "resourcegroups" && path[4] == "providers":
      guard hasGroup(path[1], path[3]) else {
        return Refusal.reply(
          404, "ResourceGroupNotFound",
          "Resource group '\(call.path[3])' could not be found.")
      }
      if path.count >= 10, Array(path.suffix(3)) == ResourceManager.permissionsPath {
        return permissions(call)
      }
      switch path[5...6] {
      case ["microsoft.network", "routetables"]:
        return tables(call, path, origin: origin, fate: fate, at: now)
      case ["microsoft.network", "networkinterfaces"], ["microsoft.network", "virtualnetworks"],
        ["microsoft.compute", "virtualmachines"]:
        return surroundings(call, path, origin: origin, at: now)
      default: return Refusal.unknownPath(call)
      }
    default: return Refusal.unknownPath(call)
    }
  }

  // MARK: Budgets

  private mutating func place(of subscription: String, at now: Instant) -> Int {
    if let place = budgets.firstIndex(where: { $0.subscription == subscription }) { return place }
    budgets.append((subscription, Budgets(at: now)))
    return budgets.count - 1
  }

  private mutating func spend(
    _ kind: Budgets.Kind, _ subscription: String, at now: Instant
  ) -> Nanoseconds? {
    let place = place(of: subscription, at: now)
    return budgets[place].budgets.take(kind, at: now)
  }

  private func headers(_ kind: Budgets.Kind, _ subscription: String) -> [Pair] {
    budgets.first { $0.subscription == subscription }?.budgets.headers(kind) ?? []
  }

  /// Says how many calls are left; false when there is no such kind.
  mutating func setBudget(_ kind: String, _ count: Int64, at now: Instant) -> Bool {
    guard let kind = Budgets.Kind(rawValue: kind), count >= 0 else { return false }
    let place = place(of: estate.subscription.lowercased(), at: now)
    budgets[place].budgets.set(kind, count)
    return true
  }

  /// Closes the own subscription for a while, as a real throttling would.
  mutating func close(for length: Nanoseconds, at now: Instant) {
    let place = place(of: estate.subscription.lowercased(), at: now)
    budgets[place].budgets.close(for: length, at: now)
  }

  /// Whoever waited needs to wait no longer.
  mutating func reopen() {
    for place in budgets.indices { budgets[place].budgets.reopen() }
  }

  // MARK: What a person does

  /// Changes a route at once, beside all rules; without a hop it goes.
  mutating func meddle(
    _ table: String, _ name: String, prefix: String?, hop: IPAddress?, at now: Instant
  ) -> Bool {
    guard let place = tables.firstIndex(where: { $0.name.lowercased() == table.lowercased() })
    else { return false }
    let index = tables[place].place(of: name)
    var changed = tables[place]
    switch (index, hop) {
    case (let index?, nil): changed.routes.remove(at: index)
    case (nil, nil): return false
    case (let index, let hop?):
      let known = index.map { changed.routes[$0].prefix }
      guard let text = prefix ?? known, Prefix(text) != nil else { return false }
      let route = RouteResource(
        name: name, prefix: text, hopType: "VirtualAppliance", hop: "\(hop)")
      if let index { changed.routes[index] = route } else { changed.routes.append(route) }
    }
    guard changed.routes.count <= RouteTable.routeLimit else { return false }
    changed.tag = newTag()
    tables[place] = changed
    programs.append((now + programming, program(of: changed)))
    return true
  }

  // MARK: Names

  mutating func newGUID() -> String {
    let high = dice.next()
    let low = dice.next()
    let digits = ResourceManager.hexadecimal(high) + ResourceManager.hexadecimal(low)
    var out = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { out += "-" }
      out.append(digit)
    }
    return out
  }

  static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  mutating func newTag() -> String { "W/\"\(newGUID())\"" }
}
