// How a VIP stands, in words that records, log lines and replays share.

package import Engine
package import Failover
package import Model

package enum VIPWords {
  /// The host that traffic is sent to; nil for this machine when the Plan has no name for it.
  package static func host(_ vip: VIPSlot, _ standing: Standing?, _ plan: Plan) -> String? {
    let candidates = plan.vips[vip.index].candidates
    guard let standing, !standing.isWithdrawn, !candidates.isEmpty else { return nil }
    return plan.hosts[candidates[standing.candidate].host.index].name
  }

  /// Where its IPv4 traffic is sent; nil while nothing is announced.
  package static func nextHop(_ vip: VIPSlot, _ standing: Standing?, _ plan: Plan) -> String? {
    guard let standing, !standing.isWithdrawn else { return nil }
    return plan.nextHops(of: vip)[standing.candidate].description
  }

  /// `active`: this machine carries the VIP, or leads those who say who does. `withdrawn`: nobody
  /// can.
  package static func state(_ vip: VIPSlot, _ engine: borrowing Engine) -> String {
    guard let standing = engine.failover.standing(vip) else { return "unknown" }
    if standing.isWithdrawn { return "withdrawn" }
    if case .watcher = engine.plan.vips[vip.index].role {
      return standing.rung.isClaim ? "watching" : "following"
    }
    if engine.plan.group == nil { return engine.failover.isHeld(vip) ? "active" : "standby" }
    return standing.rung.isClaim ? "active" : "standby"
  }

  /// `owner`, or `owner, ws1` where the VIP has hosts.
  package static func words(_ vip: VIPSlot, _ standing: Standing, _ plan: Plan) -> String {
    guard let host = host(vip, standing, plan) else { return standing.word }
    return "\(standing.word), \(host)"
  }

  package static func speaker(_ fellow: FellowSlot, _ plan: Plan) -> String {
    plan.group?.peers[fellow.index].description ?? "\(fellow.index)"
  }

  /// How much of a host's evidence must be good.
  package static func words(_ requirement: Plan.Requirement) -> String {
    switch requirement {
    case .all: "all"
    case .any: "any"
    case .atLeast(let count): "\(count)"
    }
  }

  /// A piece of evidence as the configuration calls it.
  package static func words(_ evidence: Plan.Evidence) -> String {
    switch evidence {
    case .link(let name): "link \(name)"
    case .address(let address): "address \(address)"
    case .route(let prefix): "route \(prefix)"
    case .neighbour(let address): "neighbour \(address)"
    case .probe(let probe): words(probe)
    }
  }

  private static func words(_ probe: Plan.Probe) -> String {
    switch probe.kind {
    case .arp(let interface, _): "arp \(probe.address) on \(interface)"
    case .icmp: "icmp \(probe.address)"
    case .tcp(let port): "tcp \(probe.address):\(port)"
    case .http(let fetch): "http \(fetch.authority)\(fetch.path)"
    case .bfd: "bfd \(probe.address)"
    }
  }
}
