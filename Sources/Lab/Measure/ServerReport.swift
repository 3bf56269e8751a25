// What a route server was seen to take and to refuse, as text.

package import Model

/// The answers of one route server.
package struct ServerReport {
  /// One offer of a hold time, what became of it, and of the session that it led to.
  package struct Offer {
    package var offered: UInt16
    package var opening: ServerSpeaker.Opening
    package var ending: ServerSpeaker.Ending?

    package init(
      offered: UInt16, opening: ServerSpeaker.Opening, ending: ServerSpeaker.Ending? = nil
    ) {
      self.offered = offered
      self.opening = opening
      self.ending = ending
    }
  }

  /// How many routes it takes.
  package enum Limit: Equatable {
    /// Nobody asked.
    case unasked
    /// It took so many, and more were not tried.
    case none(Int)
    /// It took so many, and with the next piece the session ended.
    case ended(Int, ServerSpeaker.Ending)
    case unknown(String)
  }

  /// How it counts routes that replace others.
  package enum Replacement: Equatable {
    case unasked
    /// So many were held and so many replaced by one UPDATE, which ended the session.
    case counted(Int, Int, ServerSpeaker.Ending)
    case notCounted(Int, Int)
    /// It ended when so many had been replaced in small pieces: it counts what it was ever told.
    case countedInAll(Int, ServerSpeaker.Ending)
    case unknown(String)
  }

  package var server: IPv4Address
  package var openings: [Offer] = []
  package var limit = Limit.unasked
  package var isReplacementCounted = Replacement.unasked

  package init(server: IPv4Address) { self.server = server }

  /// Whether a session came up at all, and everything that was asked has an answer.
  package var isComplete: Bool {
    let isOpen = openings.contains { if case .established = $0.opening { true } else { false } }
    if case .unknown = limit { return false }
    if case .unknown = isReplacementCounted { return false }
    return isOpen
  }

  package var text: String {
    var lines = ["route server \(server)", ""]
    lines += openings.map { "  hold time \($0.offered) s: \(ServerReport.text($0))" }
    let taken = openings.filter {
      if case .established = $0.opening { $0.ending == nil && $0.offered > 0 } else { false }
    }
    if let least = taken.map(\.offered).min() {
      lines += ["", "  the shortest hold time that it takes: \(least) s"]
    }
    switch limit {
    case .unasked: break
    case .none(let count): lines.append("  it took \(count) routes; more were not tried")
    case .ended(let count, let ending):
      let text = ServerReport.text(ending)
      lines.append("  it took \(count) routes, and the next ended the session: \(text)")
    case .unknown(let why): lines.append("  its limit of routes is not known: \(why)")
    }
    switch isReplacementCounted {
    case .unasked: break
    case .counted(let held, let many, let ending):
      lines.append(
        "  with \(held) routes an UPDATE that replaces \(many) of them ends the session "
          + "(\(ServerReport.text(ending))): it counts both")
    case .notCounted(let held, let many):
      lines.append(
        "  with \(held) routes an UPDATE may replace \(many) of them: it counts what it holds")
    case .countedInAll(let count, let ending):
      lines.append(
        "  after \(count) routes were replaced in small pieces the session ended "
          + "(\(ServerReport.text(ending))): it counts what it was ever told")
    case .unknown(let why): lines.append("  how it counts is not known: \(why)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ offer: Offer) -> String {
    switch offer.opening {
    case .established(let holdTime, let after):
      let own = "up after \(Timeline.milliseconds(after)), its own is \(holdTime) s"
      return offer.ending.map { "\(own); then \(text($0))" } ?? own
    case .refused(let code, let subcode): return "refused, NOTIFICATION \(code)/\(subcode)"
    case .failed(let why): return "no session: \(why)"
    }
  }

  static func text(_ ending: ServerSpeaker.Ending) -> String {
    switch ending {
    case .notification(let code, let subcode): "NOTIFICATION \(code)/\(subcode)"
    case .closed: "it closed the connection"
    case .failed(let why): why
    }
  }
}
