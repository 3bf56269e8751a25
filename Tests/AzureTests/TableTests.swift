// The machine of one table as transcripts: what goes in, and the calls and words that must come out.

import Azure
import Model
import Testing

struct TableTests {
  let ours = IPAddress.v4(IPv4Address(10, 0, 0, 5))

  /// A table with one route that leads to 10.0.0.4, read, and the word that it is not ours.
  private struct Scene {
    var table: Table
    var budget = Budget()
    var manager = SimulatedManager()
    var now = Instant.zero
    var outputs: [TableOutput] = []

    init(_ policy: DriftPolicy = .repair) throws {
      let id = try #require(ResourceID(ResourceIDTests.table))
      let prefix = try #require(Prefix("100.64.0.0/31"))
      table = Table(
        id, at: Cloud.world.management,
        [ManagedRoute(name: "vip", prefix: prefix, candidates: [.v4(IPv4Address(10, 0, 0, 5))])],
        policy: policy, seed: 7, now: .zero)
      manager.routes["vip"] = .init(prefix: "100.64.0.0/31", hop: "10.0.0.4")
      give(.intent(RouteSlot(0), Intent(Generation(epoch: 1, counter: 1), .notOurs)))
      give(.word(ask: 1, RouteSlot(0), Intent(Generation(epoch: 1, counter: 1), .notOurs)))
      answerAll()
    }

    mutating func give(_ input: TableInput) {
      table.handle(input, at: now, &budget, into: &outputs)
    }

    mutating func wait(_ length: Nanoseconds) {
      now = now + length
      give(.turn)
    }

    /// The calls among the outputs, which are then forgotten.
    mutating func takeCalls() -> [(CallID, Request)] {
      defer { outputs = [] }
      return outputs.compactMap {
        if case .call(let id, let request) = $0 { (id, request) } else { nil }
      }
    }

    mutating func answerAll() {
      var calls = takeCalls()
      // Everything at once: a poll is answered when its time has come, by `wait`.
      while let (id, request) = calls.popLast() {
        let answer = manager.handle(request, by: 0, at: now, lasts: .milliseconds(100))
        give(.answered(id, answer))
        calls += takeCalls()
      }
    }

    mutating func want(_ counter: UInt64, _ wish: Wish) {
      give(.intent(RouteSlot(0), Intent(Generation(epoch: 1, counter: counter), wish)))
    }
  }

  @Test func aClaimIsOnePUTInPlaceAtOnce() throws {
    var scene = try Scene()
    scene.outputs = []
    scene.want(2, .hop(ours))
    let calls = scene.takeCalls()
    #expect(calls.count == 1)
    let (id, put) = try #require(calls.first)
    #expect(put.method == .put)
    #expect(put.ifMatch == "W/\"1\"")
    #expect(put.needsToken)
    let text = String(decoding: put.body, as: UTF8.self)
    #expect(text.contains("\"nextHopIpAddress\":\"10.0.0.5\""))
    let answer = scene.manager.handle(put, by: 0, at: scene.now, lasts: .milliseconds(100))
    scene.give(.answered(id, answer))
    #expect(
      scene.outputs == [.told(RouteSlot(0), Generation(epoch: 1, counter: 2), .accepted)])
    #expect(scene.table.isWriting)
    scene.outputs = []
    // The operation, then the table: done is what a read has shown.
    scene.wait(.milliseconds(500))
    let calls1 = scene.takeCalls()
    let (poll, request) = try #require(calls1.first)
    #expect(request.target.hasPrefix("/operations/0"))
    scene.give(
      .answered(poll, scene.manager.handle(request, by: 0, at: scene.now, lasts: .zero)))
    #expect(!scene.table.isWriting)
    scene.answerAll()
    #expect(scene.table.pending(RouteSlot(0)) == nil)
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.5")
  }

  @Test func afterAMismatchTheDaemonIsAsked() throws {
    var scene = try Scene()
    scene.manager.moveTag()
    scene.outputs = []
    scene.want(2, .hop(ours))
    let calls2 = scene.takeCalls()
    let (id, put) = try #require(calls2.first)
    scene.give(
      .answered(id, scene.manager.handle(put, by: 0, at: scene.now, lasts: .milliseconds(1))))
    #expect(scene.outputs.contains(.ask(2, RouteSlot(0))))
    let reads = scene.takeCalls()
    #expect(reads.map(\.1.method) == [.get])
    let (read, get) = try #require(reads.first)
    scene.give(.answered(read, scene.manager.handle(get, by: 0, at: scene.now, lasts: .zero)))
    let calls6 = scene.takeCalls()
    #expect(calls6.isEmpty)
    // It is not ours any more: nothing is written.
    let word = Intent(Generation(epoch: 1, counter: 3), .notOurs)
    scene.give(.word(ask: 2, RouteSlot(0), word))
    let calls7 = scene.takeCalls()
    #expect(calls7.isEmpty)
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.4")
  }

  @Test func whoWasAwayAsksBeforeItWrites() throws {
    var scene = try Scene()
    scene.outputs = []
    scene.give(.paused)
    #expect(scene.outputs.contains(.ask(2, RouteSlot(0))))
    // A word from before the pause counts for nothing, nor does an answer to an older question.
    scene.want(2, .hop(ours))
    scene.give(.word(ask: 1, RouteSlot(0), Intent(Generation(epoch: 1, counter: 2), .hop(ours))))
    scene.answerAll()
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.4")
    scene.give(.word(ask: 2, RouteSlot(0), Intent(Generation(epoch: 1, counter: 2), .hop(ours))))
    scene.answerAll()
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.5")
  }

  /// A lost answer may hide a change that took place: a second PUT would be one too many.
  @Test func aLostAnswerIsSettledByAReadAlone() throws {
    var scene = try Scene()
    scene.outputs = []
    scene.want(2, .hop(ours))
    let writes = scene.takeCalls()
    let (id, put) = try #require(writes.first)
    _ = scene.manager.handle(put, by: 0, at: scene.now, lasts: .zero)
    scene.give(.lost(id, .unanswered(.timeout)))
    let reads = scene.takeCalls()
    #expect(reads.map(\.1.method) == [.get])
    let (read, get) = try #require(reads.first)
    scene.give(.answered(read, scene.manager.handle(get, by: 0, at: scene.now, lasts: .zero)))
    let done = TableOutput.told(RouteSlot(0), Generation(epoch: 1, counter: 2), .done)
    #expect(scene.outputs.contains(done))
    #expect(scene.manager.changes.count == 1)
  }

  @Test func olderWordsAreNoNews() throws {
    var scene = try Scene()
    scene.want(5, .notOurs)
    scene.outputs = []
    scene.want(4, .hop(ours))
    scene.want(5, .hop(ours))
    #expect(scene.outputs.isEmpty)
  }

  @Test func aRefusedTokenIsRenewedOnceAndTheWriteRepeated() throws {
    var scene = try Scene()
    scene.outputs = []
    scene.want(2, .hop(ours))
    let calls3 = scene.takeCalls()
    let (id, _) = try #require(calls3.first)
    scene.give(.answered(id, SimulatedManager.error(401, "ExpiredAuthenticationToken")))
    #expect(scene.outputs.contains(.renewToken))
    let calls8 = scene.takeCalls()
    #expect(calls8.isEmpty)
    scene.give(.tokenChanged)
    scene.answerAll()
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.5")
  }

  @Test func aMissingTableIsNoBusyLoop() throws {
    var scene = try Scene()
    scene.manager.isThere = false
    scene.want(2, .hop(ours))
    var calls = 0
    let end = scene.now + .seconds(3_600)
    while scene.now < end, calls < 1_000 {
      for (id, request) in scene.takeCalls() {
        calls += 1
        let answer = scene.manager.handle(request, by: 0, at: scene.now, lasts: .zero)
        scene.give(.answered(id, answer))
      }
      if !scene.outputs.isEmpty { continue }
      guard let deadline = scene.table.deadline else { break }
      scene.now = max(scene.now, deadline)
      scene.give(.turn)
    }
    #expect((10...40).contains(calls))
    guard case .homeless = scene.table.trouble(of: RouteSlot(0)) else {
      Issue.record("nobody is told")
      return
    }
    // It is made, and what was accepted is not lost.
    scene.manager.isThere = true
    scene.answerAll()
    scene.wait(Backoff.forPeople.limit)
    scene.answerAll()
    #expect(scene.manager.routes["vip"]?.hop == "10.0.0.5")
  }

  @Test func anOperationOfAnotherHostIsNotAsked() throws {
    var scene = try Scene()
    scene.outputs = []
    scene.want(2, .hop(ours))
    let calls4 = scene.takeCalls()
    let (id, put) = try #require(calls4.first)
    _ = scene.manager.handle(put, by: 0, at: scene.now, lasts: .zero)
    let evil = Answer.Header("azure-asyncoperation", "https://evil.example/x")
    scene.give(.answered(id, Answer(status: 200, headers: [evil])))
    let calls = scene.takeCalls()
    #expect(calls.map(\.1.endpoint.host) == ["management.azure.com"])
    #expect(calls.allSatisfy { !$0.1.target.contains("evil") })
  }

  @Test func twoRepairersDoNotFight() throws {
    var scene = try Scene()
    scene.want(2, .hop(ours))
    scene.answerAll()
    var puts = 0
    let end = scene.now + .seconds(86_400)
    var steps = 0
    while scene.now < end, steps < 20_000 {
      steps += 1
      let outputs = scene.outputs
      for output in outputs {
        if case .ask(let ask, let slot) = output {
          scene.give(
            .word(ask: ask, slot, Intent(Generation(epoch: 1, counter: 2), .hop(ours))))
        }
      }
      for (id, request) in scene.takeCalls() {
        if request.method == .put { puts += 1 }
        let answer = scene.manager.handle(
          request, by: 0, at: scene.now, lasts: .milliseconds(100))
        scene.give(.answered(id, answer))
      }
      if !scene.outputs.isEmpty { continue }
      guard let deadline = scene.table.deadline else { break }
      scene.now = max(scene.now + .milliseconds(1), deadline)
      // The other one is as sure as we are.
      if scene.table.pending(RouteSlot(0)) == nil {
        scene.manager.meddle("vip", .init(prefix: "100.64.0.0/31", hop: "10.0.0.4"))
      }
      scene.give(.turn)
    }
    #expect(puts <= 1 + Table.repairLimit)
    #expect(scene.table.trouble(of: RouteSlot(0)) == .contested)
  }

  // MARK: Operations that are told by Location

  /// A route that was ours is removed, and the answer has this `Location` and nothing else.
  private func removing(_ location: String) throws -> (Scene, Generation) {
    var scene = try Scene()
    scene.outputs = []
    scene.want(2, .absent)
    let calls = scene.takeCalls()
    let (id, delete) = try #require(calls.first)
    #expect(delete.method == .delete && delete.ifMatch == "W/\"1\"")
    _ = scene.manager.handle(delete, by: 0, at: scene.now, lasts: .milliseconds(100))
    scene.give(
      .answered(id, Answer(status: 202, headers: [Answer.Header("Location", location)])))
    return (scene, Generation(epoch: 1, counter: 2))
  }

  @Test func aLocationIsPolledUntilItEnds() throws {
    let url = SimulatedManager.host + "/operationResults/7?api-version=1"
    var (scene, generation) = try removing(url)
    #expect(scene.outputs == [.told(RouteSlot(0), generation, .accepted)])
    scene.outputs = []
    for status in [202, 202, 204] {
      #expect(scene.table.isWriting)
      scene.wait(.seconds(5))
      let polls = scene.takeCalls()
      #expect(polls.map(\.1.target) == ["/operationResults/7?api-version=1"])
      let (id, poll) = try #require(polls.first)
      #expect(poll.method == .get && poll.needsToken)
      scene.give(.answered(id, Answer(status: status)))
    }
    #expect(!scene.table.isWriting)
    // Its end proves nothing: done is what a read has shown.
    let reads = scene.takeCalls()
    #expect(reads.map(\.1.method) == [.get])
    let (id, get) = try #require(reads.first)
    scene.give(.answered(id, scene.manager.handle(get, by: 0, at: scene.now, lasts: .zero)))
    #expect(scene.outputs.contains(.told(RouteSlot(0), generation, .done)))
  }

  /// Whoever asked there would hand over the token.
  @Test func aLocationOfAnotherHostIsNotAsked() throws {
    var (scene, generation) = try removing("https://management.azure.com.example/operations/7")
    #expect(!scene.table.isWriting)
    let reads = scene.takeCalls()
    #expect(reads.map(\.1.endpoint) == [Cloud.world.management])
    #expect(reads.map(\.1.method) == [.get])
    let (id, get) = try #require(reads.first)
    #expect(get.target.contains("/routeTables/"))
    scene.wait(.milliseconds(200))
    scene.give(.answered(id, scene.manager.handle(get, by: 0, at: scene.now, lasts: .zero)))
    #expect(scene.outputs.contains(.told(RouteSlot(0), generation, .done)))
  }

  @Test func driftIsOnlyReportedIfThatIsWished() throws {
    var scene = try Scene(.report)
    scene.want(2, .hop(ours))
    scene.answerAll()
    scene.wait(.milliseconds(500))
    scene.answerAll()
    scene.manager.meddle("vip", nil)
    scene.outputs = []
    scene.wait(Table.lookPeriod)
    let calls5 = scene.takeCalls()
    let (id, get) = try #require(calls5.first)
    scene.give(.answered(id, scene.manager.handle(get, by: 0, at: scene.now, lasts: .zero)))
    #expect(
      scene.outputs.contains(
        .told(RouteSlot(0), Generation(epoch: 1, counter: 2), .drifted(nil))))
    let calls9 = scene.takeCalls()
    #expect(calls9.isEmpty)
  }
}
