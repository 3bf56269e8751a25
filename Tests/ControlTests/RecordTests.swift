// The strict JSON reader: values, refusals with their offset, limits, and damaged lines.
import Control
import Testing

@Suite struct RecordTests {
  private func read(_ text: String) throws(RecordError) -> Record {
    try Record(line: Array(text.utf8).span)
  }

  @Test(arguments: [
    (#""text""#, JSONValue.string("text")),
    (#""""#, .string("")),
    (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")),
    (#""\u00e9\u20AC\ud83d\ude00""#, .string("é€😀")),
    ("\"é€😀\"", .string("é€😀")),
    ("0", .integer(0)),
    ("-0", .integer(0)),
    ("9223372036854775807", .integer(.max)),
    ("-9223372036854775808", .integer(.min)),
    ("1.5", .double(1.5)),
    ("-2e3", .double(-2000)),
    ("1E-2", .double(0.01)),
    ("true", .boolean(true)),
    ("false", .boolean(false)),
    ("null", .null),
    ("[]", .array([])),
    ("[ 1 , \"a\" ,null]", .array([.integer(1), .string("a"), .null])),
    ("{}", .object([])),
    (
      #"{"b":1,"a":2}"#,
      .object([
        JSONValue.Field(name: "b", value: .integer(1)),
        JSONValue.Field(name: "a", value: .integer(2)),
      ])
    ),
  ])
  func readsValues(_ text: String, _ value: JSONValue) throws {
    #expect(try read("{\"k\":\(text)}")["k"] == value)
    #expect(try read(" { \"j\" : 0 ,\t\"k\" : \(text) } ")["k"] == value)
  }

  @Test func fieldsKeepTheirOrder() throws {
    let record = try read(#"{"v":1,"id":"7","type":"end","code":5,"message":"m","z":0,"a":0}"#)
    #expect(record.fields.map(\.name) == ["v", "id", "type", "code", "message", "z", "a"])
    #expect(record.isEnd)
    #expect(record.exitCode == .degraded)
    #expect(record.id == "7")
    #expect(record.integer("v") == 1)
    #expect(record.integer("id") == nil)
    #expect(record.boolean("v") == nil)
    #expect(record.string("nowhere") == nil)
  }

  @Test(arguments: ["6", "-1", "4294967296", "\"0\"", "null"])
  func anUnknownCodeIsAFailure(_ code: String) throws {
    #expect(try read("{\"type\":\"end\",\"code\":\(code)}").exitCode == .failure)
  }

  @Test(arguments: [
    ("", RecordError.Reason.unexpectedEnd, 0),
    ("[]", .notAnObject, 0),
    ("7", .notAnObject, 0),
    ("{", .unexpectedEnd, 1),
    ("{}x", .trailingBytes, 2),
    ("{} {}", .trailingBytes, 3),
    (#"{"a":1,}"#, .unexpectedByte, 7),
    (#"{"a" 1}"#, .unexpectedByte, 5),
    (#"{a:1}"#, .unexpectedByte, 1),
    (#"{"a":1 "b":2}"#, .unexpectedByte, 7),
    (#"{"a":1,"a":2}"#, .doubleName, 7),
    (#"{"a":[1,]}"#, .unexpectedByte, 8),
    (#"{"a":[1}"#, .unexpectedByte, 7),
    (#"{"a":tru}"#, .unexpectedByte, 8),
    (#"{"a":nil}"#, .unexpectedByte, 6),
    (#"{"a":+1}"#, .unexpectedByte, 5),
    (#"{"a":01}"#, .badNumber, 5),
    (#"{"a":-}"#, .badNumber, 6),
    (#"{"a":1.}"#, .badNumber, 7),
    (#"{"a":.5}"#, .unexpectedByte, 5),
    (#"{"a":1e}"#, .badNumber, 7),
    (#"{"a":1e+"#, .unexpectedEnd, 8),
    (#"{"a":9223372036854775808}"#, .numberOutOfRange, 5),
    (#"{"a":1e999}"#, .numberOutOfRange, 5),
    (#"{"a":"x"#, .unexpectedEnd, 7),
    (#"{"a":"\x"}"#, .badEscape, 6),
    (#"{"a":"\u12g4"}"#, .badEscape, 6),
    (#"{"a":"\ud800"}"#, .badEscape, 6),
    (#"{"a":"\ud800\n"}"#, .badEscape, 6),
    (#"{"a":"\ud800\u0041"}"#, .badEscape, 6),
    (#"{"a":"\udc00"}"#, .badEscape, 6),
    ("{\"a\":\"\t\"}", .controlCharacter, 6),
    ("{\"a\":\"b\u{0}\"}", .controlCharacter, 7),
    ("{\"a\":\u{a0}1}", .unexpectedByte, 5),
  ])
  func refuses(_ text: String, _ reason: RecordError.Reason, _ offset: Int) throws {
    let error = try #require(throws: RecordError.self) { _ = try read(text) }
    #expect(error.reason == reason)
    #expect(error.offset == offset)
  }

  @Test func refusesWhatIsNotUTF8() throws {
    let bytes = Array("{\"a\":\"".utf8) + [0xc3, 0x28] + Array("\"}".utf8)
    let error = try #require(throws: RecordError.self) { _ = try Record(line: bytes.span) }
    #expect(error.reason == .notUTF8)
    #expect(error.offset == 5)
  }

  @Test func limitOfDepth() throws {
    let inner = ControlLimits.recordDepth - 1
    let fits = #"{"a":"# + String(repeating: "[", count: inner)
    #expect(throws: Never.self) { try read(fits + String(repeating: "]", count: inner) + "}") }
    let error = try #require(throws: RecordError.self) { _ = try read(fits + "[") }
    #expect(error.reason == .tooDeep)
    #expect(error.offset == fits.utf8.count)
  }

  @Test func limitOfFields() throws {
    let most = (0..<ControlLimits.recordFields).map { "\"f\($0)\":0" }.joined(separator: ",")
    #expect(try read("{\(most)}").fields.count == ControlLimits.recordFields)
    let error = try #require(throws: RecordError.self) { _ = try read("{\(most),\"g\":0}") }
    #expect(error.reason == .tooManyFields)
  }

  @Test func limitOfLength() throws {
    let head = "{\"a\":\""
    let text = String(repeating: "x", count: ControlLimits.recordLine - head.utf8.count - 2)
    #expect(try read(head + text + "\"}").string("a") == text)
    let error = try #require(throws: RecordError.self) { _ = try read(head + text + "x\"}") }
    #expect(error.reason == .tooLong)
  }

  @Test func anyCutIsRefusedAndAnyFlipIsAnswered() throws {
    let line = Array(#"{"a":-1.5e3,"b":[true,null,"\u00e9\ud83d\ude00"],"c":{"d":"x"}}"#.utf8)
    for end in 0..<line.count {
      #expect(throws: RecordError.self) { _ = try Record(line: Array(line[0..<end]).span) }
    }
    var values = 0
    for index in line.indices {
      for bit in 0..<8 {
        var damaged = line
        damaged[index] ^= 1 << UInt8(bit)
        do throws(RecordError) {
          _ = try Record(line: damaged.span)
          values += 1
        } catch {
          #expect(error.offset <= line.count)
        }
      }
    }
    #expect(values > 0)
  }
}
