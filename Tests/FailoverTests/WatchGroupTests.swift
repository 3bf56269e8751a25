// A watcher beside another one: who says where the traffic goes.

import Failover
import Model
import Testing

struct WatchGroupTests {
  /// The leader's claim at its lane's first rung, with the traffic sent to one of the hosts.
  private func lead(to host: Int?, epoch: UInt32 = 1) -> FellowClaim {
    FellowClaim(
      epoch: epoch, rung: .owner, wants: host != nil, rank: 100,
      nextHop: host.map { IPv4Address(10, 0, 2, UInt8(11 + $0)) })
  }

  @Test func aFollowerSaysWhatItsLeaderSays() throws {
    let watch = try Watch(isInGroup: true)
    watch.say(0, .up)
    watch.say(1, .up)
    watch.hear(lead(to: 1))
    #expect(watch.candidate == 1, "the first host is preferred and well, but the leader decides")
    #expect(watch.failover.standing(Watch.vip)?.rung == .standby)
    _ = watch.said()
    watch.hear(lead(to: 0))
    #expect(watch.said() == [.followed])
    #expect(watch.candidate == 0)
    // What we see ourselves moves nothing while somebody leads.
    watch.say(0, .down)
    #expect(watch.candidate == 0)
    watch.hear(lead(to: 1))
    #expect(watch.candidate == 1)
  }

  @Test func whoLeadsFromNowOnDecidesForItself() throws {
    let watch = try Watch(isInGroup: true)
    watch.say(0, .up)
    watch.say(1, .up)
    watch.hear(lead(to: 1))
    watch.say(1, .down)
    #expect(watch.candidate == 1)
    watch.pass(Watch.timeout)
    // Silent: claimed above it, and the host that is down is left, all in one.
    let standing = watch.failover.standing(Watch.vip)
    #expect(standing?.candidate == 0)
    #expect(standing.map { $0.rung > .owner } == true)
  }
}
