// Route tables of a group: each machine's courier writes what its daemon says, and the last writer wins.

import Engine
import Failover
import Model

/// A route in Azure; its version is its tag.
struct TableRoute {
  var hop: IPv4Address?
  var version = 0
}

/// What one courier knows of one route.
struct RouteDesk {
  var wish: RouteWish?
  /// Nothing has happened since the daemon was asked last that would make its word doubtful.
  var isSure = false
  var isWriting = false
}

/// What a courier waits for.
enum CourierStep {
  /// A PUT has reached Azure, guarded by the version that was read before.
  case arrive(vip: Int, hop: IPv4Address?, version: Int)
  case answer(vip: Int, isTaken: Bool)
  /// It reads its table from time to time.
  case look
  /// Its question has reached the daemon.
  case ask
}

struct RouteTables {
  var routes: [TableRoute]
  /// By member and VIP.
  var desks: [[RouteDesk]]

  init(_ shape: Shape) {
    let count = shape.vips.count
    routes = Array(repeating: TableRoute(), count: count)
    desks = Array(
      repeating: Array(repeating: RouteDesk(), count: count), count: shape.members)
  }
}

extension GroupWorld {
  private static let patrol = Nanoseconds.seconds(5)
  /// A minute of order, and what a write takes.
  private static let fallbackTime = Nanoseconds.seconds(70)

  /// What the daemon of a member has told its courier.
  func hearWishes(_ index: Int) {
    let wishes = members[index].wishes
    members[index].wishes.removeAll(keepingCapacity: true)
    for (vip, wish) in wishes { told(index, vip.index, wish) }
  }

  private func told(_ index: Int, _ vip: Int, _ wish: RouteWish) {
    let before = tables.desks[index][vip].wish
    if before != wish { tell("member \(index) wishes for \(vip): \(wish)") }
    if members[index].defect == .forgetful, before?.voice == .ours { return }
    tables.desks[index][vip].wish = wish
    tables.desks[index][vip].isSure = true
    if members[index].defect == .loud { tables.desks[index][vip].wish?.voice = .ours }
    if wish.isWanted, shape.vips[vip].udr?.mode == .fallback { reached.insert(.fallbackWanted) }
    if vip == shape.tabled.first, voice(of: index) != before?.voice { voiceChanged(index) }
    consider(index, vip)
  }

  /// Writes what is not so yet, if the word is ours and sure.
  private func consider(_ index: Int, _ vip: Int) {
    let desk = tables.desks[index][vip]
    guard members[index].freeze != .machine, let wish = desk.wish, wish.voice == .ours,
      desk.isSure, !desk.isWriting, let hop = wanted(wish, vip, of: index),
      tables.routes[vip].hop != hop
    else { return }
    tables.desks[index][vip].isWriting = true
    let step = CourierStep.arrive(vip: vip, hop: hop, version: tables.routes[vip].version)
    schedule(.group(.courier(index, step)), after: .microseconds(random.spread(20_000, 3_000_000)))
  }

  /// The outer nil: nobody knows yet; the inner one: no route.
  private func wanted(_ wish: RouteWish, _ vip: Int, of index: Int) -> IPv4Address?? {
    guard wish.isWanted else { return .some(nil) }
    guard let candidate = wish.candidate else { return nil }
    // Of an owner there is one candidate, itself.
    let target = shape.manner == .watchers ? candidate : index
    return .some(nextHop(target, vip))
  }

  private func nextHop(_ target: Int, _ vip: Int) -> IPv4Address? {
    let prefix = shape.vips[vip].prefixes[0]
    guard case .v4(let hop) = shape.nextHop(target, prefix) else { return nil }
    return hop
  }

  func take(_ step: CourierStep, of index: Int) {
    switch step {
    case .arrive(let vip, let hop, let version):
      let isTaken = tables.routes[vip].version == version
      if isTaken {
        tables.routes[vip] = TableRoute(hop: hop, version: version + 1)
        reached.insert(.tableWritten)
        tell("route \(vip) leads to \(hop?.description ?? "nothing"), by \(index)")
      } else {
        reached.insert(.writeRefused)
      }
      schedule(
        .group(.courier(index, .answer(vip: vip, isTaken: isTaken))),
        after: .microseconds(random.spread(1_000, 200_000)))
    case .answer(let vip, let isTaken):
      // It comes to a machine that stands still when that runs again.
      if members[index].freeze == .machine {
        return schedule(
          .group(.courier(index, .answer(vip: vip, isTaken: isTaken))), after: .seconds(1))
      }
      tables.desks[index][vip].isWriting = false
      if isTaken { consider(index, vip) } else { doubt(index) }
    case .look: look(index)
    case .ask:
      guard isLiving(index) else { return }
      members[index].isAsked = true
      settle(index)
    }
  }

  private func look(_ index: Int) {
    schedule(.group(.courier(index, .look)), after: GroupWorld.patrol)
    guard members[index].freeze != .machine else { return }
    // Whoever finds something else asks before it puts that right.
    let isForeign = shape.tabled.contains { vip in
      guard let wish = tables.desks[index][vip].wish, wish.voice == .ours else { return false }
      guard let hop = wanted(wish, vip, of: index) else { return false }
      return tables.routes[vip].hop != hop
    }
    if isForeign || isCrowdForeign(index)
      || tables.desks[index].contains(where: { !$0.isSure })
    {
      doubt(index)
    }
  }

  /// Nothing is written before the daemon has said again what holds.
  func doubt(_ index: Int) {
    guard shape.hasCouriers else { return }
    crowd.desks[index].isSure = false
    for vip in shape.tabled { tables.desks[index][vip].isSure = false }
    schedule(.group(.courier(index, .ask)), after: .microseconds(random.spread(1_000, 100_000)))
  }

  // MARK: Judges

  /// Whose word its courier takes it for.
  func voice(of index: Int) -> Voice? {
    guard members[index].driver != nil, let vip = shape.tabled.first else { return nil }
    return tables.desks[index][vip].wish?.voice
  }

  func bothSpeak(_ one: Int, _ other: Int) -> Bool {
    voice(of: one) == .ours && voice(of: other) == .ours
  }

  private func voiceChanged(_ index: Int) {
    for other in members.indices where other != index {
      judge.voices.restart(index, other, bothClaim: bothSpeak(index, other), at: now)
    }
    judgeListening(index)
  }

  /// A machine that stood still has heard everybody, or has listened for long enough.
  private func judgeListening(_ index: Int) {
    guard voice(of: index) == .ours, let pause = members[index].lastPause,
      pause.length >= shape.timeout / 2, now - pause.at < shape.timeout
    else { return }
    let unheard = members.indices.first { other in
      other != index && members[other].driver != nil && !truths[other].isEnding
        && heardAt[index][other] <= pause.at
    }
    guard let unheard, members.count > 1 else { return }
    violate(.earlyVoice, "member \(index) stood still and speaks, and has not heard \(unheard)")
  }

  /// Two daemons that have heard each other do not both tell their couriers to write.
  func judgeVoices(_ index: Int) {
    guard voice(of: index) == .ours, isLiving(index) else { return }
    for other in members.indices where other != index && voice(of: other) == .ours {
      guard isLiving(other), let since = judge.voices.since(index, other),
        now - since > GroupWorld.oneTurn
      else { continue }
      violate(.voices, "members \(index) and \(other) both want to write, and heard each other")
    }
  }

  /// What a datagram that was read may take to be acted on.
  private static let oneTurn = Nanoseconds.milliseconds(50)

  /// Faults have stopped long ago: routes lead where the claimant wants them.
  func judgeTables(_ claimant: Int) {
    for vip in shape.tabled {
      let target = shape.manner == .watchers ? members[claimant].standing?.candidate : claimant
      let expected = target.flatMap { nextHop($0, vip) }
      let hop = tables.routes[vip].hop
      let isFallback = shape.vips[vip].udr?.mode == .fallback
      // BGP has to be in order for a while before a fallback goes.
      let isFresh = now - truths[claimant].changedAt < GroupWorld.fallbackTime
      if isFallback, hop == nil || hop == expected && isFresh { continue }
      if !isFallback, hop == expected { continue }
      violate(
        .tables,
        "the route of \(vip) leads to \(hop?.description ?? "nothing"), not to "
          + "\(isFallback ? "nothing" : expected?.description ?? "nothing")")
    }
  }
}
