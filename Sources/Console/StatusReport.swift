// The answer to `status` as a page for people, and the judgement behind `status --check`.

package import Control

/// What the daemon answered, sorted by kind.
package struct StatusReport: Sendable {
  private let daemon: Record?
  private let classes: [Record]
  private let routeServers: [Record]
  private let targets: [Record]
  private let group: Record?
  private let speakers: [Record]
  private let vips: [Record]
  /// There when the configuration asks something of Azure.
  private let courier: CourierPage?

  /// The state of a session that works, as RFC 4271 section 8.2.2 spells it.
  private static let established = "Established"

  package init(_ records: [Record]) {
    daemon = records.first { $0.type == "daemon" }
    classes = records.filter { $0.type == "kernel" }
    routeServers = records.filter { $0.type == "route-server" }
    targets = records.filter { $0.type == "target" }
    group = records.first { $0.type == "group" }
    speakers = records.filter { $0.type == "speaker" }
    vips = records.filter { $0.type == "vip" }
    courier = records.first { $0.type == "courier" }.map(CourierPage.init)
  }

  /// What does not work, one sentence each; empty when all is well.
  package var faults: [String] {
    var faults: [String] = []
    if daemon?.string("kernel") != "current" {
      faults.append("the view of the kernel is \(daemon?.text("kernel") ?? "unknown")")
    }
    for other in classes
    where other.string("class") != "interfaces" && other.string("state") != "current" {
      faults.append("the view of the kernel's \(other.text("class")) is \(other.text("state"))")
    }
    if routeServers.isEmpty, courier == nil { faults.append("there is no route server") }
    for server in routeServers where server.string("state") != StatusReport.established {
      faults.append("route server \(server.text("address")) is \(server.text("state"))")
    }
    for speaker in speakers where speaker.string("state") != "heard" {
      faults.append("speaker \(speaker.text("address")) is \(speaker.text("state"))")
    }
    return faults + missingFamilies + vacant + unconfirmed + (courier?.faults ?? [])
  }

  /// Route servers that take less than there is to announce, one sentence each.
  private var missingFamilies: [String] {
    routeServers.compactMap { server in
      let missing = server.text("families-missing")
      guard missing != Record.nothing else { return nil }
      return "route server \(server.text("address")) does not offer \(missing)"
    }
  }

  /// VIPs that nobody is known to be able to carry.
  private var vacant: [String] {
    vips.compactMap { vip in
      guard vip.boolean("vacant") == true else { return nil }
      return "VIP \(vip.text("name")): nobody is known to be able to carry it"
    }
  }

  /// Shifts whose new host should have answered by now.
  private var unconfirmed: [String] {
    vips.compactMap { vip in
      guard vip.string("confirmation") == "overdue" else { return nil }
      return "VIP \(vip.text("name")): its last shift is not confirmed"
    }
  }

  /// The page, ending in a newline.
  package func render(_ style: Style, isVerbose: Bool = false) -> String {
    var lines = daemon.map { heading($0, style) } ?? []
    if !classes.isEmpty { lines += [""] + classTable.lines(style) }
    if isVerbose {
      for server in routeServers { lines += [""] + RouteServerPage(server).lines(style) }
    } else if !routeServers.isEmpty {
      lines += [""] + routeServerTable.lines(style) + lastErrors(style)
    }
    lines += missingFamilies.map { style.paint($0, .doubtful) }
    if !targets.isEmpty { lines += [""] + targetTable.lines(style) }
    if !speakers.isEmpty { lines += [""] + speakerTable.lines(style) }
    if !vips.isEmpty { lines += [""] + vipTable.lines(style) }
    lines += vacant.map { style.paint($0, .bad) }
    lines += unconfirmed.map { style.paint($0, .doubtful) }
    lines += WaitLines(vips).lines.map { style.paint($0, .doubtful) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func heading(_ daemon: Record, _ style: Style) -> [String] {
    let kernel = daemon.text("kernel")
    let view = style.paint(kernel, kernel == "current" ? .good : .bad)
    let title = style.paint("hopshiftd \(daemon.text("version"))", .heading)
    var lines = [
      "\(title), process \(daemon.text("pid")), up \(daemon.age("uptime-ms")), "
        + "last turn \(daemon.age("turn-age-ms")) ago",
      "configuration  \(daemon.text("config"))",
      "kernel         \(view), heard \(daemon.age("kernel-age-ms")) ago, "
        + "\(daemon.text("links")) links, \(daemon.text("vf-flaps")) VF flaps",
      "netlink        receive buffer \(daemon.text("receive-buffer")) bytes, "
        + "\(daemon.text("overruns")) overruns, \(daemon.text("foreign")) foreign, "
        + "\(daemon.text("malformed")) malformed",
      "loop           longest turn \(daemon.shortTime("longest-turn-us")), "
        + "since the last status \(daemon.shortTime("longest-recent-turn-us"))",
      StatusReport.pauses(daemon),
      "capabilities   \(daemon.text("capabilities"))",
      "shifts         \(daemon.text("shifts"))",
    ]
    if let group {
      lines.append(
        "hello          on \(group.text("address")), port \(group.text("port")), "
          + "every \(group.age("interval-ms")), \(group.text("strangers")) of strangers, "
          + "\(group.text("drops")) dropped"
          + (group.boolean("former-key") == true ? "; not all have the new key" : ""))
    }
    return lines + (courier?.lines(style) ?? [])
  }

  /// How often the daemon itself stood still: nobody is blamed for that time.
  private static func pauses(_ daemon: Record) -> String {
    guard let count = daemon.integer("pauses"), count > 0 else { return "stood still    never" }
    return "stood still    \(count) times, the longest \(daemon.age("longest-pause-ms")), "
      + "the last \(daemon.age("last-pause-age-ms")) ago"
  }

  /// One row for each netlink socket that is open.
  private var classTable: Table {
    var table = Table([
      "KERNEL NEWS", "STATE", "AGE", "NEEDED BY", "DATAGRAMS", "DUMPS", "OVERRUNS", "DROPS",
      "FOREIGN", "BUFFER",
    ])
    for one in classes {
      let state = one.text("state")
      table.add([
        Table.Cell(one.text("class")), Table.Cell(state, state == "current" ? .good : .bad),
        Table.Cell(one.age("age-ms")), Table.Cell(one.text("needed-by")),
        Table.Cell(one.text("datagrams")),
        Table.Cell(one.text("dumps")), Table.Cell(one.text("overruns")),
        Table.Cell(one.text("drops")), Table.Cell(one.text("foreign")),
        Table.Cell(one.text("receive-buffer")),
      ])
    }
    return table
  }

  /// What was negotiated is left to `--verbose` and `--json`: the table must fit a screen.
  private var routeServerTable: Table {
    var table = Table([
      "ROUTE SERVER", "STATE", "FOR", "HOLD", "ANNOUNCED", "RECEIVED", "IN FLIGHT",
    ])
    for server in routeServers {
      let isUp = server.string("state") == StatusReport.established
      table.add([
        Table.Cell(server.text("address")), Table.Cell(server.text("state"), isUp ? .good : .bad),
        Table.Cell(server.age("since-ms")), Table.Cell(server.age("hold-ms")),
        Table.Cell(server.text("prefixes-announced")), Table.Cell(server.text("routes-received")),
        Table.Cell(server.inFlight),
      ])
    }
    return table
  }

  /// One row for each piece of evidence.
  private var targetTable: Table {
    var table = Table([
      "HOST", "EVIDENCE", "STATE", "FOR", "ANSWERED", "TIME", "SENT", "LOST", "REASON",
    ])
    for target in targets {
      let state = target.text("state")
      table.add([
        Table.Cell(target.text("host")), Table.Cell(target.text("target")),
        Table.Cell(state, StatusReport.tone(ofTarget: state)), Table.Cell(target.age("since-ms")),
        Table.Cell(target.age("answer-age-ms")), Table.Cell(target.shortTime("rtt-median-us")),
        Table.Cell(target.text("sent")), Table.Cell(target.text("lost")),
        Table.Cell(target.text("reason")),
      ])
    }
    return table
  }

  private static func tone(ofTarget state: String) -> Tone {
    switch state {
    case "up": .good
    case "down": .bad
    case "neutral": .plain
    default: .doubtful
    }
  }

  /// A line of its own for each: a column of sentences would leave no room for the others.
  private func lastErrors(_ style: Style) -> [String] {
    routeServers.compactMap { server in
      guard server.string("last-error") != nil else { return nil }
      let isUp = server.string("state") == StatusReport.established
      let text = "\(server.text("address")): last error: \(server.text("last-error"))"
      return style.paint(text, isUp ? .plain : .doubtful)
    }
  }

  /// The other speakers of the group.
  private var speakerTable: Table {
    var table = Table([
      "SPEAKER", "STATE", "HEARD", "RECEIVED", "REFUSED", "PAUSES", "SENT", "LAST ERROR",
    ])
    for speaker in speakers {
      let state = speaker.text("state")
      let error = speaker.text("last-error")
      table.add([
        Table.Cell(speaker.text("address")), Table.Cell(state, state == "heard" ? .good : .bad),
        Table.Cell(speaker.age("heard-ms")), Table.Cell(speaker.text("received")),
        Table.Cell(speaker.text("refused")), Table.Cell(speaker.text("pauses")),
        Table.Cell(speaker.text("sent")),
        Table.Cell(error, error == Record.nothing ? .plain : .doubtful),
      ])
    }
    return table
  }

  /// Who carries what. Where no VIP has hosts there is no column for them: then it is this machine
  /// or another.
  private var vipTable: Table {
    let hasHosts = vips.contains { $0.string("host") != nil }
    var headings = ["VIP", "STATE", "RUNG", "HELD", "INTERFACE", "FOR"]
    if hasHosts { headings.append("CARRIED BY") }
    var table = Table(headings + ["NEXT HOP", "PREFIXES", "CLAIMS"])
    for vip in vips {
      var row = [
        Table.Cell(vip.text("name")), Table.Cell(vip.text("state"), tone(ofVIP: vip)),
        Table.Cell(vip.text("rung")), Table.Cell(vip.text("held")),
        Table.Cell(vip.text("interface")), Table.Cell(vip.age("since-ms")),
      ]
      if hasHosts { row.append(Table.Cell(vip.text("host"))) }
      row += [
        Table.Cell(vip.nextHops), Table.Cell(prefixes(of: vip)), Table.Cell(vip.text("claims")),
      ]
      table.add(row)
    }
    return table
  }

  private func tone(ofVIP vip: Record) -> Tone {
    switch vip.string("state") {
    case "active": .good
    // A watcher's VIP is well when somebody carries it.
    case "watching" where vip.string("next-hop") != nil && vip.boolean("vacant") != true: .good
    case "standby": .plain
    default: .doubtful
    }
  }

  /// The only prefix, or the first one and how many more there are.
  private func prefixes(of vip: Record) -> String {
    let first = vip.text("first-prefix")
    guard let count = vip.integer("prefixes"), count > 1 else { return first }
    return "\(first) +\(count - 1)"
  }
}
