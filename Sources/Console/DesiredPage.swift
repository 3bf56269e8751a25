// The answer to `desired` as a page for people: one row for each virtual IP.

package import Control

/// What the daemon wishes of route tables, and what became of it.
package struct DesiredPage: Sendable {
  private let wishes: [Record]
  private let outcomes: [Record]
  /// How many routes of the kernel there should be.
  private let routes: Int

  package init(_ records: [Record]) {
    wishes = records.filter { $0.type == "desired" }
    outcomes = records.filter { $0.type == "outcome" }
    routes = records.filter { $0.type == "route-set" }.reduce(0) { count, set in
      guard case .array(let prefixes)? = set["prefixes"] else { return count }
      return count + prefixes.count
    }
  }

  package func render(_ style: Style) -> String {
    let rest = routes == 0 ? "" : "and \(routes) routes of the kernel; see hopshift routes\n"
    if wishes.isEmpty { return "no virtual IP stands in a route table\n" + rest }
    var table = Table(["VIP", "MODE", "VOICE", "NEXT HOP", "ROUTES", "GENERATION", "LAST WRITE"])
    for wish in wishes {
      let voice = wish.text("voice")
      table.add([
        Table.Cell(wish.text("vip")), Table.Cell(wish.text("mode")),
        Table.Cell(voice, voice == "unsure" ? .doubtful : .plain),
        Table.Cell(DesiredPage.nextHop(wish)), Table.Cell(DesiredPage.routes(wish)),
        Table.Cell(wish.text("generation")), outcome(of: wish),
      ])
    }
    return table.lines(style).map { $0 + "\n" }.joined() + rest
  }

  private static func nextHop(_ wish: Record) -> String {
    if wish.boolean("wanted") == false { return "no route" }
    let host = wish.string("host").map { " (\($0))" } ?? ""
    return wish.text("next-hop") + host
  }

  private static func routes(_ wish: Record) -> String {
    guard case .array(let values)? = wish["routes"] else { return Record.nothing }
    let texts = values.compactMap { value -> String? in
      if case .string(let text) = value { text } else { nil }
    }
    guard let first = texts.first else { return Record.nothing }
    return texts.count == 1 ? first : "\(first) +\(texts.count - 1)"
  }

  private func outcome(of wish: Record) -> Table.Cell {
    guard let outcome = outcomes.first(where: { $0.string("vip") == wish.string("vip") }) else {
      return Table.Cell(Record.nothing)
    }
    let stage = outcome.text("stage")
    var words = "\(stage) \(outcome.age("age-ms")) ago"
    if outcome.string("generation") != wish.string("generation") {
      words += ", generation \(outcome.text("generation"))"
    }
    if outcome.boolean("durable") == false { words += ", not durable" }
    if let detail = outcome.string("detail"), !detail.isEmpty {
      words += ": \(Printable.clean(detail))"
    }
    return Table.Cell(words, ["failed", "foreign"].contains(stage) ? .bad : .plain)
  }
}
