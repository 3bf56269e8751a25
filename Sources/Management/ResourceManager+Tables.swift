// Route tables and routes: who may change what when, and what comes back.

import Model
import Platform

extension ResourceManager {
  /// Entries of one page of a list. Azure's are larger; what matters is that there are several.
  static let pageLength = 100

  /// `/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/routeTables...`
  mutating func tables(
    _ call: Call, _ path: [String], origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    switch path.count {
    case 7:
      return listTables(call, path[1], group: path[3])
    case 8: return table(call, path, origin: origin, fate: fate, at: now)
    case 9 where path[8] == "routes":
      guard call.method == "GET" else { return Refusal.wrongMethod(call) }
      guard let table = tables.first(where: { $0.key == key(path) }) else {
        return Refusal.absent(shortID(call))
      }
      if let refusal = deny("microsoft.network/routetables/routes/read", call) { return refusal }
      return page(table.routes.map { $0.json(in: table) }, call, origin: origin)
    case 10 where path[8] == "routes":
      return route(call, path, origin: origin, fate: fate, at: now)
    default: return Refusal.unknownPath(call)
    }
  }

  private func key(_ path: [String]) -> String { "/" + path[0..<8].joined(separator: "/") }

  /// As Azure's messages name a resource.
  private func shortID(_ call: Call) -> String {
    "Microsoft.Network/routeTables/\(call.path[7])' under resource group '\(call.path[3])"
  }

  private func subnets(of table: TableResource) -> [String] {
    guard
      table.subscription.lowercased() == estate.subscription.lowercased(),
      table.group.lowercased() == estate.group.lowercased()
    else { return [] }
    return estate.subnets.filter { $0.table?.lowercased() == table.name.lowercased() }.map {
      estate.id(ofSubnet: $0.name)
    }
  }

  /// A refusal when the role does not allow the action.
  func deny(_ action: String, _ call: Call) -> Reply? {
    guard denied.contains(action.lowercased()) else { return nil }
    return Refusal.forbidden(
      "the machine's identity", action: action, "/" + call.path.joined(separator: "/"))
  }

  // MARK: Lists

  func listTables(_ call: Call, _ subscription: String, group: String?) -> Reply {
    guard call.method == "GET" else { return Refusal.wrongMethod(call) }
    if let refusal = deny("microsoft.network/routetables/read", call) { return refusal }
    let found = tables.filter { table in
      table.subscription.lowercased() == subscription
        && (group.map { $0 == table.group.lowercased() } ?? true)
    }
    return page(found.map { $0.json(subnets: subnets(of: $0)) }, call, origin: "")
  }

  /// One page, with the way to the next.
  private func page(_ all: [JSON], _ call: Call, origin: String) -> Reply {
    let start = call.parameter("$skipToken").flatMap { Int($0) } ?? 0
    guard (0...all.count).contains(start) else {
      return Refusal.reply(400, "InvalidSkipToken", "The skip token is not valid.")
    }
    let end = min(all.count, start + ResourceManager.pageLength)
    let list: JSON = ["value": .array(Array(all[start..<end]))]
    guard end < all.count else { return Reply(200, [], list) }
    let version = call.parameter("api-version") ?? ""
    let path = call.path.map { Call.encoded($0) }.joined(separator: "/")
    let next = "\(origin)/\(path)?api-version=\(version)&%24skipToken=\(end)"
    return Reply(200, [], list.adding("nextLink", .string(next)))
  }

  // MARK: One table

  private mutating func table(
    _ call: Call, _ path: [String], origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    let place = tables.firstIndex { $0.key == key(path) }
    let action = action(call, "microsoft.network/routetables")
    if let refusal = deny(action, call) { return refusal }
    switch call.method {
    case "GET":
      guard let place else { return Refusal.absent(shortID(call)) }
      let table = tables[place]
      return Reply(200, [Pair("ETag", table.tag)], table.json(subnets: subnets(of: table)))
    case "PUT":
      if let refusal = refuse(call, place, at: now) { return refusal }
      do throws(BodyFault) {
        return try putTable(call, place, origin: origin, fate: fate, at: now)
      } catch {
        return Refusal.reply(400, error.code, error.message)
      }
    case "PATCH":
      guard let place else { return Refusal.absent(shortID(call)) }
      if let refusal = refuse(call, place, at: now) { return refusal }
      guard let json = JSON(call.body) else {
        return Refusal.reply(400, BodyFault.unreadable.code, BodyFault.unreadable.message)
      }
      tables[place].tags = json["tags"]
      tables[place].tag = newTag()
      return Reply(200, [], tables[place].json(subnets: subnets(of: tables[place])))
    case "DELETE":
      guard let place else { return Reply(204) }
      if let refusal = refuse(call, place, at: now) { return refusal }
      guard subnets(of: tables[place]).isEmpty else {
        return Refusal.reply(
          400, "InUseRouteTableCannotBeDeleted",
          "Route table \(tables[place].name) is in use and cannot be deleted.")
      }
      return begin(
        Change(name: "DeleteRouteTableOperation", place: place, deletesTable: true), call,
        origin: origin, fate: fate, at: now)
    default: return Refusal.wrongMethod(call)
    }
  }

  private func action(_ call: Call, _ type: String) -> String {
    switch call.method {
    case "GET": "\(type)/read"
    case "DELETE": "\(type)/delete"
    default: "\(type)/write"
    }
  }

  private mutating func putTable(
    _ call: Call, _ place: Int?, origin: String, fate: Fate, at now: Instant
  ) throws(BodyFault) -> Reply {
    var table: TableResource
    if let place {
      table = tables[place]
    } else {
      guard tables.count < ResourceManager.tableLimit else {
        throw BodyFault(code: "QuotaExceeded", message: "No more route tables.")
      }
      table = TableResource(
        subscription: call.path[1], group: call.path[3], name: call.path[7], location: "",
        guid: newGUID())
    }
    table = try RouteReader.table(call.body, onto: table)
    let before = place.map { tables[$0] }
    let target = place ?? tables.count
    if place == nil { tables.append(table) } else { tables[target] = table }
    return begin(
      Change(
        name: "PutRouteTableOperation", place: target, before: before,
        status: place == nil ? 201 : 200),
      call, origin: origin, fate: fate, at: now)
  }

  // MARK: One route

  private mutating func route(
    _ call: Call, _ path: [String], origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    if let refusal = deny(action(call, "microsoft.network/routetables/routes"), call) {
      return refusal
    }
    guard let place = tables.firstIndex(where: { $0.key == key(path) }) else {
      // As for a route that is not there, so for one of a table that is not.
      return call.method == "DELETE" ? Reply(204) : Refusal.absent(shortID(call))
    }
    let table = tables[place]
    let name = call.path[9]
    let index = table.place(of: name)
    switch call.method {
    case "GET":
      guard let index else { return Refusal.absentRoute("\(table.id)/routes/\(name)") }
      return Reply(200, [Pair("ETag", table.tag)], table.routes[index].json(in: table))
    case "PUT":
      if let refusal = refuse(call, index == nil ? nil : place, busy: place, at: now) {
        return refusal
      }
      do throws(BodyFault) {
        var changed = table
        var route = try RouteReader.route(name, call.body)
        route.state = "Updating"
        if let index {
          route.name = table.routes[index].name
          changed.routes[index] = route
        } else {
          changed.routes.append(route)
        }
        try RouteReader.check(changed)
        tables[place] = changed
      } catch {
        return Refusal.reply(400, error.code, error.message)
      }
      return begin(
        Change(
          name: "PutRouteOperation", place: place, before: table, route: name,
          status: index == nil ? 201 : 200),
        call, origin: origin, fate: fate, at: now)
    case "DELETE":
      guard let index else { return Reply(204) }
      if let refusal = refuse(call, place, at: now) { return refusal }
      tables[place].routes.remove(at: index)
      return begin(
        Change(name: "DeleteRouteOperation", place: place, before: table, status: 202), call,
        origin: origin, fate: fate, at: now)
    default: return Refusal.wrongMethod(call)
    }
  }

  // MARK: Writes

  /// Why a write is not taken: the tag of what is there, or another write that is under way.
  /// `If-None-Match` is not looked at: nothing says that Azure does.
  private func refuse(
    _ call: Call, _ place: Int?, busy: Int? = nil, at now: Instant
  ) -> Reply? {
    let id = "/" + call.path.joined(separator: "/")
    if let wanted = call.header("If-Match") {
      let found = place.map { tables[$0].tag }
      guard let found, wanted == "*" || wanted == found else {
        return Refusal.changed(id, given: wanted, found: found ?? "none")
      }
    }
    guard let place = place ?? busy else { return nil }
    let key = tables[place].key
    let running = operations.first { $0.key == key && !$0.isOver }
    guard let running else { return nil }
    let left = running.fate == .neverEnds ? Nanoseconds.seconds(11) : running.ends - now
    return Refusal.busy(
      "\(running.name) (\(running.id))", tables[place].id,
      seconds: max(1, (left + .milliseconds(999)).seconds))
  }

  /// A write that was taken.
  private struct Change {
    var name: String
    var place: Int
    var before: TableResource?
    var deletesTable = false
    /// Its answer shows this route; the table when there is none.
    var route: String?
    var status = 202
  }

  private mutating func begin(
    _ change: Change, _ call: Call, origin: String, fate: Fate, at now: Instant
  ) -> Reply {
    let place = change.place
    tables[place].tag = newTag()
    tables[place].state = change.deletesTable ? "Deleting" : "Updating"
    var operation = newOperation(change.name, subscription: call.path[1], fate: fate, at: now)
    operation.key = tables[place].key
    operation.before = change.deletesTable ? tables[place] : change.before
    operation.deletes = change.deletesTable
    operations.append(operation)
    let table = tables[place]
    let headers = polling(operation, call, origin: origin, location: change.status == 202)
    guard change.status != 202 else { return Reply(202, headers) }
    let body =
      change.route.flatMap { table.place(of: $0) }.map { table.routes[$0].json(in: table) }
      ?? table.json(subnets: subnets(of: table))
    return Reply(change.status, headers, body)
  }
}
