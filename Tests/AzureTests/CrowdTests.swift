// Routes of the kernel in a route table: in step, within the budget, and never a stranger's touched.

import Azure
import Model
import Testing

struct CrowdTests {
  private static let hop = IPAddress.v4(IPv4Address(10, 0, 0, 4))
  private static let otherHop = IPAddress.v4(IPv4Address(10, 0, 0, 5))

  private static func prefix(_ number: Int) throws -> Prefix {
    try #require(Prefix("10.64.\(number / 256 * 16 + number % 16).\(number % 256 / 16 * 16)/28"))
  }

  private static func set(
    _ counter: UInt64, _ numbers: Range<Int>, isWanted: Bool = true, hop: IPAddress = hop
  ) throws -> CrowdSet {
    CrowdSet(
      "branches", Generation(epoch: 9, counter: counter), isWanted: isWanted,
      try numbers.map { try prefix($0) }, nextHop: hop)
  }

  private static func state(
    _ counter: UInt64 = 1, _ voice: Desired.Voice = .ours
  ) -> CrowdState {
    CrowdState(Generation(epoch: 9, counter: counter), voice, ownHops: [hop])
  }

  /// A daemon that wants these routes, and an open store.
  private static func scene(
    _ sets: [CrowdSet], _ state: CrowdState = state(), voice: String = "others"
  ) throws -> OfficeScene {
    var scene = try OfficeScene(OfficeScene.record(1, voice, "10.0.0.4"))
    scene.crowd = CrowdSnapshot(state, sets)
    scene.start()
    scene.openStore()
    return scene
  }

  private static func names(_ scene: OfficeScene) -> Set<String> {
    Set(scene.manager.routes.keys.filter { $0.hasPrefix("hopshift_") })
  }

  private static func name(_ number: Int) throws -> String {
    Desired.crowdName(try prefix(number))
  }

  /// Steps until a condition holds, for a day at most.
  private static func run(
    _ scene: inout OfficeScene, until isSo: (OfficeScene) -> Bool
  ) -> Bool {
    let end = scene.now + .seconds(86_400)
    var steps = 0
    while !isSo(scene) {
      steps += 1
      guard steps < 200_000, scene.step(until: end) else { return false }
    }
    return true
  }

  @Test func namesAreReadBack() throws {
    for text in ["10.64.1.0/24", "0.0.0.0/0", "fd00:1::/64", "::/0", "fd00::1/128"] {
      let prefix = try #require(Prefix(text))
      let name = Desired.crowdName(prefix)
      #expect(Desired.crowdPrefix(name) == prefix)
      #expect(Desired.crowdPrefix(name.uppercased()) == prefix)
      #expect(ResourceID.isName(name))
    }
    #expect(Desired.crowdPrefix("hopshift-web-10.64.1.0_24") == nil)
    #expect(Desired.crowdPrefix("hopshift_10.64.1.1_24") == nil)
  }

  @Test func threeHundredRoutesComeAndGo() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<300)])
    #expect(CrowdTests.run(&scene) { CrowdTests.names($0).count == 300 })
    let created = scene.now
    scene.run(.seconds(10))
    #expect(scene.routeReports.values.allSatisfy { $0.stage == .done })
    #expect(scene.routeReports.count == 300)
    // Each was written once.
    #expect(scene.manager.changes.count == 300)
    #expect(scene.manager.overlaps == 0)
    // The shortest first, then the lowest; all were equally long.
    let order = scene.manager.changes.map(\.route)
    let expected = try (0..<300).map { try CrowdTests.prefix($0) }.sorted()
    #expect(order == expected.map { Desired.crowdName($0) })
    #expect(created < .zero + .seconds(600))
    // A hundred of them go.
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 100..<300)])
    scene.give(.routes(try CrowdTests.set(3, 0..<100, isWanted: false)))
    #expect(CrowdTests.run(&scene) { CrowdTests.names($0).count == 200 })
    scene.run(.seconds(10))
    #expect(scene.kept.keys.count { $0.contains("hopshift_") } == 200)
    let gone = try scene.routeReports[CrowdTests.prefix(5)]
    #expect(gone != nil && gone?.stage == nil)
  }

  @Test func nothingIsWrittenBeforeTheStoreHasIt() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<3)])
    scene.start()
    // The store was not read: nobody knows what is ours.
    scene.run(.seconds(20))
    #expect(scene.writes.isEmpty)
    scene.diskWorks = false
    scene.openStore()
    scene.run(.seconds(20))
    #expect(scene.writes.isEmpty)
    #expect(try scene.routeReports[CrowdTests.prefix(0)]?.stage == .failed)
    scene.diskWorks = true
    scene.run(.seconds(30))
    #expect(CrowdTests.names(scene).count == 3)
    #expect(scene.routeReports.values.allSatisfy { $0.stage == .done })
  }

  @Test func aStrangersRouteIsLeftAlone() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<3)])
    let prefix = try CrowdTests.prefix(1)
    let stranger = SimulatedManager.Entry(prefix: "\(prefix)", hop: "10.9.9.9")
    scene.manager.meddle("by-hand", stranger)
    // It has a name like ours, and is not in our store.
    let orphan = SimulatedManager.Entry(prefix: "10.65.0.0/24", hop: "10.0.0.4")
    scene.manager.meddle("hopshift_10.65.0.0_24", orphan)
    scene.start()
    scene.openStore()
    scene.run(.seconds(60))
    #expect(scene.manager.routes["by-hand"] == stranger)
    #expect(scene.manager.routes["hopshift_10.65.0.0_24"] == orphan)
    #expect(scene.manager.changes.count == 2)
    let report = scene.routeReports[prefix]
    #expect(report?.stage == .failed)
    #expect(report?.detail == "rt: route by-hand has this prefix, and it is not ours")
    // It goes, and ours takes its place with the next look.
    scene.manager.meddle("by-hand", nil)
    scene.run(.seconds(310))
    #expect(scene.routeReports[prefix]?.stage == .done)
  }

  @Test func whatSomebodyElseHasLedElsewhereIsNotRemoved() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<2)])
    scene.run(.seconds(30))
    let name = try CrowdTests.name(0)
    let moved = SimulatedManager.Entry(
      prefix: "\(try CrowdTests.prefix(0))", hop: "10.9.9.9")
    scene.manager.meddle(name, moved)
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [])
    scene.give(.routes(try CrowdTests.set(3, 0..<2, isWanted: false)))
    scene.run(.seconds(30))
    #expect(CrowdTests.names(scene) == [name])
    #expect(scene.manager.routes[name] == moved)
    #expect(!scene.kept.keys.contains { $0.contains("hopshift_") })
    #expect(scene.said.contains { $0.contains("left to whoever led it there") })
  }

  @Test func driftIsRepairedOrReported() throws {
    for policy in [DriftPolicy.repair, .report] {
      var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
      scene.settings.policy = policy
      scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<1)])
      scene.start()
      scene.openStore()
      scene.run(.seconds(10))
      let name = try CrowdTests.name(0)
      let moved = SimulatedManager.Entry(
        prefix: "\(try CrowdTests.prefix(0))", hop: "10.9.9.9")
      scene.manager.meddle(name, moved)
      scene.run(.seconds(320))
      #expect(scene.manager.routes[name]?.hop == (policy == .repair ? "10.0.0.4" : "10.9.9.9"))
      let stage = try scene.routeReports[CrowdTests.prefix(0)]?.stage
      #expect(stage == (policy == .repair ? .done : .foreign))
    }
  }

  @Test func whatIsWantedNoMoreIsRemovedAfterARestart() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<20)])
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).count == 20)
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 5..<20)])
    scene.crash()
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).count == 15)
    // Another start of the daemon counts anew, and nothing is written for that.
    let writes = scene.writes.count
    let anew = CrowdSet(
      "branches", Generation(epoch: 10, counter: 2), isWanted: true,
      try (5..<20).map { try CrowdTests.prefix($0) }, nextHop: CrowdTests.hop)
    scene.crowd = CrowdSnapshot(
      CrowdState(Generation(epoch: 10, counter: 1), .ours, ownHops: [CrowdTests.hop]), [anew])
    scene.crash()
    scene.run(.seconds(60))
    #expect(scene.writes.count == writes)
    #expect(scene.routeReports.values.filter { $0.stage == .done }.count == 15)
    // A rule that is gone takes its routes along.
    scene.crowd = CrowdSnapshot(
      CrowdState(Generation(epoch: 11, counter: 1), .ours, ownHops: [CrowdTests.hop]), [])
    scene.crash()
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).isEmpty)
    #expect(!scene.kept.keys.contains { $0.contains("hopshift_") })
  }

  /// Killed after every single event on the way: nothing stays that is not wanted, nothing is lost.
  @Test func killedAtEveryPoint() throws {
    for kill in 0..<160 {
      var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<4)])
      let end = scene.now + .seconds(30)
      var steps = 0
      while steps < kill, scene.step(until: end) { steps += 1 }
      scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 2..<4)])
      scene.crash()
      scene.run(.seconds(60))
      let expected = try Set((2..<4).map { try CrowdTests.name($0) })
      #expect(CrowdTests.names(scene) == expected, "killed after \(kill) steps")
      #expect(scene.kept.keys.count { $0.contains("hopshift_") } == 2)
    }
  }

  @Test func aDaemonThatDoesNotKnowYetRemovesNothing() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<3)])
    scene.run(.seconds(20))
    for voice in [Desired.Voice.unsure, .others] {
      scene.crowd = CrowdSnapshot(
        CrowdState(Generation(epoch: 10, counter: 1), voice, ownHops: []), [])
      scene.crash()
      scene.run(.seconds(30))
      #expect(CrowdTests.names(scene).count == 3)
    }
    // What leads to this machine is nobody else's.
    scene.crowd = CrowdSnapshot(
      CrowdState(Generation(epoch: 10, counter: 2), .others, ownHops: [CrowdTests.hop]), [])
    scene.crash()
    scene.run(.seconds(30))
    #expect(CrowdTests.names(scene).isEmpty)
  }

  /// In the middle of a burst, with routes to remove: what is on its way ends, and no more.
  @Test func aDaemonThatStopsHasNothingWrittenAndNothingRemoved() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<20)])
    #expect(CrowdTests.run(&scene) { CrowdTests.names($0).count == 5 })
    let left = [try CrowdTests.set(2, 3..<20)]
    scene.crowd = CrowdSnapshot(CrowdTests.state(4, .unsure), left)
    scene.give(.routes(try CrowdTests.set(3, 0..<3, isWanted: false)))
    scene.give(.writer(CrowdTests.state(4, .unsure)))
    scene.run(.seconds(5))
    let writes = scene.writes.count
    #expect(CrowdTests.names(scene).count <= 6)
    scene.run(.seconds(400))
    #expect(scene.writes.count == writes)
    scene.crowd = CrowdSnapshot(CrowdTests.state(5), left)
    scene.give(.writer(CrowdTests.state(5)))
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene) == Set(try (3..<20).map { try CrowdTests.name($0) }))
  }

  /// Its successor says first that it knows nothing, then what it wants, then that it writes.
  @Test func aDaemonThatBeginsAnewChangesNothing() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<20)])
    scene.run(.seconds(60))
    let writes = scene.writes.count
    scene.give(.connected)
    let unsure = CrowdState(Generation(epoch: 10, counter: 0), .unsure, ownHops: [CrowdTests.hop])
    scene.crowd = CrowdSnapshot(unsure, [])
    scene.give(.snapshot(ask: 0, scene.settings, [scene.record], scene.crowd))
    scene.run(.seconds(1))
    let set = CrowdSet(
      "branches", Generation(epoch: 10, counter: 1), isWanted: true,
      try (0..<20).map { try CrowdTests.prefix($0) }, nextHop: CrowdTests.hop)
    let ours = CrowdState(Generation(epoch: 10, counter: 2), .ours, ownHops: [CrowdTests.hop])
    scene.crowd = CrowdSnapshot(ours, [set])
    scene.give(.routes(set))
    scene.give(.writer(ours))
    scene.run(.seconds(60))
    #expect(scene.writes.count == writes)
    let generation = Generation(epoch: 10, counter: 2)
    #expect(scene.routeReports.values.count { $0.stage == .done } == 20)
    #expect(scene.routeReports.values.allSatisfy { $0.generation == generation })
  }

  /// What goes and comes again, or is said in another order, is there in the end.
  @Test func whatIsWantedAgainMeanwhileStays() throws {
    for pause in [0, 3, 30, 90, 300, 700] {
      var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<8)])
      scene.run(.seconds(30))
      let gone = try CrowdTests.set(3, 0..<8, isWanted: false)
      scene.crowd = CrowdSnapshot(CrowdTests.state(), [])
      scene.give(.routes(gone))
      scene.run(.milliseconds(Int64(pause)))
      // Under the same number as what went: it is the last word all the same.
      let back = try CrowdTests.set(3, 0..<8)
      scene.crowd = CrowdSnapshot(CrowdTests.state(), [back])
      scene.give(.routes(back))
      scene.run(.seconds(60))
      #expect(CrowdTests.names(scene).count == 8, "after \(pause) ms")
      #expect(scene.routeReports.values.count { $0.stage == .done } == 8, "after \(pause) ms")
      #expect(scene.kept.keys.count { $0.contains("hopshift_") } == 8)
    }
  }

  /// The table was read before the daemon has answered: what is done stays done.
  @Test func anAnswerThatComesLateIsNoNews() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<5)])
    scene.run(.seconds(30))
    scene.answering = .seconds(2)
    scene.crash()
    scene.run(.seconds(30))
    #expect(scene.routeReports.values.count { $0.stage == .done } == 5)
    scene.give(.paused)
    scene.run(.seconds(30))
    #expect(scene.routeReports.values.count { $0.stage == .done } == 5)
    #expect(scene.manager.changes.count == 5)
  }

  @Test func theOtherMachineTakesOver() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<3)])
    scene.run(.seconds(20))
    scene.crowd = CrowdSnapshot(CrowdTests.state(3, .others), [try CrowdTests.set(2, 0..<3)])
    scene.give(.writer(CrowdTests.state(3, .others)))
    for number in 0..<3 {
      scene.manager.meddle(
        try CrowdTests.name(number),
        SimulatedManager.Entry(prefix: "\(try CrowdTests.prefix(number))", hop: "10.0.0.5"))
    }
    scene.run(.seconds(400))
    #expect(scene.manager.changes.count == 3)
    #expect(scene.manager.routes.values.allSatisfy { $0.hop == "10.0.0.5" })
    // And it comes back: each is led here in place.
    scene.crowd = CrowdSnapshot(CrowdTests.state(4), [try CrowdTests.set(2, 0..<3)])
    scene.give(.writer(CrowdTests.state(4)))
    scene.run(.seconds(60))
    #expect(scene.manager.routes.values.allSatisfy { $0.hop == "10.0.0.4" })
    #expect(scene.manager.changes.count == 6)
    #expect(scene.manager.changes.allSatisfy { $0.hop != nil })
  }

  /// What leads to a third host says not whose it is: whoever writes no more leaves it, since the
  /// writer of now may want the same. It goes when this machine writes again.
  @Test func whatLeadsToAThirdHostStaysWhileAnotherWrites() throws {
    let third: IPAddress = .v4(IPv4Address(10, 0, 0, 99))
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<2, hop: third)])
    scene.run(.seconds(20))
    scene.crowd = CrowdSnapshot(CrowdTests.state(3, .others), [])
    scene.give(.writer(CrowdTests.state(3, .others)))
    scene.give(.routes(try CrowdTests.set(4, 0..<2, isWanted: false, hop: third)))
    scene.run(.seconds(400))
    #expect(scene.manager.routes.values.count { $0.hop == "10.0.0.99" } == 2)
    scene.crowd = CrowdSnapshot(CrowdTests.state(5), [])
    scene.give(.writer(CrowdTests.state(5)))
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).isEmpty)
  }

  /// The rule names this machine, on the other one as well: what our kernel has lost is what the
  /// writer of now has led here again, and stays. It goes when this machine writes again.
  @Test(arguments: [true, false])
  func whatTheWriterLeadsToThisMachineIsItsOwn(_ isOursAlone: Bool) throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<2)])
    scene.run(.seconds(20))
    var state = CrowdTests.state(3, .others)
    if !isOursAlone { state.ownHops = [] }
    scene.crowd = CrowdSnapshot(state, [])
    scene.give(.writer(state))
    scene.give(.routes(try CrowdTests.set(4, 0..<2, isWanted: false)))
    scene.run(.seconds(400))
    #expect(CrowdTests.names(scene).count == (isOursAlone ? 0 : 2))
    scene.crowd = CrowdSnapshot(CrowdTests.state(5), [])
    scene.give(.writer(CrowdTests.state(5)))
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).isEmpty)
  }

  @Test func aShiftGoesFirst() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<300)])
    #expect(CrowdTests.run(&scene) { CrowdTests.names($0).count == 100 })
    let asked = scene.now
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.4"))
    #expect(CrowdTests.run(&scene) { $0.hop == "10.0.0.4" })
    // The one that is under way comes to its end, and no other is begun.
    let between = scene.manager.changes.filter { $0.at > asked && $0.route != OfficeScene.route }
    #expect(between.count <= 1)
    #expect(CrowdTests.names(scene).count < 103)
  }

  @Test func throttledInTheMiddle() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<30)])
    #expect(CrowdTests.run(&scene) { CrowdTests.names($0).count == 10 })
    scene.refusals = [
      SimulatedManager.error(429, "TooManyRequests", [Answer.Header("Retry-After", "30")])
    ]
    let before = scene.writes.count
    scene.run(.seconds(25))
    #expect(scene.writes.count == before + 1)
    #expect(scene.routeReports.values.contains { $0.detail.contains("too many calls") })
    scene.run(.seconds(90))
    #expect(CrowdTests.names(scene).count == 30)
    #expect(scene.routeReports.values.allSatisfy { $0.stage == .done })
  }

  /// What the headers leave is for shifts: routes wait, a shift does not.
  @Test func theReserveIsForShifts() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.manager.remaining = 65
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<40)])
    scene.start()
    scene.openStore()
    scene.run(.seconds(30))
    #expect(CrowdTests.names(scene).count < 8)
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.4"))
    scene.run(.seconds(5))
    #expect(scene.hop == "10.0.0.4")
  }

  @Test func aRouteThatAzureRefusesHoldsNobody() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<5)])
    scene.refusals = [SimulatedManager.error(400, "InvalidRequestFormat")]
    scene.start()
    scene.openStore()
    scene.run(.seconds(15))
    #expect(CrowdTests.names(scene).count == 4)
    #expect(scene.routeReports.values.count { $0.stage == .failed } == 1)
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).count == 5)
  }

  @Test func aFullTableTakesNoMore() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    for number in 0..<(Table.crowdCeiling - 2) {
      let block = "172.16.\(number / 16).\(number % 16 * 16)/28"
      scene.manager.meddle("foreign-\(number)", .init(prefix: block, hop: "10.9.9.9"))
    }
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [try CrowdTests.set(2, 0..<5)])
    scene.start()
    scene.openStore()
    scene.run(.seconds(30))
    #expect(CrowdTests.names(scene).count == 2)
    #expect(scene.routeReports.values.count { $0.detail.contains("left for virtual IPs") } == 3)
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.4"))
    scene.run(.seconds(5))
    #expect(scene.hop == "10.0.0.4")
  }

  @Test func theHopMovesInPlace() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<2)])
    scene.run(.seconds(20))
    let moved = try CrowdTests.set(3, 0..<2, hop: CrowdTests.otherHop)
    scene.crowd = CrowdSnapshot(CrowdTests.state(), [moved])
    scene.give(.routes(moved))
    // Killed before anything of it is written; then it is not wanted any more at all.
    let end = scene.now + .milliseconds(4)
    while scene.step(until: end) {}
    scene.crowd = CrowdSnapshot(CrowdTests.state(4), [])
    scene.crash()
    scene.run(.seconds(60))
    #expect(CrowdTests.names(scene).isEmpty)
  }

  @Test func inShadowModeNothingIsTouched() throws {
    var scene = try CrowdTests.scene([CrowdTests.set(2, 0..<2)])
    scene.run(.seconds(20))
    let writes = scene.writes.count
    scene.settings.isShadow = true
    scene.crowd = CrowdSnapshot(CrowdTests.state(3), [try CrowdTests.set(3, 1..<4)])
    scene.crash()
    scene.run(.seconds(60))
    #expect(scene.writes.count == writes)
  }
}
