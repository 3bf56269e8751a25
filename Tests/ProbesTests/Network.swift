// A network of values around the probes: hosts that answer, forgers, delays, and a clock.
import Bytes
import Model
import Testing

@testable import Probes

/// Drives a `Probes` as the loop does: reads first, says up to when, then turns.
final class Network {
  struct Arrival {
    var at: Instant
    var kind: Kind

    enum Kind {
      case frame(PortSlot, [UInt8])
      case echo(IPv4Address, [UInt8])
      case connected(ProbeConnection)
      case bytes(ProbeConnection, [UInt8])
      case refused(ProbeConnection)
      case control([UInt8], BFDArrival)
    }
  }

  /// A machine on the LAN.
  struct Machine {
    var mac: MACAddress
    var isAlive = true
    var answer = "HTTP/1.1 200 OK\r\n\r\nwell"
    var refuses = false
  }

  static let ours = MACAddress(bits: 0x02_00_00_00_00_01)
  static let source = IPv4Address(10, 0, 0, 1)
  static let index = InterfaceIndex(2)
  static let name = InterfaceName("eth0") ?? .none

  let plan: Plan
  private var box: Box
  var machines: [IPv4Address: Machine] = [:]
  /// The next one last.
  private var arrivals: [Arrival] = []
  var now = Instant(nanoseconds: 1_000_000_000)
  var notes: [(at: Instant, note: ProbeNote)] = []
  var questions: [(at: Instant, output: ProbeOutput)] = []
  var controls: [(at: Instant, packet: BFDPacket)] = []
  var frames: [ARPPacket] = []
  var delay = Nanoseconds.microseconds(200)
  var opened: [InterfaceIndex] = []
  /// The loop wakes up so much later than it should.
  var lag = Nanoseconds.zero
  var wakeUps = 0

  /// Noncopyable values cannot be properties that are mutated through a reference and read.
  private struct Box: ~Copyable {
    var probes: Probes
    var outputs: ProbeOutputs

    mutating func apply(_ body: (inout Probes, inout ProbeOutputs) -> Void) {
      body(&probes, &outputs)
    }
  }

  init(
    _ evidence: [(host: Int, Plan.Evidence)], anchors: Set<Int> = [], vips: [Plan.VIP] = []
  ) {
    let count = (evidence.map(\.host).max() ?? 0) + 1
    plan = Plan(
      local: .init(asn: ASNumber(65_001), address: Network.source, identifier: Network.source),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65_515), holdTime: .seconds(9), peers: []),
      vips: vips,
      hosts: (0..<count).map {
        Plan.Host(
          name: "h\($0)", address: IPv4Address(10, 0, 0, UInt8(10 + $0)),
          isAnchor: anchors.contains($0))
      },
      targets: evidence.map { Plan.Target(host: HostSlot($0.host), evidence: $0.1) })
    box = Box(probes: Probes(plan, seed: 7), outputs: ProbeOutputs(targets: evidence.count))
  }

  static func probe(
    _ kind: Plan.Probe.Kind, _ last: UInt8 = 10, interval: Nanoseconds = ms(50),
    timeout: Nanoseconds = ms(40), fall: Int = 3, rise: Int = 2
  ) -> Plan.Evidence {
    .probe(
      Plan.Probe(
        kind: kind, address: IPv4Address(10, 0, 0, last), interval: interval, timeout: timeout,
        fall: fall, rise: rise))
  }

  static func arp(_ last: UInt8 = 10, trustsProxy: Bool = false) -> Plan.Evidence {
    probe(.arp(interface: name, trustsProxy: trustsProxy), last)
  }

  static func mac(_ last: UInt8) -> MACAddress {
    MACAddress(bits: 0x02_00_00_00_01_00 + UInt64(last))
  }

  func host(_ last: UInt8) -> IPv4Address { IPv4Address(10, 0, 0, last) }

  func addMachine(_ last: UInt8) { machines[host(last)] = Machine(mac: Network.mac(last)) }

  func withProbes(_ body: (inout Probes, inout ProbeOutputs) -> Void) {
    box.apply(body)
    carryOut()
  }

  func signal(_ slot: Int) -> Signal? { box.probes.target(TargetSlot(slot))?.signal }
  func target(_ slot: Int) -> ProbeTarget? { box.probes.target(TargetSlot(slot)) }
  var pauses: UInt64 { box.probes.pauses }
  func session(_ place: Int) -> BFDSession { box.probes.sessions[place] }

  func link(isRunning: Bool = true) {
    let link = Link(
      index: Network.index, name: Network.name, isLoopback: false, isUp: true,
      hasCarrier: isRunning, operationalState: .up, hardwareAddress: Network.ours)
    withProbes { probes, outputs in probes.learned(link, at: now, into: &outputs) }
  }

  func start() {
    link()
    withProbes { probes, outputs in
      probes.learned(
        InterfaceAddress(
          address: .v4(Network.source), prefixLength: 24, interface: Network.index,
          isTentative: false, isDeprecated: false))
      probes.start(at: now)
    }
  }

  /// Goes on from event to event.
  func run(for length: Nanoseconds) {
    let end = now + length
    while true {
      var next = end
      if let deadline = box.probes.deadline { next = min(next, deadline + lag) }
      if let arrival = arrivals.last { next = min(next, arrival.at + lag) }
      now = max(now, next)
      wake()
      if now >= end { return }
    }
  }

  /// One turn of the loop: everything that has arrived is read, then time is judged.
  func wake() {
    wakeUps += 1
    while let arrival = arrivals.last, arrival.at <= now {
      arrivals.removeLast()
      deliver(arrival)
    }
    withProbes { probes, outputs in
      probes.heard(until: now)
      probes.turn(at: now, into: &outputs)
    }
  }

  /// The process, or the whole machine, stands still: nothing is read, nothing is asked.
  /// `isNoted`: the loop has seen it before it read what waited.
  func standStill(_ length: Nanoseconds, isNoted: Bool = false) {
    now = now + length
    guard isNoted else { return }
    withProbes { probes, _ in probes.noteAbsence(for: length, at: now) }
  }

  private func deliver(_ arrival: Arrival) {
    let now = now
    let stamp = ProbeStamp(at: arrival.at)
    switch arrival.kind {
    case .frame(let port, let bytes): feed(.frame(port, stamp), bytes, now)
    case .echo(let source, let bytes): feed(.echo(from: source, stamp, isWhole: false), bytes, now)
    case .connected(let connection): feed(.connected(connection), [], now)
    case .bytes(let connection, let bytes): feed(.received(connection), bytes, now)
    case .refused(let connection): feed(.closed(connection, .refused), [], now)
    case .control(let bytes, let about): feed(.control(about), bytes, now)
    }
  }

  private func feed(_ event: ProbeEvent, _ bytes: [UInt8], _ now: Instant) {
    withProbes { probes, outputs in probes.handle(event, bytes.span, at: now, into: &outputs) }
  }

  private func carryOut() {
    for index in box.outputs.list.indices { carryOut(box.outputs.list[index]) }
    if box.probes.hasAsked { box.probes.sent(at: now) }
    box.outputs.removeAll()
  }

  private func carryOut(_ output: ProbeOutput) {
    questions.append((now, output))
    switch output {
    case .note(let note): notes.append((now, note))
    case .openPort(let port, let index):
      opened.append(index)
      box.probes.opened(port)
    case .closePort, .hangUp: return
    case .frame(let port, _, let piece): answerFrame(port, Array(box.outputs.bytes[piece]))
    case .echo(let slot, let piece): answerEcho(slot, Array(box.outputs.bytes[piece]))
    case .connect(let connection): answerConnect(connection)
    case .write(let connection, _):
      guard let machine = machine(of: connection.target), machine.isAlive else { return }
      arrive(.bytes(connection, Array(machine.answer.utf8)))
    case .control(_, let piece):
      if let packet = readBFD(box.outputs.bytes[piece]) { controls.append((now, packet)) }
    }
  }

  private func machine(of slot: TargetSlot) -> Machine? {
    target(slot.index).flatMap { machines[$0.address] }
  }

  private func arrive(_ kind: Arrival.Kind) { arrive(after: delay, kind) }

  /// What arrives at the same time arrives in the order of the calls.
  func arrive(after length: Nanoseconds, _ kind: Arrival.Kind) {
    let instant = now + length
    var low = 0
    var high = arrivals.count
    while low < high {
      let middle = (low + high) / 2
      if arrivals[middle].at > instant { low = middle + 1 } else { high = middle }
    }
    arrivals.insert(Arrival(at: instant, kind: kind), at: low)
  }

  private func answerFrame(_ port: PortSlot, _ bytes: [UInt8]) {
    guard let question = readARP(bytes) else { return }
    frames.append(question)
    guard let machine = machines[question.targetAddress], machine.isAlive,
      question.frameTarget == ARPPacket.broadcast || question.frameTarget == machine.mac
    else { return }
    arrive(.frame(port, Network.reply(for: question.targetAddress, machine.mac)))
  }

  /// A reply as the owner of a MAC sends it to us.
  static func reply(for address: IPv4Address, _ mac: MACAddress) -> [UInt8] {
    var packet = ARPPacket(asking: Network.source, known: Network.ours, from: mac, address)
    packet.operation = .reply
    return written(packet.write)
  }

  private func answerEcho(_ slot: TargetSlot, _ question: [UInt8]) {
    guard let machine = machine(of: slot), machine.isAlive, let target = target(slot.index) else {
      return
    }
    arrive(.echo(target.address, Network.echoReply(question)))
  }

  static func echoReply(_ question: [UInt8]) -> [UInt8] {
    var answer = question
    answer.replaceSubrange(0..<4, with: [0, 0, 0, 0])
    let sum = checksum(answer)
    answer[2] = UInt8(sum >> 8)
    answer[3] = UInt8(sum & 255)
    return answer
  }

  private func answerConnect(_ connection: ProbeConnection) {
    guard let machine = machine(of: connection.target), machine.isAlive else { return }
    arrive(machine.refuses ? .refused(connection) : .connected(connection))
  }
}
