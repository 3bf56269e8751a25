// Every socket of the probes, by the numbers that the engine gives them.

import Engine
import Linux
import Model
import Probes

/// Owns the lines and streams. Which of them there can be, the Plan says.
struct ProbeSockets: ~Copyable {
  /// Datagrams that one line gets in one wake-up. We chose it: more than its buffer holds of the
  /// shortest frames, so that a line is seen empty in spite of a flood.
  static let budget = 2_048
  /// How many datagrams make it worth asking whether the kernel has lost some.
  static let suspicious = 64
  /// From so many probes a second on, what answers bring is read when the next are asked: a wake-up
  /// does both. The kernel stamps them as they come, so nobody is judged by when they are read. We
  /// chose it: one in each slot of the schedule.
  static let crowd: Int64 = 200
  /// How much longer than a slot they lie there at most. We chose it: what a wake-up may be late.
  static let gatheringSlack = Nanoseconds.milliseconds(1)

  /// By `ProbeSocket`.
  let shared: [ProbeLine]
  /// By `PortSlot`.
  let ports: [ProbeLine]
  /// By `TargetSlot`: what a BFD session sends from.
  let senders: [ProbeSender?]
  /// By `ProbeConnection`.
  let streams: [ProbeStream?]
  var offset = WallOffset()
  /// What a line brought last.
  var arrivals = ArrivalBatch()
  /// Everything that had arrived by then was read.
  var heard = Instant.zero
  /// The longest that what answers brought lies there.
  private let gathering: Nanoseconds
  /// When what answers brought is read at the latest; nil: at once.
  private(set) var gatherDue: Instant?

  init(_ plan: Plan, _ probes: borrowing Probes) {
    shared = ProbeSocket.allCases.map { _ in ProbeLine() }
    ports = (0..<probes.ports.count).map { _ in ProbeLine() }
    senders = plan.targets.map { target in
      guard case .probe(let probe) = target.evidence, case .bfd = probe.kind else { return nil }
      return ProbeSender()
    }
    streams =
      plan.targets.flatMap { target -> [ProbeStream?] in
        let isStream =
          switch target.evidence {
          case .probe(let probe):
            switch probe.kind {
            case .tcp, .http: true
            case .arp, .icmp, .bfd: false
            }
          default: false
          }
        return (0..<ProbeConnection.lanes).map { _ in isStream ? ProbeStream() : nil }
      } + plan.confirmedVIPs.flatMap { _ in (0..<ProbeConnection.lanes).map { _ in ProbeStream() } }
    gathering = probes.slot + ProbeSockets.gatheringSlack
    gatherDue = ProbeSockets.pace(of: plan) < ProbeSockets.crowd * 1_000 ? nil : .zero
  }

  /// Those of another Plan; what does the same as before is taken over as it is.
  init(
    _ plan: Plan, _ probes: borrowing Probes, after old: borrowing ProbeSockets,
    _ former: borrowing Probes, _ succession: Succession
  ) {
    let fresh = ProbeSockets(plan, probes)
    shared = ProbeSocket.allCases.map { socket in
      let isNeeded = ProbeSockets.needed(plan).contains(socket)
      return isNeeded ? old.shared[Int(socket.rawValue)] : ProbeLine()
    }
    ports = (0..<probes.ports.count).map { port in
      guard let before = former.ports.names.firstIndex(of: probes.ports.names[port]),
        former.addresses(askedOn: PortSlot(before)) == probes.addresses(askedOn: PortSlot(port))
      else { return ProbeLine() }
      return old.ports[before]
    }
    senders = plan.targets.indices.map { target in
      guard let own = fresh.senders[target] else { return nil }
      return succession.targets[target].flatMap { old.senders[$0] } ?? own
    }
    // What was on its way is asked again, unless nothing has changed.
    let kept = succession.keepsProbes ? plan.targets.count * ProbeConnection.lanes : 0
    streams =
      succession.keepsConfirmations
      ? old.streams : Array(old.streams[..<kept]) + fresh.streams[kept...]
    offset = old.offset
    heard = old.heard
    gathering = fresh.gathering
    gatherDue = fresh.gatherDue
  }

  /// How many descriptors there can be.
  var count: Int {
    shared.count + ports.count + senders.count { $0 != nil } + streams.count { $0 != nil }
  }

  /// The lines that are read, by their slot in an event token.
  var lineCount: Int { shared.count + ports.count }

  func line(_ slot: Int) -> ProbeLine {
    slot < shared.count ? shared[slot] : ports[slot - shared.count]
  }

  func slot(of port: PortSlot) -> Int { shared.count + port.index }

  /// Whether a line is read when others are asked, instead of when it has something. BFD is not: a
  /// peer that says goodbye is believed at once.
  func gathers(_ slot: Int) -> Bool {
    gatherDue != nil && (slot >= shared.count || slot == Int(ProbeSocket.echo.rawValue))
  }

  /// Everything that lay there was read.
  mutating func gathered(at now: Instant) {
    if gatherDue != nil { gatherDue = now + gathering }
  }

  /// Probes by ARP and ICMP in a thousand seconds: intervals need not divide a second.
  private static func pace(of plan: Plan) -> Int64 {
    var pace: Int64 = 0
    for target in plan.targets {
      guard case .probe(let probe) = target.evidence else { continue }
      switch probe.kind {
      case .arp, .icmp: pace += Nanoseconds.seconds(1_000).count / max(probe.interval.count, 1)
      case .tcp, .http, .bfd: continue
      }
    }
    return pace
  }

  func stream(_ connection: ProbeConnection) -> ProbeStream? {
    streams.indices.contains(connection.index) ? streams[connection.index] : nil
  }

  /// Which of the shared sockets the Plan needs.
  static func needed(_ plan: Plan) -> [ProbeSocket] {
    ProbeSocket.allCases.filter { socket in
      plan.targets.contains { target in
        guard case .probe(let probe) = target.evidence else { return false }
        switch probe.kind {
        case .icmp: return socket == .echo
        case .bfd(let isMultihop): return socket == (isMultihop ? .bfdMultihop : .bfd)
        case .arp, .tcp, .http: return false
        }
      }
    }
  }

  /// Whether anything of the Plan may need CAP_NET_RAW.
  static func needRawSockets(_ plan: Plan) -> Bool {
    plan.targets.contains { target in
      guard case .probe(let probe) = target.evidence else { return false }
      switch probe.kind {
      case .arp, .icmp: return true
      case .tcp, .http, .bfd: return false
      }
    }
  }

  /// Opens a shared socket.
  func open(_ socket: ProbeSocket, identifier: UInt16) throws(Errno) {
    let line = shared[Int(socket.rawValue)]
    switch socket {
    case .echo:
      do throws(Errno) {
        line.adopt(try StampedSocket.ping())
      } catch {
        // net.ipv4.ping_group_range does not have our group.
        guard error == .accessDenied || error == .notPermitted else { throw error }
        line.adopt(try StampedSocket.rawEcho(identifier: identifier), isRaw: true)
      }
    case .bfd: line.adopt(try StampedSocket.receiver(port: BFDTransport.port))
    case .bfdMultihop: line.adopt(try StampedSocket.receiver(port: BFDTransport.multihopPort))
    }
  }

  /// The addresses that are asked on a port.
  static func addresses(on port: InterfaceName, _ plan: Plan) -> [IPv4Address] {
    var result: [IPv4Address] = []
    for target in plan.targets {
      guard case .probe(let probe) = target.evidence, case .arp(let interface, _) = probe.kind,
        interface == port, !result.contains(probe.address)
      else { continue }
      result.append(probe.address)
    }
    return result
  }
}
