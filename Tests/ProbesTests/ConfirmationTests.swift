// Asking through a VIP: who confirms a shift, when it is late, and what comes of pauses and next shifts.

import Model
import Probes
import Testing

/// Two VIPs, of which the second is asked about, behind three targets of the Plan.
private final class Bench {
  static let vip = VIPSlot(1)
  static let stream = TargetSlot(3)

  private(set) var confirmations: Confirmations
  private var outputs: ProbeOutputs

  init(texts: [String] = [], within: Nanoseconds = .seconds(10)) {
    let local = IPv4Address(10, 0, 2, 10)
    let fetch = Plan.Probe.Fetch(
      port: 8_080, authority: "10.1.0.5:8080", path: "/", statuses: 200...399)
    let vips = (0..<2).map { place in
      Plan.VIP(
        name: "vip\(place)", prefixes: [], role: .watcher(rank: 1), candidates: [],
        confirmation: place == 0
          ? nil
          : Plan.Confirmation(
            address: IPv4Address(10, 1, 0, 5), fetch: fetch, texts: texts, within: within))
    }
    let plan = Plan(
      local: Plan.Local(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .absent, vips: vips,
      targets: (0..<3).map { _ in
        Plan.Target(host: HostSlot(0), evidence: .address(.v4(local)))
      })
    confirmations = Confirmations(plan)
    outputs = ProbeOutputs(targets: 4)
  }

  /// What was put out since it was asked last.
  func take() -> [ProbeOutput] {
    defer { outputs.removeAll() }
    return outputs.list
  }

  func news() -> [ConfirmationNews] {
    var list: [ConfirmationNews] = []
    confirmations.takeNews { list.append($0) }
    return list
  }

  func begin(_ shift: UInt32, candidate: Int = 0, at milliseconds: Int64) {
    confirmations.begin(
      Bench.vip, shift: shift, candidate: candidate, at: at(milliseconds), into: &outputs)
  }

  func drop() { confirmations.drop(Bench.vip, into: &outputs) }
  func pause(_ length: Nanoseconds) { confirmations.paused(for: length) }

  /// Keeps all deadlines up to then.
  func turn(to milliseconds: Int64) {
    while let due = confirmations.deadline, due <= at(milliseconds) {
      confirmations.turn(at: due, into: &outputs)
    }
  }

  func feed(_ event: ProbeEvent, _ text: String = "") {
    confirmations.handle(event, Array(text.utf8).span, into: &outputs)
  }

  static func connection(_ lane: Int) -> ProbeConnection { ProbeConnection(stream, lane: lane) }

  func answer(_ lane: Int, _ text: String) {
    feed(.connected(Bench.connection(lane)))
    feed(.received(Bench.connection(lane)), text)
  }
}

struct ConfirmationTests {
  private static let page = "HTTP/1.1 200 OK\r\n\r\nthis is ws2"
  private static let connect = ProbeOutput.connect(Bench.connection(0))

  @Test func nobodyIsAskedBeforeAShift() {
    let bench = Bench()
    #expect(bench.confirmations.deadline == nil)
    #expect(bench.confirmations.owns(Bench.stream) && !bench.confirmations.owns(TargetSlot(2)))
    let place = bench.confirmations.place(of: Bench.stream)
    #expect(place?.address == IPv4Address(10, 1, 0, 5) && place?.port == 8_080)
    #expect(bench.confirmations.place(of: TargetSlot(4)) == nil)
    #expect(bench.confirmations.state(of: VIPSlot(0)) == nil)
    bench.answer(0, Self.page)
    #expect(bench.news() == [] && bench.take() == [])
  }

  @Test func theAnswerConfirmsAndEndsTheAsking() {
    let bench = Bench()
    bench.begin(7, at: 100)
    #expect(bench.take() == [], "volleys first")
    bench.turn(to: 100)
    #expect(bench.take() == [Self.connect])
    bench.feed(.connected(Bench.connection(0)))
    guard case .write(Bench.connection(0), _)? = bench.take().first else {
      Issue.record("no request")
      return
    }
    bench.feed(.received(Bench.connection(0)), "HTTP/1.1 200 OK\r\n")
    #expect(bench.news() == [.confirmed(Bench.vip, shift: 7)])
    #expect(bench.confirmations.state(of: Bench.vip)?.state == .confirmed)
    #expect(bench.confirmations.deadline == nil)
    #expect(bench.take() == [.hangUp(Bench.connection(0))])
  }

  /// A new connection each time: those that go to the dead machine hang, and others overtake them.
  @Test func itIsAskedAgainAndAgain() {
    let bench = Bench()
    bench.begin(1, at: 0)
    bench.turn(to: 500)
    #expect(bench.take() == (0..<3).map { .connect(Bench.connection($0)) })
    bench.turn(to: 750)
    #expect(bench.take() == [.hangUp(Bench.connection(0)), Self.connect])
    // Refused, and not sent: both are places for the next.
    bench.feed(.closed(Bench.connection(1), .refused))
    bench.feed(.notSent(Bench.stream))
    bench.turn(to: 1_000)
    #expect(bench.take() == [Self.connect])
    bench.answer(0, "HTTP/1.1 503 Down\r\n")
    #expect(bench.news() == [] && bench.confirmations.state(of: Bench.vip)?.state == .awaited)
  }

  @Test func onlyTheNewHostConfirms() {
    let bench = Bench(texts: ["this is ws1", "this is ws2"])
    bench.begin(3, candidate: 0, at: 0)
    bench.turn(to: 0)
    bench.answer(0, Self.page)
    bench.feed(.closed(Bench.connection(0), .closed))
    #expect(bench.news() == [])
    bench.begin(4, candidate: 1, at: 100)
    bench.turn(to: 100)
    bench.answer(0, Self.page)
    #expect(bench.news() == [.confirmed(Bench.vip, shift: 4)])
  }

  @Test func lateIsToldOnceAndAskedOn() {
    let bench = Bench(within: .seconds(10))
    bench.begin(1, at: 0)
    bench.turn(to: 9_999)
    #expect(bench.news() == [])
    bench.turn(to: 10_000)
    #expect(bench.news() == [.overdue(Bench.vip, shift: 1)])
    _ = bench.take()
    bench.turn(to: 20_000)
    #expect(bench.news() == [])
    let asked = bench.take().count { if case .connect = $0 { true } else { false } }
    #expect((4...6).contains(asked), "\(asked) times in ten seconds")
    bench.turn(to: 22_000)
    for lane in 0..<ProbeConnection.lanes { bench.answer(lane, Self.page) }
    #expect(bench.news() == [.confirmed(Bench.vip, shift: 1)])
  }

  /// The time in which this process did not run counts for nobody.
  @Test func aPauseIsNoDelay() {
    let bench = Bench(within: .seconds(10))
    bench.begin(1, at: 0)
    bench.turn(to: 1_000)
    bench.pause(.seconds(30))
    bench.turn(to: 39_999)
    #expect(bench.news() == [])
    bench.turn(to: 40_000)
    #expect(bench.news() == [.overdue(Bench.vip, shift: 1)])
  }

  /// What was begun before a shift says nothing of it.
  @Test func theNextShiftBeginsAnew() {
    let bench = Bench()
    bench.begin(1, at: 0)
    bench.turn(to: 0)
    _ = bench.take()
    bench.begin(2, at: 10)
    #expect(bench.take() == [.hangUp(Bench.connection(0))])
    bench.answer(0, Self.page)
    #expect(bench.news() == [])
    bench.turn(to: 10)
    bench.drop()
    #expect(bench.take() == [Self.connect, .hangUp(Bench.connection(0))])
    #expect(bench.confirmations.deadline == nil)
    #expect(bench.confirmations.state(of: Bench.vip)?.state == .idle)
  }
}
