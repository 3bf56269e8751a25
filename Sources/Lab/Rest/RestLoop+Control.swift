// What the resource manager of the lab answers on its control socket.

import Control
import Linux
import Management
import Model
import Platform

extension RestLoop {
  /// The words that are understood.
  static let words = """
    ping | ports | routes | troubles | events |
    cause DOOR NAME [calls=WHICH] [times=N] [value=TEXT] | mend [DOOR [NAME]] |
    meddle TABLE ROUTE PREFIX HOP | meddle TABLE ROUTE gone |
    event KIND SECONDS DURATION MACHINE... | begin EVENT | end EVENT |
    deny ACTION | allow ACTION | forwarding INTERFACE on|off | revoke-tokens |
    set lasts|programming|token-life|first-events|reads|writes|deletes|meters VALUE
    """

  /// Actions that the role lacks; there are not so many that matter here.
  private static let denialLimit = 64

  func answer(_ request: ControlPort.Request, at now: Instant) throws(Errno) {
    var records: [UInt8] = []
    let problem = obey(request, into: &records, at: now)
    // Who has the answer finds the doors as he wants them.
    try watch()
    try port.answer(
      request, records, problem == nil ? .ok : .usage, problem ?? "", epoll)
  }

  /// Nil when all is well, else what is wrong with the request.
  private func obey(
    _ request: ControlPort.Request, into records: inout [UInt8], at now: Instant
  ) -> String? {
    let words = request.words
    let rest = Array(words.dropFirst())
    switch (words.first ?? "", rest.count) {
    case ("ping", 0): return nil
    case ("ports", 0):
      var line = JSONLine(id: request.id, type: "ports")
      line.add("rest", port(of: .rest))
      line.add("metadata", port(of: .metadata))
      line.finish(into: &records)
      return nil
    case ("routes", 0):
      for route in cloud.routes { addRoute(route, request.id, into: &records) }
      return nil
    case ("troubles", 0):
      for trouble in cloud.troubles { addTrouble(trouble, request.id, into: &records) }
      return nil
    case ("events", 0):
      for event in cloud.events { addEvent(event, request.id, into: &records) }
      return nil
    case ("cause", 2...): return cause(rest)
    case ("mend", 0...2): return mend(rest)
    case ("event", 4...):
      let (id, problem) = announce(rest)
      guard let id else { return problem }
      var line = JSONLine(id: request.id, type: "event")
      line.add("event", id)
      line.finish(into: &records)
      return nil
    default: return change(words, at: now)
    }
  }

  private func addRoute(_ route: [String], _ id: String, into records: inout [UInt8]) {
    var line = JSONLine(id: id, type: "route")
    for (name, value) in zip(["table", "name", "prefix", "hop-type", "hop", "state"], route) {
      line.add(name, value)
    }
    line.finish(into: &records)
  }

  private func addTrouble(_ trouble: Trouble, _ id: String, into records: inout [UInt8]) {
    var line = JSONLine(id: id, type: "trouble")
    line.add("door", trouble.door.rawValue)
    line.add("name", trouble.mischief.rawValue)
    line.add("calls", trouble.calls.rawValue)
    if let times = trouble.times { line.add("times", times) } else { line.addNull("times") }
    line.add("value", trouble.value)
    line.finish(into: &records)
  }

  private func addEvent(_ event: ScheduledEvent, _ id: String, into records: inout [UInt8]) {
    var line = JSONLine(id: id, type: "scheduled-event")
    line.add("event", event.id)
    line.add("kind", event.kind.rawValue)
    line.add("machines", event.machines)
    line.add("begun", event.begun != nil)
    line.finish(into: &records)
  }

  // MARK: Changes

  private func cause(_ words: [String]) -> String? {
    do throws(LabError) {
      return cloud.cause(try TroubleWords.trouble(words)) ? nil : "too much goes wrong already"
    } catch {
      return error.description
    }
  }

  private func mend(_ words: [String]) -> String? {
    let chosen = TroubleWords.mending(words)
    guard chosen != nil || words.isEmpty else {
      return "'\(words.joined(separator: " "))' is no mischief"
    }
    return cloud.mend(chosen?.door, chosen?.mischief) > 0 ? nil : "there is nothing to mend"
  }

  private func announce(_ words: [String]) -> (id: String?, problem: String) {
    guard let kind = ScheduledEvent.Kind(rawValue: words[0]), let soon = Int64(words[1]),
      let lasts = Int64(words[2]), (0...86_400).contains(soon), (-1...86_400).contains(lasts)
    else { return (nil, "'\(words.joined(separator: " "))' is no event") }
    let machines = Array(words[3...])
    for name in machines where !settings.estate.machines.contains(where: { $0.name == name }) {
      return (nil, "no machine '\(name)'")
    }
    let wall = Clock.wall().nanoseconds / 1_000_000_000
    let id = cloud.announce(kind, of: machines, notBefore: wall + soon, lasts: lasts)
    return (id, "too many events")
  }

  private func change(_ words: [String], at now: Instant) -> String? {
    let rest = Array(words.dropFirst())
    let wall = Clock.wall().nanoseconds / 1_000_000_000
    switch (words.first ?? "", rest.count) {
    case ("meddle", 4):
      guard Prefix(rest[2]) != nil, let hop = IPAddress(rest[3]) else {
        return "'\(rest[2]) \(rest[3])' is no route"
      }
      let isDone = cloud.meddle(rest[0], rest[1], prefix: rest[2], hop: hop, at: now)
      return isDone ? nil : "no table '\(rest[0])', or it is full"
    case ("meddle", 3) where rest[2] == "gone":
      let isDone = cloud.meddle(rest[0], rest[1], prefix: nil, hop: nil, at: now)
      return isDone ? nil : "no route '\(rest[1])' in '\(rest[0])'"
    case ("begin", 1):
      return cloud.beginEvent(rest[0], wall: wall) ? nil : "no event '\(rest[0])' that waits"
    case ("end", 1): return cloud.endEvent(rest[0]) ? nil : "no event '\(rest[0])'"
    case ("deny", 1) where cloud.manager.denied.count < RestLoop.denialLimit:
      cloud.manager.denied.append(rest[0].lowercased())
      return nil
    case ("allow", 1):
      cloud.manager.denied.removeAll { $0 == rest[0].lowercased() }
      return nil
    case ("forwarding", 2) where rest[1] == "on" || rest[1] == "off":
      let isDone = cloud.manager.setForwarding(rest[0], rest[1] == "on")
      return isDone ? nil : "no interface '\(rest[0])'"
    case ("revoke-tokens", 0):
      cloud.revokeTokens()
      return nil
    case ("set", 2): return set(rest[0], rest[1], at: now)
    default: return "known words: \(RestLoop.words)"
    }
  }

  private func set(_ name: String, _ value: String, at now: Instant) -> String? {
    let length = Nanoseconds(platformText: value)
    switch (name, length, Int64(value)) {
    case ("lasts", let length?, _): cloud.manager.lasts = length
    case ("programming", let length?, _): cloud.manager.programming = length
    case ("first-events", let length?, _): cloud.setFirstEvents(after: length)
    case ("token-life", let length?, _) where length >= .seconds(1):
      cloud.setTokenLife(length.seconds)
    case ("reads", _, let count?), ("writes", _, let count?), ("deletes", _, let count?):
      guard cloud.setBudget(name, count, at: now) else { return "'\(value)' is no budget" }
    case ("meters", _, _) where value == "on" || value == "off":
      cloud.setCountsCalls(value == "on")
    default: return "'\(name) \(value)' is not understood"
    }
    return nil
  }
}
