// The answer to `received` as a page for people: for each route server its routes, or its errors.

package import Control
import Model

/// What the daemon answered.
package struct ReceivedReport: Sendable {
  private let servers: [Record]
  private let routes: [Record]
  private let faults: [Record]
  private let showsErrors: Bool

  package init(_ records: [Record], errors: Bool) {
    servers = records.filter { $0.type == "received" }
    routes = records.filter { $0.type == "received-route" }
    faults = records.filter { $0.type == "received-error" }
    showsErrors = errors
  }

  /// The page, ending in a newline.
  package func render(_ style: Style) -> String {
    var lines: [String] = []
    for server in servers {
      if !lines.isEmpty { lines.append("") }
      lines += showsErrors ? errorSection(server, style) : routeSection(server, style)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func title(_ server: Record, _ style: Style) -> String {
    let name = style.paint(server.text("route-server"), .heading)
    return "\(name)  \(server.text("state")) for \(server.age("since-ms"))"
  }

  private func routeSection(_ server: Record, _ style: Style) -> [String] {
    var heading = "\(title(server, style)), \(server.text("routes")) routes"
    if let left = server.integer("routes-not-kept"), left > 0 {
      heading += ", \(left) times there was no room for one more"
    }
    let own = ReceivedReport.sorted(routes, of: server)
    return own.isEmpty ? [heading] : [heading] + routeTable(own).lines(style)
  }

  private func routeTable(_ routes: [Record]) -> Table {
    var table = Table(["PREFIX", "NEXT HOP", "FOR", "LENGTH", "PATH"])
    for route in routes {
      table.add([
        Table.Cell(route.text("prefix")), Table.Cell(route.text("next-hop")),
        Table.Cell(route.age("age-ms")), Table.Cell(route.text("path-length")),
        Table.Cell(
          ReceivedReport.path(route),
          route.boolean("graceful-shutdown") == true ? .doubtful : .plain),
      ])
    }
    return table
  }

  /// By prefix, IPv4 first.
  private static func sorted(_ routes: [Record], of server: Record) -> [Record] {
    routes.filter { $0.string("route-server") == server.string("route-server") }
      .map { (prefix: $0.string("prefix").flatMap { Prefix($0) }, record: $0) }
      .sorted { left, right in
        guard let first = left.prefix, let second = right.prefix else { return left.prefix != nil }
        return first < second
      }
      .map(\.record)
  }

  /// The numbers in their order; what the daemon left out stands before the last one.
  private static func path(_ route: Record) -> String {
    guard case .array(let values)? = route["path"] else { return Record.nothing }
    var words = values.compactMap { value -> String? in
      if case .integer(let number) = value { "\(number)" } else { nil }
    }
    if let omitted = route.integer("path-omitted"), omitted > 0, !words.isEmpty {
      words.insert("(\(omitted) more)", at: words.count - 1)
    }
    if route.boolean("graceful-shutdown") == true { words.append("graceful-shutdown") }
    return words.isEmpty ? Record.nothing : words.joined(separator: " ")
  }

  private func errorSection(_ server: Record, _ style: Style) -> [String] {
    let counts = [
      ("updates-accepted", "accepted"), ("ends-of-rib", "ends of RIB"),
      ("updates-ignored", "of other families"), ("attribute-discards", "attribute discard"),
      ("treated-as-withdraw", "treat as withdraw"), ("session-resets", "session reset"),
    ].map { "\(server.text($0.0)) \($0.1)" }.joined(separator: ", ")
    let own = faults.filter { $0.string("route-server") == server.string("route-server") }
    var lines = [title(server, style), "UPDATEs: \(counts)"]
    guard !own.isEmpty else { return lines }
    var table = Table(["AGO", "CLASS", "MESSAGE", "BYTES", "REASON"])
    for fault in own {
      table.add([
        Table.Cell(fault.age("age-ms")),
        Table.Cell(fault.text("class"), fault.text("class") == "session reset" ? .bad : .doubtful),
        Table.Cell(fault.text("message")), Table.Cell(fault.text("length")),
        Table.Cell(fault.text("text")),
      ])
    }
    lines += table.lines(style)
    return lines
  }
}
