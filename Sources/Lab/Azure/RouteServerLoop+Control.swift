// What an instance answers on its control socket.

import Control
import Linux
import Model
import Platform

extension RouteServerLoop {
  /// The words that are understood.
  static let words = """
    ping | sessions | paths PREFIX | programmed PREFIX | quirks | refresh [PEER] |
    restart LENGTH | close PEER cease|reset|finish | set QUIRK VALUE
    """

  func answer(_ request: ControlPort.Request, at now: Instant) throws(Errno) {
    var records: [UInt8] = []
    let problem = obey(request, into: &records, at: now)
    try reply(request, records, problem)
  }

  /// Nil when all is well, else what is wrong with the request.
  private func obey(
    _ request: ControlPort.Request, into records: inout [UInt8], at now: Instant
  ) -> String? {
    let words = request.words
    let second = words.count > 1 ? words[1] : ""
    switch (words.first ?? "", words.count) {
    case ("ping", 1): return nil
    case ("sessions", 1):
      for (peer, state, held) in core.sessions {
        var line = JSONLine(id: request.id, type: "session")
        line.add("peer", peer.name)
        line.add("address", "\(peer.address)")
        line.add("state", state)
        line.add("held", held)
        line.finish(into: &records)
      }
      return nil
    case ("paths", 2):
      guard let prefix = Prefix(second) else { return "'\(second)' is no prefix" }
      addPaths(to: prefix, request.id, into: &records)
      return nil
    case ("programmed", 2):
      guard let prefix = Prefix(second) else { return "'\(second)' is no prefix" }
      var line = JSONLine(id: request.id, type: "programmed")
      line.add("prefix", "\(prefix)")
      line.add("hops", core.programmed(prefix).map(\.description))
      line.finish(into: &records)
      return nil
    case ("quirks", 1):
      for name in Quirks.names {
        var line = JSONLine(id: request.id, type: "quirk")
        line.add("name", name)
        line.add("value", core.settings.quirks.text(of: name))
        line.finish(into: &records)
      }
      return nil
    default: return change(words, at: now)
    }
  }

  private func addPaths(to prefix: Prefix, _ id: String, into records: inout [UInt8]) {
    for (path, isBest) in core.paths(to: prefix) {
      var line = JSONLine(id: id, type: "path")
      line.add("peer", core.settings.peers[path.peer].name)
      line.add("hop", "\(path.hop)")
      line.add("path", path.numbers.map { "\($0)" })
      line.add("length", path.length)
      line.add("best", isBest)
      line.finish(into: &records)
    }
  }

  private func change(_ words: [String], at now: Instant) -> String? {
    let second = words.count > 1 ? words[1] : ""
    switch (words.first ?? "", words.count) {
    case ("refresh", 1): return core.askAgain(nil, at: now) ? nil : "nobody to ask"
    case ("refresh", 2): return core.askAgain(second, at: now) ? nil : "no peer '\(second)'"
    case ("restart", 2):
      guard let length = Nanoseconds(platformText: second) else {
        return "'\(second)' is no length of time"
      }
      core.restart(away: length, at: now)
      return nil
    case ("close", 3):
      let manners: [(String, RouteServer.Closing)] = [
        ("cease", .cease), ("reset", .reset), ("finish", .finish),
      ]
      guard let manner = manners.first(where: { $0.0 == words[2] })?.1 else {
        return "'\(words[2])' is no way to close"
      }
      return core.close(second, manner, at: now) ? nil : "no peer '\(second)'"
    case ("set", 3):
      return core.set(second, words[2], at: now) ? nil : "'\(second) \(words[2])' is no quirk"
    default: return "known words: \(RouteServerLoop.words)"
    }
  }

  private func reply(
    _ request: ControlPort.Request, _ records: [UInt8], _ problem: String?
  ) throws(Errno) {
    try port.answer(request, records, problem == nil ? .ok : .usage, problem ?? "", epoll)
  }
}
