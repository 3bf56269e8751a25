// The answer to `explain` as a page for people.

package import Control

/// What the daemon answered.
package struct ExplainReport: Sendable {
  private let vip: Record?
  private let evidence: [Record]
  private let speakers: [Record]
  private let waits: [Record]
  private let alternatives: [Record]

  package init(_ records: [Record]) {
    vip = records.first { $0.type == "explain" }
    evidence = records.filter { $0.type == "evidence" }
    speakers = records.filter { $0.type == "speaker" }
    waits = records.filter { $0.type == "wait" }
    alternatives = records.filter { $0.type == "alternative" }
  }

  /// The page, ending in a newline.
  package func render(_ style: Style) -> String {
    guard let vip else { return "" }
    var lines = heading(vip, style)
    if !evidence.isEmpty { lines += [""] + evidenceTable.lines(style) }
    if !speakers.isEmpty { lines += [""] + speakerTable.lines(style) }
    lines.append("")
    if waits.isEmpty { lines.append("nothing holds a change back") }
    for wait in waits {
      let end = wait.integer("for-ms").map { " for another \(LengthOfTime.text(milliseconds: $0))" }
      lines.append("held back: \(wait.text("what"))\(end ?? "")")
    }
    if !alternatives.isEmpty { lines += [""] + alternativeTable.lines(style) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func heading(_ vip: Record, _ style: Style) -> [String] {
    var lines = [style.paint(vip.text("vip"), .heading) + ": \(vip.text("state"))"]
    if vip.string("rung") == "withdrawn" {
      lines.append("withdrawn: nobody is known to be able to carry it")
    } else if vip.string("next-hop") == nil {
      lines.append("nothing is announced yet")
    } else {
      let host = vip.string("host").map { " (host \(Printable.clean($0)))" } ?? ""
      lines.append(
        "announced: next hop \(vip.text("next-hop"))\(host), \(vip.text("rung")), since "
          + vip.age("since-ms"))
    }
    if vip.string("because") != nil { lines.append("last change: \(vip.text("because"))") }
    if let confirmation = vip.string("confirmation") {
      lines.append("last shift: \(Printable.clean(confirmation))")
    }
    lines.append("decided by: \(vip.text("decided-by"))")
    if vip.string("next-cause") != nil {
      lines.append("next change: by \(vip.text("next-cause"))")
    }
    return lines
  }

  private var evidenceTable: Table {
    var table = Table(["HOST", "HEALTH", "NEEDS", "EVIDENCE", "SAYS", "SINCE"])
    for one in evidence {
      let state = one.text("state")
      table.add([
        Table.Cell(one.text("host")),
        Table.Cell(one.text("health"), one.text("health") == "up" ? .good : .doubtful),
        Table.Cell(one.text("require")), Table.Cell(one.text("evidence")),
        Table.Cell(state, state == "up" ? .good : state == "down" ? .bad : .plain),
        Table.Cell(one.age("since-ms")),
      ])
    }
    return table
  }

  private var speakerTable: Table {
    var table = Table(["SPEAKER", "STATE", "RUNG", "EPOCH", "WANTS IT", "RANK", "SINCE"])
    for one in speakers {
      table.add([
        Table.Cell(one.text("speaker")),
        Table.Cell(one.text("state"), one.text("state") == "silent" ? .bad : .good),
        Table.Cell(one.text("rung")), Table.Cell(one.text("epoch")), Table.Cell(one.text("wants")),
        Table.Cell(one.text("rank")), Table.Cell(one.age("since-ms")),
      ])
    }
    return table
  }

  private var alternativeTable: Table {
    var table = Table(["WOULD BE SENT", "RUNG", "NEXT HOP", "PATH LENGTH"])
    for one in alternatives {
      table.add([
        Table.Cell(one.text("when")), Table.Cell(one.text("rung")),
        Table.Cell(one.text("next-hop")), Table.Cell(one.text("path-length")),
      ])
    }
    return table
  }
}
