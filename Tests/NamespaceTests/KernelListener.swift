// An engine that hears the real kernel of one namespace, driven by the test itself.

import Engine
import Failover
import Lab
import Linux
import Model

/// Owns one netlink socket for each class and does what the daemon's loop does with them, with a
/// receive buffer of the test's choice.
final class KernelListener {
  /// The VIP of its plan; nobody is told of it, since there is no route server.
  static let vip = IPv4Address(10, 1, 0, 5)

  private final class Source {
    var socket: NetlinkSocket
    var lastDrops: UInt32 = 0
    init(_ socket: consuming NetlinkSocket) { self.socket = socket }
  }

  private var engine: Engine
  private var outputs: Outputs
  private var sources: [Source] = []
  private var buffer = ReceiveBuffer()
  private var epoll: Epoll
  private(set) var copy = KernelCopy()
  /// Alarms as they came.
  private(set) var alarms: [Alarm] = []
  /// When each link was told without carrier, by its number.
  private(set) var carrierLost: [Int32: Instant] = [:]

  /// Opens the three sockets in a host's namespace and reads everything.
  init(
    _ lab: Lab, host: String, local: IPv4Address,
    receiveBuffer: Int = NetlinkSocket.receiveBufferAsked
  ) throws {
    guard let prefix = Prefix(.v4(KernelListener.vip), length: 32) else {
      preconditionFailure("a host prefix always exists")
    }
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 255, 255, 1)]),
      vips: [
        Plan.VIP(
          name: "web", prefixes: [prefix],
          owner: .init(address: .v4(KernelListener.vip), interfaces: []))
      ])
    engine = Engine(plan, seed: 1)
    outputs = Outputs(for: plan)
    epoll = try Epoll(capacity: KernelClass.allCases.count)
    let groups: [NetlinkSocket.Groups] = [.interfaces, .routes, .neighbours]
    for kernelClass in KernelClass.allCases {
      let slot = Int(kernelClass.rawValue)
      // A class cannot hold a value that is neither copied nor returned by `inside`; hence the box.
      let source = try lab.inside(host, "listening") { () throws(Errno) in
        Source(try NetlinkSocket(groups: groups[slot], receiveBuffer: receiveBuffer))
      }
      try epoll.add(
        source.socket.raw, token: EventToken(kind: 1, slot: UInt16(slot), generation: 0),
        interest: .read)
      sources.append(source)
      if kernelClass != .interfaces { give(.watched(kernelClass)) }
      give(.opened(kernelClass, port: source.socket.portID))
    }
    try pump("a first complete view") { $0.isCurrent ? nil : "stale" }
    // The first round is no news. A loss makes everything be listed again, for the copy.
    for kernelClass in KernelClass.allCases { give(.overrun(kernelClass)) }
    for kernelClass in KernelClass.allCases { give(.drained(kernelClass)) }
    try pump("a complete list") { $0.isCurrent ? nil : "stale" }
  }

  var isCurrent: Bool { KernelClass.allCases.allSatisfy { engine.feed($0).isCurrent } }
  func feed(_ kernelClass: KernelClass) -> KernelFeed { engine.feed(kernelClass) }
  func link(_ index: Int32) -> Link? { engine.failover.view.link(InterfaceIndex(index)) }
  var linkCount: Int { engine.failover.view.linkCount }
  var holdsVIP: Bool { engine.failover.claims[0].isHeld }
  var receiveBufferSize: Int { sources[0].socket.receiveBufferSize }

  /// Reads until `condition` answers nil.
  func pump(
    _ what: String, within limit: Nanoseconds = .seconds(20),
    until condition: (KernelListener) throws -> String?
  ) throws {
    let deadline = Clock.monotonic() + limit * Waiting.patience
    while true {
      readEverything()
      guard let missing = try condition(self) else { return }
      let now = Clock.monotonic()
      if now >= deadline { throw LabError.timedOut(what, last: missing) }
      var next = min(deadline, now + Waiting.pause)
      if let due = engine.deadline { next = min(next, due) }
      _ = try epoll.wait(until: next)
    }
  }

  /// One turn of the loop: every socket until it is empty, then the timers.
  private func readEverything() {
    for kernelClass in KernelClass.allCases { drain(kernelClass) }
    let now = Clock.monotonic()
    if let deadline = engine.deadline, now >= deadline { give(.turn) }
  }

  private func drain(_ kernelClass: KernelClass) {
    let source = sources[Int(kernelClass.rawValue)]
    do throws(Errno) {
      // Bounded like the loop: a storm in one class lets the others have their turn.
      for _ in 0..<64 {
        switch try source.socket.receive(into: &buffer) {
        case .datagram: giveBytes(.kernel(kernelClass))
        case .overrun: give(.overrun(kernelClass))
        case .foreign: continue
        case .empty:
          let drops = try source.socket.drops()
          if drops != source.lastDrops, !engine.awaitsDump(kernelClass) {
            give(.overrun(kernelClass))
          }
          source.lastDrops = drops
          give(.drained(kernelClass))
          return
        }
      }
    } catch {
      preconditionFailure("netlink: \(error)")
    }
  }

  /// Gives the engine one input and does what it says.
  func give(_ input: Input) {
    engine.handle(input, Span(), at: Clock.monotonic(), into: &outputs)
    carryOut()
  }

  private func giveBytes(_ input: Input) {
    KernelListener.handle(input, buffer, &engine, &outputs)
    carryOut()
  }

  private static func handle(
    _ input: Input, _ buffer: borrowing ReceiveBuffer, _ engine: inout Engine,
    _ outputs: inout Outputs
  ) {
    buffer.withBytes { bytes in
      engine.handle(input, bytes, at: Clock.monotonic(), into: &outputs)
    }
  }

  private func carryOut() {
    var failed: [Input] = []
    for output in outputs.list {
      do throws(Errno) {
        try carryOut(output)
      } catch {
        guard case .dump(let what, _) = output else { continue }
        failed.append(.dumpFailed(what.kernelClass, code: error.code))
      }
    }
    outputs.removeAll()
    for input in failed { give(input) }
  }

  private func carryOut(_ output: Output) throws(Errno) {
    switch output {
    case .dump(let what, let sequence):
      let dump: NetlinkSocket.Dump =
        switch what {
        case .links: .links
        case .addresses: .addresses
        case .nextHops: .nextHops
        case .ipv4Routes: .ipv4Routes(table: 0)
        case .ipv6Routes: .ipv6Routes(table: 0)
        case .neighbours: .neighbours
        }
      try sources[Int(what.kernelClass.rawValue)].socket.requestDump(dump, sequence: sequence)
    case .askLink(let index, let sequence):
      try sources[0].socket.requestLink(index.value, sequence: sequence)
    case .note(let note): heed(note)
    // There is no route server here, and the sockets are open already.
    case .connect, .accept, .refuse, .close, .send, .fire, .hello, .subscribe, .unsubscribe:
      return
    }
  }

  private func heed(_ note: Note) {
    copy.take(note)
    if case .alarm(let alarm) = note { alarms.append(alarm) }
    if case .link(let link, _) = note, !link.hasCarrier {
      carrierLost[link.index.value] = Clock.monotonic()
    }
  }
}
