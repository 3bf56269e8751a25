// The answer to `volleys` as a page for people: a table, and for one VIP the bytes below it.

package import Control

/// What the daemon answered.
package struct VolleysReport: Sendable {
  private let volleys: [Record]
  /// Hexadecimal digits in one line: 32 bytes.
  private static let lineWidth = 64

  package init(_ records: [Record]) { volleys = records.filter { $0.type == "volley" } }

  /// The page, ending in a newline; a sentence when nothing is armed.
  package func render(_ style: Style) -> String {
    guard !volleys.isEmpty else { return "nothing is armed: no route server is established\n" }
    var lines = table.lines(style)
    for volley in volleys where volley.string("hex") != nil {
      lines += [""] + detail(volley, style)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private var table: Table {
    var table = Table([
      "VIP", "ROUTE SERVER", "RUNG", "STANDS", "NEXT HOP", "PREFIXES", "UPDATES", "BYTES",
    ])
    for volley in volleys {
      table.add([
        Table.Cell(volley.text("vip")), Table.Cell(volley.text("route-server")),
        Table.Cell(volley.text("rung")),
        Table.Cell(volley.text("stands"), volley.text("stands") == "yes" ? .good : .plain),
        Table.Cell(volley.nextHops), Table.Cell(volley.text("prefixes")),
        Table.Cell(volley.text("updates")), Table.Cell(volley.text("bytes")),
      ])
    }
    return table
  }

  private func detail(_ volley: Record, _ style: Style) -> [String] {
    let title = "\(volley.text("vip")) to \(volley.text("route-server")), \(volley.text("rung"))"
    var lines = [style.paint(title, .heading)]
    if volley.string("rung") == "withdrawn" {
      lines.append("withdraws \(volley.text("prefixes")) prefixes")
    } else {
      lines += announcement(volley)
    }
    lines.append("UPDATEs of bytes \(volley.text("update-bytes"))")
    var hex = volley.text("hex")[...]
    let shown = hex.count / 2
    while !hex.isEmpty {
      lines.append("  \(hex.prefix(VolleysReport.lineWidth))")
      hex = hex.dropFirst(VolleysReport.lineWidth)
    }
    if let bytes = volley.integer("bytes"), bytes > shown {
      lines.append("  and \(bytes - Int64(shown)) bytes more")
    }
    return lines
  }

  private func announcement(_ volley: Record) -> [String] {
    var lines: [String] = []
    lines.append(
      "origin IGP, path \(volley.text("asn")) x\(volley.text("path-length")), "
        + "next hop \(volley.text("next-hop")), MED \(volley.text("med"))")
    lines.append(
      "communities \(volley.text("communities")), "
        + "large communities \(volley.text("large-communities"))")
    if volley.string("next-hop6") != nil {
      lines.append(
        "IPv6: \(volley.text("prefixes6")) of the prefixes, in the last "
          + "\(volley.text("updates6")) of the UPDATEs, next hop \(volley.text("next-hop6"))")
    }
    return lines
  }
}

extension Record {
  /// The next hop of each family that is announced.
  var nextHops: String {
    guard let ipv6 = string("next-hop6") else { return text("next-hop") }
    return string("next-hop") == nil ? ipv6 : "\(text("next-hop")) \(ipv6)"
  }
}
