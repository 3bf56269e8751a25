// Runs of the simulation played again from their journals: the same outputs, byte for byte.
import Chronicle
import Configuration
import Engine
import Journal
import Model
import Testing
import World
import YAML

@Suite struct ReplayTests {
  private static func journals(_ seed: UInt64) -> [[UInt8]] {
    let world = World(seed: seed, isRecorded: true)
    _ = world.play()
    return world.journals
  }

  private static func plan(_ bytes: [UInt8]) throws -> Plan {
    let report = Configuration.check(try YAML.parse(bytes))
    return try #require(report.plan, "\(report.problems)")
  }

  private static func play(
    _ journal: [UInt8], _ known: Plan? = nil
  ) throws -> (result: ReplayResult, events: [Event]) {
    let replay = try Replay(journal)
    var events: [Event] = []
    let plan = try known ?? plan(replay.beginning.configuration)
    let result = replay.play(plan, errno: { "\($0)" }, into: &events)
    return (try #require(result), events)
  }

  @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
  func identical(_ seed: UInt64) throws {
    let journals = ReplayTests.journals(seed)
    #expect(journals.count >= 2)
    var shifts = 0
    for journal in journals {
      let (result, events) = try ReplayTests.play(journal)
      #expect(result.difference == nil)
      #expect(result.end == .complete)
      #expect(result.stoppedAt == nil)
      #expect(result.inputs > 0)
      shifts += events.count { $0.sentence.text.contains("(shift ") }
    }
    #expect(shifts > 0)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func identicalInAGroup(_ seed: UInt64) throws {
    let world = GroupWorld(seed: seed, isRecorded: true)
    _ = world.play()
    #expect(!world.recordings.isEmpty)
    for (plan, journal) in world.recordings {
      // As `hopshift replay` reads it: the configuration in the journal gives the same Plan.
      let beginning = try Replay(journal).beginning
      #expect(try ReplayTests.plan(beginning.configuration) == plan)
      let (result, _) = try ReplayTests.play(journal)
      #expect(result.difference == nil)
      #expect(result.end == .complete)
      #expect(result.stoppedAt == nil)
      #expect(result.inputs > 10)
    }
  }

  /// A replay must be able to fail: what another seed would have done is not the same.
  @Test func anotherSeedDiffers() throws {
    // The longest: in a short run nothing may have been waited for.
    let journal = try #require(ReplayTests.journals(1).max { $0.count < $1.count })
    let replay = try Replay(journal)
    var other = replay.beginning
    other.seed ^= 1
    let length = replay.beginning.encoded(at: .zero).count
    #expect(other.encoded(at: .zero).count == length)
    var reader = try JournalReader(journal.span)
    let record = reader.next(in: journal.span)
    let start = try #require(record)
    let behind = start.payload.upperBound + 4
    let changed =
      Array(journal[..<JournalLimits.header]) + other.encoded(at: start.time) + journal[behind...]
    let (result, _) = try ReplayTests.play(changed)
    #expect(result.difference != nil)
  }

  /// Cut anywhere, what is whole is played, and nothing differs.
  @Test func cut() throws {
    let journal = ReplayTests.journals(2)[0]
    var reader = try JournalReader(journal.span)
    let record = reader.next(in: journal.span)
    let first = try #require(record).payload.upperBound + 4
    for part in 1...20 {
      let count = first + (journal.count - first) * part / 21
      let (result, _) = try ReplayTests.play(Array(journal[..<count]))
      #expect(result.difference == nil)
      #expect(result.end != nil)
    }
  }

  /// With the configuration that was recorded, another engine that keeps its own deadlines decides
  /// the same.
  @Test func theSamePlanAsAnother() throws {
    let journal = ReplayTests.journals(3)[0]
    let replay = try Replay(journal)
    let plan = try ReplayTests.plan(replay.beginning.configuration)
    var events: [Event] = []
    let omitted = replay.play(
      another: plan, as: replay.beginning, insteadOf: plan, errno: { "\($0)" }, into: &events)
    #expect(omitted == 0)
    let (_, recorded) = try ReplayTests.play(journal)
    #expect(events.contains { $0.sentence.text.contains("vip \(plan.vips[0].name):") })
    let texts = recorded.map(\.sentence.text).filter { $0.hasPrefix("vip") }
    #expect(events.map(\.sentence.text).filter { $0.hasPrefix("vip") } == texts)
  }

  /// A VIP that the other configuration does not have is not decided there.
  @Test func anotherPlan() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let journal = ReplayTests.journals(seed)[0]
      let replay = try Replay(journal)
      let recorded = try ReplayTests.plan(replay.beginning.configuration)
      var plan = recorded
      guard plan.vips.count >= 2 else { continue }
      let left = plan.vips.removeLast().name
      plan.routeServers.peers.reverse()
      let other = Beginning(
        of: plan, release: "", seed: 0, run: 1, wallOffset: 0, configuration: [])
      var events: [Event] = []
      let omitted = replay.play(
        another: plan, as: other, insteadOf: recorded, errno: { "\($0)" }, into: &events)
      #expect(omitted == 0)
      #expect(events.contains { $0.sentence.text.contains("vip \(plan.vips[0].name):") })
      #expect(!events.contains { $0.sentence.text.contains("vip \(left):") })
      #expect(events.contains { $0.sentence.text.contains("10.10.1.4: established") })
      return
    }
    Issue.record("no schedule has two VIPs")
  }
}
