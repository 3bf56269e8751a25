// The kernel's routes in the route table of a group: each machine's courier writes what its daemon
// says while it is the writer, and one of them at a time is.

import Engine
import Model
import Redistribution

/// What a daemon has told of the kernel's routes in tables.
struct CrowdWord: Equatable {
  var voice = TableVoice.unsure
  var prefixes: Set<Prefix> = []
}

/// What one courier knows of them.
struct CrowdDesk {
  var word: CrowdWord?
  /// Nothing has happened since the daemon was asked last that would make its word doubtful.
  var isSure = false
  var isWriting = false
  /// What its store knows for ours. It outlives everything.
  var rows: Set<Prefix> = []
}

/// One change on its way to Azure, guarded by the version that was read before.
struct CrowdWrite {
  var prefix: Prefix
  /// Nil: the route is removed.
  var hop: IPv4Address?
  var version: Int
}

/// What is on the agenda of the kernel's routes.
enum CrowdEvent {
  case fate
  case back(Int, [KernelRoute])
  /// What route servers hold of a member's kernel is looked at.
  case compare(Int)
  case arrive(Int, CrowdWrite)
  case answer(Int, isTaken: Bool)
}

/// The table, and who writes it. Everything of it is drawn by itself, so that a schedule without
/// such routes is what it would be.
struct CrowdTable {
  /// Somebody has this prefix by hand.
  static let stranger = IPv4Address(10, 9, 9, 9)
  /// Changes take a while, and are over long before the world is judged.
  static let latency: ClosedRange<Int64> = 5_000...500_000

  var random: Random
  var routes: [Prefix: TableRoute] = [:]
  var desks: [CrowdDesk]
  var strangers: Set<Prefix> = []

  init(_ shape: Shape, seed: UInt64) {
    random = Random(seed: seed &+ 0x6b65_726e)
    desks = Array(repeating: CrowdDesk(), count: shape.members)
  }
}

extension GroupWorld {
  // MARK: What daemons say

  func hearCrowd(_ index: Int) {
    guard let word = members[index].takeCrowdWord() else { return }
    var heard = word
    if members[index].defect == .twoWriters { heard.voice = .ours }
    let before = crowd.desks[index].word?.voice
    crowd.desks[index].word = heard
    crowd.desks[index].isSure = true
    if before != heard.voice {
      tell("member \(index) says that the kernel's routes are \(heard.voice)")
      for other in members.indices where other != index {
        let both = bothWrite(index, other)
        judge.writers.restart(index, other, bothClaim: both, at: now)
      }
    }
    considerCrowd(index)
  }

  /// The stream to the courier has ended.
  func loseCrowd(_ index: Int) {
    crowd.desks[index].word = nil
    crowd.desks[index].isSure = false
  }

  /// One route at a time: what is wanted and stands otherwise, then what is not wanted any more.
  private func considerCrowd(_ index: Int) {
    let desk = crowd.desks[index]
    guard members[index].freeze != .machine, let word = desk.word, desk.isSure, !desk.isWriting
    else { return }
    let own = shape.address(index)
    if word.voice == .ours {
      let missing = word.prefixes.sorted().first { prefix in
        !crowd.strangers.contains(prefix) && crowd.routes[prefix]?.hop != own
      }
      if let missing { return write(missing, own, index) }
    }
    guard word.voice != .unsure || members[index].defect == .hastyRemoval else { return }
    for prefix in desk.rows.sorted() where !word.prefixes.contains(prefix) {
      // What leads elsewhere is left to whoever led it there.
      if crowd.routes[prefix]?.hop == own { return write(prefix, nil, index) }
      crowd.desks[index].rows.remove(prefix)
    }
  }

  private func write(_ prefix: Prefix, _ hop: IPv4Address?, _ index: Int) {
    if hop == nil { judgeRemoval(prefix, index) }
    // The store before the table.
    crowd.desks[index].rows.insert(prefix)
    crowd.desks[index].isWriting = true
    let change = CrowdWrite(
      prefix: prefix, hop: hop, version: crowd.routes[prefix]?.version ?? 0)
    schedule(.group(.crowd(.arrive(index, change))), after: crowdLatency())
  }

  private func crowdLatency() -> Nanoseconds {
    .microseconds(
      crowd.random.spread(CrowdTable.latency.lowerBound, CrowdTable.latency.upperBound))
  }

  func take(_ event: CrowdEvent) {
    switch event {
    case .fate: meetCrowdFate()
    case .back(let index, let routes): crowdReturns(index, routes)
    case .compare(let index): compareExports(index)
    case .arrive(let index, let change):
      let isTaken = (crowd.routes[change.prefix]?.version ?? 0) == change.version
      if isTaken {
        arrive(change, of: index)
      } else {
        reached.insert(.crowdRefused)
      }
      schedule(.group(.crowd(.answer(index, isTaken: isTaken))), after: crowdLatency())
    case .answer(let index, let isTaken):
      if members[index].freeze == .machine {
        return schedule(.group(.crowd(.answer(index, isTaken: isTaken))), after: .seconds(1))
      }
      crowd.desks[index].isWriting = false
      if isTaken { considerCrowd(index) } else { doubt(index) }
    }
  }

  private func arrive(_ change: CrowdWrite, of index: Int) {
    tell("\(change.prefix) leads to \(change.hop?.description ?? "nothing"), by \(index)")
    if let hop = change.hop {
      reached.insert(crowd.routes[change.prefix]?.hop == nil ? .crowdWritten : .crowdTakenOver)
      crowd.routes[change.prefix] = TableRoute(hop: hop, version: change.version + 1)
    } else {
      reached.insert(.crowdRemoved)
      // A tag is never used twice.
      crowd.routes[change.prefix] = TableRoute(hop: nil, version: change.version + 1)
      crowd.desks[index].rows.remove(change.prefix)
    }
  }

  /// It reads its table from time to time, and asks before it puts something right.
  func isCrowdForeign(_ index: Int) -> Bool {
    guard shape.areRoutesTabled else { return false }
    let desk = crowd.desks[index]
    guard desk.isSure else { return true }
    guard let word = desk.word, word.voice == .ours else { return false }
    return word.prefixes.contains {
      !crowd.strangers.contains($0) && crowd.routes[$0]?.hop != shape.address(index)
    }
  }

  // MARK: Judges

  private func writes(_ index: Int) -> Bool {
    members[index].driver != nil && crowd.desks[index].word?.voice == .ours
  }

  func bothWrite(_ one: Int, _ other: Int) -> Bool { writes(one) && writes(other) }

  /// Two daemons that have heard each other do not both tell their couriers to write.
  func judgeWriters(_ index: Int) {
    guard shape.areRoutesTabled, writes(index), isLiving(index) else { return }
    for other in members.indices where other != index && writes(other) {
      guard isLiving(other), let since = judge.writers.since(index, other),
        now - since > .milliseconds(50)
      else { continue }
      violate(.writers, "members \(index) and \(other) both write, and heard each other")
    }
  }

  /// A courier has decided to remove a route.
  private func judgeRemoval(_ prefix: Prefix, _ index: Int) {
    if !crowd.desks[index].rows.contains(prefix) || crowd.strangers.contains(prefix) {
      violate(.tableRoutes, "member \(index) removes \(prefix), which it has not written")
    }
    if let wrong = members[index].whyNotToRemove(prefix, at: now) {
      violate(.tableRoutes, "member \(index) removes \(prefix): \(wrong)")
    }
  }

  /// Faults have stopped long ago: the table has what the claimant's kernel has, and no more.
  func judgeCrowd(_ claimant: Int) {
    guard shape.areRoutesTabled else { return }
    let wanted = Set(
      members[claimant].routing.routes.filter { RouteRules.rule(of: $0) != nil }.map(\.prefix))
    let own = shape.address(claimant)
    for prefix in Set(crowd.routes.keys).union(wanted).sorted() {
      let hop = crowd.routes[prefix]?.hop
      let isStranger = crowd.strangers.contains(prefix)
      let right = isStranger ? CrowdTable.stranger : wanted.contains(prefix) ? own : nil
      if hop == right { continue }
      violate(
        .tableRoutes,
        "\(prefix) leads to \(hop?.description ?? "nothing"), not to "
          + "\(right?.description ?? "nothing")")
    }
  }
}
