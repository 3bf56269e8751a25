// What the platform has scheduled for this machine: traffic leaves before, and comes back by the rule.

import Failover
import Model
import Testing

struct DoomTests {
  private static let above = Rung(Rung.owner.value + 2) ?? .last

  /// This one claims, and the other stands by.
  private func leading(isOtherWell: Bool = true) throws -> Pair {
    let pair = try Pair()
    pair.hear(.standby, epoch: 0, wants: false)
    pair.say(.up)
    #expect(pair.standing?.rung.isClaim == true)
    pair.hear(.standby, epoch: 1, wants: isOtherWell)
    _ = pair.said()
    return pair
  }

  private func doom(_ pair: Pair, _ isPending: Bool) -> Bool {
    pair.failover.doom(isPending, at: pair.now, into: &pair.verdicts)
  }

  private func mayCarry(_ pair: Pair) -> Bool { pair.failover.mayCarry(Pair.vip) }
  private func isOut(_ pair: Pair) -> Bool { pair.failover.isOutOfService(Pair.vip) }
  private func isDoomed(_ pair: Pair) -> Bool { pair.failover.isDoomed }

  @Test func whoIsDoomedHandsOver() throws {
    let pair = try leading()
    #expect(mayCarry(pair))
    #expect(doom(pair, true))
    #expect(!doom(pair, true))
    let trigger = pair.failover.trigger
    #expect(trigger == .scheduledEvent)
    // Not before the other has claimed.
    #expect(pair.standing?.rung.isClaim == true)
    #expect(mayCarry(pair))
    pair.hear(DoomTests.above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    #expect(!mayCarry(pair))
    let waits = pair.failover.waits(of: Pair.vip, at: pair.now)
    #expect(waits.contains { $0.reason == .doomed })
    // What comes back is not taken back: the other carries it.
    #expect(doom(pair, false))
    #expect(pair.standing?.rung.isClaim == false)
    #expect(!isOut(pair), "no operator has said so")
  }

  @Test func whatNobodyElseWouldCarryStays() throws {
    let pair = try leading(isOtherWell: false)
    _ = doom(pair, true)
    pair.pass(.seconds(60))
    #expect(pair.standing?.rung.isClaim == true)
    #expect(mayCarry(pair))
  }

  @Test func whoeverIsLeftAloneCarriesItAgain() throws {
    let pair = try leading()
    _ = doom(pair, true)
    pair.hear(DoomTests.above, epoch: 2, wants: true)
    pair.pass(Pair.timeout / 2)
    #expect(pair.standing?.rung.isClaim == false)
    // The other dies, and we are still here.
    pair.pass(.seconds(60))
    #expect(pair.standing?.rung.isClaim == true)
  }

  @Test func anOperatorsWordStandsBesideIt() throws {
    let pair = try leading()
    #expect(pair.obey(.outOfService(Pair.vip, true)) == .done)
    _ = doom(pair, true)
    _ = doom(pair, false)
    #expect(isOut(pair))
  }

  @Test func aBalancedOwnerResigns() throws {
    let pair = try Pair(isBalanced: true)
    pair.say(.up)
    _ = pair.said()
    _ = doom(pair, true)
    #expect(pair.said() == [.resign(Rung.owner.resigned)])
    #expect(!mayCarry(pair))
    _ = doom(pair, false)
    #expect(pair.said() == [.claim(.owner, isLast: false)])
  }

  // MARK: The machine of another speaker

  /// A leading watcher whose first host is the other watcher's machine, and traffic goes there.
  private func watching(isSecondUp: Bool = true, allDown: Plan.AllDown = .hold) throws -> Watch {
    let watch = try Watch(isInGroup: true, allDown: allDown, fellowIs: 0)
    watch.hear(FellowClaim(epoch: 0, rung: .standby, wants: false, rank: 200))
    watch.say(0, .up)
    watch.say(1, isSecondUp ? .up : .down)
    watch.pass(Watch.timeout / 2)
    #expect(watch.candidate == 0)
    return watch
  }

  private func relay(_ watch: Watch, _ isPending: Bool) {
    watch.hear(FellowClaim(epoch: 1, rung: .standby, wants: false, rank: 200))
    watch.failover.relayed(isPending, by: Watch.fellow, at: watch.now, into: &watch.verdicts)
  }

  private func holds(_ watch: Watch, _ reason: WaitReason) -> Bool {
    watch.failover.waits(of: Watch.vip, at: watch.now).contains { $0.reason == reason }
  }

  /// Lives on beside a speaker that says that it is there.
  private func live(_ watch: Watch, _ length: Nanoseconds, isPending: Bool) {
    let end = watch.now + length
    while watch.now < end {
      relay(watch, isPending)
      watch.pass(min(Watch.timeout / 2, end - watch.now))
    }
  }

  @Test func aHostIsLeftBeforeItGoes() throws {
    let watch = try watching()
    relay(watch, true)
    #expect(watch.candidate == 1)
    let trigger = watch.failover.trigger
    #expect(trigger == .fellowDoomed(Watch.fellow))
    #expect(holds(watch, .doomedHost))
    live(watch, .seconds(120), isPending: true)
    #expect(watch.candidate == 1)
    // It comes back by the rule of failback.
    live(watch, .seconds(59), isPending: false)
    #expect(watch.candidate == 1 && !holds(watch, .doomedHost))
    live(watch, .seconds(2), isPending: false)
    #expect(watch.candidate == 0)
  }

  @Test func aHostThatWillGoIsBetterThanNone() throws {
    for rule in Plan.AllDown.allCases {
      let watch = try watching(isSecondUp: false, allDown: rule)
      _ = watch.said()
      live(watch, .seconds(10), isPending: true)
      #expect(watch.candidate == 0)
      #expect(watch.said() == [])
      // As soon as another can, it does.
      watch.say(1, .up)
      #expect(watch.candidate == 1)
    }
  }

  @Test func whoFallsSilentSaysNothingOfItsMachine() throws {
    let watch = try watching()
    relay(watch, true)
    #expect(watch.candidate == 1)
    watch.pass(Watch.timeout)
    #expect(!holds(watch, .doomedHost))
    #expect(watch.candidate == 1)
    watch.pass(.seconds(61))
    #expect(watch.candidate == 0, "it answers, and nothing is said against it")
  }

  @Test func whatARelayedEventLeftSurvivesInTheKeptState() throws {
    let watch = try watching()
    relay(watch, true)
    var saving = Keeper()
    watch.failover.keep(in: &saving)
    let other = try Watch(isInGroup: true, fellowIs: 0)
    var reading = Keeper(reading: saving.finish())
    other.failover.keep(in: &reading)
    let isDoomed = other.failover.isDoomed(Watch.fellow)
    #expect(isDoomed)
  }

  @Test func itSurvivesInTheKeptState() throws {
    let pair = try leading()
    _ = doom(pair, true)
    var saving = Keeper()
    pair.failover.keep(in: &saving)
    let other = try Pair()
    var reading = Keeper(reading: saving.finish())
    other.failover.keep(in: &reading)
    #expect(isDoomed(other))
  }
}
