// What JSONLine writes, byte for byte, and that the strict reader reads it back.
import Control
import Testing

@Suite struct JSONLineTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func everyKindOfField() {
    var line = JSONLine(id: "7", type: "vip")
    line.add("name", "web")
    line.add("held", true)
    line.add("since-ns", 123)
    line.add("least", Int64.min)
    line.add("most", UInt64.max)
    line.addNull("nothing")
    line.add("absent", String?.none)
    line.add("present", String?.some("x"))
    line.add("words", ["a", "b\""])
    line.add("numbers", [1, -2, 3])
    line.add("truths", [true, false])
    line.add("none", [String]())
    #expect(
      text(line.finish()) == """
        {"v":1,"id":"7","type":"vip","name":"web","held":true,"since-ns":123,\
        "least":-9223372036854775808,"most":18446744073709551615,"nothing":null,"absent":null,\
        "present":"x","words":["a","b\\""],"numbers":[1,-2,3],"truths":[true,false],"none":[]}\n
        """)
  }

  @Test(arguments: [
    ("plain", #""plain""#),
    ("", #""""#),
    ("quote\" and back\\slash", #""quote\" and back\\slash""#),
    ("a\nb\rc\td", #""a\nb\rc\td""#),
    ("\u{0}\u{8}\u{c}\u{1b}[31m\u{1f}\u{7f}", #""\u0000\u0008\u000c\u001b[31m\u001f\u007f""#),
    ("\u{80}\u{9b}\u{9f}\u{a0}\u{bf}", "\"\\u0080\\u009b\\u009f\u{a0}\u{bf}\""),
    ("grüße 😀 \u{2028}", "\"grüße 😀 \u{2028}\""),
    ("/slash", #""/slash""#),
  ])
  func escapesText(_ input: String, _ expected: String) throws {
    var line = JSONLine(id: "1", type: "t")
    line.add("k", input)
    let bytes = line.finish()
    #expect(text(bytes) == #"{"v":1,"id":"1","type":"t","k":"# + expected + "}\n")
    let record = try Record(line: bytes.dropLast().asArray.span)
    #expect(record.string("k") == input)
  }

  @Test(arguments: [
    ([0x61, 0xff, 0x62], "a\u{fffd}b"),
    ([0xc2], "\u{fffd}"),
    ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
    ([0xf0, 0x9f, 0x98], "\u{fffd}"),
  ])
  func repairsWhatIsNotUTF8(_ input: [UInt8], _ expected: String) throws {
    var line = JSONLine(id: "1", type: "t")
    line.add("k", text: input)
    let record = try Record(line: line.finish().dropLast().asArray.span)
    #expect(record.string("k") == expected)
  }

  @Test func appendsToTheCallersBuffer() {
    var bytes = Array("before\n".utf8)
    JSONLine(id: "1", type: "a").finish(into: &bytes)
    JSONLine(id: "1", type: "b").finish(into: &bytes)
    #expect(
      text(bytes) == """
        before
        {"v":1,"id":"1","type":"a"}
        {"v":1,"id":"1","type":"b"}\n
        """)
  }

  @Test func endAndLost() {
    #expect(
      text(JSONLine.end(id: "9", code: .badConfiguration, message: "line 3")) == """
        {"v":1,"id":"9","type":"end","code":78,"message":"line 3"}\n
        """)
    #expect(
      text(JSONLine.lost(id: "9", count: 12)) == """
        {"v":1,"id":"9","type":"lost","lost":12}\n
        """)
  }
}

extension ArraySlice {
  var asArray: [Element] { Array(self) }
}
