// What several tests of this room use: short names, a bench for one BFD pair, seeded damage.
import Bytes
import Model
import Probes

func ms(_ count: Int64) -> Nanoseconds { .milliseconds(count) }

func at(_ milliseconds: Int64) -> Instant { .zero + ms(milliseconds) }

extension Cadence {
  static let usual = Cadence(interval: ms(50), timeout: ms(40), fall: 3, rise: 2)
}

/// Bytes from hexadecimal text; spaces are for the eye.
func hex(_ text: String) -> [UInt8] {
  let digits = text.utf8.filter { $0 != 32 && $0 != 10 }.map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// xorshift64*: the same seed damages the same bytes.
struct Mutator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed | 1 }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
      let index = Int.random(in: bytes.indices, using: &self)
      switch UInt8.random(in: 0...3, using: &self) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &self)
      case 1: bytes[index] = 0
      case 2: bytes[index] = 255
      default: bytes.removeLast(Int.random(in: 1...bytes.count, using: &self))
      }
    }
    return bytes
  }
}

/// A liveness machine held by reference, so that expectations can call what changes it.
@dynamicMemberLookup final class Subject {
  private var liveness: Liveness

  init(_ cadence: Cadence) { liveness = Liveness(cadence) }

  subscript<Value>(dynamicMember path: KeyPath<Liveness, Value>) -> Value {
    liveness[keyPath: path]
  }

  func launch(at now: Instant) -> UInt32 { liveness.launch(at: now) }
  func sent(at now: Instant) -> Bool { liveness.sent(at: now) }
  func answered(_ token: UInt32, at stamp: Instant, readAt now: Instant) -> Reception {
    liveness.answered(token, ProbeStamp(at: stamp), readAt: now)
  }
  func judge(heardUntil heard: Instant, at now: Instant) -> UInt32? {
    liveness.judge(heardUntil: heard, at: now)
  }
  func voidFlights() -> Bool { liveness.voidFlights() }
  func withdraw(_ token: UInt32) { liveness.withdraw(token) }
}

/// A binding held by reference, for the same reason.
@dynamicMemberLookup final class Bound {
  private var binding = Binding()
  var now = Instant.zero

  /// Uses up what is nothing to wonder at.
  func startle(_ sender: MACAddress) {
    for _ in 0..<4 { replied(sender, isAsked: false, wasBroadcast: true, isUp: false) }
  }

  subscript<Value>(dynamicMember path: KeyPath<Binding, Value>) -> Value { binding[keyPath: path] }

  func probeSent() { binding.probeSent() }
  @discardableResult
  func replied(_ sender: MACAddress, isAsked: Bool, wasBroadcast: Bool, isUp: Bool)
    -> Binding.Verdict
  {
    binding.replied(
      sender, isAsked: isAsked, wasBroadcast: wasBroadcast, isUp: isUp, at: now)
  }
}

// Expectations cannot hold spans: these read an array.
func readARP(_ bytes: some Sequence<UInt8>) -> ARPPacket? { ARPPacket(Array(bytes).span) }
func readEcho(_ bytes: [UInt8]) -> EchoPacket? { EchoPacket(reply: bytes.span) }
func startOfICMP(_ bytes: some Sequence<UInt8>) -> Int? {
  EchoPacket.start(inIPv4: Array(bytes).span)
}
func checksum(_ bytes: [UInt8]) -> UInt16 { InternetChecksum.of(bytes.span) }
func readBFD(_ bytes: some Sequence<UInt8>) -> BFDPacket? { BFDPacket(Array(bytes).span) }

/// What a packet writes.
func written(_ body: (inout Writer) -> Void) -> [UInt8] {
  var writer = Writer(capacity: 64)
  body(&writer)
  return writer.bytes
}
