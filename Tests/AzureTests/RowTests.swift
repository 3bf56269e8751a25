// The rows of arm.jsonl that are whole stories: polls, both ends of an operation, what is never asked.

import Azure
import Foundation
import Model
import Testing

struct RowTests {
  private func row(_ id: String) throws -> [String: Any] {
    let line = try #require(VectorTests.rows[id])
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require(value as? [String: Any])
  }

  @Test func theSpecificationsBodiesAreOurs() throws {
    let body = try #require(row("spec/put-route")["request_body"] as? [String: Any])
    let properties = try #require(body["properties"] as? [String: String])
    let text = try #require(properties["addressPrefix"])
    let prefix = try #require(Prefix(text))
    let made = Calls.body(prefix, .v4(IPv4Address(10, 0, 0, 4)))
    let object = try JSONSerialization.jsonObject(with: Data(made)) as? [String: Any]
    let ours = try #require(object?["properties"] as? [String: String])
    // The same fields, and the one more that an appliance needs.
    #expect(Set(ours.keys) == Set(properties.keys).union(["nextHopIpAddress"]))
    #expect(ours["addressPrefix"] == properties["addressPrefix"])
  }

  @Test(arguments: ["spec/put-route", "spec/delete-route"])
  func theSpecificationsAnswersAreTaken(_ name: String) throws {
    for status in try #require(row(name)["statuses"] as? [Int]) {
      switch Answer(status: status).meaning {
      case .fine, .accepted: break
      default: Issue.record("\(status)")
      }
    }
  }

  /// What is listed has the form of what we read.
  @Test func aListedRouteIsRead() throws {
    let fields = try #require(
      row("recorded/list-route-tables")["response_body_fields"] as? [String: String])
    let path = "value[0].properties.routes[0].properties.addressPrefix"
    let prefix = try #require(fields[path])
    let body = """
      {"name":"t","etag":"W/\\"1\\"","properties":{"routes":[{"name":"r","properties":
      {"addressPrefix":"\(prefix)","nextHopType":"None"}}]}}
      """
    let table = try #require(TableRecord(Array(body.utf8)))
    #expect(table.routes.first?.block == Prefix("10.0.5.0/24"))
  }

  /// The library polls the URL that it was given, with a GET, and reads the route at the end; so do
  /// we, but for the version and for reading the whole table.
  @Test(arguments: [
    "normal-1", "normal-2", "normal-3", "429-7", "429-8", "delete-12", "delete-13", "delete-14",
  ]) func theLibrarysPollsAreOurs(_ name: String) throws {
    let row = try row("sdk-33.1.0/" + name)
    let path = try #require(row["path"] as? String)
    let url = VectorTests.endpoint.origin + path
    let request = try #require(Request.poll(url, of: VectorTests.endpoint))
    #expect(request.target == path)
    #expect(request.method.rawValue == row["method"] as? String)
    #expect(request.needsToken)
    #expect(request.body.isEmpty)
  }

  @Test(arguments: ["normal-4", "429-9"]) func theLibrarysReadsAreOurs(_ name: String) throws {
    let row = try row("sdk-33.1.0/" + name)
    let path = try #require(row["path"] as? String)
    let id = try #require(ResourceID(path.prefix { $0 != "?" }))
    let request = Calls.get(id, at: VectorTests.endpoint)
    #expect(request.method.rawValue == row["method"] as? String)
    #expect(request.target.prefix { $0 != "?" } == path.prefix { $0 != "?" })
  }

  /// After 429 the library sends the same again.
  @Test func theSameIsSentAgain() throws {
    let first = try row("sdk-33.1.0/429-5")
    let second = try row("sdk-33.1.0/429-6")
    for field in ["method", "path", "body"] {
      #expect(first[field] as? String == second[field] as? String)
    }
  }

  /// A table whose manager answers as the row says, and what is called after a time.
  private struct Story {
    var table: Table
    var budget = Budget()
    var manager = SimulatedManager()
    var now = Instant.zero
    var outcome: String
    var lasts: Nanoseconds
    var writes: [Instant] = []
    var reads: [Instant] = []
    var polls = 0
    var told: [Outcome] = []

    init(_ outcome: String, lasts: Nanoseconds) throws {
      self.outcome = outcome
      self.lasts = lasts
      let prefix = try #require(Prefix("100.64.0.1/32"))
      let id = try #require(ResourceID(ResourceIDTests.table))
      table = Table(
        id, at: VectorTests.endpoint,
        [ManagedRoute(name: "vip", prefix: prefix, candidates: [])], policy: .repair, seed: 1,
        now: .zero)
    }

    mutating func give(_ input: TableInput) {
      var inputs = [input]
      while !inputs.isEmpty {
        var outputs: [TableOutput] = []
        table.handle(inputs.removeFirst(), at: now, &budget, into: &outputs)
        for output in outputs {
          switch output {
          case .call(let call, let request):
            if request.isWrite {
              writes.append(now)
            } else if request.target.hasPrefix("/operations/") {
              polls += 1
            } else {
              reads.append(now)
            }
            inputs.append(
              .answered(
                call, manager.handle(request, by: 0, at: now, lasts: lasts, ends: outcome)))
          case .ask(let ask, let slot):
            inputs.append(.word(ask: ask, slot, Story.intent))
          case .told(_, _, let outcome): told.append(outcome)
          case .renewToken, .read: break
          }
        }
      }
    }

    static let intent = Intent(
      Generation(epoch: 1, counter: 1), .hop(.v4(IPv4Address(10, 0, 0, 4))))

    mutating func run(_ length: Nanoseconds) {
      let end = now + length
      while let deadline = table.deadline, deadline <= end {
        now = max(now, deadline)
        give(.turn)
      }
      now = end
    }
  }

  @Test(arguments: [("arm/async-failed", "Failed"), ("arm/async-canceled", "Canceled")])
  func anOperationThatEndsBadlyIsMadeAgain(_ name: String, _ status: String) throws {
    let body = try #require(row(name)["body"] as? [String: Any])
    #expect(body["status"] as? String == status)
    var story = try Story(status, lasts: .milliseconds(100))
    story.give(.intent(RouteSlot(0), Story.intent))
    story.run(.seconds(10))
    #expect(story.writes.count >= 2)
    story.outcome = "Succeeded"
    story.run(.seconds(120))
    #expect(story.told.last == .done)
    #expect(story.table.isWriting == false)
  }

  /// "give up the poll after the limit, GET the route to learn the truth, re-decide"
  @Test func anOperationThatNeverEndsIsGivenUp() throws {
    #expect(try row("arm/async-never-ends")["expect"] as? String != nil)
    var story = try Story("Succeeded", lasts: .seconds(100_000))
    story.give(.intent(RouteSlot(0), Story.intent))
    story.run(.seconds(1))
    let wrote = try #require(story.writes.first)
    story.run(.seconds(170))
    // Polls, and nothing else, until the limit.
    #expect(story.told == [.accepted])
    #expect(story.polls > 30)
    #expect(story.table.isWriting)
    let reads = story.reads.count
    story.run(.seconds(20))
    #expect(story.table.isWriting == false)
    #expect(story.told.contains(.waiting(.operationNeverEnds)))
    let read = try #require(story.reads.dropFirst(reads).first)
    #expect(read >= wrote + Table.operationLimit)
    #expect(read < wrote + Table.operationLimit + .seconds(5))
    let polls = story.polls
    // The truth that the read shows is believed when it comes.
    story.manager = SimulatedManager()
    story.lasts = .milliseconds(100)
    story.run(.seconds(400))
    #expect(story.polls > polls)
    #expect(story.told.last == .done)
    #expect(story.manager.changes.count == 1)
  }

  @Test func whoDoesNotAnswerIsNotWaitedFor() throws {
    let expected = try #require(row("imds/connect-timeout")["expect"] as? String)
    #expect(expected.hasPrefix("2 s connect limit"))
    #expect(Metadata.connectLimit == .seconds(2))
    var keeper = TokenKeeper(.system, audience: Cloud.world.audience, seed: 1, now: .zero)
    let turn = keeper.turn(at: .zero)
    let (call, request) = try #require(turn)
    #expect(request.endpoint == .metadata && request.isForMetadata)
    keeper.lost(call, .notSent(.timeout), at: .zero + .seconds(2))
    #expect(keeper.trouble == .lost(.notSent(.timeout)))
    #expect(try #require(keeper.deadline) <= .zero + .seconds(4))
  }
}
