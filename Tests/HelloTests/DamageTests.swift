// Hellos that are cut, damaged or wrong in one field: an error or a value, never a trap.

import Hello
import Model
import Testing

struct DamageTests {
  private static let trailerRoom = HelloLimits.trailers - HelloLimits.trailerHeader
  private static let bodies = [
    Sample.body(entries: 0), Sample.body(entries: 1),
    Sample.body(entries: 3, trailers: [(1, [1, 2, 3]), (2, [])]),
    Sample.body(
      entries: HelloLimits.entries,
      trailers: [(9, Array(repeating: 7, count: trailerRoom))]),
  ]

  @Test func thePlainOnesAreRead() {
    for body in DamageTests.bodies {
      #expect(throws: Never.self) { try Sample.read(body).get() }
    }
    #expect(DamageTests.bodies[3].count == HelloLimits.body)
  }

  @Test(arguments: DamageTests.bodies) func everyTruncationIsRefused(body: [UInt8]) {
    for count in 0..<body.count {
      #expect(Sample.read(Array(body[..<count])) == .failure(.tooShort), "\(count) bytes")
    }
  }

  @Test(arguments: DamageTests.bodies) func whatIsBehindTheEndIsRefused(body: [UInt8]) {
    #expect(Sample.read(body + [0]) == .failure(.tooLong))
  }

  /// Every bit of the small ones and of the full one: what is read then is a hello or an error.
  @Test(arguments: DamageTests.bodies) func everyFlippedBitIsReadOrRefused(body: [UInt8]) {
    var refused = 0
    var body = body
    for index in body.indices {
      for bit in 0..<8 {
        body[index] ^= 1 << bit
        if case .failure = Sample.read(body) { refused += 1 }
        body[index] ^= 1 << bit
      }
    }
    // At least the magic, the version and the counts are checked in every bit.
    #expect(refused >= 9 * 8)
  }

  @Test func oneWrongField() {
    func changed(_ index: Int, to value: UInt8, entries: Int = 1) -> Result<
      [HelloEntry], HelloError
    > {
      var body = Sample.body(entries: entries, trailers: [(1, [1, 2, 3])])
      body[index] = value
      return Sample.read(body)
    }
    #expect(changed(0, to: 0x67) == .failure(.noHello))
    #expect(changed(4, to: 2) == .failure(.otherVersion(2)))
    #expect(changed(6, to: 1) == .failure(.badPart))
    #expect(changed(7, to: 0) == .failure(.badPart))
    #expect(changed(32, to: 1) == .failure(.tooManyEntries))
    #expect(changed(33, to: UInt8(HelloLimits.entries) + 1) == .failure(.tooManyEntries))
    #expect(changed(33, to: 2) == .failure(.tooShort))
    #expect(changed(33, to: 0) == .failure(.tooLong))
    #expect(changed(35, to: 8) == .failure(.tooShort))
    #expect(changed(52, to: Rung.last.value + 1) == .failure(.badRung))
    // The last entry counts as much as the first.
    #expect(changed(52 + 2 * HelloLimits.entry, to: 255, entries: 3) == .failure(.badRung))
    #expect(changed(59, to: 4) == .failure(.badTrailer))
    #expect(changed(59, to: 2) == .failure(.badTrailer))
  }

  @Test func nothingIsLongerThanADatagram() {
    #expect(
      Sample.read(Array(repeating: 0, count: HelloLimits.body + 1)) == .failure(.tooLong))
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func rubbish(seed: UInt64) {
    var state = seed
    for _ in 0..<2_000 {
      var bytes = Sample.body(entries: 2, trailers: [(1, [1, 2, 3])])
      // Behind the version everything may be anything.
      for index in 5..<bytes.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        if state >> 62 == 0 { bytes[index] = UInt8(truncatingIfNeeded: state >> 40) }
      }
      if case .success(let entries) = Sample.read(bytes) {
        #expect(entries.count <= HelloLimits.entries)
      }
    }
  }
}
