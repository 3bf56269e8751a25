// What is known of the other speakers of the group.

package import Model

/// What one speaker says of one VIP.
package struct FellowClaim: Equatable, Sendable {
  /// How often the VIP was claimed by anybody, as far as the speaker knows.
  package var epoch: UInt32
  package var rung: Rung
  /// It would carry the VIP: the address is there, or it is well.
  package var wants: Bool
  /// The lowest is preferred.
  package var rank: UInt8
  /// Where it sends the traffic; nil: nowhere.
  package var nextHop: IPv4Address?

  package init(
    epoch: UInt32, rung: Rung, wants: Bool, rank: UInt8, nextHop: IPv4Address? = nil
  ) {
    self.epoch = epoch
    self.rung = rung
    self.wants = wants
    self.rank = rank
    self.nextHop = nextHop
  }

  package static let none = FellowClaim(epoch: 0, rung: .standby, wants: false, rank: .max)
}

/// All that the group has told us, and who of it is alive. What a speaker said last outlives it:
/// its routes may.
package struct Fellows: Sendable {
  package struct Fellow: Sendable, Equatable {
    package var isAlive = false
    /// When it was last heard, or when our own silence ended; nil: never in this run.
    package var heardAt: Instant?
    package var since: Instant?
    /// Heard since we began to listen, and of how many subjects it has not told us since.
    var isConfirmed = false
    var untold = 0
  }

  package let lane: Lane
  /// By fellow: its place among all speakers.
  private let lanes: [Lane]
  private let timeout: Nanoseconds
  package private(set) var list: [Fellow]
  /// By subject, then by fellow.
  private var claims: [FellowClaim]
  /// The same: in which of our listenings it was told last.
  private var toldIn: [UInt32]
  private var listenings: UInt32 = 0
  private let subjects: Int
  /// Until then we listen: nothing is claimed because nobody else seems to.
  package private(set) var listening: Instant?
  /// We stood still for so long that others may have claimed without being heard.
  private var mayHaveMissed = false
  /// After a long pause, until everything that was waiting for us was read: what is heard meanwhile
  /// may be as old as the pause, so nobody is confirmed by it.
  private var isCatchingUp = false
  private var isAnyoneNew = false

  /// `subjects` is how many claims there are to be told of.
  package init(_ group: Plan.Group, subjects: Int) {
    let lane = Lane(group)
    self.lane = lane
    lanes = group.peers.map { peer in
      let below = group.peers.count { $0 < peer } + (group.address < peer ? 1 : 0)
      return lane.other(below)
    }
    timeout = group.timeout
    list = Array(repeating: Fellow(), count: group.peers.count)
    claims = Array(repeating: .none, count: group.peers.count * subjects)
    toldIn = Array(repeating: 0, count: claims.count)
    self.subjects = subjects
  }

  /// Goes on where another stood that had the same fellows; `subjects` says what each was before.
  mutating func succeed(_ old: Fellows, _ subjects: [Int?]) {
    precondition(list.count == old.list.count, "another group begins anew")
    list = old.list
    (listenings, listening) = (old.listenings, old.listening)
    (mayHaveMissed, isCatchingUp) = (old.mayHaveMissed, old.isCatchingUp)
    isAnyoneNew = old.isAnyoneNew
    for (subject, before) in subjects.enumerated() {
      guard let before else { continue }
      for place in list.indices {
        claims[subject * list.count + place] = old.claims[before * list.count + place]
        toldIn[subject * list.count + place] = old.toldIn[before * list.count + place]
      }
    }
    for place in list.indices {
      list[place].untold = subjects.indices.count {
        toldIn[$0 * list.count + place] != listenings
      }
    }
  }

  /// When whoever says nothing until then is silent.
  func silence(after now: Instant) -> Instant { now + timeout }

  package var count: Int { list.count }

  /// The next moment at which somebody falls silent, or listening ends.
  package var deadline: Instant? {
    var earliest = listening
    for fellow in list where fellow.isAlive {
      guard let heardAt = fellow.heardAt else { continue }
      earliest = min(earliest ?? heardAt + timeout, heardAt + timeout)
    }
    return earliest
  }

  /// What `fellow` says of a subject: VIPs that move as one.
  package subscript(_ subject: Int, _ fellow: FellowSlot) -> FellowClaim {
    get { claims[subject * list.count + fellow.index] }
    set { claims[subject * list.count + fellow.index] = newValue }
  }

  /// What `fellow` has just said of a subject.
  package mutating func learn(_ claim: FellowClaim, of subject: Int, from fellow: FellowSlot) {
    let place = subject * list.count + fellow.index
    claims[place] = claim
    guard !isCatchingUp, toldIn[place] != listenings else { return }
    toldIn[place] = listenings
    list[fellow.index].untold -= 1
  }

  /// The start: whoever is there is given one timeout to be heard.
  package mutating func listen(from now: Instant) {
    listenings += 1
    for index in list.indices {
      list[index].isConfirmed = false
      list[index].untold = subjects
    }
    listening = now + timeout
  }

  /// We stood still for `length`: nobody is gone for our own deafness. After a long one, who is not
  /// heard soon may have claimed meanwhile. Only the pause itself is forgiven, so that a speaker
  /// which is always late still notices who has gone.
  /// The answer is whether it was a long one.
  package mutating func paused(for length: Nanoseconds, at now: Instant) -> Bool {
    for index in list.indices where list[index].isAlive {
      guard let heardAt = list[index].heardAt else { continue }
      list[index].heardAt = min(now, heardAt + length)
    }
    // Half a timeout of silence on our side, and as much before it, can be a whole one on theirs.
    guard length >= timeout / 2 else { return false }
    mayHaveMissed = true
    isCatchingUp = true
    listen(from: now)
    return true
  }

  /// It has said that it ends: its routes go with its sessions, so nothing is claimed any more.
  package mutating func left(_ fellow: FellowSlot, at now: Instant) -> Changes {
    var changes = Changes()
    guard list[fellow.index].isAlive else { return changes }
    list[fellow.index].isAlive = false
    list[fellow.index].since = now
    for subject in 0..<(claims.count / list.count) {
      self[subject, fellow].rung = self[subject, fellow].rung.resigned
      self[subject, fellow].wants = false
    }
    changes.lost.append(fellow)
    endListening(at: now, into: &changes)
    return changes
  }

  /// A datagram of a fellow begins. What it says is learned next, and then `understood`.
  package mutating func heard(_ fellow: FellowSlot, at now: Instant) {
    if !list[fellow.index].isAlive {
      list[fellow.index].isAlive = true
      list[fellow.index].since = now
      isAnyoneNew = true
    }
    list[fellow.index].heardAt = now
    if !isCatchingUp { list[fellow.index].isConfirmed = true }
  }

  /// Everything in the datagram was learned.
  package mutating func understood(at now: Instant) -> Changes {
    var changes = Changes()
    changes.isAnyoneNew = isAnyoneNew
    isAnyoneNew = false
    endListening(at: now, into: &changes)
    return changes
  }

  /// What a datagram, or time, has done.
  package struct Changes: Equatable, Sendable {
    package var isAnyoneNew = false
    package var lost: [FellowSlot] = []
    package var isListeningOver = false
    /// They may have claimed while we stood still, and nobody has heard them since.
    package var missed: [FellowSlot] = []

    package var isNothing: Bool { !isAnyoneNew && lost.isEmpty && !isListeningOver }
  }

  /// Everything that could be read was read.
  package mutating func turn(at now: Instant) -> Changes {
    var changes = Changes()
    isCatchingUp = false
    for index in list.indices where list[index].isAlive {
      guard let heardAt = list[index].heardAt, now >= heardAt + timeout else { continue }
      list[index].isAlive = false
      list[index].since = now
      changes.lost.append(FellowSlot(index))
    }
    endListening(at: now, into: &changes)
    return changes
  }

  private mutating func endListening(at now: Instant, into changes: inout Changes) {
    guard let end = listening, now >= end || list.allSatisfy({ $0.untold == 0 }) else { return }
    listening = nil
    changes.isListeningOver = true
    guard mayHaveMissed else { return }
    mayHaveMissed = false
    for index in list.indices where !list[index].isConfirmed {
      changes.missed.append(FellowSlot(index))
    }
  }

  /// Nobody heard what these fellows did while we stood still. By the rules each may have claimed
  /// once, above what stood then, `ours` included, and be dead or frozen now with its claim on the
  /// wire. The order that climbs highest is assumed.
  package mutating func assumeClaims(
    of missed: [FellowSlot], _ subject: Int, ours: Rung, epoch: UInt32
  ) {
    var top = ours
    var epoch = epoch
    for index in list.indices {
      let claim = self[subject, FellowSlot(index)]
      if claim.rung.isClaim { top = max(top, claim.rung) }
      epoch = max(epoch, claim.epoch)
    }
    var left = missed
    while !left.isEmpty {
      var highest = 0
      for place in left.indices
      where claim(of: left[place], above: top)
        > claim(of: left[highest], above: top)
      {
        highest = place
      }
      let fellow = left.remove(at: highest)
      top = max(top, claim(of: fellow, above: top))
      epoch += 1
      self[subject, fellow].rung = top
      self[subject, fellow].epoch = epoch
    }
  }

  private func claim(of fellow: FellowSlot, above rung: Rung) -> Rung {
    lanes[fellow.index].claim(above: rung) ?? lanes[fellow.index].last
  }

  /// What the group says of one subject, seen from a speaker of this rank.
  package func view(of subject: Int, rank: UInt8, epoch: UInt32) -> GroupView {
    var view = GroupView()
    for index in list.indices {
      let claim = self[subject, FellowSlot(index)]
      let isAlive = list[index].isAlive
      view.highestEpoch = max(view.highestEpoch, claim.epoch)
      if claim.rung.isClaim {
        view.ceiling = max(view.ceiling ?? claim.rung, claim.rung)
        if !isAlive { view.ceilingOfDead = max(view.ceilingOfDead ?? claim.rung, claim.rung) }
      }
      let isSettled = isAlive && !claim.rung.isClaim && claim.epoch == epoch
      view.areAllResigned = view.areAllResigned && isSettled
      guard isAlive else { continue }
      view.isAnyoneAlive = true
      if claim.wants {
        view.isAnyoneWilling = true
        if (claim.rank, lanes[index].index) < (rank, lane.index) { view.isBetterWilling = true }
      }
      guard claim.rung.isClaim else { continue }
      let candidate = GroupView.Incumbent(
        epoch: claim.epoch, rung: claim.rung, wants: claim.wants,
        isBehindUs: (rank, lane.index) < (claim.rank, lanes[index].index), nextHop: claim.nextHop,
        fellow: FellowSlot(index))
      if let known = view.incumbent,
        (known.epoch, known.rung) > (candidate.epoch, candidate.rung)
      {
        continue
      }
      view.incumbent = candidate
    }
    return view
  }
}

/// What the others say of one VIP, put together.
package struct GroupView: Equatable, Sendable {
  /// The strongest claim of a speaker that is alive.
  package struct Incumbent: Equatable, Sendable {
    package var epoch: UInt32
    package var rung: Rung
    package var wants: Bool
    /// We come before it in rank.
    package var isBehindUs: Bool
    package var nextHop: IPv4Address?
    package var fellow: FellowSlot

    package init(
      epoch: UInt32, rung: Rung, wants: Bool, isBehindUs: Bool, nextHop: IPv4Address? = nil,
      fellow: FellowSlot
    ) {
      self.epoch = epoch
      self.rung = rung
      self.wants = wants
      self.isBehindUs = isBehindUs
      self.nextHop = nextHop
      self.fellow = fellow
    }
  }

  package var incumbent: Incumbent?
  package var highestEpoch: UInt32 = 0
  /// The strongest claim that may be on the wire: also of those who are dead or frozen.
  package var ceiling: Rung?
  /// The same of the dead or frozen alone.
  package var ceilingOfDead: Rung?
  package var isAnyoneAlive = false
  /// Somebody alive would carry the VIP; and one of these comes before us in rank.
  package var isAnyoneWilling = false
  package var isBetterWilling = false
  /// All are alive, nobody claims, and everybody knows of the same claims as we do.
  package var areAllResigned = true

  package init() {}
}

extension Fellows {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &list) {
      $1.keep(&$0.isAlive)
      $1.keep(&$0.heardAt)
      $1.keep(&$0.since)
      $1.keep(&$0.isConfirmed)
      $1.keep(&$0.untold)
    }
    keeper.keep(each: &claims) {
      $1.keep(&$0.epoch)
      $1.keep(&$0.rung)
      $1.keep(&$0.wants)
      $1.keep(&$0.rank)
      $1.keep(&$0.nextHop, blank: IPv4Address(bits: 0)) { $1.keep(&$0) }
    }
    keeper.keep(&listening)
    keeper.keep(each: &toldIn) { $1.keep(&$0) }
    keeper.keep(&listenings)
    keeper.keep(&mayHaveMissed)
    keeper.keep(&isCatchingUp)
    keeper.keep(&isAnyoneNew)
  }
}
