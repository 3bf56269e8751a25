// From the best path to forwarding: delays as published, and the damping of each prefix.

import Model
import Platform
import Testing

@Suite struct ProgrammingTests {
  private static let a: [IPAddress] = [.v4(Bench.a)]
  private static let b: [IPAddress] = [.v4(Bench.b)]

  private static func quirks(
    _ programming: ProgrammingDelay, damping: Nanoseconds = .zero
  ) -> Quirks {
    var quirks = Quirks()
    quirks.programming = programming
    quirks.damping = damping
    return quirks
  }

  private static func at(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

  @Test func `delays have the published least, greatest, mean and median`() {
    var waits: [Nanoseconds] = []
    for seed in 0..<4_000 {
      var queue = ProgrammingQueue(seed: UInt64(seed))
      queue.ask(
        Bench.vip, Self.a, pathLength: 1, at: .zero, Self.quirks(.published(percent: 100)))
      if let due = queue.deadline { waits.append(due - .zero) }
    }
    waits.sort()
    let mean = waits.reduce(0) { $0 + $1.milliseconds } / Int64(waits.count)
    let median = waits[waits.count / 2].milliseconds
    #expect(waits.count == 4_000)
    #expect(waits[0] >= .milliseconds(900) && waits[3_999] <= .milliseconds(5_600))
    #expect((2_600...2_700).contains(mean), "\(mean)")
    #expect((1_760...1_860).contains(median), "\(median)")
  }

  @Test func `delays scale, and the same seed draws the same`() {
    func draw(_ percent: Int64) -> Instant? {
      var queue = ProgrammingQueue(seed: 5)
      let quirks = Self.quirks(.published(percent: percent))
      queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
      return queue.deadline
    }
    #expect(draw(100) == draw(100))
    let whole = draw(100)?.nanoseconds ?? 0
    let tenth = draw(10)?.nanoseconds ?? 0
    #expect(whole > 0 && abs(whole / 10 - tenth) <= 1_000)
  }

  @Test func `nothing is in force before its time`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.fixed(.milliseconds(500)))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    let early = queue.next(at: Self.at(499))
    #expect(early == nil && queue.programmed(Bench.vip).hops.isEmpty)
    let done = queue.next(at: Self.at(500))
    #expect(done?.hops == Self.a && done?.waited == .milliseconds(500))
    #expect(queue.deadline == nil)
  }

  @Test func `a newer wish takes the place of an older one and does not wait longer for it`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.fixed(.milliseconds(500)))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    queue.ask(Bench.vip, Self.b, pathLength: 1, at: Self.at(400), quirks)
    #expect(queue.deadline == Self.at(500))
    let done = queue.next(at: Self.at(500))
    #expect(done?.hops == Self.b && done?.waited == .milliseconds(500))
  }

  @Test func `back to what is in force is no change`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.none, damping: .seconds(30))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    _ = queue.next(at: .zero)
    queue.ask(Bench.vip, Self.b, pathLength: 1, at: Self.at(1_000), quirks)
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: Self.at(2_000), quirks)
    #expect(queue.deadline == nil)
    let none = queue.next(at: Self.at(60_000))
    #expect(none == nil)
  }

  @Test func `after a change the next one waits for the damping, the one after that as well`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.none, damping: .seconds(30))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    #expect(queue.next(at: .zero)?.hops == Self.a)
    queue.ask(Bench.vip, Self.b, pathLength: 1, at: Self.at(1_000), quirks)
    #expect(queue.deadline == Self.at(30_000))
    let second = queue.next(at: Self.at(30_000))
    #expect(second?.hops == Self.b && second?.waited == .seconds(29))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: Self.at(31_000), quirks)
    #expect(queue.deadline == Self.at(60_000))
  }

  @Test func `a withdrawal and an announcement are two changes, as Elleman and Bryson saw`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.none, damping: .seconds(30))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    _ = queue.next(at: .zero)
    queue.ask(Bench.vip, [], pathLength: 0, at: Self.at(40_000), quirks)
    _ = queue.next(at: Self.at(40_000))
    queue.ask(Bench.vip, Self.b, pathLength: 1, at: Self.at(40_010), quirks)
    #expect(queue.deadline == Self.at(70_000))
  }

  @Test func `damping is each prefix's own`() throws {
    var queue = ProgrammingQueue(seed: 1)
    let other = try #require(Prefix("10.1.0.6/32"))
    let quirks = Self.quirks(.none, damping: .seconds(30))
    queue.ask(Bench.vip, Self.a, pathLength: 1, at: .zero, quirks)
    _ = queue.next(at: .zero)
    queue.ask(other, Self.a, pathLength: 1, at: Self.at(1), quirks)
    #expect(queue.next(at: Self.at(1))?.prefix == other)
  }

  @Test func `another length of the path is no change of forwarding, and is not damped`() {
    var queue = ProgrammingQueue(seed: 1)
    let quirks = Self.quirks(.none, damping: .seconds(30))
    queue.ask(Bench.vip, Self.a, pathLength: 5, at: .zero, quirks)
    _ = queue.next(at: .zero)
    let told = queue.ask(Bench.vip, Self.a, pathLength: 9, at: Self.at(1), quirks)
    #expect(told?.pathLength == 9 && queue.deadline == nil)
    #expect(queue.programmed(Bench.vip).pathLength == 9)
  }

  @Test func `an instance damps a shift that comes too soon`() {
    var bench = Bench(Bench.settings { $0.damping = .seconds(30) })
    let a = bench.establish(Bench.a, open: Bench.open(from: Bench.a, holdTime: 0))
    let b = bench.establish(Bench.b, open: Bench.open(from: Bench.b, holdTime: 0))
    bench.announce(by: Bench.a, length: 5, on: a)
    bench.pass(.seconds(5))
    bench.announce(by: Bench.b, length: 4, on: b)
    bench.pass(.milliseconds(24_999))
    #expect(bench.programmed() == Self.a)
    bench.pass(.milliseconds(1))
    #expect(bench.programmed() == Self.b)
  }
}
