// Several tables together: one question for all, one report for a VIP, a budget for each subscription.

import Azure
import Model
import Testing

struct DeskTests {
  private static func record(_ counter: UInt64, _ voice: String, _ hop: String) throws -> Desired {
    let text = """
      {"v":1,"id":"1","type":"desired","vip":"web","generation":"9.\(counter)","voice":"\(voice)",
      "wanted":true,"mode":"floor","routes":["100.64.0.0/31"],"next-hop":"\(hop)"}
      """
    return try #require(Desired(Array(text.utf8)))
  }

  /// Two tables of two subscriptions, a daemon that answers with its last record, and time.
  private struct Scene {
    var desk: Desk
    var managers = [SimulatedManager(), SimulatedManager()]
    var now = Instant.zero
    var record: Desired
    var reports: [DeskOutput] = []
    var questions = 0
    var calls = [0, 0]
    /// Calls of these tables are throttled.
    var throttled: Set<Int> = []

    init(_ record: Desired) throws {
      self.record = record
      let ids = try ["one", "two"].map { name in
        try #require(
          ResourceID(
            "/subscriptions/\(name)/resourceGroups/g/providers/Microsoft.Network/routeTables/rt"))
      }
      desk = try #require(
        Desk(
          ids, at: Cloud.world.management, [record], policy: .repair, seed: 3, now: .zero))
      give(.desired(record))
    }

    mutating func give(_ input: DeskInput) {
      var inputs = [input]
      while !inputs.isEmpty {
        let next = inputs.removeFirst()
        var outputs: [DeskOutput] = []
        desk.handle(next, at: now, into: &outputs)
        for output in outputs {
          switch output {
          case .call(let call, let request):
            calls[call.table] += 1
            if throttled.contains(call.table) {
              let wait = Answer.Header("Retry-After", "600")
              inputs.append(.answer(call, SimulatedManager.error(429, "TooManyRequests", [wait])))
            } else {
              let answer = managers[call.table].handle(
                request, by: 0, at: now, lasts: .milliseconds(100))
              inputs.append(.answer(call, answer))
            }
          case .ask(let ask):
            questions += 1
            inputs.append(.answered(ask: ask, [record]))
          case .report: reports.append(output)
          case .renewToken, .read, .crowd: break
          }
        }
      }
    }

    /// Lets time pass as the desk asks for.
    mutating func run(_ length: Nanoseconds) {
      let end = now + length
      while let deadline = desk.deadline, deadline <= end {
        now = max(now, deadline)
        give(.turn)
      }
      now = end
    }

    mutating func want(_ next: Desired) {
      record = next
      give(.desired(next))
    }

    var stages: [RouteStage] {
      reports.compactMap { if case .report(_, _, let stage, _) = $0 { stage } else { nil } }
    }
  }

  @Test func aClaimGoesIntoEveryTableAndIsReportedOnce() throws {
    var scene = try Scene(DeskTests.record(1, "others", "10.0.0.4"))
    scene.run(.seconds(1))
    #expect(scene.reports.isEmpty)
    // Both tables doubted at the start, and one question was enough.
    #expect(scene.questions == 1)
    scene.want(try DeskTests.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(5))
    for manager in scene.managers {
      #expect(manager.routes["hopshift-web-100.64.0.0_31"]?.hop == "10.0.0.5")
      #expect(manager.changes.count == 1)
    }
    #expect(scene.stages == [.queued, .accepted, .done])
    #expect(scene.questions == 1)
  }

  @Test func oneSubscriptionDoesNotHoldTheOther() throws {
    var scene = try Scene(DeskTests.record(1, "others", "10.0.0.4"))
    scene.run(.seconds(1))
    scene.throttled = [0]
    scene.want(try DeskTests.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(30))
    #expect(scene.managers[0].routes.isEmpty)
    #expect(scene.managers[1].routes["hopshift-web-100.64.0.0_31"]?.hop == "10.0.0.5")
    // The VIP is no further than its last table, and says where it hangs.
    guard case .report("web", _, .failed, let detail)? = scene.reports.last else {
      Issue.record("nobody is told")
      return
    }
    #expect(detail == "rt: too many calls of this subscription")
    let before = scene.calls[0]
    scene.run(.seconds(500))
    // A call before the time is over would lengthen it.
    #expect(scene.calls[0] == before)
    scene.throttled = []
    scene.run(.seconds(200))
    #expect(scene.managers[0].routes["hopshift-web-100.64.0.0_31"]?.hop == "10.0.0.5")
    #expect(scene.stages.last == .done)
  }

  @Test func whoIsBeatenWhileAwayWritesNothing() throws {
    var scene = try Scene(DeskTests.record(1, "others", "10.0.0.4"))
    scene.run(.seconds(1))
    // The daemon knows better by the time it is asked.
    let stale = try DeskTests.record(2, "ours", "10.0.0.5")
    scene.record = try DeskTests.record(3, "others", "10.0.0.4")
    scene.give(.paused)
    scene.give(.desired(stale))
    scene.run(.seconds(30))
    #expect(scene.managers.allSatisfy { $0.changes.isEmpty })
    #expect(scene.questions >= 2)
  }

  @Test func strangeTablesMakeNoDesk() throws {
    let record = try DeskTests.record(1, "ours", "10.0.0.5")
    let network = try #require(
      ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"))
    let desk = Desk(
      [network], at: Cloud.world.management, [record], policy: .repair, seed: 1, now: .zero)
    #expect(desk == nil)
  }
}
