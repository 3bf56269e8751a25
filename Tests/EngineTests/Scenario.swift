// Runs one story: inputs with their times, and behind each what the machine says to it.

import BGP
import Engine
import Failover
import Model
import World

/// A story that cannot be run.
struct ScenarioError: Error, CustomStringConvertible {
  var description: String
}

/// Reads a story line by line, drives an Engine with it, and writes the story again with what
/// really came out.
///
/// A line that begins with a time is an input; an indented line is an output of the input above it;
/// `plan` and `#` lines come first. Between inputs the machine's own deadlines are kept, and their
/// outputs carry their time.
struct Scenario {
  private var plan: Plan
  private var driver: Driver?
  private var kernel = FakeKernel(port: 7)
  private var now = Instant.zero
  private var lines: [String] = []
  /// What each route server was last told, to see repetitions.
  private var told: [[UInt8]: Int] = [:]
  private var streams: [[UInt8]] = [[], []]
  /// Route servers that answer each KEEPALIVE with one.
  private var isAlive = [true, true]
  /// What each route server offers.
  private var families: [Set<WireFamily>] = [[.ipv4], [.ipv4]]
  private var inputTime = Instant.zero

  init() {
    plan = Plan(
      local: Plan.Local(
        asn: ASNumber(65001), address: IPv4Address(10, 0, 2, 10),
        address6: IPv6Address("2001:db8:2::10"), identifier: IPv4Address(10, 0, 2, 10)),
      routeServers: Plan.RouteServers(
        platform: .azure, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: [])
  }

  /// The text as it should be, given the inputs of `text`.
  static func run(_ text: String) throws -> String {
    var scenario = Scenario()
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      try scenario.take(String(line))
    }
    while scenario.lines.last == "" { scenario.lines.removeLast() }
    return scenario.lines.joined(separator: "\n") + "\n"
  }

  private mutating func take(_ line: String) throws {
    if line.hasPrefix("    ") { return }
    lines.append(line)
    if line.isEmpty || line.hasPrefix("#") { return }
    let words = line.split(separator: " ").map(String.init)
    if words[0] == "plan" { return try takePlan(words, line) }
    guard words.count > 1, let time = Scenario.time(words[0]) else {
      throw ScenarioError(description: "no time: \(line)")
    }
    lines.removeLast()
    // A process that did not run kept no deadline.
    if words[1] == "thaw" { now = max(now, time) } else { pass(until: time) }
    lines.append(line)
    inputTime = time
    try act(Array(words[1...]), line)
  }

  /// `plan vip NAME ADDRESS PREFIX...`, `plan watch NAME hold|withdraw LINK,LINK PREFIX...`,
  /// `plan drain MILLISECONDS`
  private mutating func takePlan(_ words: [String], _ line: String) throws {
    if words.count == 3, words[1] == "drain", let length = Int64(words[2]) {
      plan.routeServers.drain = .milliseconds(length)
      return
    }
    if words.count >= 6, words[1] == "watch" { return try watch(words, line) }
    guard words.count >= 5, words[1] == "vip", let address = IPAddress(words[3]) else {
      throw ScenarioError(description: words.joined(separator: " "))
    }
    let prefixes = words[4...].compactMap { Prefix($0) }
    plan.vips.append(
      Plan.VIP(
        name: words[2], prefixes: prefixes, owner: Plan.Owner(address: address, interfaces: [])))
  }

  /// A VIP of hosts that are well while a link runs: their next hops are counted from 10.0.4.20.
  private mutating func watch(_ words: [String], _ line: String) throws {
    guard let allDown = Plan.AllDown(rawValue: words[3]) else {
      throw ScenarioError(description: line)
    }
    var candidates: [Plan.Candidate] = []
    for name in words[4].split(separator: ",").map(String.init) {
      guard let link = InterfaceName(name) else { throw ScenarioError(description: line) }
      let host = HostSlot(plan.hosts.count)
      let address = IPv4Address(10, 0, 4, UInt8(20 + host.index))
      let targets = plan.targets.count..<(plan.targets.count + 1)
      plan.hosts.append(Plan.Host(name: name, address: address, targets: targets))
      plan.targets.append(Plan.Target(host: host, evidence: .link(link)))
      let long = IPv6Address(high: 0x2001_0db8_0004_0000, low: UInt64(20 + host.index))
      candidates.append(Plan.Candidate(host: host, nextHop: address, nextHop6: long))
    }
    plan.vips.append(
      Plan.VIP(
        name: words[2], prefixes: words[5...].compactMap { Prefix($0) },
        role: .watcher(rank: Plan.usualRank), candidates: candidates, allDown: allDown))
  }

  private static func time(_ text: String) -> Instant? {
    let parts = text.split(separator: ".")
    guard parts.count == 2, parts[1].count == 3, let seconds = Int64(parts[0]),
      let milliseconds = Int64(parts[1])
    else { return nil }
    return .zero + .seconds(seconds) + .milliseconds(milliseconds)
  }

  /// Keeps every deadline up to a time.
  private mutating func pass(until time: Instant) {
    while let due = driver?.deadline, due <= time {
      now = max(now, due)
      feed(.turn)
    }
    now = max(now, time)
  }

  private mutating func act(_ words: [String], _ line: String) throws {
    switch (words[0], words.count) {
    case ("pass", 1): return
    case ("thaw", 1): feed(.turn)
    case ("start", 1):
      driver = Driver(plan, seed: 1)
      kernel.open()
      feed(.opened(.interfaces, port: kernel.port))
    case ("stop", 1): feed(.stop)
    case ("link", 4), ("link", 3): try changeLink(words, line)
    case ("address", 4):
      let address = try Scenario.address(words[2], words[3], line)
      if words[1] == "add" { kernel.add(address) } else { kernel.remove(address) }
      readKernel()
    case ("together", _): try tellTogether(words, line)
    case ("overrun", 1):
      kernel.overrun()
      readKernel()
    case ("lose", 1): kernel.overrun()
    case ("garbage", 1):
      var datagram = KernelDatagram()
      datagram.addGarbage()
      kernel.tell(datagram, .garbage)
      readKernel()
    case ("interrupt", 1): kernel.interruptions = 1
    case ("refuse", 1): kernel.refusals = 1
    case ("answer", 1): answer()
    case ("part", 1):
      kernel.continueDump()
      readKernel()
    default: try actOnPeer(words, line)
    }
  }

  private mutating func actOnPeer(_ words: [String], _ line: String) throws {
    guard words.count >= 2, let index = Int(words[1]), plan.routeServers.peers.indices ~= index
    else { throw ScenarioError(description: "unknown input: \(line)") }
    let peer = PeerSlot(index)
    switch words[0] {
    case "connected": feed(.connected(peer))
    case "unreachable": feed(.connectFailed(peer))
    case "closed": feed(.closed(ConnectionSlot(peer, side(words))))
    case "accepted": feed(.accepted(peer))
    case "held": feed(.held(ConnectionSlot(peer, side(words))))
    case "taken": feed(.taken(ConnectionSlot(peer, side(words))))
    case "silent": isAlive[index] = false
    case "alive": isAlive[index] = true
    case "speaks-ipv6": families[index].insert(.ipv6)
    case "open": hear(peer, open(index), side(words))
    case "keepalive": hear(peer, WireMessage.writeKeepalive(), side(words))
    case "established":
      feed(.connected(peer))
      hear(peer, open(index))
      hear(peer, WireMessage.writeKeepalive())
    case "refresh": hear(peer, WireMessage.writeRefresh(), side(words))
    case "refresh-ipv6": hear(peer, WireMessage.writeRefresh(.ipv6), side(words))
    case "at-once":
      hear(peer, try words[2...].flatMap { try message($0, index, line) })
    case "bytewise":
      for byte in open(index) + WireMessage.writeKeepalive() { hear(peer, [byte]) }
    case "notification":
      guard words.count == 4, let code = UInt8(words[2]), let subcode = UInt8(words[3]) else {
        throw ScenarioError(description: line)
      }
      hear(peer, WireMessage.writeNotification(code, subcode))
    default: throw ScenarioError(description: "unknown input: \(line)")
    }
  }

  private func message(_ word: String, _ index: Int, _ line: String) throws -> [UInt8] {
    switch word {
    case "open": open(index)
    case "keepalive": WireMessage.writeKeepalive()
    case "refresh": WireMessage.writeRefresh()
    case "refresh-ipv6": WireMessage.writeRefresh(.ipv6)
    case "cease": WireMessage.writeNotification(6, 4)
    default: throw ScenarioError(description: line)
    }
  }

  private func open(_ index: Int) -> [UInt8] {
    WireMessage.writeOpen(
      asn: RouteServer.asn, holdTime: 180, identifier: IPv4Address(10, 10, 1, UInt8(4 + index)),
      families: families[index])
  }

  // MARK: The kernel

  /// `link INDEX NAME up|down|no-carrier`, `link INDEX gone`.
  private mutating func changeLink(_ words: [String], _ line: String) throws {
    guard let index = UInt32(words[1]) else { throw ScenarioError(description: line) }
    if words.count == 3, words[2] == "gone" {
      kernel.remove(link: index)
    } else if words.count == 4, ["up", "down", "no-carrier"].contains(words[3]) {
      kernel.set(
        KernelLink(
          index: index, name: words[2], isUp: words[3] != "down", hasCarrier: words[3] == "up",
          isLoopback: words[2] == "lo"))
    } else {
      throw ScenarioError(description: line)
    }
    readKernel()
  }

  /// `2 10.1.0.5/24`.
  private static func address(_ interface: String, _ text: String, _ line: String) throws
    -> KernelAddress
  {
    let parts = text.split(separator: "/")
    guard let index = UInt32(interface), parts.count == 2, let address = IPv4Address(parts[0]),
      let length = UInt8(parts[1])
    else { throw ScenarioError(description: line) }
    return KernelAddress(interface: index, address: address, prefixLength: length)
  }

  /// `together INDEX ADDRESS remove add ...`: several messages in one datagram.
  private mutating func tellTogether(_ words: [String], _ line: String) throws {
    guard words.count > 3 else { throw ScenarioError(description: line) }
    let address = try Scenario.address(words[1], words[2], line)
    var datagram = KernelDatagram()
    for word in words[3...] { datagram.add(address, isGone: word == "remove", .event) }
    kernel.tell(datagram, .address(isHeld: words.last == "add"))
    readKernel()
  }

  private mutating func readKernel() {
    guard driver != nil else { return }
    while true {
      switch kernel.read() {
      case .overrun: feed(.overrun(.interfaces))
      case .datagram(let bytes, _): feed(.kernel(.interfaces), bytes)
      case .empty:
        feed(.drained(.interfaces))
        return
      }
    }
  }

  private mutating func answer() {
    while kernel.hasDumpRunning {
      kernel.continueDump()
      guard kernel.hasDumpRunning else { break }
    }
    readKernel()
  }

  // MARK: The machine

  /// `... incoming` is about the connection that the route server has opened.
  private func side(_ words: [String]) -> ConnectionSide {
    words.last == "incoming" ? .incoming : .outgoing
  }

  private mutating func hear(
    _ peer: PeerSlot, _ bytes: [UInt8], _ side: ConnectionSide = .outgoing
  ) {
    feed(.received(ConnectionSlot(peer, side)), bytes)
  }

  private static func name(_ connection: ConnectionSlot) -> String {
    "rs\(connection.peer.index)" + (connection.side == .incoming ? " incoming" : "")
  }

  private mutating func feed(_ input: Input, _ bytes: [UInt8] = []) {
    guard let driver else { return }
    for effect in driver.feed(input, bytes, at: now) { tell(effect) }
  }

  private mutating func tell(_ effect: Effect) {
    switch effect {
    case .dump(let what, let sequence):
      kernel.request(what, sequence: sequence)
      write("dump \(what) \(sequence)")
    case .subscribe(let kernelClass): write("subscribe \(kernelClass)")
    case .ask(let index, let sequence):
      kernel.request(link: index, sequence: sequence)
      write("ask for link \(index) \(sequence)")
    case .connect(let peer): write("rs\(peer.index) connect")
    case .accept(let peer): write("rs\(peer.index) accept")
    case .refuse(let peer, let bytes): write("rs\(peer.index) refuse: \(Scenario.decode(bytes))")
    case .close(let connection): write("\(Scenario.name(connection)) close")
    case .send(let connection, let bytes): sent(bytes, connection)
    case .fire(let connection, let bytes, let shift):
      let key = [UInt8(connection.peer.index)] + bytes
      let again = told.updateValue(1, forKey: key) == nil ? "" : ", these bytes before"
      write("\(Scenario.name(connection)) \(Scenario.decode(bytes)), shift \(shift)\(again)")
    case .hello(let bytes): write("hello of \(bytes.count) bytes")
    case .probe(let output, _): write("probe \(output)")
    case .note(let note): write("note \(Scenario.words(note, plan))")
    }
  }

  private mutating func sent(_ bytes: [UInt8], _ connection: ConnectionSlot) {
    let peer = connection.peer
    let text = Scenario.decode(bytes)
    let isUp = driver.map { $0.engine.speaker.sessions[peer.index].state == .established } ?? false
    guard text == "KEEPALIVE", isUp else { return write("\(Scenario.name(connection)) \(text)") }
    // The steady beat of an established session is left out of the story; the peer's own beat
    // follows it.
    if isAlive[peer.index] { hear(peer, WireMessage.writeKeepalive(), connection.side) }
  }

  private static func decode(_ bytes: [UInt8]) -> String {
    var stream = bytes
    let texts = WireMessage.take(from: &stream).map(\.message.text)
    return (texts + (stream.isEmpty ? [] : ["and \(stream.count) bytes"])).joined(separator: "; ")
  }

  private mutating func write(_ text: String) {
    var time = ""
    if now != inputTime {
      let milliseconds = (now.nanoseconds + 999_999) / 1_000_000
      let digits = String(1000 + milliseconds % 1000).dropFirst()
      time = "at \(milliseconds / 1000).\(digits) "
    }
    lines.append("    \(time)\(text)")
  }

  private static func words(_ note: Note, _ plan: Plan) -> String {
    switch note {
    case .link(let link, _):
      "link \(link.index) \(link.name) \(link.isRunning ? "runs" : "does not run")"
    case .linkGone(let index, _): "link \(index) gone"
    case .address(let address): "address \(address.address) on \(address.interface)"
    case .addressGone(let address): "address \(address.address) gone from \(address.interface)"
    case .session(let peer, let state, let reason):
      "session rs\(peer.index) \(state)" + (reason.map { ": \($0)" } ?? "")
    case .standing(let vip, let from, let to, let shift, _):
      "rung \(plan.vips[vip.index].name) \(from?.word ?? "unknown") -> \(to.word), "
        + "shift \(shift)"
    case .outOfService(let vip, let isOut):
      "\(plan.vips[vip.index].name) \(isOut ? "out of service" : "in service")"
    case .placement(let vip, let placement): "\(plan.vips[vip.index].name) \(placement)"
    case .wish(let vip, let wish, _):
      "wish \(plan.vips[vip.index].name): \(wish.voice), candidate \(wish.candidate ?? -1), "
        + (wish.isWanted ? "wanted" : "not wanted")
    case .forgotten: "forgotten"
    case .recovered(let vip): "recovered \(plan.vips[vip.index].name)"
    case .health(let host, let health): "host \(plan.hosts[host.index].name) \(health)"
    case .ownNetwork(let state): "own network \(state)"
    case .fellow(let fellow, let isAlive): "fellow \(fellow.index) \(isAlive ? "heard" : "silent")"
    case .paused(let length): "paused \(length.milliseconds) ms"
    case .alarm(.allDown(let vip)): "alarm \(plan.vips[vip.index].name): all down"
    case .probe(let note): "probe \(note)"
    case .alarm(.portNotOpened(let name, let code)): "alarm \(name) not opened: \(code)"
    case .alarm(.probesNotOpened(let socket, let code)): "alarm \(socket) not opened: \(code)"
    case .stale(_, let reason): "stale: \(reason)"
    case .current: "current"
    case .alarm(.lastRung(let vip)): "alarm \(plan.vips[vip.index].name): the last rung"
    case .alarm(.outOfRungs(let vip)): "alarm \(plan.vips[vip.index].name): out of rungs"
    case .alarm(.dumpRefused(_, let code)): "alarm dump refused with \(code)"
    case .alarm(.dumpsFailing(_, let times)): "alarm dumps failed \(times) times"
    case .alarm(.staleForLong): "alarm stale for long"
    case .alarm(.notOpened(_, let code)): "alarm not opened: \(code)"
    case .alarm(.notSpoken(let peer, let families)):
      "alarm rs\(peer.index) does not speak \(families.names.joined(separator: ", "))"
    case .listed(.address(let address)): "listed \(address.address) on \(address.interface)"
    case .heard(let fact): "heard \(fact)"
    case .listed(let fact): "listed \(fact)"
    case .complete: "complete"
    case .confirmed(let vip, let shift): "confirmed \(plan.vips[vip.index].name), shift \(shift)"
    case .alarm(.routesLeftOut(let rule, let count)): "alarm rule \(rule.index): \(count) left out"
    case .alarm(.routesNotKept): "alarm routes not kept"
    case .alarm(.tableRoutesLeftOut(let count)): "alarm tables: \(count) left out"
    case .alarm(.unconfirmed(let vip, let shift)):
      "alarm \(plan.vips[vip.index].name): shift \(shift) not confirmed"
    case .draining(let length): "draining for \(length.milliseconds) ms"
    }
  }
}
