// How a VIP stands, in words that records and log lines share.

import Engine
import Failover
import Model

enum VIPWords {
  /// The host that traffic is sent to; nil for this machine when the Plan has no name for it.
  static func host(_ vip: VIPSlot, _ standing: Standing?, _ plan: Plan) -> String? {
    let candidates = plan.vips[vip.index].candidates
    guard let standing, !candidates.isEmpty else { return nil }
    return plan.hosts[candidates[standing.candidate].host.index].name
  }

  /// `active`: this machine carries the VIP, or leads those who say who does.
  static func state(_ vip: VIPSlot, _ engine: borrowing Engine) -> String {
    guard let standing = engine.failover.standing(vip) else { return "unknown" }
    if case .watcher = engine.plan.vips[vip.index].role {
      return standing.rung.isClaim ? "watching" : "following"
    }
    if engine.plan.group == nil { return engine.failover.isHeld(vip) ? "active" : "standby" }
    return standing.rung.isClaim ? "active" : "standby"
  }

  /// `owner`, or `owner, ws1` where the VIP has hosts.
  static func words(_ vip: VIPSlot, _ standing: Standing, _ plan: Plan) -> String {
    guard let host = host(vip, standing, plan) else { return standing.rung.description }
    return "\(standing.rung), \(host)"
  }

  /// Why a VIP was looked at.
  static func cause(_ trigger: Trigger, _ plan: Plan) -> String {
    switch trigger {
    case .start: "start"
    case .relisted: "the kernel was read again"
    case .address(let address, let isGone):
      "address \(address) \(isGone ? "left" : "arrived")"
    case .link(let index): "link \(index) changed"
    case .evidence(let target, let signal):
      "host \(plan.hosts[plan.targets[target.index].host.index].name): "
        + "\(words(plan.targets[target.index].evidence)) is \(signal)"
    case .fellowSilent(let fellow): "speaker \(speaker(fellow, plan)) is silent"
    case .fellowHeard(let fellow): "speaker \(speaker(fellow, plan)) is heard"
    case .fellowSaid(let fellow): "word of speaker \(speaker(fellow, plan))"
    case .time: "a wait is over"
    case .operatorsWord: "an operator asked for it"
    }
  }

  static func speaker(_ fellow: FellowSlot, _ plan: Plan) -> String {
    plan.group?.peers[fellow.index].description ?? "\(fellow.index)"
  }

  /// A piece of evidence as the configuration calls it.
  static func words(_ evidence: Plan.Evidence) -> String {
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
