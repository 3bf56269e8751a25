// Plays schedules of the simulated worlds and says "ok" or "not ok" of each world.

import Foundation
import World

/// What to play: a world, from which seed on, and how many.
struct Order {
  var world: String
  var first: UInt64
  var count: UInt64

  init?(_ arguments: [String]) {
    guard arguments.count == 3, let first = UInt64(arguments[1]), let count = UInt64(arguments[2])
    else { return nil }
    world = arguments[0]
    self.first = first
    self.count = count
  }
}

/// How many seeds that break a rule are told of one by one.
let storyLimit = 12
/// How many of them leave the journal of each run of each daemon.
let journalLimit = 3
/// Where: in the build's folder, or where HOPSHIFT_JOURNALS says.
let journalFolder =
  ProcessInfo.processInfo.environment["HOPSHIFT_JOURNALS"] ?? ".build/journals"
/// From so many schedules on, every rare branch must have been reached.
let probeCount: UInt64 = 1_000

/// Plays both worlds alike; the answer is whether no rule was broken.
struct Run {
  let order: Order
  private(set) var bad = 0
  private var events = 0
  private let start = ContinuousClock.now

  init(_ order: Order) { self.order = order }

  /// `journals` plays the seed again and keeps what went into each daemon.
  mutating func note(
    _ seed: UInt64, _ violations: [String], events: Int, journals: () -> [[UInt8]]
  ) {
    self.events += events
    if violations.isEmpty { return }
    bad += 1
    guard bad <= storyLimit else { return }
    print("seed \(seed):")
    for text in violations { print("  \(text)") }
    print("  again: Simulate \(order.world) \(seed) 1")
    guard bad <= journalLimit else { return }
    for (place, journal) in journals().enumerated() {
      let file = "\(journalFolder)/\(order.world)-\(seed)-\(place + 1).journal"
      do {
        try FileManager.default.createDirectory(
          atPath: journalFolder, withIntermediateDirectories: true)
        try Data(journal).write(to: URL(filePath: file))
        print("  hopshift replay \(file)")
      } catch {
        print("  no journal: \(error)")
      }
    }
  }

  func finish(missing: [String], _ counts: String) -> Bool {
    let what = "simulation \(order.world): seeds \(order.first) to \(order.first + order.count - 1)"
    let seconds = (ContinuousClock.now - start).components.seconds
    print(
      "\(bad == 0 ? "ok" : "not ok") \(what), \(bad) broken; \(events) events, \(counts), "
        + "in \(seconds) s")
    guard order.count >= probeCount else { return bad == 0 }
    print("\(missing.isEmpty ? "ok" : "not ok") \(what), rare branches not reached: \(missing)")
    return bad == 0 && missing.isEmpty
  }
}

func playLone(_ order: Order) -> Bool {
  var run = Run(order)
  var reached: Set<Probe> = []
  var (promises, comparisons) = (0, 0)
  for seed in order.first..<(order.first + order.count) {
    let outcome = World(seed: seed).play()
    reached.formUnion(outcome.reached)
    promises += outcome.promises
    comparisons += outcome.comparisons
    run.note(seed, outcome.violations, events: outcome.events) {
      let world = World(seed: seed, isRecorded: true)
      _ = world.play()
      return world.journals
    }
  }
  return run.finish(
    missing: Probe.allCases.filter { !reached.contains($0) }.map(\.rawValue),
    "\(promises) best paths and \(comparisons) tables looked at")
}

func playGroups(_ order: Order) -> Bool {
  var run = Run(order)
  var reached: Set<GroupProbe> = []
  var (looks, shifts, comparisons) = (0, 0, 0)
  for seed in order.first..<(order.first + order.count) {
    let outcome = GroupWorld(seed: seed).play()
    reached.formUnion(outcome.reached)
    looks += outcome.looks
    shifts += outcome.shifts
    comparisons += outcome.comparisons
    run.note(seed, outcome.violations, events: outcome.events) {
      let world = GroupWorld(seed: seed, isRecorded: true)
      _ = world.play()
      return world.recordings.map(\.journal)
    }
  }
  return run.finish(
    missing: GroupProbe.allCases.filter { !reached.contains($0) }.map(\.rawValue),
    "\(shifts) shifts, \(looks) looks at best paths and \(comparisons) at tables")
}

/// Judges that condemn nobody are worth nothing.
func playPlanted(_ order: Order) -> Bool {
  var isGood = true
  for (defect, checker) in Planted.groups {
    let seed = (order.first..<(order.first + order.count)).first { seed in
      GroupWorld(seed: seed, defect: defect).play().broken.contains(checker)
    }
    let finding = seed.map { "found with seed \($0)" } ?? "not found"
    print(
      "\(seed == nil ? "not ok" : "ok") simulation: \(defect) by \(checker.rawValue): \(finding)")
    isGood = isGood && seed != nil
  }
  return isGood
}

/// What a broken rule leaves behind: the first seed that a defect of the Plan breaks is told of
/// like any other. The engine itself is whole, so the journals can be played.
func playBroken(_ order: Order) -> Bool {
  var run = Run(order)
  for seed in order.first..<(order.first + order.count) where run.bad == 0 {
    let outcome = GroupWorld(seed: seed, defect: .sameLane).play()
    run.note(seed, outcome.violations, events: outcome.events) {
      let world = GroupWorld(seed: seed, defect: .sameLane, isRecorded: true)
      _ = world.play()
      return world.recordings.map(\.journal)
    }
  }
  return run.bad > 0
}

let arguments = Array(CommandLine.arguments.dropFirst())
var isGood = false
if let order = Order(arguments), order.count > 0 {
  switch order.world {
  case "lone": isGood = playLone(order)
  case "group": isGood = playGroups(order)
  case "planted": isGood = playPlanted(order)
  case "broken": isGood = playBroken(order)
  case "story":
    for seed in order.first..<(order.first + order.count) {
      isGood = GroupWorld(seed: seed) { print($0) }.play().violations.isEmpty
    }
  default: print("not ok simulation: no world is called \(order.world)")
  }
} else {
  print("usage: Simulate lone | group | planted | broken | story FIRST COUNT")
}
exit(isGood ? 0 : 1)
