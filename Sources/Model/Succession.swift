// From one Plan to the next: what each thing was called before, by its name.

/// Where the things of a new Plan stood in the Plan before it. What has the same name is the same
/// thing, whatever else was written about it.
public struct Succession: Sendable {
  /// By place in the new Plan, the place in the old one; nil: it is new.
  public let vips: [Int?]
  public let hosts: [Int?]
  /// Of the same host, and looking at the same thing, however often.
  public let targets: [Int?]
  public let peers: [Int?]
  /// By place in the old Plan: the place in the new one.
  public let newHosts: [Int?]
  /// By VIP of the new Plan and place among its candidates of old: the place among those of now.
  private let candidates: [[Int?]]
  /// The same hosts are asked in the same way: what is on its way is no other's.
  public let keepsProbes: Bool
  /// The same of what is asked through VIPs.
  public let keepsConfirmations: Bool

  public init(from old: Plan, to new: Plan) {
    vips = Succession.places(of: new.vips.map(\.name), in: old.vips.map(\.name))
    hosts = Succession.places(of: new.hosts.map(\.name), in: old.hosts.map(\.name))
    newHosts = Succession.places(of: old.hosts.map(\.name), in: new.hosts.map(\.name))
    targets = Succession.places(
      of: new.targets.map { Subject($0, of: new) }, in: old.targets.map { Subject($0, of: old) })
    peers = Succession.places(of: new.routeServers.peers, in: old.routeServers.peers)
    candidates = vips.enumerated().map { place, before in
      guard let before else { return [] }
      return Succession.places(
        of: Succession.carriers(old.vips[before], old),
        in: Succession.carriers(new.vips[place], new))
    }
    keepsProbes =
      old.targets == new.targets && old.hosts.map(\.name) == new.hosts.map(\.name)
      && old.hosts.map(\.isAnchor) == new.hosts.map(\.isAnchor)
    keepsConfirmations =
      keepsProbes && old.vips.count == new.vips.count
      && zip(old.vips, new.vips).allSatisfy {
        $0.name == $1.name && $0.confirmation == $1.confirmation && $0.candidates == $1.candidates
      }
  }

  /// What a candidate of the VIP before is called now; nil: it is none any more.
  public func candidate(_ place: Int, of vip: VIPSlot) -> Int? {
    let places = candidates[vip.index]
    return places.indices.contains(place) ? places[place] : nil
  }

  /// Whether the candidates of a VIP are the same hosts in the same order.
  public func keepsOrder(of vip: VIPSlot) -> Bool {
    candidates[vip.index].enumerated().allSatisfy { $0.offset == $0.element }
  }

  /// What a target looks at. How often, and how many failures count, is no part of it.
  private struct Subject: Hashable {
    var host: String
    var evidence: Plan.Evidence

    init(_ target: Plan.Target, of plan: Plan) {
      host = plan.hosts[target.host.index].name
      evidence = target.evidence
      guard case .probe(var probe) = evidence else { return }
      (probe.interval, probe.timeout, probe.fall, probe.rise) = (.zero, .zero, 0, 0)
      evidence = .probe(probe)
    }
  }

  /// The names of those that can carry a VIP; nil is this machine, where nobody is named.
  private static func carriers(_ vip: Plan.VIP, _ plan: Plan) -> [String?] {
    vip.candidates.isEmpty ? [nil] : vip.candidates.map { plan.hosts[$0.host.index].name }
  }

  /// Of several that are called the same, each is found once.
  private static func places<Name: Hashable>(of names: [Name], in others: [Name]) -> [Int?] {
    var known: [Name: [Int]] = [:]
    for (place, name) in others.enumerated().reversed() { known[name, default: []].append(place) }
    return names.map { name in known[name]?.popLast() }
  }
}

extension Succession {
  /// Why a running daemon cannot go from one Plan to another.
  public enum Obstacle: Hashable, Sendable, CaseIterable {
    /// Which speakers there are, and where they are heard: what each may claim hangs on it.
    case group
    /// What route tables have of the kernel's routes, and who writes it.
    case tables
    /// What is announced would have to be taken back.
    case shadow

    /// What stands in the way, for people.
    public var sentence: String {
      switch self {
      case .group: "group: who speaks, and where they are heard, needs a restart"
      case .tables:
        "azure: who writes the kernel's routes into route tables, and how many of them have room "
          + "beside those of VIPs, needs a restart"
      case .shadow: "mode: shadow would take back what is announced, and needs a restart"
      }
    }
  }

  /// What the kernel's routes in route tables hang on, beside their rules.
  private struct TablePlace: Equatable {
    let isThere: Bool
    let writer: String?
    let ofVIPs: Set<Prefix>

    init(_ plan: Plan) {
      isThere = plan.azure != nil
      writer = plan.azure?.writer.map { plan.vips[$0.index].name }
      ofVIPs = Set(plan.vips.flatMap { $0.udr?.prefixes ?? [] })
    }
  }

  /// Everything that stands in the way; what it is about is then taken up by a new start only.
  public static func obstacles(from old: Plan, to new: Plan) -> [Obstacle] {
    var obstacles: [Obstacle] = []
    if old.group?.peers != new.group?.peers || old.group?.address != new.group?.address
      || old.group?.port != new.group?.port
    {
      obstacles.append(.group)
    }
    if old.redistributions.contains(where: { $0.tablesMode != nil }),
      TablePlace(old) != TablePlace(new)
    {
      obstacles.append(.tables)
    }
    if new.isShadow, !old.isShadow { obstacles.append(.shadow) }
    return obstacles
  }
}
