// Answers to the verbs of the control protocol.

import BGP
import Chronicle
import Control
import Engine
import Failover
import Linux
import Model

/// What does not change while the process lives.
struct ProcessFacts {
  var configuration: String
  var configurationText: [UInt8]
  /// CRC-32C of the text: whoever reads the file can tell whether it is still the same.
  var configurationSum: UInt32
  /// The last reload was refused or taken back: the file says something else, as far as is known.
  var wasRefused = false
  var processID: Int32
  var capabilities: String
  /// What opening packet and raw sockets needs was not given up at the start.
  var mayOpenRawSockets: Bool
  var started: Instant
}

/// A moment of the daemon, as an answer needs it.
struct Moment {
  var facts: ProcessFacts
  var door: Door.Facts
  var group: GroupDoor?
  var turned: Instant
  var turns: TurnLengths
  var pauses: Pauses
  var outcomes: RouteOutcomes
  var tables: TableReports
  var events: MachineEvents
  var measures: Measures
  var hasCourier: Bool
  /// Events for which the traffic has left.
  var vacated: [String]
  var now: Instant
}

enum Report {
  static func answer(
    _ request: Request, to client: ControlClient, engine: borrowing Engine,
    connections: [Connection], sources: [KernelSource], recorder: borrowing Recorder,
    state: [UInt8]?, history: History, moment: Moment
  ) {
    guard client.mayRead else {
      let text = "not allowed: be root or a member of group \(ControlServer.readers)"
      client.enqueue(JSONLine.end(id: request.id, code: .noPermission, message: text))
      client.closeWhenSent()
      return
    }
    switch request.verb {
    case .status: client.enqueue(status(request, engine, connections, sources, moment))
    case .metrics: client.enqueue(metrics(request, engine, connections, sources, moment))
    case .volleys: client.enqueue(VolleyReport.answer(request, engine))
    case .routes: client.enqueue(RoutesReport.answer(request, engine, moment))
    case .received: client.enqueue(ReceivedReport.answer(request, engine, at: moment.now))
    case .explain: client.enqueue(ExplainReport.answer(request, engine, at: moment.now))
    case .version: client.enqueue(version(request))
    case .desired:
      DesiredReport.answer(request, to: client, engine, history, moment)
    case .inspect:
      let text = "hopshift-courier looks at Azure: ask it on its own socket"
      client.enqueue(JSONLine.end(id: request.id, code: .usage, message: text))
    case .configuration: client.enqueue(ConfigurationAnswer.answer(request, engine.plan))
    case .switch, .maintenance, .reload, .report, .events:
      preconditionFailure("commands are carried out, not reported")
    case .monitor: monitor(request, client)
    case .history: client.enqueue(HistoryReport.answer(request, engine.plan, engine.run, history))
    case .record: Recording.begin(request, for: client, recorder, state: state)
    }
  }

  private static func version(_ request: Request) -> [UInt8] {
    var line = JSONLine(id: request.id, type: "version")
    line.add("version", Release.version)
    var bytes = line.finish()
    bytes += JSONLine.end(id: request.id, code: .ok, message: "")
    return bytes
  }

  private static func monitor(_ request: Request, _ client: ControlClient) {
    var interests: ControlClient.Interests = []
    for word in request.words {
      guard let named = ControlClient.Interests.named(word) else {
        let text = "nothing called \(word) can be monitored"
        client.enqueue(JSONLine.end(id: request.id, code: .usage, message: text))
        return
      }
      interests.insert(named)
    }
    client.subscribe(interests.isEmpty ? .all : interests, id: request.id)
  }

  private static func status(
    _ request: Request, _ engine: borrowing Engine, _ connections: [Connection],
    _ sources: [KernelSource], _ moment: Moment
  ) -> [UInt8] {
    guard request.words.isEmpty else {
      return JSONLine.end(id: request.id, code: .usage, message: "status takes no words")
    }
    var bytes = common(request.id, engine, connections, sources, moment)
    for index in engine.plan.vips.indices {
      bytes += vip(request.id, engine, VIPSlot(index), moment.now)
    }
    bytes += JSONLine.end(id: request.id, code: .ok, message: "")
    return bytes
  }

  private static func metrics(
    _ request: Request, _ engine: borrowing Engine, _ connections: [Connection],
    _ sources: [KernelSource], _ moment: Moment
  ) -> [UInt8] {
    guard request.words.isEmpty else {
      return JSONLine.end(id: request.id, code: .usage, message: "metrics takes no words")
    }
    return common(request.id, engine, connections, sources, moment)
      + MetricsReport.answer(request.id, engine, moment)
      + JSONLine.end(id: request.id, code: .ok, message: "")
  }

  /// All but the VIPs.
  private static func common(
    _ id: String, _ engine: borrowing Engine, _ connections: [Connection],
    _ sources: [KernelSource], _ moment: Moment
  ) -> [UInt8] {
    var bytes = daemon(id, engine, sources[0], moment)
    for source in sources where source.isOpen {
      bytes += kernel(id, engine.feed(source.kernelClass), source, moment.now)
    }
    for index in engine.plan.routeServers.peers.indices {
      bytes += routeServer(id, engine, connections, PeerSlot(index), moment.now)
    }
    bytes += ProbeReport.answer(id, engine, moment.now)
    bytes += CourierReport.answer(id, engine, moment)
    if let group = moment.group { bytes += GroupReport.answer(id, group, moment.now) }
    return bytes
  }

  private static func daemon(
    _ id: String, _ engine: borrowing Engine, _ source: KernelSource, _ moment: Moment
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "daemon")
    line.add("version", Release.version)
    line.add("pid", moment.facts.processID)
    line.add("uptime-ms", (moment.now - moment.facts.started).milliseconds)
    line.add("turn-age-ms", (moment.now - moment.turned).milliseconds)
    line.add("turns", moment.turns.count)
    line.add("longest-turn-us", moment.turns.longest.microseconds)
    line.add("longest-recent-turn-us", moment.turns.longestRecent.microseconds)
    line.add("pauses", moment.pauses.count)
    line.add("longest-pause-ms", moment.pauses.longest.milliseconds)
    line.add("paused-ms", moment.pauses.total.milliseconds)
    if let last = moment.pauses.last {
      line.add("last-pause-age-ms", (moment.now - last).milliseconds)
    } else {
      line.addNull("last-pause-age-ms")
    }
    line.add("capabilities", moment.facts.capabilities)
    line.add("config", moment.facts.configuration)
    line.add("config-sum", moment.facts.configurationSum)
    line.add("config-refused", moment.facts.wasRefused)
    line.add("kernel", engine.interfaces.isCurrent ? "current" : "stale")
    if let completed = engine.interfaces.completedAt {
      line.add("kernel-age-ms", (moment.now - completed).milliseconds)
    } else {
      line.addNull("kernel-age-ms")
    }
    line.add("overruns", engine.interfaces.overruns)
    line.add("foreign", source.foreign)
    line.add("malformed", engine.malformed)
    line.add("links", engine.failover.view.linkCount)
    line.add("listening", moment.door.sockets)
    line.add("strangers", moment.door.strangers)
    line.add("links-not-kept", engine.failover.view.overflows)
    line.add("vf-flaps", engine.failover.view.vfFlaps)
    line.add("receive-buffer", source.receiveBufferSize ?? 0)
    line.add("shifts", engine.shifts)
    return line.finish()
  }

  /// One class of kernel news whose socket is open.
  private static func kernel(
    _ id: String, _ feed: KernelFeed, _ source: KernelSource, _ now: Instant
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "kernel")
    line.add("class", feed.kernelClass.description)
    line.add("state", feed.isCurrent ? "current" : "stale")
    if let completed = feed.completedAt {
      line.add("age-ms", (now - completed).milliseconds)
    } else {
      line.addNull("age-ms")
    }
    var reasons: [String] = []
    if feed.needs.contains(.plan) { reasons.append("plan") }
    if feed.needs.contains(.monitor) { reasons.append("monitor") }
    line.add("needed-by", reasons)
    line.add("datagrams", source.datagrams)
    line.add("dumps", feed.dumps)
    line.add("failed-dumps", feed.failures)
    line.add("overruns", feed.overruns)
    line.add("drops", source.drops)
    line.add("foreign", source.foreign)
    line.add("receive-buffer", source.receiveBufferSize ?? 0)
    return line.finish()
  }

  private static func routeServer(
    _ id: String, _ engine: borrowing Engine, _ connections: [Connection], _ slot: PeerSlot,
    _ now: Instant
  ) -> [UInt8] {
    let session = engine.speaker.sessions[slot.index]
    let connection = connections[ConnectionSlot(slot, session.side).index]
    var line = JSONLine(id: id, type: "route-server")
    line.add("address", engine.plan.routeServers.peers[slot.index].description)
    line.add("asn", engine.plan.routeServers.asn.value)
    line.add("state", session.state.description)
    line.add("since-ms", (now - session.since).milliseconds)
    if let heard = session.heardAt {
      line.add("heard-ms", (now - heard).milliseconds)
    } else {
      line.addNull("heard-ms")
    }
    line.add("opened-by", session.side == .outgoing ? "us" : "peer")
    if let negotiated = session.negotiated {
      line.add("hold-ms", negotiated.holdTime.milliseconds)
      line.add("keepalive-ms", negotiated.keepalive.milliseconds)
      line.add("identifier", negotiated.peerIdentifier.description)
      line.add("four-octet-as", negotiated.fourOctetAS)
      line.add("extended-messages", negotiated.extendedMessages)
      line.add("route-refresh", negotiated.routeRefresh)
      line.add("families", negotiated.families.names)
      line.add("families-missing", engine.speaker.missingFamilies(slot).names)
      if let restart = negotiated.peerRestartTime { line.add("peer-restart-s", restart) }
    }
    line.add("prefixes-announced", engine.announcedPrefixes(slot))
    line.add("routes-received", session.received.routes.count)
    line.add("routes-not-kept", session.received.notKept)
    line.add("updates-sent", connection.updatesSent)
    line.add("bytes-sent", connection.bytesSent)
    line.add("bytes-queued", connection.outbox.byteCount)
    line.add("volleys-queued", connection.outbox.waitingCount)
    if let inFlight = connection.bytesInFlight {
      line.add("unacknowledged", inFlight)
    } else {
      line.addNull("unacknowledged")
    }
    let counters = session.counters
    line.add("messages-sent", counters.messagesSent + connection.updatesSent)
    line.add("messages-received", counters.messagesReceived)
    line.add("keepalives-received", counters.keepalivesReceived)
    line.add("refreshes-received", counters.refreshesReceived)
    ReceivedReport.addCounters(counters, to: &line)
    line.add("connect-attempts", counters.connectAttempts)
    line.add("last-error", LastError.words(slot, session, connections))
    line.add("shutdown-communication", session.shutdownCommunication)
    return line.finish()
  }

  private static func vip(
    _ id: String, _ engine: borrowing Engine, _ slot: VIPSlot, _ now: Instant
  ) -> [UInt8] {
    let vip = engine.plan.vips[slot.index]
    let standing = engine.failover.standing(slot)
    let isHeld = engine.failover.isHeld(slot)
    var line = JSONLine(id: id, type: "vip")
    line.add("name", vip.name)
    line.add("state", VIPWords.state(slot, engine))
    line.add("rung", standing?.word)
    line.add("next-rung", engine.failover.upcoming(slot, 0)?.rung.description)
    line.add("held", isHeld)
    if case .held(let index) = engine.failover.presence(slot) {
      line.add("interface", engine.failover.view.link(index)?.name.description)
    } else {
      line.addNull("interface")
    }
    if let since = engine.failover.since(slot) {
      line.add("since-ms", (now - since).milliseconds)
    } else {
      line.addNull("since-ms")
    }
    line.add("host", VIPWords.host(slot, standing, engine.plan))
    let content = engine.speaker.magazine.content(of: slot)
    let nextHops = standing.flatMap { stands in
      stands.isWithdrawn ? nil : engine.speaker.announcement(slot, stands).nextHops
    }
    line.add("next-hop", content.ipv4.count > 0 ? nextHops?.ipv4.description : nil)
    line.add("next-hop6", content.ipv6.count > 0 ? nextHops?.ipv6?.description : nil)
    line.add("prefixes", vip.prefixes.count)
    line.add("first-prefix", vip.prefixes.first?.description)
    line.add("claims", engine.failover.claimCount(slot))
    line.add("confirmation", ConfirmationWords.state(slot, engine))
    line.add("vacant", engine.failover.isVacant(slot))
    let waits = engine.failover.waits(of: slot, at: now)
    line.add("waits", waits.map { ExplainReport.sentence($0.reason) })
    // No time ends what is below zero.
    line.add("waits-ms", waits.map { wait in wait.until.map { ($0 - now).milliseconds } ?? -1 })
    return line.finish()
  }
}
