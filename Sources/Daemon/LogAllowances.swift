// How many lines the log gets about one thing: enough to tell, never a flood.

import Chronicle
import Engine
import Model

/// Whom a line of the log is about.
enum LogSubject: Equatable {
  case routeServer(PeerSlot)
  /// Connections from route servers that belong to none of them.
  case strangers
  case host(HostSlot)
  case target(TargetSlot)
  case speaker(FellowSlot)
  /// Where a VIP's routes should lead; its shifts are always told.
  case routes(VIPSlot)

  /// Nil for what happens seldom, or is told whatever happens.
  static func of(_ note: Note) -> LogSubject? {
    switch note {
    case .session(let peer, _, _): .routeServer(peer)
    case .health(let host, _): .host(host)
    case .probe(let probe): .target(ProbeWords.slot(of: probe))
    case .fellow(let fellow, _): .speaker(fellow)
    case .wish(let vip, _, _): .routes(vip)
    default: nil
    }
  }
}

/// A route server that connects a thousand times a second, or a host that flaps, must not fill the
/// disk. For each there is an allowance of lines that refills with time; what finds it empty is
/// counted, and the count is told as soon as there is a line for it.
struct LogAllowances {
  /// Lines that may come at once. We chose it: a session that falls and comes back takes four.
  static let burst = 12
  /// How long a line takes to be allowed again: ten in a minute.
  static let refill = Nanoseconds.seconds(6)

  private struct Allowance {
    var lines = LogAllowances.burst
    /// When the last line was refilled.
    var refilled = Instant.zero
    var withheld: UInt64 = 0
  }

  /// Route servers, strangers, hosts, targets, speakers and VIPs, one kind behind the other.
  private var allowances: [Allowance]
  private let peers: Int
  private let hosts: Int
  private let targets: Int
  private let fellows: Int
  private var isSilent = false

  init(for plan: Plan) {
    self.init(
      peers: plan.routeServers.peers.count, hosts: plan.hosts.count, targets: plan.targets.count,
      fellows: plan.group?.peers.count ?? 0, vips: plan.vips.count)
  }

  init(peers: Int, hosts: Int = 0, targets: Int = 0, fellows: Int = 0, vips: Int = 0) {
    self.peers = peers
    self.hosts = hosts
    self.targets = targets
    self.fellows = fellows
    let count = peers + 1 + hosts + targets + fellows + vips
    allowances = Array(repeating: Allowance(), count: count)
  }

  /// Whether one more line about this may be written now.
  mutating func allows(_ subject: LogSubject, at now: Instant) -> Bool {
    let index = index(of: subject)
    fill(index, at: now)
    guard allowances[index].lines > 0 else {
      allowances[index].withheld += 1
      isSilent = true
      return false
    }
    allowances[index].lines -= 1
    return true
  }

  /// How many lines about something were withheld, once there is a line to say so.
  mutating func nextWithheld(at now: Instant) -> (subject: LogSubject, count: UInt64)? {
    guard isSilent else { return nil }
    isSilent = false
    for index in allowances.indices where allowances[index].withheld > 0 {
      isSilent = true
      fill(index, at: now)
      guard allowances[index].lines > 0 else { continue }
      let count = allowances[index].withheld
      allowances[index].withheld = 0
      allowances[index].lines -= 1
      return (subject(at: index), count)
    }
    return nil
  }

  private func index(of subject: LogSubject) -> Int {
    switch subject {
    case .routeServer(let slot): slot.index
    case .strangers: peers
    case .host(let slot): peers + 1 + slot.index
    case .target(let slot): peers + 1 + hosts + slot.index
    case .speaker(let slot): peers + 1 + hosts + targets + slot.index
    case .routes(let slot): peers + 1 + hosts + targets + fellows + slot.index
    }
  }

  private func subject(at index: Int) -> LogSubject {
    if index < peers { return .routeServer(PeerSlot(index)) }
    var rest = index - peers
    if rest == 0 { return .strangers }
    rest -= 1
    if rest < hosts { return .host(HostSlot(rest)) }
    rest -= hosts
    if rest < targets { return .target(TargetSlot(rest)) }
    rest -= targets
    return rest < fellows ? .speaker(FellowSlot(rest)) : .routes(VIPSlot(rest - fellows))
  }

  private mutating func fill(_ index: Int, at now: Instant) {
    let new = (now - allowances[index].refilled).count / LogAllowances.refill.count
    let lines = allowances[index].lines
    if Int64(lines) + new >= Int64(LogAllowances.burst) {
      // A full allowance saves nothing up.
      allowances[index].lines = LogAllowances.burst
      allowances[index].refilled = now
    } else if new > 0 {
      allowances[index].lines = lines + Int(new)
      allowances[index].refilled = allowances[index].refilled + LogAllowances.refill * new
    }
  }
}
