// VIPs that move as one: how they are decided, and what stands for them.

package import Model

/// What is announced for a VIP.
package struct Standing: Hashable, Sendable {
  /// The position among the VIP's candidates.
  package var candidate: Int
  package var rung: Rung
  /// Nobody can carry the VIP, and nothing is announced for it. The rest is then the same for all.
  package let isWithdrawn: Bool

  package init(candidate: Int, rung: Rung) {
    self.candidate = candidate
    self.rung = rung
    isWithdrawn = false
  }

  private init() {
    candidate = 0
    rung = .standby
    isWithdrawn = true
  }

  package static let withdrawn = Standing()

  /// The rung, or that there is none.
  package var word: String { isWithdrawn ? "withdrawn" : rung.description }
}

extension Standing {
  /// The same under the Plan that came after; nil: its host is no candidate any more.
  package func renamed(for vip: VIPSlot, by succession: Succession) -> Standing? {
    if isWithdrawn { return self }
    return succession.candidate(candidate, of: vip).map { Standing(candidate: $0, rung: rung) }
  }

  package static func keep(_ standing: inout Standing, in keeper: inout Keeper) {
    var isWithdrawn = standing.isWithdrawn
    keeper.keep(place: &standing.candidate, below: PlanLimits.candidatesPerVIP)
    keeper.keep(&standing.rung)
    keeper.keep(&isWithdrawn)
    if keeper.isReading, isWithdrawn { standing = .withdrawn }
  }

  // Written out, here and elsewhere: one that the compiler makes is called through a table when
  // another room compares, and a mass shift compares often.
  @inlinable
  package static func == (left: Standing, right: Standing) -> Bool {
    left.candidate == right.candidate && left.rung == right.rung
      && left.isWithdrawn == right.isWithdrawn
  }
}

/// One VIP, or several that are tied.
struct Unit: Sendable {
  enum Rule: Equatable, Sendable {
    /// By the address; in a group a `Contest`, without one a `Claim`.
    case address
    /// By our own health, in a group.
    case health(HostSlot)
    /// By our own health, beside others at the same length.
    case balanced(HostSlot)
    /// By the health of others: a `Choice`, in a group below a `Contest`.
    case watcher(choice: Int)
  }

  // What a mass shift looks at lies together: thousands of units leave the caches in between.
  let rule: Rule
  /// Address rule: where the one address is kept that this unit waits for, when any interface will
  /// do; most units are like that.
  var plainSlot: Int?
  /// The first member and how many there are, so that a judgement of one VIP follows no reference.
  let first: VIPSlot
  let memberCount: Int
  /// Address rule: an operator gave it away; that stands until it comes back.
  var isGiven = false
  /// Address rule: what the members' addresses come to.
  var presence = Presence.absent
  /// The last change of the next hop that is known of.
  var shiftedAt: Instant?
  /// The one before it.
  var shiftedBefore: Instant?
  let rank: UInt8
  let members: [VIPSlot]
  let candidates: [HostSlot]
  /// The next hops of the first member, by which speakers understand each other's choice.
  let nextHops: [IPv4Address]
  /// Address rule: where the addresses of the members are kept in the view.
  var addressSlots: [Int] = []
  /// What is announced is withdrawn when nobody can carry it.
  let withdraws: Bool
  /// Health rule: nobody who is heard can carry it; of a watcher its `Choice` knows.
  var isVacant = false
  var isWithdrawn = false
  /// Balanced rule: what stands.
  var rung: Rung?
  /// Out of service by an operator's word: nothing is claimed, nothing moves by itself.
  var isOut = false
  /// Gives way at an operator's word, until another has claimed or this moment.
  var yieldsUntil: Instant?
  /// Address rule: it was given away and has not gone yet; until then somebody may take it.
  var givenUntil: Instant?
  /// Address rule: the address was away since it was last here.
  var hasLeft = true
  /// Address rule: it came while nothing could be decided.
  var hasArrived = false
  /// New to a group that is heard already: until then the others may tell what they claim of it.
  var listensUntil: Instant?
}

extension Unit {
  /// The units of a plan, in the order of their first members.
  static func units(of plan: Plan) -> [Unit] {
    var units: [Unit] = []
    var placeOfTie: [Int: Int] = [:]
    var groups: [[VIPSlot]] = []
    for (index, vip) in plan.vips.enumerated() {
      if let tie = vip.tie, let place = placeOfTie[tie] {
        groups[place].append(VIPSlot(index))
        continue
      }
      if let tie = vip.tie { placeOfTie[tie] = groups.count }
      groups.append([VIPSlot(index)])
    }
    var choices = 0
    units.reserveCapacity(groups.count)
    for members in groups {
      let unit = Unit(members, plan, choices: &choices)
      units.append(unit)
    }
    return units
  }

  private init(_ members: [VIPSlot], _ plan: Plan, choices: inout Int) {
    let first = plan.vips[members[0].index]
    let own = plan.hosts.firstIndex(where: \.isSelf).map(HostSlot.init) ?? HostSlot(0)
    switch first.role {
    case .address:
      rule = .address
      rank = 0
    case .healthy(let owner):
      rule = owner.isBalanced ? .balanced(own) : .health(own)
      rank = owner.rank
    case .watcher(let rank):
      rule = .watcher(choice: choices)
      choices += 1
      self.rank = rank
    }
    self.members = members
    self.first = members[0]
    memberCount = members.count
    candidates = first.candidates.map(\.host)
    nextHops = plan.nextHops(of: members[0])
    withdraws = first.allDown == .withdraw
  }
}

extension Unit {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&rung)
    keeper.keep(&shiftedAt)
    keeper.keep(&shiftedBefore)
    keeper.keep(&isOut)
    keeper.keep(&isVacant)
    keeper.keep(&isWithdrawn)
    keeper.keep(&yieldsUntil)
    keeper.keep(&givenUntil)
    keeper.keep(&isGiven)
    keeper.keep(&hasLeft)
    keeper.keep(&hasArrived)
    presence.keep(in: &keeper)
    keeper.keep(&listensUntil)
  }
}
