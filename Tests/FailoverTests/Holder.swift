// A machine whose VIP follows an address, what its kernel says, and what the others say.

import Failover
import Model
import Testing

/// One machine, with one other in its group or without any.
final class Holder {
  static let vip = VIPSlot(0)
  static let fellow = FellowSlot(0)
  static let timeout = Nanoseconds.milliseconds(500)
  static let window = Nanoseconds.seconds(30)
  private static let address = IPv4Address(10, 1, 0, 5)
  private static let interface = InterfaceIndex(2)

  var failover: Failover
  var verdicts: [Verdict] = []
  var now = Instant.zero
  /// The other one says this, as often as it has to.
  private var word: FellowClaim?

  /// The address is here, and the start is long over; in a group the other one stands by.
  init(isInGroup: Bool, isShadow: Bool = false, isShared: Bool = false) throws {
    let local = IPv4Address(10, 0, 2, 10)
    failover = Failover(
      Plan(
        local: .init(asn: ASNumber(65001), address: local, identifier: local),
        routeServers: .init(
          platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
          peers: [IPv4Address(10, 0, 1, 4)],
          damping: .init(window: Holder.window, isShared: isShared)),
        vips: [
          .init(
            name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
            owner: .init(address: .v4(Holder.address), interfaces: []))
        ],
        group: isInGroup
          ? .init(
            peers: [IPv4Address(10, 0, 2, 9)], address: local, keyFile: "",
            timeout: Holder.timeout) : nil,
        isShadow: isShadow))
    link(true)
    failover.viewIsComplete(at: now, into: &verdicts)
    if isInGroup { hear(.standby, epoch: 0, wants: false) }
    arrive()
    if isInGroup { hear(.standby, epoch: 1, wants: false) }
    pass(Holder.window * 2)
    _ = said()
    _ = told()
  }

  private var kernelAddress: InterfaceAddress {
    InterfaceAddress(
      address: .v4(Holder.address), prefixLength: 24, interface: Holder.interface,
      isTentative: false, isDeprecated: false)
  }

  func link(_ isUp: Bool) {
    guard let name = InterfaceName("eth0") else { preconditionFailure("a name") }
    let link = Link(
      index: Holder.interface, name: name, isLoopback: false, isUp: true, hasCarrier: isUp,
      operationalState: isUp ? .up : .down)
    _ = failover.learned(link, at: now, into: &verdicts)
  }

  func arrive() { failover.learned(kernelAddress, at: now, into: &verdicts) }

  func leave() { failover.lost(kernelAddress, at: now, into: &verdicts) }

  /// The kernel lists everything anew, without the address if it went unnoticed.
  func relist(hasAddress: Bool) {
    failover.beginConfirming()
    link(true)
    if hasAddress { arrive() }
    failover.viewIsComplete(at: now, into: &verdicts)
  }

  func obey(_ command: OperatorCommand) -> OperatorAnswer {
    failover.obey(command, at: now, into: &verdicts)
  }

  func give(isForced: Bool = false) -> OperatorAnswer {
    obey(.give(Holder.vip, isForced: isForced))
  }

  func take(isForced: Bool = false) -> OperatorAnswer {
    obey(.take(Holder.vip, isForced: isForced))
  }

  func hear(_ rung: Rung, epoch: UInt32, wants: Bool) {
    word = FellowClaim(epoch: epoch, rung: rung, wants: wants, rank: 100)
    listen()
  }

  private func listen() {
    guard let word else { return }
    failover.heard(Holder.fellow, at: now)
    failover.heard(word, of: Holder.vip, from: Holder.fellow, at: now, into: &verdicts)
    failover.understood(Holder.fellow, at: now, into: &verdicts)
  }

  /// The other one is not heard any more.
  func silence() {
    word = nil
    pass(Holder.timeout * 2)
  }

  /// Time passes, and the other one goes on saying what it said last.
  func pass(_ length: Nanoseconds) {
    let end = now + length
    while now < end {
      let step = min(end, now + Holder.timeout / 2)
      while let due = failover.deadline, due <= step {
        now = max(now, due)
        failover.turn(at: now, into: &verdicts)
      }
      now = step
      listen()
    }
  }

  /// This process stands still, and so does everybody's word.
  func pause(_ length: Nanoseconds) {
    now = now + length
    failover.paused(for: length, at: now)
  }

  func said() -> [Judgement] {
    defer { verdicts.removeAll() }
    return verdicts.map(\.judgement)
  }

  /// What became of the address since this was asked last.
  func told() -> [Placement] {
    var told: [Placement] = []
    failover.takeOccurrences { occurrence in
      if case .placement(_, let placement) = occurrence { told.append(placement) }
    }
    return told
  }

  /// What the file says that keepalived tracks.
  var isUnwanted: Bool { failover.isAddressUnwanted(Holder.vip) }
}
