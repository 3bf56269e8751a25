// One record of the stream of `monitor` as one line for people.

package import Control
package import Model

/// Turns records into lines; times count from `start`.
package struct MonitorLine: Sendable {
  private let start: Instant
  private let style: Style

  /// `start` is when the command began, on the clock of the daemon's `at-ns`.
  package init(start: Instant, style: Style) {
    self.start = start
    self.style = style
  }

  /// The line, ending in a newline.
  package func render(_ record: Record) -> String {
    let (text, tone) = sentence(record)
    let kind = Table.Cell(record.type).text
    let padding = String(repeating: " ", count: max(0, MonitorLine.kindWidth - kind.count))
    return "\(time(record))  \(kind)\(padding)  \(style.paint(text, tone))\n"
  }

  /// The width of "neighbour", the longest kind there is today.
  private static let kindWidth = 9
  private static let timeWidth = 12

  /// Seconds with six decimals and a sign: `+12.345678`.
  private func time(_ record: Record) -> String {
    guard let at = record.integer("at-ns") else {
      return String(repeating: " ", count: MonitorLine.timeWidth)
    }
    let (length, overflow) = at.subtractingReportingOverflow(start.nanoseconds)
    let micros = (overflow ? 0 : length).magnitude / 1_000
    let fraction = String(micros % 1_000_000)
    let zeros = String(repeating: "0", count: 6 - fraction.count)
    let text = "\(length < 0 ? "-" : "+")\(micros / 1_000_000).\(zeros)\(fraction)"
    return String(repeating: " ", count: max(0, MonitorLine.timeWidth - text.count)) + text
  }

  private func sentence(_ record: Record) -> (String, Tone) {
    switch record.type {
    case "link", "address", "route", "nexthop", "neighbour", "kernel":
      KernelSentence.of(record)
    case "session": session(record)
    case "shift": ("\(number(record)) \(rungs(record))", .heading)
    case "vip": (rungs(record), .plain)
    case "stage": stage(record)
    case "host": host(record)
    case "target": target(record)
    case "alarm": (record.text("text"), .bad)
    case "lost": ("\(record.text("lost")) records: this reader is too slow", .doubtful)
    default: (everything(record), .plain)
    }
  }

  private func session(_ record: Record) -> (String, Tone) {
    let state = record.text("state")
    let reason = record.text("reason")
    let because = reason == Record.nothing ? "" : ": \(reason)"
    return (
      "\(record.text("route-server")) \(state)\(because)",
      state == "Established" ? .good : state == "Idle" ? .bad : .plain
    )
  }

  /// A piece of evidence: what it says, or what was found out about it.
  private func target(_ record: Record) -> (String, Tone) {
    let name = "host \(record.text("host")), \(record.text("target"))"
    guard record.string("state") != nil else {
      return ("\(name): \(record.text("event"))", .doubtful)
    }
    let tone: Tone = record.string("state") == "up" ? .good : .doubtful
    return ("\(name) \(record.text("state")): \(record.text("reason"))", tone)
  }

  /// A host, another speaker, or this process itself.
  private func host(_ record: Record) -> (String, Tone) {
    let who = record.string("host").map { "host \($0)" } ?? record.string("speaker") ?? "we"
    let state = record.text("state")
    let length = record.integer("length-ms").map { " for \($0) ms" } ?? ""
    let isGood = ["up", "heard"].contains(state)
    return ("\(Printable.clean(who)) \(state)\(length)", isGood ? .good : .doubtful)
  }

  /// A virtual IP's change of rung or host; at the start there is none before.
  private func rungs(_ record: Record) -> String {
    let from = standing(record, "from", "from-host")
    let to = standing(record, "to", "host")
    return "\(record.text("vip")): \(from) -> \(to) (\(record.text("cause")))"
  }

  private func standing(_ record: Record, _ rung: String, _ host: String) -> String {
    guard record.string(rung) != nil else { return "nothing" }
    return record.string(host) == nil
      ? record.text(rung) : "\(record.text(rung)), \(record.text(host))"
  }

  private func stage(_ record: Record) -> (String, Tone) {
    var text = "\(number(record)) \(record.text("vip")): \(record.text("stage"))"
    let server = record.text("route-server")
    if server != Record.nothing { text += " \(server)" }
    if let after = record.integer("after-us") {
      text += " after \(LengthOfTime.text(microseconds: after))"
    }
    return (text, .plain)
  }

  private func number(_ record: Record) -> String { "#\(record.text("shift"))" }

  /// A record of a later daemon: every field that a line does not show already.
  private func everything(_ record: Record) -> String {
    record.fields.map(\.name).filter { !["v", "id", "type", "at-ns"].contains($0) }
      .map { "\(Printable.clean($0))=\(record.text($0))" }.joined(separator: " ")
  }
}
