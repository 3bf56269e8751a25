// The process of the fabric: what instances program and route tables say, into the kernel.

import Control
import Linux
import Model
import Platform

/// How the fabric is wired, from its command line.
struct FabricWiring {
  var merging = Fabric.Merging.union
  var inside = Fabric.Inside.system
  var subnets: [(name: String, table: UInt32)] = []
  var devices: [(prefix: Prefix, name: String)] = []
  var spaces: [Prefix] = []

  /// Nil when a word has no sense. `rest` is what it does not know.
  static func read(_ words: inout [String]) -> FabricWiring? {
    var wiring = FabricWiring()
    var unknown: [String] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      guard ["--merging", "--inside", "--subnet", "--device", "--space"].contains(word) else {
        unknown.append(word)
        continue
      }
      guard let value = rest.popFirst(), wiring.take(word, value) else { return nil }
    }
    words = unknown
    return wiring
  }

  private mutating func take(_ word: String, _ value: String) -> Bool {
    let parts = value.split(separator: "=").map(String.init)
    switch word {
    case "--merging":
      guard let merging = Fabric.Merging(rawValue: value) else { return false }
      self.merging = merging
    case "--inside":
      guard let inside = Fabric.Inside(rawValue: value) else { return false }
      self.inside = inside
    case "--subnet":
      guard parts.count == 2, let table = UInt32(parts[1]) else { return false }
      subnets.append((parts[0], table))
    case "--device":
      guard parts.count == 2, let prefix = Prefix(parts[0]) else { return false }
      devices.append((prefix, parts[1]))
    default:
      guard let prefix = Prefix(value) else { return false }
      spaces.append(prefix)
    }
    return true
  }
}

/// One thread. Instances connect to the control socket and say what they program; so does the lab
/// with route tables and questions.
final class FabricLoop {
  private static let events = 64
  private static let signalKind: UInt8 = 6
  /// Route tables at a time. We chose it: one for each subnet of any topology.
  private static let tableLimit = 16

  private var epoll: Epoll
  private let signals: SignalDescriptor
  private let port: ControlPort
  private var kernel: FabricKernel
  private var subnets: [FabricSubnet]
  private var attached: [String?]
  private var tables: [RouteTable] = []
  /// The route table that is being told.
  private var draft: RouteTable?
  private var learned: LearnedRoutes
  private var instances: [String?] = Array(repeating: nil, count: ControlPort.clientLimit)
  private var told: [UInt8] = []
  private var isStopped = false

  init(_ wiring: FabricWiring, control: String) throws(Errno) {
    epoll = try Epoll(capacity: FabricLoop.events)
    signals = try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
    var devices: [FabricDevice] = []
    for (prefix, name) in wiring.devices {
      devices.append(
        FabricDevice(prefix: prefix, interface: try RouteSocket.interface(name)))
    }
    kernel = try FabricKernel(devices: devices)
    var routes = EffectiveRoutes(spaces: wiring.spaces)
    routes.systemStandsAbove = wiring.inside == .system
    subnets = wiring.subnets.map { name, table in
      FabricSubnet(name: name, table: table, routes: routes)
    }
    attached = Array(repeating: nil, count: wiring.subnets.count)
    learned = LearnedRoutes(takesShortest: wiring.merging == .shortest)
    port = try ControlPort(path: control, epoll)
    let token = EventToken(kind: FabricLoop.signalKind, slot: 0, generation: 0)
    try epoll.add(signals.raw, token: token, interest: .read)
    for place in subnets.indices { followAll(place) }
  }

  /// Runs until it is asked to end.
  func run() throws(Errno) {
    try tell()
    while !isStopped {
      let count = try epoll.wait(until: nil)
      for position in 0..<count {
        let event = epoll.event(at: position)
        if ControlPort.owns(event) {
          try take(try port.take(event, epoll))
        } else if event.token.kind == FabricLoop.signalKind {
          isStopped = try signals.next() != nil
        }
      }
      try tell()
    }
  }

  private func tell() throws(Errno) {
    if told.isEmpty { return }
    let bytes = told
    told.removeAll(keepingCapacity: true)
    try StandardStream.output.write(bytes.span)
  }

  private func take(_ news: ControlPort.News) throws(Errno) {
    for request in news.requests {
      var records: [UInt8] = []
      let problem = obey(request, into: &records)
      // What the instances say goes unanswered, so a fault in it must be told otherwise.
      if let problem, request.id == "-" { complain(problem) }
      try port.answer(request, records, problem == nil ? .ok : .usage, problem ?? "", epoll)
    }
    if let gone = news.gone, let name = instances[gone] {
      instances[gone] = nil
      // Its last word goes with it, unless it has already come back on another connection.
      guard !instances.contains(name) else { return }
      for prefix in learned.forget(name) { follow(learned: prefix) }
    }
  }

  private func complain(_ problem: String) {
    told += Array("hopshift-lab fabric: \(problem)\n".utf8)
  }

  // MARK: Following

  private func followAll(_ place: Int) {
    for prefix in kernel.prefixes(of: subnets[place]) { follow(prefix, place) }
  }

  private func follow(learned prefix: Prefix) {
    let hops = learned.hops(to: prefix)
    for place in subnets.indices {
      subnets[place].routes.learn(prefix, hops)
      for touched in kernel.touched(by: prefix) { follow(touched, place) }
    }
  }

  private func follow(_ prefix: Prefix, _ place: Int) {
    if let event = kernel.follow(prefix, in: &subnets[place]) { told += event.bytes() }
  }

  /// A route table has changed, or a subnet names another.
  private func followTables() {
    for place in subnets.indices {
      let table = attached[place].flatMap { name in tables.first { $0.name == name } }
      guard subnets[place].routes.table != table else { continue }
      let before = kernel.prefixes(of: subnets[place])
      subnets[place].routes.table = table
      for prefix in before { follow(prefix, place) }
      followAll(place)
    }
  }

  // MARK: Requests

  private func obey(_ request: ControlPort.Request, into records: inout [UInt8]) -> String? {
    let words = request.words
    switch words.first ?? "" {
    case "ping": return nil
    case "instance" where words.count == 2:
      instances[request.client] = words[1]
      for prefix in learned.forget(words[1]) { follow(learned: prefix) }
      return nil
    case "program": return program(words, from: request.client)
    case "table": return table(Array(words.dropFirst()))
    case "attach" where words.count == 2 || words.count == 3:
      guard let place = subnets.firstIndex(where: { $0.name == words[1] }) else {
        return "no subnet '\(words[1])'"
      }
      if words.count == 3, !tables.contains(where: { $0.name == words[2] }) {
        return "no route table '\(words[2])'"
      }
      attached[place] = words.count == 3 ? words[2] : nil
      followTables()
      return nil
    case "effective" where words.count == 2:
      guard let subnet = subnets.first(where: { $0.name == words[1] }) else {
        return "no subnet '\(words[1])'"
      }
      for route in subnet.routes.all { records += TableWords.record(route, id: request.id) }
      return nil
    case "lookup" where words.count == 3:
      guard let subnet = subnets.first(where: { $0.name == words[1] }),
        let address = IPAddress(words[2])
      else { return "no subnet '\(words[1])', or '\(words[2])' is no address" }
      addLookup(address, subnet, request.id, into: &records)
      return nil
    default: return "'\(words.joined(separator: " "))' is not understood"
    }
  }

  private func program(_ words: [String], from client: Int) -> String? {
    guard let name = instances[client] else { return "a route of nobody" }
    guard words.count >= 3, let prefix = Prefix(words[1]), let length = Int(words[2]) else {
      return "'\(words.joined(separator: " "))' is no route"
    }
    let hops = words[3...].compactMap { IPAddress($0) }
    guard hops.count == words.count - 3 else { return "a next hop that is no address" }
    guard learned.put(name, prefix, hops, pathLength: length) else {
      return "no room for \(prefix) of \(name)"
    }
    follow(learned: prefix)
    return nil
  }

  private func table(_ words: [String]) -> String? {
    switch (words.first ?? "", words.count) {
    case ("begin", 3):
      draft = RouteTable(name: words[1], disablesBGP: words[2] == "no-bgp")
    case ("route", 4...):
      guard let route = TableWords.userRoute(Array(words.dropFirst())) else {
        return "'\(words.joined(separator: " "))' is no route"
      }
      guard let count = draft?.routes.count, count < RouteTable.routeLimit else {
        return "no table was begun, or it is full"
      }
      draft?.routes.append(route)
    case ("commit", 1):
      guard let table = draft else { return "no table was begun" }
      draft = nil
      tables.removeAll { $0.name == table.name }
      guard tables.count < FabricLoop.tableLimit else { return "too many route tables" }
      tables.append(table)
      followTables()
    case ("remove", 2):
      tables.removeAll { $0.name == words[1] }
      followTables()
    default: return "'table \(words.joined(separator: " "))' is not understood"
    }
    return nil
  }

  private func addLookup(
    _ address: IPAddress, _ subnet: FabricSubnet, _ id: String, into records: inout [UInt8]
  ) {
    guard let route = subnet.routes.lookup(address) else { return }
    var line = JSONLine(id: id, type: "lookup")
    line.add("prefix", "\(route.prefix)")
    line.add("source", route.source.rawValue)
    line.add("next-hop", TableWords.words(for: route.nextHop)[0])
    if case .virtualAppliance(let hops) = route.nextHop {
      line.add("hops", hops.sorted().map(\.description))
    } else {
      line.add("hops", [String]())
    }
    line.finish(into: &records)
  }
}
