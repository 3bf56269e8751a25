// Reads the text of a scenario: one step a line, every problem told with its line.

import Management
import Model

/// Turns text into a `Scenario`, or says everything that is wrong with it.
package struct ScenarioReader {
  /// Lines beyond this are refused. We chose it: a story of that length is none.
  package static let lineLimit = 500

  private var layout: Layout?
  private var hosts: [String] = []
  private var steps: [Scenario.Step] = []
  private var problems: [ScenarioError.Problem] = []

  /// `name` stands before the line in what is told.
  package static func read(_ text: String, name: String) throws(ScenarioError) -> Scenario {
    var reader = ScenarioReader()
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.prefix(lineLimit).enumerated() {
      reader.readLine(line, number: index + 1)
    }
    if lines.count > lineLimit { reader.complain(lineLimit + 1, "more than \(lineLimit) lines") }
    if reader.layout == nil, reader.problems.isEmpty {
      reader.complain(1, "the first line names the layout: layout \(names(Layout.all.map(\.name)))")
    }
    guard reader.problems.isEmpty, let layout = reader.layout else {
      throw ScenarioError(name: name, problems: reader.problems)
    }
    return Scenario(layout: layout, steps: reader.steps)
  }

  private mutating func complain(_ line: Int, _ text: String) {
    problems.append(ScenarioError.Problem(line: line, text: text))
  }

  private mutating func readLine(_ whole: Substring, number: Int) {
    let code = whole.prefix { $0 != "#" }
    let words = code.split { $0.isWhitespace }.map(String.init)
    guard let verb = words.first else { return }
    if verb == "layout" {
      readLayout(words, number)
      return
    }
    guard layout != nil else {
      // Told once: whatever follows would only be told again.
      if problems.isEmpty { complain(number, "before this line the layout has to be named") }
      return
    }
    do throws(Wrong) {
      let action = try action(words[...])
      steps.append(
        Scenario.Step(line: number, text: words.joined(separator: " "), action: action))
    } catch {
      complain(number, error.text)
    }
  }

  /// What is wrong with one line.
  private struct Wrong: Error {
    var text: String
    init(_ text: String) { self.text = text }
  }

  private mutating func readLayout(_ words: [String], _ number: Int) {
    guard layout == nil else { return complain(number, "the layout is named already") }
    let named: Layout
    do throws(LabError) {
      named = try Layout.read(words.count > 1 ? words[1] : "", Array(words.dropFirst(2)))
    } catch {
      return complain(number, error.description)
    }
    layout = named
    do throws(TopologyError) {
      hosts = try Topology(named.draw).hosts.map(\.name)
    } catch {
      preconditionFailure("a layout of ours cannot be built: \(error)")
    }
  }

  // MARK: Steps

  private func action(_ words: ArraySlice<String>) throws(Wrong) -> Scenario.Action {
    var rest = words
    switch rest.popFirst() {
    case "mark":
      try end(rest)
      return .mark
    case "at":
      let time = try time(rest.popFirst())
      return .event(try event(rest), at: time)
    case "fault", "mend", "move", "quirk": return .event(try event(words), at: nil)
    case "await":
      guard let place = rest.lastIndex(of: "within"), place + 2 == rest.endIndex else {
        throw Wrong("it says how long: await CONDITION within TIME")
      }
      let limit = try time(rest[place + 1])
      return .await(try condition(rest[..<place]), within: limit)
    case "expect": return .expect(try condition(rest))
    case "hold":
      let time = try time(rest.popFirst())
      return .hold(try condition(rest), for: time)
    default:
      throw Wrong(
        "'\(words.first ?? "")' is no step; there are: at await expect fault hold layout mark mend "
          + "move quirk")
    }
  }

  private func event(_ words: ArraySlice<String>) throws(Wrong) -> Scenario.Event {
    var rest = words
    switch rest.popFirst() {
    case "fault" where rest.first.flatMap({ Door(rawValue: $0) }) != nil:
      guard layout?.routeTable != nil else { throw Wrong("this layout has no resource manager") }
      do throws(LabError) {
        return .trouble(try TroubleWords.trouble(Array(rest)))
      } catch {
        throw Wrong(error.description)
      }
    case "fault":
      let request: FaultRequest
      do throws(LabError) {
        request = try FaultRequest(Array(rest))
      } catch {
        throw Wrong(error.description)
      }
      if let host = request.host { _ = try self.host(host, of: hosts, "a host") }
      return .fault(request.fault, host: request.host, amount: request.amount)
    case "mend":
      if let (door, mischief) = TroubleWords.mending(Array(rest)) {
        return .mendTrouble(door, mischief)
      }
      let fault = rest.first.flatMap { Fault(rawValue: $0) }
      if fault != nil { rest = rest.dropFirst() }
      guard let name = rest.popFirst() else { return .mend(fault, host: nil) }
      try end(rest)
      return .mend(fault, host: try host(name, of: hosts, "a fault or a host"))
    case "move":
      guard let layout, layout.placement == .moves else {
        throw Wrong("in this layout the address does not move")
      }
      let name = try host(rest.popFirst(), of: layout.carriers, "a host that carries the VIP")
      try end(rest)
      return .move(name)
    case "quirk": return .quirk(try quirk(rest))
    default: throw Wrong("an event is one of: fault mend move quirk")
    }
  }

  private func quirk(_ words: ArraySlice<String>) throws(Wrong) -> QuirkRequest {
    guard let layout, layout.needsPlatform, !layout.instances.isEmpty else {
      throw Wrong("quirks are those of simulated route servers: layout NAME simulated")
    }
    let request: QuirkRequest
    do throws(LabError) {
      request = try QuirkRequest(Array(words))
    } catch {
      throw Wrong(error.description)
    }
    if let name = request.instance { _ = try host(name, of: layout.instances, "a route server") }
    return request
  }

  // MARK: Conditions

  private func condition(_ words: ArraySlice<String>) throws(Wrong) -> Scenario.Condition {
    guard let layout else { throw Wrong("no layout") }
    let all = Array(words)
    let carriers = layout.carriers
    switch (all.first ?? "", all.count) {
    case ("sessions", 1): return .sessions(layout.speakers)
    case ("sessions", _):
      for name in all.dropFirst() { _ = try host(name, of: layout.speakers, "a speaker") }
      return .sessions(Array(all.dropFirst()))
    case ("route", 3) where all[1] == "to":
      return .route(try host(all[2], of: carriers, "a host that carries the VIP"))
    case ("stale", 4) where all[1] == "route" && all[2] == "via":
      return .staleRoute(try host(all[3], of: carriers, "a host that carries the VIP"))
    case ("row", 3) where all[1] == "to":
      guard layout.routeTable != nil else { throw Wrong("this layout has no route table") }
      return .row(try host(all[2], of: carriers, "a host that carries the VIP"))
    case ("probe", 4): return try probe(all)
    case ("answer", 3) where all[1] == "from":
      return .answer(try host(all[2], of: layout.answerers, "a host that answers"))
    case ("silence", 1): return .silence
    case ("no", 2) where all[1] == "withdrawal": return .noWithdrawal
    case ("no", 2) where all[1] == "notification": return .noNotification
    case ("outage", 3) where all[1] == "below": return .outageBelow(try time(all[2]))
    default: return try updates(all, layout)
    }
  }

  /// The kinds of evidence, as the configuration calls them.
  private static let kinds = ["arp", "bfd", "http", "icmp", "link", "tcp"]

  /// `probe HOST KIND STATE`.
  private func probe(_ words: [String]) throws(Wrong) -> Scenario.Condition {
    let host = try host(words[1], of: hosts, "a host")
    guard ScenarioReader.kinds.contains(words[2]) else {
      throw Wrong("the kinds of probes are: \(ScenarioReader.names(ScenarioReader.kinds))")
    }
    let signals: [Signal] = [.unknown, .neutral, .up, .failing, .down]
    guard let signal = signals.first(where: { $0.description == words[3] }) else {
      throw Wrong("a probe is one of: \(ScenarioReader.names(signals.map(\.description)))")
    }
    return .probe(host, kind: words[2], signal)
  }

  /// `N update[s]|write[s] [from SPEAKER]`, and `no` for none.
  private func updates(_ words: [String], _ layout: Layout) throws(Wrong) -> Scenario.Condition {
    let count = words.first == "no" ? 0 : words.first.flatMap { Int($0) }
    let kinds = ["update", "updates", "write", "writes"]
    guard let count, count >= 0, words.count > 1, kinds.contains(words[1]),
      words.count == 2 || words.count == 4 && words[2] == "from"
    else {
      throw Wrong(
        "'\(words.joined(separator: " "))' is no condition; there are: answer from HOST, "
          + "no notification, no withdrawal, N updates [from HOST], N writes [from HOST], "
          + "outage below TIME, probe HOST KIND STATE, route to HOST, row to HOST, "
          + "sessions [HOST...], silence, stale route via HOST")
    }
    var speaker: String?
    if words.count == 4 { speaker = try host(words[3], of: layout.speakers, "a speaker") }
    if words[1].hasPrefix("update") { return .updates(count, from: speaker) }
    guard layout.routeTable != nil else { throw Wrong("this layout has no route table") }
    return .writes(count, from: speaker)
  }

  // MARK: Words

  private func host(_ name: String?, of known: [String], _ what: String) throws(Wrong) -> String {
    guard let name, known.contains(name) else {
      throw Wrong("'\(name ?? "")' is not \(what); there are: \(ScenarioReader.names(known))")
    }
    return name
  }

  private func end(_ rest: ArraySlice<String>) throws(Wrong) {
    if !rest.isEmpty { throw Wrong("'\(rest.joined(separator: " "))' is too much") }
  }

  /// `200ms` or `5s`, at most an hour.
  private func time(_ word: String?) throws(Wrong) -> Nanoseconds {
    let word = word ?? ""
    let isShort = word.hasSuffix("ms")
    let digits = word.dropLast(isShort ? 2 : 1)
    guard isShort || word.hasSuffix("s"), let number = Int64(digits), number > 0,
      number <= (isShort ? 3_600_000 : 3_600)
    else { throw Wrong("'\(word)' is no time such as 200ms or 5s") }
    return isShort ? .milliseconds(number) : .seconds(number)
  }

  private static func names(_ names: [String]) -> String { names.joined(separator: " ") }
}
