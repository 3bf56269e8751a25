// All that is known of one route server, in lines of two columns.

import Control

/// A part of `hopshift status --verbose`.
struct RouteServerPage {
  private let server: Record

  init(_ server: Record) { self.server = server }

  private static let margin = 13

  func lines(_ style: Style) -> [String] {
    let isUp = server.string("state") == "Established"
    let title = "route server \(server.text("address")), AS \(server.text("asn"))"
    let state = style.paint(server.text("state"), isUp ? .good : .bad)
    var lines = [style.paint(title, .heading)]
    lines.append(line("session", "\(state) for \(server.age("since-ms"))\(openedBy)"))
    if isUp {
      lines.append(
        line(
          "timers",
          "hold \(server.age("hold-ms")), keepalive \(server.age("keepalive-ms")), "
            + "heard \(server.age("heard-ms")) ago"))
      lines.append(line("peer", "identifier \(server.text("identifier")), \(restart)"))
      lines.append(line("both speak", abilities))
    }
    lines += traffic
    lines.append(line("last error", server.text("last-error")))
    if server.string("shutdown-communication") != nil {
      lines.append(line("it said", "\"\(server.text("shutdown-communication"))\""))
    }
    return lines
  }

  private var traffic: [String] {
    [
      line(
        "announced",
        "\(server.text("prefixes-announced")) prefixes, \(server.text("updates-sent")) UPDATEs"),
      line(
        "received",
        "\(server.text("routes-received")) routes kept, \(server.text("routes-not-kept")) not"),
      line(
        "waiting",
        "\(server.text("unacknowledged")) bytes in flight, "
          + "\(server.text("bytes-queued")) queued and \(server.text("volleys-queued")) volleys"),
      line(
        "messages",
        "\(server.text("messages-sent")) sent, \(server.text("messages-received")) received, "
          + "\(server.text("keepalives-received")) KEEPALIVEs, "
          + "\(server.text("refreshes-received")) refreshes"),
      line(
        "UPDATEs",
        "\(server.text("updates-accepted")) accepted, \(server.text("ends-of-rib")) ends of RIB, "
          + "\(server.text("updates-ignored")) ignored"),
      line(
        "errors",
        "\(server.text("attribute-discards")) attribute discard, "
          + "\(server.text("treated-as-withdraw")) treat as withdraw, "
          + "\(server.text("session-resets")) session reset"),
      line("attempts", "\(server.text("connect-attempts")) to connect"),
    ]
  }

  private func line(_ name: String, _ text: String) -> String {
    name + String(repeating: " ", count: max(1, RouteServerPage.margin - name.count)) + text
  }

  private var openedBy: String {
    switch server.string("opened-by") {
    case "us": ", opened by us"
    case "peer": ", opened by the peer"
    default: ""
    }
  }

  /// Graceful restart is never offered by us (it would keep a dead owner's route alive).
  private var restart: String {
    server.integer("peer-restart-s").map { "graceful restart within \($0) s" }
      ?? "no graceful restart"
  }

  private var abilities: String {
    var words: [String] = []
    if server["families"] != nil { words.append(server.text("families")) }
    if server.boolean("four-octet-as") == true { words.append("4-octet AS") }
    if server.boolean("route-refresh") == true { words.append("route refresh") }
    if server.boolean("extended-messages") == true { words.append("extended messages") }
    return words.isEmpty ? Record.nothing : words.joined(separator: ", ")
  }
}

extension Record {
  /// Bytes that a route server has not acknowledged, and those that wait behind them.
  var inFlight: String {
    guard let queued = integer("bytes-queued"), queued > 0 else { return text("unacknowledged") }
    return "\(text("unacknowledged")) +\(queued)"
  }
}
