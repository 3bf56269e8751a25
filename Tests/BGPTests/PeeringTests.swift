// Two connections to one peer: who connects, what collides, and which connection the session keeps.

import BGP
import Bytes
import Model
import Testing

/// A peering on the test bench; each action is shown with its connection.
final class PeeringBench {
  struct Step: Equatable, CustomStringConvertible {
    var side: ConnectionSide
    var action: SessionAction
    var description: String { "\(side) \(action)" }
  }

  private var peering: Peering
  private var output = SessionOutput()
  private(set) var sent: [[UInt8]] = []

  init(_ settings: SessionSettings = Bench.settings) { peering = Peering(settings, seed: 5) }

  private func drain() -> [Step] {
    let bytes = output.bytes.bytes
    var steps: [Step] = []
    sent.removeAll()
    for (action, side) in zip(output.actions, output.sides) {
      switch action {
      case .send(let range), .refuse(let range): sent.append(Array(bytes[range]))
      default: break
      }
      steps.append(Step(side: side, action: action))
    }
    output.removeAll()
    return steps
  }

  func start() -> [Step] {
    peering.start(at: .zero, into: &output)
    return drain()
  }

  func stop(at now: Instant = .zero) -> [Step] {
    peering.stop(.administrativeShutdown, at: now, into: &output)
    return drain()
  }

  func accepted(at now: Instant = .zero) -> [Step] {
    peering.accepted(at: now, into: &output)
    return drain()
  }

  func on(_ event: SessionEvent, _ side: ConnectionSide, at now: Instant = .zero) -> [Step] {
    peering.handle(event, side, at: now, into: &output)
    return drain()
  }

  func receive(_ bytes: [UInt8], _ side: ConnectionSide, at now: Instant = .zero) -> [Step] {
    peering.receive(bytes.span, side, at: now, into: &output)
    return drain()
  }

  func turn(at now: Instant) -> [Step] {
    peering.turn(at: now, into: &output)
    return drain()
  }

  var state: SessionState { peering.state }
  var side: ConnectionSide { peering.side }
  var epoch: UInt32 { peering.epoch }
  var deadline: Instant? { peering.deadline }
  var lastError: DownReason? { peering.lastError }
}

struct PeeringTests {
  private typealias Step = PeeringBench.Step

  private func out(_ action: SessionAction) -> Step { Step(side: .outgoing, action: action) }
  private func into(_ action: SessionAction) -> Step { Step(side: .incoming, action: action) }
  private static let collision = SessionAction.down(.stopped(.connectionCollisionResolution))
  private static let cease = Wire.notification(6, 7)

  /// Our identifier is 10.0.0.1; the peer's decides who has the higher one.
  private static let lower = Wire.open(identifier: 0x0900_0001)
  private static let higher = Wire.open(identifier: 0x0a00_0002)

  /// Both connections have sent their OPEN; the outgoing one has the peer's as well.
  private func collide(_ open: [UInt8]) -> PeeringBench {
    let bench = PeeringBench()
    _ = bench.start()
    _ = bench.on(.connected, .outgoing)
    _ = bench.accepted()
    _ = bench.receive(open, .outgoing)
    #expect(bench.state == .openConfirm)
    return bench
  }

  @Test func aConnectionOfThePeerCarriesTheSession() {
    let bench = PeeringBench()
    #expect(bench.start() == [out(.connect)])
    #expect(bench.accepted() == [into(.accept), into(.send(0..<47))])
    #expect(bench.state == .openSent)
    #expect(bench.side == .incoming)
    #expect(bench.receive(Self.higher, .incoming) == [into(.send(0..<19))])
    // Established: our own attempt is given up without a word about trouble.
    #expect(
      bench.receive(Wire.keepalive, .incoming)
        == [into(.established), out(.close), out(Self.collision)])
    #expect(bench.epoch == 1)
    #expect(bench.lastError == nil)
    // When it ends, we connect again; not at once.
    #expect(bench.on(.closed, .incoming) == [into(.close), into(.down(.closed))])
    #expect(bench.lastError == .closed)
    #expect(bench.deadline.map { $0 > .zero && $0 <= .zero + .seconds(1) } == true)
    #expect(bench.turn(at: .zero + .seconds(1)) == [out(.connect)])
  }

  @Test func theEpochIsNeverTheSameOnTwoConnections() {
    let bench = PeeringBench()
    _ = bench.start()
    var epochs: [UInt32] = []
    for round in 1...4 {
      if round % 2 == 0 {
        _ = bench.on(.connected, .outgoing)
        _ = bench.receive(Self.higher + Wire.keepalive, .outgoing)
      } else {
        _ = bench.accepted()
        _ = bench.receive(Self.higher + Wire.keepalive, .incoming)
      }
      #expect(bench.state == .established)
      epochs.append(bench.epoch)
      _ = bench.on(.closed, bench.side)
      _ = bench.turn(at: .zero + .seconds(60))
    }
    #expect(epochs == [1, 2, 3, 4])
  }

  @Test func theLowerIdentifierLosesItsConnection() {
    // Ours is the higher one: what we opened stays, the peer's is refused when its OPEN comes.
    let bench = collide(Self.lower)
    let refused = SessionAction.down(.notificationSent(code: 6, subcode: 7))
    #expect(
      bench.receive(Self.lower, .incoming)
        == [into(.send(0..<21)), into(.close), into(refused)])
    #expect(bench.sent == [Self.cease])
    #expect(bench.lastError == nil)
    #expect(bench.receive(Wire.keepalive, .outgoing) == [out(.established)])
    #expect(bench.side == .outgoing)
  }

  @Test func theHigherIdentifierKeepsItsConnection() {
    let bench = collide(Self.higher)
    #expect(
      bench.receive(Self.higher, .incoming)
        == [into(.send(0..<19)), out(.send(19..<40)), out(.close), out(Self.collision)])
    #expect(bench.sent == [Wire.keepalive, Self.cease])
    #expect(bench.receive(Wire.keepalive, .incoming) == [into(.established)])
    #expect(bench.side == .incoming)
    #expect(bench.deadline.map { $0 > .zero } == true)
  }

  @Test func openAndKeepaliveInOneReadDecideTheSame() {
    let bench = collide(Self.higher)
    #expect(
      bench.receive(Self.higher + Wire.keepalive, .incoming)
        == [
          into(.send(0..<19)), into(.established), out(.send(19..<40)), out(.close),
          out(Self.collision),
        ])
    #expect(bench.state == .established)
  }

  @Test(arguments: [UInt32(64_999), 65_001])
  func equalIdentifiersAreDecidedByTheNumber(peer: UInt32) {
    let bench = PeeringBench(
      SessionSettings(
        localASN: ASNumber(65_000), localIdentifier: IPv4Address(10, 0, 0, 1),
        peerASN: ASNumber(peer), holdTime: .seconds(90)))
    let open = Wire.open(asn: peer, identifier: 0x0a00_0001)
    _ = bench.start()
    _ = bench.on(.connected, .outgoing)
    _ = bench.accepted()
    _ = bench.receive(open, .outgoing)
    _ = bench.receive(open, .incoming)
    _ = bench.receive(Wire.keepalive, peer > 65_000 ? .incoming : .outgoing)
    #expect(bench.state == .established)
    #expect(bench.side == (peer > 65_000 ? .incoming : .outgoing))
  }

  @Test func anEstablishedSessionRefusesAndTakesItsPulse() {
    let bench = PeeringBench()
    _ = bench.start()
    _ = bench.on(.connected, .outgoing)
    _ = bench.receive(Self.higher + Wire.keepalive, .outgoing)
    #expect(bench.accepted() == [into(.refuse(0..<21)), out(.send(21..<40))])
    #expect(bench.sent == [Self.cease, Wire.keepalive])
    #expect(bench.state == .established)
    #expect(bench.epoch == 1)
  }

  @Test func anOpenThatComesAfterEstablishedIsTooLate() {
    let bench = collide(Self.higher)
    #expect(bench.receive(Wire.keepalive, .outgoing) == [out(.established)])
    _ = bench.receive(Self.higher, .incoming)
    #expect(bench.sent == [Self.cease])
    #expect(bench.state == .established)
    #expect(bench.side == .outgoing)
  }

  /// The peer saw the race the other way round and ends what we hold for established: the session
  /// lives on in the connection that waits for its OPEN.
  @Test func theOtherConnectionSurvivesACollisionThatThePeerDecided() {
    let bench = collide(Self.higher)
    _ = bench.receive(Wire.keepalive, .outgoing)
    let lost = SessionAction.down(.notificationReceived(code: 6, subcode: 7))
    #expect(bench.receive(Self.cease, .outgoing) == [out(.close), out(lost)])
    #expect(bench.state == .openSent)
    #expect(bench.lastError == nil)
    _ = bench.receive(Self.higher + Wire.keepalive, .incoming)
    #expect(bench.state == .established)
    #expect(bench.epoch == 2)
  }

  @Test func aSessionThatEndsTakesAWaitingConnectionAlong() {
    let bench = collide(Self.higher)
    _ = bench.receive(Wire.keepalive, .outgoing)
    #expect(
      bench.on(.closed, .outgoing)
        == [
          out(.close), out(.down(.closed)), into(.send(0..<21)), into(.close),
          into(Self.collision),
        ])
    #expect(bench.state == .idle)
    #expect(bench.accepted().first == into(.accept))
  }

  @Test func aNewConnectionOfThePeerReplacesItsLast() {
    let bench = PeeringBench()
    _ = bench.start()
    _ = bench.accepted()
    #expect(
      bench.accepted()
        == [into(.close), into(.down(.closed)), into(.accept), into(.send(0..<47))])
    #expect(bench.state == .openSent)
  }

  @Test func beforeStartAndAfterStopEverythingIsRefused() {
    let bench = PeeringBench()
    #expect(bench.accepted() == [into(.refuse(0..<21))])
    #expect(bench.sent == [Wire.notification(6, 5)])
    _ = bench.start()
    _ = bench.accepted()
    _ = bench.receive(Self.higher + Wire.keepalive, .incoming)
    let down = SessionAction.down(.stopped(.administrativeShutdown))
    #expect(bench.stop() == [into(.send(0..<37)), into(.close), into(down)])
    #expect(bench.sent == [Wire.notification(6, 2, [15] + Array("hopshiftd stops".utf8))])
    #expect(bench.accepted() == [into(.refuse(0..<21))])
    #expect(bench.deadline == nil)
    #expect(bench.turn(at: .zero + .seconds(1000)) == [])
  }
}
