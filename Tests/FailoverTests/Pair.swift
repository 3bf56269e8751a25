// An owner that goes by its health, small enough to think about, and what the other one says.

import Failover
import Model
import Testing

/// One machine of a pair in which health decides, and what it has said.
final class Pair {
  static let vip = VIPSlot(0)
  static let fellow = FellowSlot(0)
  static let timeout = Nanoseconds.milliseconds(500)
  static let window = Nanoseconds.seconds(30)

  var failover: Failover
  var verdicts: [Verdict] = []
  var now = Instant.zero

  /// The other one has the lower address, and with it the better rank.
  init(
    allDown: Plan.AllDown = .hold, isBalanced: Bool = false, isInGroup: Bool = true
  ) throws {
    let local = IPv4Address(10, 0, 2, 10)
    let name = try #require(InterfaceName("eth1"))
    failover = Failover(
      Plan(
        local: .init(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: .init(
          platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
          peers: [IPv4Address(10, 0, 1, 4)], damping: .init(window: Pair.window)),
        vips: [
          .init(
            name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
            role: .healthy(.init(isBalanced: isBalanced)), candidates: [], allDown: allDown)
        ],
        hosts: [.init(name: "self", address: local, isSelf: true, targets: 0..<1)],
        targets: [.init(host: HostSlot(0), evidence: .link(name))],
        group: isInGroup
          ? .init(
            peers: [IPv4Address(10, 0, 2, 9)], address: local, keyFile: "", timeout: Pair.timeout)
          : nil))
    failover.viewIsComplete(at: now, into: &verdicts)
  }

  func say(_ signal: Signal) {
    failover.learned(TargetSlot(0), signal, at: now, into: &verdicts)
  }

  func obey(_ command: OperatorCommand) -> OperatorAnswer {
    failover.obey(command, at: now, into: &verdicts)
  }

  func hear(_ rung: Rung, epoch: UInt32, wants: Bool) {
    failover.heard(Pair.fellow, at: now)
    failover.heard(
      FellowClaim(epoch: epoch, rung: rung, wants: wants, rank: 100), of: Pair.vip,
      from: Pair.fellow, at: now, into: &verdicts)
    failover.understood(Pair.fellow, at: now, into: &verdicts)
  }

  func pass(_ length: Nanoseconds) {
    let end = now + length
    while let due = failover.deadline, due <= end {
      now = max(now, due)
      failover.turn(at: now, into: &verdicts)
    }
    now = end
  }

  func said() -> [Judgement] {
    defer { verdicts.removeAll() }
    return verdicts.map(\.judgement)
  }

  var standing: Standing? { failover.standing(Pair.vip) }
}
