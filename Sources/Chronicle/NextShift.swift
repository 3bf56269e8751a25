// What would have to happen for a VIP to change: the half of `explain` that looks ahead.

package import Engine
package import Failover
package import Model

package enum NextShift {
  /// What would move the VIP, whoever then announces it; nil while nothing stands.
  package static func cause(_ vip: VIPSlot, _ engine: borrowing Engine) -> String? {
    guard let standing = engine.failover.standing(vip) else { return nil }
    let plan = engine.plan
    if standing.isWithdrawn { return "a host of it coming up" }
    switch plan.vips[vip.index].role {
    case .address(let owner):
      return engine.failover.isHeld(vip)
        ? "\(owner.address) leaving this machine, or its link stopping"
        : "\(owner.address) coming to this machine"
    case .healthy(let owner):
      let name = selfName(plan)
      if owner.isBalanced {
        return "\(name) \(standing.rung.isClaim ? "going down" : "coming up")"
      }
      return standing.rung.isClaim
        ? "\(name) going down, or a speaker of better rank being well for long enough"
        : "whoever claims it falling silent or being no longer well"
    case .watcher:
      let name = VIPWords.host(vip, standing, plan) ?? "the chosen host"
      return standing.rung.isClaim
        ? "\(name) going down" : "the leading speaker choosing another than \(name)"
    }
  }

  private static func selfName(_ plan: Plan) -> String {
    plan.hosts.first(where: \.isSelf)?.name ?? "this machine"
  }

  /// What leads from what stands to this; it continues "would be sent".
  package static func when(
    _ vip: VIPSlot, _ standing: Standing, _ engine: borrowing Engine
  ) -> String {
    let plan = engine.plan
    switch plan.vips[vip.index].role {
    case .address(let owner): return arrival(vip, owner.address, standing, engine)
    case .healthy(let owner):
      let name = selfName(plan)
      if owner.isBalanced {
        return standing.rung.isClaim ? "once \(name) is up" : "if \(name) goes down"
      }
      return claim(vip, name, engine)
    case .watcher: return choice(vip, standing, engine)
    }
  }

  /// A VIP that is decided by its address.
  private static func arrival(
    _ vip: VIPSlot, _ address: IPAddress, _ standing: Standing, _ engine: borrowing Engine
  ) -> String {
    guard engine.failover.isHeld(vip) else { return "once \(address) comes to this machine" }
    guard engine.plan.group != nil else { return "if \(address) leaves and comes back" }
    return "if another speaker claims it while \(address) is here"
  }

  /// A VIP that is decided by our own health and rank.
  private static func claim(_ vip: VIPSlot, _ name: String, _ engine: borrowing Engine) -> String {
    guard engine.failover.standing(vip)?.rung.isClaim != true else {
      return "if another speaker claims it while \(name) is up"
    }
    let isUp = engine.failover.isHeld(vip)
    return (isUp ? "if" : "once \(name) is up, if")
      + " whoever claims it falls silent, is not well, or is worse in rank"
  }

  private static func choice(
    _ vip: VIPSlot, _ standing: Standing, _ engine: borrowing Engine
  ) -> String {
    let vipPlan = engine.plan.vips[vip.index]
    var names: [String] = []
    var isUp: [Bool] = []
    for host in vipPlan.candidates.map(\.host) {
      names.append(engine.plan.hosts[host.index].name)
      isUp.append(engine.failover.hosts[host].health == .up)
    }
    let chosen = standing.candidate
    if engine.plan.group != nil, engine.failover.standing(vip)?.rung.isClaim == false {
      return "if the leading speaker chooses \(names[chosen]), or nobody leads and it is the first "
        + "that is up"
    }
    guard let current = engine.failover.target(of: vip) else {
      return "once \(names[chosen]) is up and nobody before it"
    }
    if chosen == current { return "if another speaker claims it while this one leads" }
    if chosen < current {
      let isPinned = engine.failover.waits(of: vip, at: .zero).contains { $0.reason == .pinned }
      guard let failback = vipPlan.failback, !isPinned else {
        return "if \(names[current]) goes down while \(names[chosen]) is up"
      }
      return "once \(names[chosen]) has been up for \(words(failback)), or if "
        + "\(names[current]) goes down while it is up"
    }
    // Whoever stands before it and is up would be chosen first.
    let before = vipPlan.candidates.indices.prefix(chosen).filter { $0 == current || isUp[$0] }
    let falling = before.map { names[$0] }.joined(separator: " and ")
    let fall = before.count == 1 ? "goes down" : "go down"
    return "if \(falling) \(fall)" + (isUp[chosen] ? "" : " and \(names[chosen]) comes up")
  }

  private static func words(_ length: Nanoseconds) -> String {
    let count = length.milliseconds
    return count % 1_000 == 0 ? "\(count / 1_000) s" : "\(count) ms"
  }
}
