// LineBuffer: the cut of the stream must not matter, and nothing grows beyond its bound.
import Control
import Testing

@Suite struct LineBufferTests {
  private func lines(_ buffer: inout LineBuffer) throws(LineBufferError) -> [String] {
    var result: [String] = []
    while let line = try buffer.next() { result.append(String(decoding: line, as: UTF8.self)) }
    return result
  }

  @Test(arguments: 1...20)
  func anyCutGivesTheSameLines(_ size: Int) throws {
    let stream = Array("one\n\nthree\nlonger line\nunfinished".utf8)
    var buffer = LineBuffer(limit: 16)
    var found: [String] = []
    var offset = 0
    while offset < stream.count {
      let end = min(offset + size, stream.count)
      try buffer.append(Array(stream[offset..<end]).span)
      found += try lines(&buffer)
      offset = end
    }
    #expect(found == ["one", "", "three", "longer line"])
    try buffer.append(Array(" no more\n".utf8).prefix(6).asArray.span)
    #expect(try lines(&buffer) == [])
  }

  @Test func aLineOfExactlyTheLimitPasses() throws {
    var buffer = LineBuffer(limit: 4)
    try buffer.append(Array("abcd\nabcd".utf8).span)
    #expect(try lines(&buffer) == ["abcd"])
    try buffer.append(Array("\n".utf8).span)
    #expect(try lines(&buffer) == ["abcd"])
  }

  @Test(arguments: ["abcde\n", "abcde", "ok\nabcde", "ok\nabcde\nok\n"])
  func aLongerLineIsRefusedForEver(_ text: String) throws {
    var buffer = LineBuffer(limit: 4)
    try buffer.append(Array(text.utf8).span)
    if text.hasPrefix("ok") { #expect(try buffer.next() == Array("ok".utf8)) }
    for _ in 0..<3 {
      #expect(throws: LineBufferError.lineTooLong) { _ = try buffer.next() }
    }
  }

  @Test func whatIsNotTakenFillsTheBuffer() throws {
    var buffer = LineBuffer(limit: 4)
    let room = buffer.room
    try buffer.append([UInt8](repeating: 0x0a, count: room).span)
    #expect(buffer.room == 0)
    #expect(throws: LineBufferError.full) { try buffer.append([0x0a].span) }
    #expect(try lines(&buffer).count == room)
    #expect(buffer.room == room)
    try buffer.append(Array("ab\n".utf8).span)
    #expect(try lines(&buffer) == ["ab"])
  }
}
