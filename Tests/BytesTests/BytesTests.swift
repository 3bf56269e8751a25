// Loads answer nil beyond the end, and the writer writes network order.

import Bytes
import Testing

struct BytesTests {
  @Test func loadsBigEndian() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    let span = bytes.span
    #expect(span.byte(at: 0) == 1)
    #expect(span.bigEndian16(at: 0) == 0x0102)
    #expect(span.bigEndian32(at: 4) == 0x0506_0708)
    #expect(span.bigEndian64(at: 0) == 0x0102_0304_0506_0708)
    #expect(span.native32(at: 0) == UInt32(bigEndian: 0x0102_0304))
    #expect(span.native16(at: 6) == UInt16(bigEndian: 0x0708))
  }

  @Test func nothingIsLoadedBeyondEitherEnd() {
    let bytes: [UInt8] = [1, 2, 3]
    let span = bytes.span
    for offset in [-9, -1, 3, 4, Int.max, Int.min] { #expect(span.byte(at: offset) == nil) }
    for offset in [-1, 2, 3, Int.max - 1, Int.min] { #expect(span.bigEndian16(at: offset) == nil) }
    for offset in [-1, 0, 3, Int.max - 3, Int.min] { #expect(span.bigEndian32(at: offset) == nil) }
    for offset in [-1, 0, 3, Int.max - 7, Int.min] { #expect(span.bigEndian64(at: offset) == nil) }
  }

  @Test func piecesAreWholeOrNotThere() {
    let bytes: [UInt8] = [1, 2, 3]
    #expect(bytes.span.piece(at: 1, length: 2) == 1..<3)
    #expect(bytes.span.piece(at: 3, length: 0) == 3..<3)
    #expect(bytes.span.piece(at: 2, length: 2) == nil)
    #expect(bytes.span.piece(at: 1, length: .max) == nil)
    #expect(bytes.span.piece(at: -1, length: 1) == nil)
    #expect(bytes.span.piece(at: 0, length: -1) == nil)
  }

  @Test func writesAndOverwrites() {
    var writer = Writer(capacity: 16)
    writer.write(UInt8(0xff), repeated: 2)
    writer.write(UInt16(0))
    writer.write(UInt32(0x0102_0304))
    writer.write(UInt64(5))
    writer.overwrite(UInt16(0xabcd), at: 2)
    #expect(writer.bytes == [0xff, 0xff, 0xab, 0xcd, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5])
    writer.overwrite(UInt8(9), at: 15)
    #expect(writer.bytes.last == 9)
    writer.removeAll()
    #expect(writer.count == 0)
  }

  @Test func aFullWriterTraps() async {
    await #expect(processExitsWith: .failure) {
      var writer = Writer(capacity: 1)
      writer.write(UInt16(1))
    }
  }
}
