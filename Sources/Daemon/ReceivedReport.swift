// The answer to `received`: the routes that route servers have told, and the messages not accepted.

import BGP
import Control
import Engine
import Model

enum ReceivedReport {
  /// Routes in one answer. We chose it: all that one route server can have; the answer stays within
  /// `ControlClient.queueLimit`.
  static let routeLimit = ReceivedRoutes.limit
  /// The word for the errors alone.
  static let errorsWord = "errors"

  static func answer(
    _ request: Request, _ engine: borrowing Engine, at now: Instant
  ) -> [UInt8] {
    let peers = engine.plan.routeServers.peers
    let names = request.words.filter { $0 != errorsWord }
    guard names.count <= 1, request.words.count - names.count <= 1 else {
      let text = "received takes one route server at most, and the word \(errorsWord)"
      return JSONLine.end(id: request.id, code: .usage, message: text)
    }
    let chosen = peers.indices.filter { names.isEmpty || names[0] == peers[$0].description }
    guard !chosen.isEmpty else {
      let known = peers.map(\.description).joined(separator: ", ")
      let text = "there is no route server \(names.first ?? ""); there are \(known)"
      return JSONLine.end(id: request.id, code: .failure, message: text)
    }
    var bytes: [UInt8] = []
    var left = routeLimit
    var omitted = 0
    for index in chosen {
      summary(request.id, engine, PeerSlot(index), now, into: &bytes)
      if names.count == request.words.count {
        let routes = engine.speaker.sessions[index].received.routes
        for route in routes.prefix(left) {
          record(request.id, peers[index], route, now, into: &bytes)
        }
        omitted += max(0, routes.count - left)
        left -= min(left, routes.count)
      }
      for fault in engine.speaker.sessions[index].faults {
        record(request.id, peers[index], fault, now, into: &bytes)
      }
    }
    let rest = omitted == 0 ? "" : "\(omitted) more routes are there; name a route server"
    return bytes + JSONLine.end(id: request.id, code: .ok, message: rest)
  }

  private static func summary(
    _ id: String, _ engine: borrowing Engine, _ peer: PeerSlot, _ now: Instant,
    into bytes: inout [UInt8]
  ) {
    let session = engine.speaker.sessions[peer.index]
    var line = JSONLine(id: id, type: "received")
    line.add("route-server", engine.plan.routeServers.peers[peer.index].description)
    line.add("state", session.state.description)
    line.add("since-ms", (now - session.since).milliseconds)
    line.add("routes", session.received.routes.count)
    line.add("routes-not-kept", session.received.notKept)
    line.add("limit", ReceivedRoutes.limit)
    addCounters(session.counters, to: &line)
    line.finish(into: &bytes)
  }

  /// How many messages amounted to what (RFC 7606), since the daemon started.
  static func addCounters(_ counters: SessionCounters, to line: inout JSONLine) {
    line.add("updates-accepted", counters.updates(.accept))
    line.add("ends-of-rib", counters.updates(.endOfRIB))
    line.add("updates-ignored", counters.updates(.ignored))
    line.add("attribute-discards", counters.updates(.attributeDiscard))
    line.add("treated-as-withdraw", counters.updates(.treatAsWithdraw))
    line.add("session-resets", counters.sessionResets)
  }

  private static func record(
    _ id: String, _ server: IPv4Address, _ route: ReceivedRoute, _ now: Instant,
    into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "received-route")
    line.add("route-server", server.description)
    line.add("prefix", route.prefix.description)
    line.add("next-hop", route.nextHop.description)
    line.add("path-length", route.path.length)
    line.add("path", route.path.asns)
    if route.path.omitted > 0 { line.add("path-omitted", route.path.omitted) }
    if route.isShuttingDown { line.add("graceful-shutdown", true) }
    line.add("age-ms", (now - route.heard).milliseconds)
    line.finish(into: &bytes)
  }

  private static func record(
    _ id: String, _ server: IPv4Address, _ fault: MessageFault, _ now: Instant,
    into bytes: inout [UInt8]
  ) {
    var line = JSONLine(id: id, type: "received-error")
    line.add("route-server", server.description)
    line.add("at-ns", fault.at.nanoseconds)
    line.add("age-ms", (now - fault.at).milliseconds)
    line.add("class", fault.outcome.description)
    line.add("message", MessageType(rawValue: fault.type)?.description ?? "type \(fault.type)")
    line.add("length", fault.length)
    if let attribute = fault.attribute { line.add("attribute", attribute) }
    line.add("code", fault.code)
    line.add("subcode", fault.subcode)
    line.add("text", fault.description)
    line.finish(into: &bytes)
  }
}
