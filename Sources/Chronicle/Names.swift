// The names behind the numbers of a Plan, and which number of another Plan has the same name.

import BGP
package import Engine
import Failover
package import Journal
package import Model

extension Beginning {
  /// The beginning of a run with a Plan that was read from `configuration`.
  package init(
    of plan: Plan, release: String, seed: UInt64, run: UInt64, wallOffset: Int64,
    configuration: [UInt8]
  ) {
    self.init(
      release: release, seed: seed, run: run, wallOffset: wallOffset,
      configuration: configuration,
      routeServers: plan.routeServers.peers.map(\.description),
      fellows: plan.group?.peers.map(\.description) ?? [],
      vips: plan.vips.map(\.name), hosts: plan.hosts.map(\.name),
      targets: plan.targets.map { Beginning.name(of: $0, plan) })
  }

  private static func name(of target: Plan.Target, _ plan: Plan) -> String {
    "\(plan.hosts[target.host.index].name): \(VIPWords.words(target.evidence))"
  }
}

/// Finds the places that the names of one beginning have in another's lists.
package struct Names: Sendable {
  private let routeServers: [Int?]
  private let fellows: [Int?]
  private let vips: [Int?]
  private let hosts: [Int?]
  private let targets: [Int?]

  /// From the numbers of `recorded` to those of `other`.
  package init(from recorded: Beginning, to other: Beginning) {
    routeServers = Names.places(recorded.routeServers, other.routeServers)
    fellows = Names.places(recorded.fellows, other.fellows)
    vips = Names.places(recorded.vips, other.vips)
    hosts = Names.places(recorded.hosts, other.hosts)
    targets = Names.places(recorded.targets, other.targets)
  }

  private static func places(_ names: [String], _ others: [String]) -> [Int?] {
    names.map { others.firstIndex(of: $0) }
  }

  /// The same thing in the other's numbers; nil when the other does not know what it is about.
  package func translate(_ input: Input) -> Input? {
    switch input {
    case .opened, .openFailed, .kernel, .overrun, .drained, .dumpFailed, .watched, .unwatched,
      .doubted, .paused, .recalled, .doomed, .turn, .idle, .stop:
      return input
    // What a probe asked is in its answer: another configuration would have asked otherwise.
    case .probe: return nil
    case .command(let command): return translate(command).map { .command($0) }
    case .connected(let peer): return routeServer(peer).map { .connected($0) }
    case .connectFailed(let peer): return routeServer(peer).map { .connectFailed($0) }
    case .accepted(let peer): return routeServer(peer).map { .accepted($0) }
    case .received(let slot): return connection(slot).map { .received($0) }
    case .closed(let slot): return connection(slot).map { .closed($0) }
    case .held(let slot): return connection(slot).map { .held($0) }
    case .taken(let slot): return connection(slot).map { .taken($0) }
    case .acknowledged(let slot): return connection(slot).map { .acknowledged($0) }
    case .hello(let fellow):
      return place(fellow.index, fellows).map { .hello(FellowSlot($0)) }
    }
  }

  private func translate(_ command: OperatorCommand) -> OperatorCommand? {
    guard let vip = place(command.vip.index, vips).map({ VIPSlot($0) }) else { return nil }
    switch command {
    case .move(_, let host, let isForced):
      return place(host.index, hosts).map { .move(vip, to: HostSlot($0), isForced: isForced) }
    case .take(_, let isForced): return .take(vip, isForced: isForced)
    case .give(_, let isForced): return .give(vip, isForced: isForced)
    case .release: return .release(vip)
    case .outOfService(_, let isOut): return .outOfService(vip, isOut)
    }
  }

  /// What was found out of a piece of evidence that the other has as well.
  package func target(_ slot: TargetSlot) -> TargetSlot? {
    place(slot.index, targets).map { TargetSlot($0) }
  }

  private func routeServer(_ slot: PeerSlot) -> PeerSlot? {
    place(slot.index, routeServers).map { PeerSlot($0) }
  }

  private func connection(_ slot: ConnectionSlot) -> ConnectionSlot? {
    routeServer(slot.peer).map { ConnectionSlot($0, slot.side) }
  }

  private func place(_ index: Int, _ places: [Int?]) -> Int? {
    places.indices.contains(index) ? places[index] : nil
  }
}
