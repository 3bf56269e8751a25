// The process of the simulated resource manager and metadata service: sockets, clock, loop.

import Control
import Linux
import Management
import Model
import Platform
import WebServer

/// One thread that owns both doors. The cloud decides; this carries out.
final class RestLoop {
  private static let events = 64
  private static let signalKind: UInt8 = 6
  private static let doorKind: UInt8 = 8
  /// A certificate is good from a day ago for ten days: clocks of a laboratory may be set.
  private static let day: Int64 = 86_400

  /// One of the two services, and what is wrong with its connections now.
  private final class Gate {
    let door: Door
    let server: WebServer
    var shown: Mischief?
    var watched: Int32?
    init(_ door: Door, _ server: WebServer) {
      self.door = door
      self.server = server
    }
  }

  var epoll: Epoll
  private let signals: SignalDescriptor
  let port: ControlPort
  let settings: RestSettings
  var cloud: SimulatedCloud
  private let authority: Authority
  /// Vouches for what nobody believes.
  private let stranger: Authority
  private var gates: [Gate] = []
  private var link: TableLink?
  private var told: [UInt8] = []
  private var generation: UInt32 = 0
  private var isStopped = false

  /// `file` is where clients find the certificate that they have to believe.
  init(
    _ settings: RestSettings, control: String, authority file: String, fabric: String?
  ) throws(LabError) {
    self.settings = settings
    cloud = SimulatedCloud(settings.estate, seed: settings.seed)
    cloud.manager.otherGroups = settings.otherGroups
    cloud.manager.lasts = settings.lasts
    cloud.manager.programming = settings.programming
    let now = Clock.monotonic()
    let wall = RestLoop.wall
    do throws(WebServerError) {
      authority = try Authority(
        name: "hopshift-lab", serial: UInt64(now.nanoseconds), begins: wall - RestLoop.day,
        ends: wall + 10 * RestLoop.day)
      stranger = try Authority(
        name: "nobody", serial: UInt64(now.nanoseconds), begins: wall - RestLoop.day,
        ends: wall + 10 * RestLoop.day)
    } catch {
      throw .unsuitable("\(error)")
    }
    do throws(Errno) {
      epoll = try Epoll(capacity: RestLoop.events)
      signals = try SignalDescriptor([SignalNumber.terminate, SignalNumber.interrupt])
      port = try ControlPort(path: control, epoll)
      link = fabric.map { TableLink(path: $0, settings.estate, at: now) }
      let token = EventToken(kind: RestLoop.signalKind, slot: 0, generation: 0)
      try epoll.add(signals.raw, token: token, interest: .read)
      try Files.writeAtomically(
        path: file, bytes: Array(authority.certificate.utf8).span, mode: 0o644, isDurable: false)
    } catch {
      throw .system(error, doing: "starting the resource manager")
    }
    do throws(WebServerError) {
      let rest = try WebServer(on: settings.address, port: settings.port, as: try identity(nil)) {
        [unowned self] in answer($0, .rest)
      }
      let metadata = try WebServer(
        on: settings.metadataAddress, port: settings.metadataPort, as: nil
      ) { [unowned self] in answer($0, .metadata) }
      gates = [Gate(.rest, rest), Gate(.metadata, metadata)]
    } catch {
      throw .unsuitable("\(error)")
    }
  }

  private static var wall: Int64 { Clock.wall().nanoseconds / 1_000_000_000 }

  /// Where a door is.
  func port(of door: Door) -> UInt16 {
    gates.first { $0.door == door }?.server.port ?? 0
  }

  /// Runs until it is asked to end.
  func run() throws(LabError) {
    told += RestLine.ready(rest: port(of: .rest), metadata: port(of: .metadata))
    do throws(Errno) {
      while !isStopped { try turn() }
    } catch {
      throw .system(error, doing: "serving the resource manager")
    }
    for gate in gates { gate.server.close() }
  }

  private func turn() throws(Errno) {
    try watch()
    try tell()
    var deadline = Instant.earlier(cloud.deadline, link?.deadline)
    let before = Clock.monotonic()
    for gate in gates { deadline = Instant.earlier(deadline, gate.server.deadline(at: before)) }
    let count = try epoll.wait(until: deadline)
    for position in 0..<count { try handle(epoll.event(at: position)) }
    let now = Clock.monotonic()
    cloud.settle(at: now)
    for gate in gates { gate.server.run(at: now) }
    try program(at: now)
  }

  private func handle(_ event: Epoll.Event) throws(Errno) {
    if ControlPort.owns(event) {
      for request in try port.take(event, epoll).requests {
        try answer(request, at: Clock.monotonic())
      }
      return
    }
    switch event.token.kind {
    case RestLoop.signalKind: isStopped = try signals.next() != nil
    case TableLink.kind: try link?.take(event, epoll, at: Clock.monotonic())
    // The web servers have their turn after every wait.
    default: return
    }
  }

  private func program(at now: Instant) throws(Errno) {
    let due = cloud.manager.takePrograms(at: now)
    for program in due { told += RestLine.programmed(program, at: Clock.wall()) }
    guard link != nil else { return }
    if let wanted = link?.deadline, wanted <= now {
      try link?.connect(cloud.manager.standing, epoll, at: now)
    } else if !due.isEmpty {
      try link?.tell(due, epoll, at: now)
    }
  }

  private func tell() throws(Errno) {
    if told.isEmpty { return }
    let bytes = told
    told.removeAll(keepingCapacity: true)
    try StandardStream.output.write(bytes.span)
  }

  // MARK: Doors

  /// Makes the doors what the troubles say, and watches those that are there.
  func watch() throws(Errno) {
    for (slot, gate) in gates.enumerated() {
      let wanted = cloud.connection(at: gate.door)
      if wanted != gate.shown { try change(gate, to: wanted) }
      guard gate.server.descriptor != gate.watched else { continue }
      gate.watched = gate.server.descriptor
      guard let raw = gate.watched else { continue }
      generation &+= 1
      let token = EventToken(
        kind: RestLoop.doorKind, slot: UInt16(slot), generation: generation)
      try epoll.add(raw, token: token, interest: .read)
    }
  }

  private func change(_ gate: Gate, to mischief: Mischief?) throws(Errno) {
    gate.shown = mischief
    // The number may be given to the next set of descriptors at once.
    gate.watched = nil
    guard mischief != .down else { return gate.server.close() }
    do throws(WebServerError) {
      try gate.server.reopen(as: gate.door == .rest ? try identity(mischief) : nil)
    } catch {
      told += Array("hopshift-lab rest: \(error)\n".utf8)
      throw .addressInUse
    }
  }

  private func identity(_ mischief: Mischief?) throws(WebServerError) -> Identity {
    let wall = RestLoop.wall
    var wish = Authority.Wish(
      names: ["localhost", settings.estate.managementHost] + settings.names,
      addresses: [settings.address], begins: wall - RestLoop.day, ends: wall + 5 * RestLoop.day)
    switch mischief {
    case .tlsName:
      wish.names = ["elsewhere.example"]
      wish.addresses = []
    case .tlsExpired: wish.ends = wall - 1
    case .tlsStranger: return try stranger.identity(wish)
    case .tlsOld: return try authority.identity(wish, priorities: Identity.old)
    default: break
    }
    return try authority.identity(wish)
  }

  // MARK: Calls

  private func answer(_ request: WebRequest, _ door: Door) -> WebAnswer {
    let call = Call(
      request.method, request.target, headers: request.headers.map { Pair($0.name, $0.value) },
      body: request.body, from: request.from)
    let scheme = door == .rest ? "https" : "http"
    let conduct = cloud.answer(
      call, at: door, origin: "\(scheme)://\(call.header("Host") ?? "localhost")",
      now: Clock.monotonic(), wall: RestLoop.wall)
    told += RestLine.called(call, door, conduct, at: Clock.wall())
    let manner: WebAnswer.Manner =
      switch conduct.manner {
      case .whole: .whole
      case .cut(let after): .cut(after: after)
      case .drip(let pause): .drip(every: pause)
      case .flood(let size): .flood(to: size)
      case .hangUp: .hangUp
      case .silence: .silence
      }
    return WebAnswer(
      conduct.reply.status, conduct.reply.headers.map { WebHeader(name: $0.name, value: $0.value) },
      conduct.reply.body, manner: manner, after: conduct.after)
  }
}
