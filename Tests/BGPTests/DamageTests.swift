// Messages that are cut or damaged: a verdict or a NOTIFICATION, never a trap.

import BGP
import Model
import Testing

struct DamageTests {
  private static let rows = VectorRow.all.filter { $0.type == "OPEN" || $0.type == "UPDATE" }

  /// Both length fields say that the message ends where it was cut.
  private func shortened(_ bytes: [UInt8], to count: Int) -> [UInt8] {
    var bytes = Array(bytes.prefix(count))
    if count >= 18 {
      bytes[16] = UInt8(truncatingIfNeeded: count >> 8)
      bytes[17] = UInt8(truncatingIfNeeded: count)
    }
    return bytes
  }

  /// What must hold after any input: up and quiet, or one NOTIFICATION and down.
  private func isSound(_ bench: Bench, _ actions: [SessionAction]) -> Bool {
    let ends = actions.filter { if case .down = $0 { true } else { false } }.count
    if bench.state == .idle {
      guard ends == 1, case .down(let reason) = actions.last else { return false }
      guard case .notificationSent(let code, let subcode) = reason else {
        if case .notificationReceived = reason { return true }
        return false
      }
      guard let message = bench.sent.last, message.count >= 21, message.count <= 4096 else {
        return false
      }
      return message[18] == 3 && message[19] == code && message[20] == subcode
        && bench.deadline != nil
    }
    return ends == 0 && !actions.contains(.close)
  }

  @Test func cutAtEveryByte() {
    #expect(DamageTests.rows.count > 400)
    // The long ones repeat one attribute or one prefix thousands of times.
    for row in DamageTests.rows where row.bytes.count <= 200 {
      let bytes = row.bytes
      for count in 0..<bytes.count {
        let bench = Bench(row.settings)
        guard bench.reach(row.state, open: row.peerOpen) else {
          Issue.record("\(row.id) cannot be set up")
          break
        }
        let before = bench.state
        // Cut off in the stream: it waits, or what is there is enough to refuse it.
        let waiting = bench.receive(Array(bytes.prefix(count)))
        if bench.state != before { #expect(isSound(bench, waiting), "\(row.id) cut at \(count)") }
        // Cut, and its length says so.
        let whole = Bench(row.settings)
        _ = whole.reach(row.state, open: row.peerOpen)
        let actions = whole.receive(shortened(bytes, to: count))
        #expect(isSound(whole, actions), "\(row.id) shortened to \(count)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func damaged(seed: UInt64) {
    var mutator = Mutator(seed: seed)
    var kept = 0
    var ended = 0
    for row in DamageTests.rows where row.bytes.count <= 4096 {
      for _ in 0..<10 {
        let bench = Bench(row.settings)
        _ = bench.reach(row.state, open: row.peerOpen)
        // Mostly behind the header: in it, all damage looks alike.
        let spared = UInt8.random(in: 0...9, using: &mutator) == 0 ? 0 : 19
        let bytes = mutator.damage(row.bytes, sparing: spared)
        let actions = bench.receive(bytes)
        #expect(isSound(bench, actions), "\(row.id) seed \(seed): \(Wire.text(bytes))")
        if bench.state == .idle { ended += 1 } else { kept += 1 }
      }
    }
    // The mutator reaches both sides, else it proves nothing.
    #expect(kept > 500 && ended > 500)
  }

  @Test func aStreamCutAnywhereIsTheSameStream() {
    let stream =
      Wire.open() + Wire.keepalive
      + Wire.update(attributes: Wire.goodAttributes, routes: Wire.goodRoute)
      + Wire.refresh() + Wire.update() + Wire.keepalive
      + Wire.update(attributes: Wire.hex("400101 00"), routes: Wire.goodRoute)
    let expected: [SessionAction] = [
      .send(0..<19), .established, .update(.accept), .refreshRequested(.ipv4Unicast),
      .update(.endOfRIB), .update(.treatAsWithdraw),
    ]
    var mutator = Mutator(seed: 42)
    for cut in 1...400 {
      let bench = Bench()
      #expect(bench.reach(.openSent))
      var actions: [SessionAction] = []
      var offset = 0
      while offset < stream.count {
        // The first cut goes through every place, the others are at random.
        let length =
          cut <= stream.count && offset == 0 ? cut : Int.random(in: 1...64, using: &mutator)
        let end = min(offset + length, stream.count)
        actions += bench.receive(Array(stream[offset..<end]))
        offset = end
      }
      #expect(actions == expected, "cut at \(cut)")
    }
  }

  @Test func aFloodIsCountedAndBounded() {
    let bench = Bench()
    #expect(bench.reach(.established))
    let updates = 10_000
    var flood: [UInt8] = []
    for _ in 0..<updates { flood += Wire.update() }
    let actions = bench.receive(flood)
    #expect(actions.count == SessionOutput.updateLimit)
    #expect(bench.omittedUpdates == updates - SessionOutput.updateLimit)
    #expect(bench.counters.updates(.endOfRIB) == UInt64(updates))
    // What ends the session is said even when there is no place for an UPDATE.
    let last = bench.receive(flood + Wire.notification(6, 1))
    #expect(last.suffix(2) == [.close, .down(.notificationReceived(code: 6, subcode: 1))])
    // One read of 64 KiB fits.
    let again = Bench()
    #expect(again.reach(.established))
    #expect(again.receive(Array(flood.prefix(65536))).count == 65536 / 23)
    #expect(again.omittedUpdates == 0)
  }
}
