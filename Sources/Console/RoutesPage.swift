// The answer to `routes` as a page for people: the rules, the route servers, and the routes.

package import Control

/// What of the kernel's routes is announced.
package struct RoutesPage: Sendable {
  private let view: Record?
  private let rules: [Record]
  private let servers: [Record]
  private let routes: [Record]

  package init(_ records: [Record]) {
    view = records.first { $0.type == "exports" }
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
    lines += ruleTable().lines(style) + [""] + serverTable().lines(style)
    if !routes.isEmpty { lines += [""] + routeTable().lines(style) }
    return lines.map { $0 + "\n" }.joined()
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
    var table = Table(["PREFIX", "RULE", "STATE"])
    for route in routes {
      let state = route.text("state")
      table.add([
        Table.Cell(route.text("prefix")), Table.Cell(route.text("rule")),
        Table.Cell(RoutesPage.words(state, route), RoutesPage.tone(state)),
      ])
    }
    return table
  }

  private static func words(_ state: String, _ route: Record) -> String {
    let time = route.age("left-ms")
    return switch state {
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
    case "announced", "reserved": .plain
    case "left-out": .bad
    default: .doubtful
    }
  }
}
