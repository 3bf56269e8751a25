// Exchanges written down by others: what each row of arm.jsonl expects is what an answer means here.

import Azure
import Foundation
import Model
import Testing

struct VectorTests {
  /// The lines by the name of their row.
  static let rows: [String: String] = {
    guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil),
      case .success(let text) = Result(catching: {
        try String(contentsOf: folder.appendingPathComponent("arm.jsonl"), encoding: .utf8)
      })
    else { return [:] }
    var result: [String: String] = [:]
    for line in text.split(separator: "\n") {
      guard let id = line.firstMatch(of: /^{"id": "([^"]+)"/) else {
        Issue.record("no row: \(line)")
        continue
      }
      result[String(id.1)] = String(line)
    }
    return result
  }()

  static let endpoint = Cloud.world.management

  private func row(_ id: String) throws -> [String: Any] {
    let line = try #require(VectorTests.rows[id])
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require(value as? [String: Any])
  }

  private func answer(_ row: [String: Any]) throws -> Answer {
    let status = try #require(row["status"] as? Int)
    let headers = (row["response_headers"] ?? row["headers"]) as? [String: String] ?? [:]
    var body: [UInt8] = []
    if let given = row["response_body"] ?? row["body"] {
      body = Array(try JSONSerialization.data(withJSONObject: given))
    } else if let code = row["code"] as? String {
      body = Array("{\"error\":{\"code\":\"\(code)\",\"message\":\"m\"}}".utf8)
    }
    return Answer(status: status, headers: headers.map { Answer.Header($0, $1) }, body: body)
  }

  @Test func allAreThere() { #expect(VectorTests.rows.count == 39) }

  @Test func recordedWrites() throws {
    let answer = try answer(row("recorded/put-route-table"))
    guard case .accepted(let watch) = answer.meaning else {
      Issue.record("not accepted")
      return
    }
    #expect(watch.operation?.hasPrefix("https://management.azure.com/subscriptions/") == true)
    #expect(watch.after == nil)
    var budget = Budget()
    budget.note(answer, at: .zero)
    #expect(budget.left(of: .write) == 399)
    #expect(try self.answer(row("recorded/put-route")).meaning == .fine)
  }

  @Test func recordedReads() throws {
    #expect(try answer(row("recorded/poll-operation")).operationProgress == .succeeded)
    let record = try #require(RouteRecord(answer(row("recorded/get-route")).body))
    #expect(record.name == "my-route")
    #expect(record.prefix == "10.0.5.0/24")
    #expect(record.target == .other("None"))
    #expect(record.state == .succeeded)
    #expect(record.etag == "W/\"d2259014-fd55-4434-aabd-b4fdaf891d73\"")
  }

  /// What the real client library sends is what we send, but for the version and the spaces.
  @Test(arguments: ["normal-0", "429-5", "409-10"]) func theLibrarysWritesAreOurs(
    _ name: String
  ) throws {
    let row = try row("sdk-33.1.0/" + name)
    let path = try #require(row["path"] as? String)
    let id = try #require(ResourceID(path.prefix { $0 != "?" }))
    let prefix = try #require(Prefix("10.10.15.15/32"))
    let body = Calls.body(prefix, .v4(IPv4Address(10, 10, 0, 5)))
    let request = Calls.put(id, body, ifMatch: nil, at: VectorTests.endpoint)
    #expect(request.method.rawValue == row["method"] as? String)
    #expect(request.target.prefix { $0 != "?" } == path.prefix { $0 != "?" })
    let theirs = try #require(row["body"] as? String)
    #expect(String(decoding: body, as: UTF8.self) == theirs.filter { $0 != " " })
    let headers = try #require(row["headers"] as? [String: String])
    for header in request.headers { #expect(headers[header.name] == header.value) }
  }

  @Test func theLibrarysDeletesAreOurs() throws {
    let row = try row("sdk-33.1.0/delete-11")
    let path = try #require(row["path"] as? String)
    let id = try #require(ResourceID(path.prefix { $0 != "?" }))
    let request = Calls.delete(id, ifMatch: nil, at: VectorTests.endpoint)
    #expect(request.method.rawValue == row["method"] as? String)
    #expect(request.target.prefix { $0 != "?" } == path.prefix { $0 != "?" })
    #expect(request.body.isEmpty)
  }

  @Test func documentedErrors() throws {
    var busy = try answer(row("arm/429"))
    busy.headers = [Answer.Header("Retry-After", "11")]
    #expect(busy.meaning == .busy(busy.complaint, after: .seconds(11)))
    let conflict = try answer(row("arm/409"))
    #expect(conflict.meaning == .busy(conflict.complaint, after: nil))
    for status in try #require(row("arm/5xx")["statuses"] as? [Int]) {
      guard case .failing = Answer(status: status).meaning else {
        Issue.record("\(status)")
        continue
      }
    }
    let expired = try answer(row("arm/401-expired-token"))
    #expect(expired.meaning == .unauthorised(expired.complaint))
    let forbidden = try answer(row("arm/403"))
    #expect(forbidden.meaning == .forbidden(forbidden.complaint))
    #expect(forbidden.complaint.code == "AuthorizationFailed")
    let missing = try answer(row("arm/404-route-table"))
    #expect(missing.meaning == .absent(missing.complaint))
    #expect(try answer(row("arm/412-etag")).meaning == .changed)
  }

  @Test func operationsThatEndBadly() throws {
    for name in ["arm/async-failed", "arm/async-canceled"] {
      let body = try JSONSerialization.data(withJSONObject: #require(row(name)["body"]))
      guard case .failed = Answer(status: 200, body: Array(body)).operationProgress else {
        Issue.record("\(name)")
        continue
      }
    }
  }

  @Test(arguments: ["imds/404", "imds/410", "imds/429"]) func metadataIsAskedAgain(
    _ name: String
  ) throws {
    var keeper = TokenKeeper(.system, audience: Cloud.world.audience, seed: 1, now: .zero)
    var now = Instant.zero
    var asked = 0
    // For 70 s and more, and never faster than once a second.
    while now < Instant(nanoseconds: 100_000_000_000) {
      guard let (call, _) = keeper.turn(at: now) else { break }
      asked += 1
      let result1 = keeper.answered(call, try answer(row(name)), wall: nil, at: now)
      #expect(result1 == false)
      let next = try #require(keeper.deadline)
      #expect(next - now >= .milliseconds(750))
      now = next
    }
    #expect((5...12).contains(asked))
    #expect(now >= Instant(nanoseconds: 70_000_000_000))
  }

  @Test func noIdentityIsSaidAndRarelyAskedAgain() throws {
    var keeper = TokenKeeper(.system, audience: Cloud.world.audience, seed: 1, now: .zero)
    let turn = keeper.turn(at: .zero)
    let (call, _) = try #require(turn)
    let answer = try answer(row("imds/400-no-identity"))
    let result2 = keeper.answered(call, answer, wall: nil, at: .zero)
    #expect(result2 == false)
    #expect(keeper.trouble == .noIdentity(answer.complaint))
    #expect(try #require(keeper.deadline) >= Instant(nanoseconds: 45_000_000_000))
  }

  @Test func aRedirectIsNotFollowed() throws {
    var keeper = TokenKeeper(.system, audience: Cloud.world.audience, seed: 1, now: .zero)
    let turn = keeper.turn(at: .zero)
    let (call, _) = try #require(turn)
    let answer = try answer(row("imds/redirect"))
    let result3 = keeper.answered(call, answer, wall: nil, at: .zero)
    #expect(result3 == false)
    #expect(keeper.token == nil)
    #expect(Answer(status: 307).meaning == .refused(Complaint(status: 307, code: "")))
  }

  @Test func numbersOfTokensAreStrings() throws {
    let row = try row("imds/expires-in-strings")
    let body = Array(try JSONSerialization.data(withJSONObject: #require(row["body"])))
    let token = try #require(Token(body, wall: nil))
    #expect(token.secret == "x")
    #expect(token.life == .seconds(86_399))
    // A cached one says when it ends; a wall clock that is far off says nothing.
    #expect(Token(body, wall: 1_699_999_000)?.life == .seconds(1_000))
    #expect(Token(body, wall: 1_800_000_000)?.life == .seconds(86_399))
    #expect("\(token)".contains("x") == false)
  }
}
