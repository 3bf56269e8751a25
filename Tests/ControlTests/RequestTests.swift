// Requests: what is read, what is refused and where, and that writing and reading agree.
import Control
import Testing

@Suite struct RequestTests {
  @Test(arguments: [
    ("1 7 status", "7", Verb.status, [String]()),
    ("1 a-b_c.9 version", "a-b_c.9", .version, []),
    ("1 7 monitor link shift", "7", .monitor, ["link", "shift"]),
    ("1 7 monitor a%20b %25 %C3%bc", "7", .monitor, ["a b", "%", "ü"]),
    ("1 7 monitor 1 1 1", "7", .monitor, ["1", "1", "1"]),
  ])
  func reads(_ line: String, _ id: String, _ verb: Verb, _ words: [String]) throws {
    let request = try Request(line: Array(line.utf8).span)
    #expect(request.id == id)
    #expect(request.verb == verb)
    #expect(request.words == words)
    let again = try Request(line: request.encoded().dropLast().asArray.span)
    #expect(again == request)
    #expect(request.encoded().last == 0x0a)
  }

  @Test(arguments: [
    ("", RequestError.Reason.emptyWord, 0, "-"),
    (" ", .emptyWord, 0, "-"),
    ("1", .badIdentifier, 1, "-"),
    ("1 ", .emptyWord, 2, "-"),
    ("1 7", .unknownVerb, 3, "7"),
    ("2 7 status", .unknownVersion, 0, "-"),
    ("01 7 status", .unknownVersion, 0, "-"),
    ("1 - status", .badIdentifier, 2, "-"),
    ("1 .a status", .badIdentifier, 2, "-"),
    ("1 a/b status", .badIdentifier, 2, "-"),
    ("1 123456789012345678901234567890123 status", .badIdentifier, 2, "-"),
    ("1 7 Status", .unknownVerb, 4, "7"),
    ("1 7 halt and catch fire", .unknownVerb, 4, "7"),
    ("1  7 status", .emptyWord, 2, "-"),
    ("1 7 status ", .emptyWord, 11, "-"),
    ("1 7\tstatus", .badByte, 3, "-"),
    ("1 7 status\r", .badByte, 10, "-"),
    ("1 7 monitor gr\u{fc}n", .badByte, 14, "-"),
    ("1 7 monitor link %", .badWord, 17, "7"),
    ("1 7 monitor %4", .badWord, 12, "7"),
    ("1 7 monitor %4g", .badWord, 12, "7"),
    ("1 7 monitor %00", .badWord, 12, "7"),
    ("1 7 monitor %ff", .badWord, 12, "7"),
    ("1 7 monitor %c3", .badWord, 12, "7"),
  ])
  func refuses(_ line: String, _ reason: RequestError.Reason, _ offset: Int, _ id: String) throws {
    let error = try #require(throws: RequestError.self) {
      _ = try Request(line: Array(line.utf8).span)
    }
    #expect(error.reason == reason)
    #expect(error.offset == offset)
    #expect(error.id == id)
    let answer = try Record(line: error.answer.dropLast().asArray.span)
    #expect(answer.isEnd)
    #expect(answer.exitCode == .usage)
    #expect(answer.id == id)
    #expect(answer.string("message") == error.message)
  }

  @Test func limitsOfTheLine() throws {
    let head = "1 7 monitor "
    let fits = head + String(repeating: "x", count: ControlLimits.requestLine - head.utf8.count)
    let request = try Request(line: Array(fits.utf8).span)
    #expect(request.words[0].utf8.count == ControlLimits.requestLine - head.utf8.count)
    let error = try #require(throws: RequestError.self) {
      _ = try Request(line: Array((fits + "x").utf8).span)
    }
    #expect(error.reason == .lineTooLong)
  }

  @Test func limitsOfTheWords() throws {
    let most = [String](repeating: "w", count: ControlLimits.words)
    let request = try Request(id: "7", verb: .monitor, words: most)
    #expect(try Request(line: request.encoded().dropLast().asArray.span).words == most)
    let written = try #require(throws: RequestError.self) {
      _ = try Request(id: "7", verb: .monitor, words: most + ["w"])
    }
    #expect(written.reason == .tooManyWords)
    let read = try #require(throws: RequestError.self) {
      let line = "1 7 monitor " + (most + ["w"]).joined(separator: " ")
      _ = try Request(line: Array(line.utf8).span)
    }
    #expect(read.reason == .tooManyWords)
    #expect(read.offset == "1 7 monitor ".utf8.count + 2 * most.count)
    #expect(read.id == "7")
  }

  @Test(arguments: [
    ("", [String](), RequestError.Reason.badIdentifier),
    ("a b", [], .badIdentifier),
    ("7", [""], .badWord),
    ("7", ["a\u{0}"], .badWord),
    ("7", [String(repeating: "ü", count: 700)], .lineTooLong),
  ])
  func refusesToWrite(_ id: String, _ words: [String], _ reason: RequestError.Reason) throws {
    let error = try #require(throws: RequestError.self) {
      _ = try Request(id: id, verb: .monitor, words: words)
    }
    #expect(error.reason == reason)
  }

  @Test func everyByteOfAWordSurvives() throws {
    var text = ""
    for value in UInt32(1)...0x17f {
      guard let scalar = Unicode.Scalar(value) else { continue }
      text.unicodeScalars.append(scalar)
    }
    let request = try Request(id: "7", verb: .monitor, words: [text])
    let line = request.encoded().dropLast().asArray
    #expect(line.allSatisfy { (0x20...0x7e).contains($0) })
    #expect(try Request(line: line.span).words == [text])
  }

  @Test func anyCutAndAnyFlipIsAnswered() {
    let line = Array("1 id9 monitor link%20x shift".utf8)
    var values = 0
    var errors = 0
    for end in 0...line.count {
      for flip in 0..<8 {
        var bytes = Array(line[0..<end])
        if end > 0 { bytes[end - 1] ^= 1 << UInt8(flip) }
        do throws(RequestError) {
          _ = try Request(line: bytes.span)
          values += 1
        } catch {
          #expect(error.offset <= bytes.count)
          errors += 1
        }
      }
    }
    #expect(values > 0)
    #expect(errors > 0)
  }
}
