// A watcher alone: which host it chooses, when it goes back, and what an operator may ask.

import Failover
import Model
import Testing

struct WatchTests {
  @Test func theFirstChoiceWaitsForWhoIsPreferred() throws {
    let watch = try Watch()
    #expect(watch.candidate == nil)
    watch.say(1, .up)
    // Nothing is probed here, so there is no time to wait for.
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 1)
    let standing = watch.failover.standing(Watch.vip)
    #expect(standing?.rung == .owner)
  }

  @Test func whoIsDownIsLeftAtOnceAlsoInsideTheWindow() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .up)
    #expect(watch.said() == [.moved])
    watch.say(0, .down)
    #expect(watch.said() == [.moved])
    watch.pass(.milliseconds(1))
    watch.say(0, .up)
    watch.say(1, .down)
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 0)
  }

  @Test func oneLostProbeMovesNothing() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .up)
    _ = watch.said()
    watch.say(0, .failing)
    #expect(watch.said() == [])
  }

  @Test func nobodyUpKeepsWhatStandsAndIsSaidOnce() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .down)
    _ = watch.said()
    watch.say(0, .down)
    #expect(watch.said() == [.allDown])
    #expect(watch.candidate == 0)
    watch.pass(.seconds(600))
    #expect(watch.said() == [])
    watch.say(0, .up)
    #expect(watch.said() == [.recovered])
  }

  @Test func theWayBackWaitsForHealthAndForTheWindow() throws {
    let watch = try Watch(failback: .seconds(10))
    watch.say(0, .up)
    watch.say(1, .up)
    watch.say(0, .down)
    _ = watch.said()
    watch.say(0, .up)
    watch.pass(.seconds(20))
    #expect(watch.said() == [], "well for ten seconds, but the window is thirty")
    watch.pass(.seconds(10))
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 0)
  }

  @Test func aRelapseBeginsTheWaitAnew() throws {
    let watch = try Watch(failback: .seconds(60))
    watch.say(0, .up)
    watch.say(1, .up)
    watch.say(0, .down)
    watch.say(0, .up)
    _ = watch.said()
    watch.pass(.seconds(59))
    watch.say(0, .down)
    watch.say(0, .up)
    watch.pass(.seconds(59))
    #expect(watch.said() == [])
    watch.pass(.seconds(1))
    #expect(watch.said() == [.moved])
  }

  @Test func neverIsNever() throws {
    let watch = try Watch(failback: nil)
    watch.say(0, .up)
    watch.say(1, .up)
    watch.say(0, .down)
    watch.say(0, .up)
    _ = watch.said()
    watch.pass(.seconds(100_000))
    #expect(watch.said() == [])
  }

  /// A watcher that was killed announces at once what it had chosen: nobody else does.
  @Test(arguments: [Signal.unknown, .up, .down]) func whatWasChosenBeforeStands(
    _ signal: Signal
  ) throws {
    let before = try Watch()
    before.say(1, .up)
    let memory = before.failover.memory(of: Watch.vip)
    #expect(memory != nil)
    let watch = try Watch(memory: memory)
    #expect(watch.said() == [.stand(.owner)])
    #expect(watch.candidate == 1)
    watch.say(1, signal)
    watch.say(0, .down)
    #expect(watch.said() == (signal == .down ? [.allDown] : []))
    #expect(watch.candidate == 1)
  }

  /// What has waited during a pause is read as a whole: a host that went and came back meanwhile is
  /// no reason to move, and one that went is one.
  @Test func afterAPauseOneLookIsTaken() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .up)
    _ = watch.said()
    watch.failover.paused(for: .seconds(1), at: watch.now)
    watch.say(0, .down)
    watch.say(0, .up)
    watch.pass(.zero)
    #expect(watch.said() == [])
    watch.failover.paused(for: .seconds(1), at: watch.now)
    watch.say(0, .down)
    #expect(watch.said() == [], "there may be more to read")
    watch.pass(.zero)
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 1)
  }

  // MARK: The operator

  @Test func aSwitchIsRefusedInsideTheWindowAndSaysUntilWhen() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .up)
    _ = watch.said()
    let wish = OperatorCommand.move(Watch.vip, to: HostSlot(1), isForced: false)
    #expect(watch.obey(wish) == .damped(until: watch.now + Watch.window))
    #expect(watch.candidate == 0)
    watch.pass(Watch.window)
    let answer = watch.failover.answer(to: wish, at: watch.now)
    #expect(answer == .done)
    #expect(watch.candidate == 0, "asking changes nothing")
    #expect(watch.obey(wish) == .done)
    #expect(watch.said() == [.moved])
    #expect(watch.obey(wish) == .unchanged)
  }

  /// To a host that is down traffic goes by force only where it would stay: nobody is told that
  /// something was done that was not.
  @Test func forceIsForce() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .down)
    _ = watch.said()
    let force = OperatorCommand.move(Watch.vip, to: HostSlot(1), isForced: true)
    #expect(watch.obey(force) == .wouldNotStay)
    #expect(watch.candidate == 0)
    watch.pass(Watch.window)
    #expect(watch.obey(.move(Watch.vip, to: HostSlot(1), isForced: false)) == .wouldNotStay)
    #expect(watch.said() == [])
    #expect(watch.obey(.outOfService(Watch.vip, true)) == .done)
    #expect(watch.obey(force) == .done)
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 1)
    watch.pass(.seconds(1_000))
    #expect(watch.said() == [], "nothing moves by itself meanwhile")
    #expect(watch.obey(.outOfService(Watch.vip, false)) == .done)
    #expect(watch.candidate == 0)
  }

  /// Where everybody is down, or nothing is known of it, nobody takes the traffic away again.
  @Test(arguments: [Health.down, .unknown])
  func forceWhereNothingBetterIsKnown(_ signal: Health) throws {
    let watch = try Watch()
    watch.say(0, .up)
    if signal == .down {
      watch.say(1, .down)
      watch.say(0, .down)
    }
    _ = watch.said()
    #expect(watch.obey(.move(Watch.vip, to: HostSlot(1), isForced: true)) == .done)
    #expect(watch.candidate == 1)
    watch.pass(.seconds(1_000))
    #expect(watch.candidate == 1)
  }

  @Test func whatAnOperatorChoseStaysUntilItIsDown() throws {
    let watch = try Watch(failback: .seconds(10))
    watch.say(0, .up)
    watch.say(1, .up)
    watch.pass(Watch.window)
    #expect(watch.obey(.move(Watch.vip, to: HostSlot(1), isForced: false)) == .done)
    _ = watch.said()
    watch.pass(.seconds(1_000))
    #expect(watch.said() == [])
    let waits = watch.failover.waits(of: Watch.vip, at: watch.now)
    #expect(waits.map(\.reason) == [.pinned])
    watch.say(1, .down)
    #expect(watch.said() == [.moved])
    watch.say(1, .up)
    #expect(watch.obey(.release(Watch.vip)) == .unchanged)
  }

  @Test func releasedItGoesBackByPreference() throws {
    let watch = try Watch(failback: .seconds(10))
    watch.say(0, .up)
    watch.say(1, .up)
    watch.pass(Watch.window)
    #expect(watch.obey(.move(Watch.vip, to: HostSlot(1), isForced: false)) == .done)
    watch.pass(Watch.window)
    _ = watch.said()
    #expect(watch.obey(.release(Watch.vip)) == .done)
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 0)
  }

  @Test func outOfServiceNothingMovesByItself() throws {
    let watch = try Watch()
    watch.say(0, .up)
    watch.say(1, .up)
    _ = watch.said()
    #expect(watch.obey(.outOfService(Watch.vip, true)) == .done)
    watch.say(0, .down)
    #expect(watch.said() == [])
    #expect(watch.obey(.outOfService(Watch.vip, false)) == .done)
    #expect(watch.said() == [.moved])
  }

  @Test func anOwnersWishesAreNotAWatchers() throws {
    let watch = try Watch()
    #expect(watch.obey(.take(Watch.vip, isForced: true)) == .nobodyToTakeOver)
    #expect(watch.obey(.move(Watch.vip, to: HostSlot(7), isForced: true)) == .notACandidate)
  }

  // MARK: Routes as evidence

  private static func route(_ text: String, table: UInt32 = 254) throws -> Route {
    Route(
      destination: try #require(Prefix(text)), table: table, origin: Route.Origin(4),
      kind: .unicast)
  }

  @Test func routesCountOnceTheClassIsKnown() throws {
    let watch = try Watch()
    for text in Watch.routes {
      watch.failover.learned(
        try Self.route(text), isGone: false, at: watch.now, into: &watch.verdicts)
    }
    #expect(watch.candidate == nil, "a dump that runs proves nothing")
    watch.failover.isComplete(.routes, at: watch.now, into: &watch.verdicts)
    #expect(watch.candidate == 0)
    let second = try Self.route(Watch.routes[0], table: 100)
    watch.failover.learned(second, isGone: false, at: watch.now, into: &watch.verdicts)
    watch.failover.learned(
      try Self.route(Watch.routes[0]), isGone: true, at: watch.now, into: &watch.verdicts)
    #expect(watch.candidate == 0, "another table still has it")
    watch.failover.learned(second, isGone: true, at: watch.now, into: &watch.verdicts)
    #expect(watch.candidate == 1)
  }

  // MARK: Neighbours as evidence

  @Test func aNeighbourThatFailedIsDownAndNoOtherStateRaisesAHost() throws {
    let watch = try Watch(hasNeighbours: true)
    watch.listNeighbours(failed: [])
    watch.say(0, .up)
    watch.learnNeighbour(1, Watch.reachable)
    // Its packets say nothing: the network answers for it.
    watch.say(1, .neutral)
    #expect(watch.said() == [.moved])
    #expect(watch.failover.hosts[HostSlot(1)].health == .unknown)
    watch.learnNeighbour(0, Watch.failed)
    #expect(watch.failover.hosts[HostSlot(0)].health == .down)
    #expect(watch.candidate == 0, "nobody else is known to be well")
    watch.say(1, .up)
    #expect(watch.candidate == 1)
    // It answers again, and its probe never said otherwise.
    watch.learnNeighbour(0, Watch.reachable)
    #expect(watch.failover.hosts[HostSlot(0)].health == .up)
    watch.say(0, .down)
    watch.learnNeighbour(0, Watch.reachable)
    #expect(watch.failover.hosts[HostSlot(0)].health == .down)
  }

  @Test func aFailedNeighbourOnOneInterfaceIsFailedUntilThatEntryIsNot() throws {
    let watch = try Watch(hasNeighbours: true)
    watch.listNeighbours(failed: [])
    watch.say(0, .up)
    watch.learnNeighbour(0, Watch.failed)
    watch.learnNeighbour(0, Watch.reachable, on: 3)
    #expect(watch.failover.hosts[HostSlot(0)].health == .down)
    watch.learnNeighbour(0, Watch.failed, isGone: true)
    #expect(watch.failover.hosts[HostSlot(0)].health == .up)
  }

  @Test func neighboursCountWhileTheClassIsKnownAndAsADumpConfirms() throws {
    let watch = try Watch(hasNeighbours: true)
    watch.say(0, .up)
    watch.say(1, .up)
    watch.learnNeighbour(0, Watch.failed)
    #expect(watch.candidate == nil, "a dump that runs proves nothing")
    watch.listNeighbours(failed: [])
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 0, "what was not listed is gone")
    watch.failover.becameStale(.neighbours)
    watch.learnNeighbour(0, Watch.failed)
    #expect(watch.said() == [])
    #expect(watch.failover.hosts[HostSlot(0)].health == .up, "silent while the class is stale")
    watch.listNeighbours(failed: [0])
    #expect(watch.said() == [.moved])
    #expect(watch.candidate == 1)
    watch.failover.becameStale(.neighbours)
    watch.listNeighbours(failed: [])
    #expect(watch.failover.hosts[HostSlot(0)].health == .up)
  }
}
