// Messages cut short, glued, repeated and with flipped bits: an answer, never a trap.

import Model
import Platform
import Testing

@Suite struct DamageTests {
  private static var stream: [UInt8] {
    let six = Prefix("fd00::5/128")!
    let hop = IPAddress.v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 1))
    return Bench.open(from: Bench.a) + MessageWriter.keepalive
      + Bench.announcement(by: Bench.a, length: 300)
      + Bench.announcement(by: Bench.a, length: 2) {
        $0.med = 7
        $0.communities = [0xffff_ff02, 65_001]
      }
      + Bench.announcement(six, by: Bench.a, length: 1) { $0.hop = hop }
      + MessageWriter.withdrawal(six) + MessageWriter.refresh(ipv6: true)
      + MessageWriter.withdrawal(Bench.vip) + MessageWriter.notification(6, 2)
  }

  private static func feed(_ bytes: [UInt8], pieces: Int = 1) -> Bench {
    var bench = Bench()
    guard let key = bench.server.accepted(from: Bench.a, at: bench.now) else { return bench }
    let size = max(bytes.count / pieces, 1)
    var sent = 0
    while sent < bytes.count {
      let piece = Array(bytes[sent..<min(sent + size, bytes.count)])
      bench.receive(piece, on: key)
      sent += piece.count
    }
    return bench
  }

  @Test func `whole and byte by byte say the same`() {
    let whole = Self.feed(Self.stream)
    #expect(whole.downs == ["received NOTIFICATION 6/2"])
    #expect(whole.events.count { if case .update = $0 { true } else { false } } == 5)
    #expect(Self.feed(Self.stream, pieces: Self.stream.count).outputs == whole.outputs)
  }

  @Test func `every length of a cut stream is survived`() {
    let stream = Self.stream
    for length in 0..<stream.count {
      let bench = Self.feed(Array(stream[..<length]))
      #expect(bench.downs == [])
    }
  }

  @Test func `every flipped bit is survived`() {
    let stream = Self.stream
    for place in stream.indices {
      for bit in 0..<8 {
        var bytes = stream
        bytes[place] ^= 1 << UInt8(bit)
        // Whatever became of it: all connections are gone or none is, and the books agree.
        let bench = Self.feed(bytes)
        let session = bench.server.sessions[0]
        #expect(session.state == "established" || session.held == 0)
      }
    }
  }

  @Test func `random damage is survived`() {
    for seed in 0..<2_000 {
      var dice = Dice(seed: UInt64(seed))
      var bytes = Self.stream
      for _ in 0..<(1 + dice.below(8)) {
        let place = dice.below(bytes.count)
        switch dice.below(3) {
        case 0: bytes[place] = UInt8(dice.below(256))
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8(dice.below(256)), at: place)
        }
      }
      let session = Self.feed(bytes).server.sessions[0]
      #expect(session.state == "established" || session.held == 0)
    }
  }
}
