// The tag is keyed BLAKE2b, and only the right key opens what was sealed.

import Seal
import Testing

struct SealTests {
  private let key = SealKey((0..<32).map { UInt8($0) })

  private func sealed(_ body: [UInt8], _ key: SealKey) -> [UInt8] {
    var datagram = body
    key.seal(&datagram)
    return datagram
  }

  private func opened(_ datagram: [UInt8], _ key: SealKey) -> Range<Int>? {
    key.open(datagram.span)
  }

  /// Computed with another implementation: Python's hashlib.blake2b(body, key=bytes(range(32)),
  /// digest_size=16).
  @Test(arguments: [
    ([], "3daf97bce7888fd59773c66bf647459c"),
    (Array("hops".utf8), "d3ed47c9391faa7626705dfaae0ffadb"),
    (
      (0..<1_280).map { UInt8(truncatingIfNeeded: $0) },
      "09cc62ca5a77b2e91bf8544894497695"
    ),
  ])
  func theTagIsThatOfOthers(body: [UInt8], tag: String) {
    let datagram = sealed(body, key)
    let hex = datagram.suffix(SealKey.tagSize).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    #expect(hex.joined() == tag)
    #expect(Array(datagram.dropLast(SealKey.tagSize)) == body)
  }

  @Test func whatWasSealedOpens() {
    for length in [0, 1, 36, 1_384] {
      let body = [UInt8](repeating: 7, count: length)
      #expect(opened(sealed(body, key), key) == 0..<length)
    }
  }

  @Test func anotherKeyDoesNotOpen() {
    for bit in 0..<256 {
      var bytes = (0..<32).map { UInt8($0) }
      bytes[bit / 8] ^= 1 << (bit % 8)
      #expect(opened(sealed([1, 2, 3], SealKey(bytes)), key) == nil)
    }
  }

  @Test func everyFlippedBitAndEveryCutIsNoticed() {
    let datagram = sealed((0..<56).map { UInt8($0) }, key)
    for bit in 0..<datagram.count * 8 {
      var damaged = datagram
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(opened(damaged, key) == nil)
    }
    for count in 0..<datagram.count { #expect(opened(Array(datagram[..<count]), key) == nil) }
    #expect(opened(datagram + [0], key) == nil)
  }
}

struct KeyTextTests {
  private static let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

  /// Nil when the bytes are a key that opens what `expected` has sealed, else the reason.
  private func problem(_ file: [UInt8], expected: [UInt8]) -> KeyTextError? {
    do throws(KeyTextError) {
      var datagram: [UInt8] = [1, 2, 3]
      SealKey(expected).seal(&datagram)
      let opened = try KeyText.key(file).open(datagram.span)
      #expect(opened == 0..<3)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["", "\n", "\r\n"]) func digitsAreAKey(end: String) {
    let file = Array((KeyTextTests.digits + end).utf8)
    #expect(problem(file, expected: (0..<32).map { UInt8($0) }) == nil)
  }

  @Test func bytesAreAKeyWhateverTheLastOneIs() {
    let bytes = (0..<31).map { UInt8($0 * 8) } + [0x0a]
    #expect(problem(bytes, expected: bytes) == nil)
  }

  @Test(
    arguments: [
      ([], .empty), ([0x0a], .otherLength(1)), (Array(repeating: 1, count: 31), .otherLength(31)),
      (Array(repeating: 1, count: 33), .otherLength(33)),
      (Array(digits.utf8.dropLast()), .otherLength(63)),
      (Array((digits + "\n\n").utf8), .otherLength(66)),
      (Array((digits.dropLast() + "g").utf8), .noHexadecimal),
      (Array(repeating: 0, count: 32), .guessable), (Array(repeating: 48, count: 64), .guessable),
      (Array("correct horse battery staple!!!!".utf8), .guessable),
      (Array("correct horse battery staple!!!\n".utf8), .guessable),
    ] as [([UInt8], KeyTextError)])
  func whatIsNoKey(file: [UInt8], expected: KeyTextError) {
    #expect(problem(file, expected: Array(repeating: 9, count: 32)) == expected)
    #expect(!expected.description.isEmpty)
  }
}
