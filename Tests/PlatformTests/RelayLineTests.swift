// One direction of a spoiled cable: order, loss, delay and bounds.

import Model
import Platform
import Testing

@Suite struct RelayLineTests {
  private static func at(_ milliseconds: Int64) -> Instant {
    .zero + .milliseconds(milliseconds)
  }

  /// Sends a thousand frames and answers the numbers of those that came out.
  private func survivors(seed: UInt64, loss: Int) -> [Int] {
    var line = RelayLine(seed: seed)
    line.loss = loss
    var out: [Int] = []
    for number in 0..<1_000 {
      line.take([UInt8(number / 256), UInt8(number % 256)], at: Self.at(0))
      while let frame = line.next(at: Self.at(0)) {
        out.append(Int(frame[0]) * 256 + Int(frame[1]))
      }
    }
    #expect(line.counts.passed == out.count && line.counts.lost == 1_000 - out.count)
    return out
  }

  @Test func `without loss and delay everything passes at once`() {
    #expect(survivors(seed: 1, loss: 0) == Array(0..<1_000))
  }

  @Test func `losses are about as many as asked for, and the same with the same seed`() {
    let first = survivors(seed: 7, loss: 100_000)
    #expect((850...950).contains(first.count))
    #expect(first == survivors(seed: 7, loss: 100_000))
    #expect(first != survivors(seed: 8, loss: 100_000))
    #expect(survivors(seed: 7, loss: 1_000_000).isEmpty)
  }

  @Test func `a frame waits for its delay, and nobody overtakes`() {
    var line = RelayLine(seed: 3)
    line.delay = .milliseconds(20)
    line.jitter = .milliseconds(10)
    for number in 0..<50 { line.take([UInt8(number)], at: Self.at(Int64(number))) }
    let early = line.next(at: Self.at(19))
    #expect(early == nil)
    var last = Instant.zero
    var out: [UInt8] = []
    while let due = line.deadline {
      #expect(due >= last)
      last = due
      if let frame = line.next(at: due) { out += frame }
    }
    #expect(out == (0..<50).map { UInt8($0) })
    #expect(last >= Self.at(49 + 20) && last <= Self.at(49 + 30))
  }

  @Test func `too many frames overflow, and room comes back`() {
    var line = RelayLine(seed: 1)
    line.delay = .seconds(1)
    for _ in 0..<(RelayLine.frameLimit + 5) { line.take([1], at: Self.at(0)) }
    #expect(line.counts.overflowed == 5)
    var out: [[UInt8]] = []
    while let frame = line.next(at: Self.at(1_000)) { out.append(frame) }
    #expect(out == Array(repeating: [1], count: RelayLine.frameLimit))
    line.take([2], at: Self.at(1_000))
    let later = line.next(at: Self.at(2_000))
    #expect(later == [2])
  }

  @Test func `bytes are bounded too`() {
    var line = RelayLine(seed: 1)
    line.delay = .seconds(1)
    let frame = [UInt8](repeating: 0, count: RelayLine.byteLimit / 4)
    for _ in 0..<5 { line.take(frame, at: Self.at(0)) }
    #expect(line.counts.overflowed == 1)
  }
}
