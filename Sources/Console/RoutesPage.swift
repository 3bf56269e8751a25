// The answer to `routes` as a page for people: the rules, the route servers, and the routes.

package import Control

/// What of the kernel's routes is announced.
package struct RoutesPage: Sendable {
  private let view: Record?
  private let tables: Record?
  private let rules: [Record]
  private let servers: [Record]
  private let routes: [Record]

  package init(_ records: [Record]) {
    view = records.first { $0.type == "exports" }
    tables = records.first { $0.type == "export-tables" }
    rules = records.filter { $0.type == "export-rule" }
    servers = records.filter { $0.type == "export-server" }
    routes = records.filter { $0.type == "export" }
  }

  package func render(_ style: Style) -> String {
    if rules.isEmpty { return "no rule says that routes of the kernel are announced\n" }
    var lines: [String] = []
    if view?.boolean("current") == false {
      let words = "what the kernel has is not known completely: nothing changes until it is"
      lines += [style.paint(words, .doubtful), ""]
    }
    if view?.boolean("shadow") == true {
      lines += [style.paint("shadow mode: nothing of this is told", .doubtful), ""]
    }
    lines += ruleTable().lines(style)
    if !servers.isEmpty || tables == nil { lines += [""] + serverTable().lines(style) }
    if let tables { lines += [""] + RoutesPage.tableLines(tables, style) }
    if !routes.isEmpty { lines += [""] + routeTable().lines(style) }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func tableLines(_ tables: Record, _ style: Style) -> [String] {
    var table = Table(["ROUTE TABLES", "WANTED", "LEFT OUT", "LIMIT"])
    let leftOut = tables.text("left-out")
    let voice = tables.text("voice")
    let writer = tables.string("writer").map { "who carries \(Printable.clean($0))" }
    let words =
      switch voice {
      case "ours": "written by this machine"
      case "others": "written by \(writer ?? "another machine")"
      default: "nobody knows yet who writes"
      }
    table.add([
      Table.Cell(words, voice == "unsure" ? .doubtful : .plain),
      Table.Cell(tables.text("wanted")),
      Table.Cell(leftOut, leftOut == "0" ? .plain : .bad), Table.Cell(tables.text("limit")),
    ])
    return table.lines(style)
  }

  private func ruleTable() -> Table {
    var table = Table(["RULE", "ANNOUNCED", "LEFT OUT", "LIMIT", "NEXT HOP"])
    for rule in rules {
      let leftOut = rule.text("left-out")
      table.add([
        Table.Cell(rule.text("rule")), Table.Cell(rule.text("announced")),
        Table.Cell(leftOut, leftOut == "0" ? .plain : .bad), Table.Cell(rule.text("limit")),
        Table.Cell(rule.text("next-hop")),
      ])
    }
    return table
  }

  private func serverTable() -> Table {
    var table = Table(["ROUTE SERVER", "TOLD", "TO BE TOLD"])
    for server in servers {
      table.add([
        Table.Cell(server.text("route-server")), Table.Cell(server.text("told")),
        Table.Cell(server.text("owed")),
      ])
    }
    return table
  }

  private func routeTable() -> Table {
    let modes = rules.reduce(into: [String: String]()) {
      $0[$1.text("rule")] = $1.string("udr")
    }
    var table = Table(["PREFIX", "RULE", "STATE"] + (tables == nil ? [] : ["ROUTE TABLES"]))
    for route in routes {
      var state = route.text("state")
      if state == "announced", modes[route.text("rule")] == "only" { state = "wanted" }
      let cells = [
        Table.Cell(route.text("prefix")), Table.Cell(route.text("rule")),
        Table.Cell(RoutesPage.words(state, route), RoutesPage.tone(state)),
      ]
      table.add(cells + (tables == nil ? [] : [RoutesPage.place(route)]))
    }
    return table
  }

  /// How it stands in route tables.
  private static func place(_ route: Record) -> Table.Cell {
    let word = route.text("table")
    let detail = route.string("table-detail").map { ": \(Printable.clean($0))" } ?? ""
    return switch word {
    case "done": Table.Cell("there")
    case "accepted": Table.Cell("taken by Azure", .doubtful)
    case "queued": Table.Cell("queued", .doubtful)
    case "failed": Table.Cell("held back\(detail)", .bad)
    case "foreign": Table.Cell("changed by somebody else\(detail)", .bad)
    case "left-out": Table.Cell("left out: no room", .bad)
    case "reserved": Table.Cell("of a VIP, which writes it")
    case "others": Table.Cell("written by another machine")
    case "unsure": Table.Cell("nobody knows yet who writes", .doubtful)
    case "shadow": Table.Cell("not written", .doubtful)
    default: Table.Cell(word)
    }
  }

  private static func words(_ state: String, _ route: Record) -> String {
    let time = route.age("left-ms")
    return switch state {
    case "former": "announced by rules of before; the kernel is listed first"
    case "waiting": "announced in \(time)"
    case "leaving": "gone; stays for \(time)"
    case "damped": "it flaps; rests for \(time)"
    case "left-out": "left out: no room"
    case "reserved": "of a VIP, which announces it"
    default: state
    }
  }

  private static func tone(_ state: String) -> Tone {
    switch state {
    case "announced", "wanted", "reserved": .plain
    case "left-out": .bad
    default: .doubtful
    }
  }
}
