// The lab's own reader of JSON against what it must take and what it must not.

import Management
import Testing

@Suite struct JSONTests {
  @Test(arguments: [
    #"{"a":[1,-2.5e3,true,false,null,"x"],"b":{}}"#, #""\"\\""#, "[]", "0",
  ])
  func whatIsReadIsWrittenAgain(_ text: String) throws {
    let value = try #require(JSON(Array(text.utf8)))
    #expect(String(decoding: value.bytes, as: UTF8.self) == text)
  }

  @Test func escapesBecomeCharacters() {
    #expect(JSON(Array(#""A\n\/\ud83d\ude00é""#.utf8)) == .string("A\n/😀é"))
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "nul", "01x", "+1", "\"\n\"", "\"\\x\"", "1 2",
    "\"\\u12g4\"", "inf", "\"abc",
  ])
  func whatIsNoneIsRefused(_ text: String) { #expect(JSON(Array(text.utf8)) == nil) }

  @Test func depthHasAnEnd() {
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(JSON(Array(deep.utf8)) == nil)
  }

  @Test func damageNeverTraps() throws {
    let whole = Array(#"{"a":[1,"\u0041\\",{"b":null}],"c":-1.5e-3}"#.utf8)
    for end in whole.indices { _ = JSON(Array(whole[..<end])) }
    for place in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[place] ^= 1 << UInt8(bit)
        _ = JSON(flipped)
      }
    }
    #expect(JSON(whole) != nil)
  }
}
