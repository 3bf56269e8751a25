// Plays schedules of the simulated worlds: simulate (lone | group) FIRST COUNT.

import World

func fail(_ text: String) -> Never {
  print("not ok simulation: \(text)")
  preconditionFailure(text)
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let first = UInt64(arguments[2]), let count = UInt64(arguments[3])
else { fail("simulate (lone | group) FIRST COUNT") }
var bad = 0
var events = 0
if arguments[1] == "lone" {
  for seed in first..<(first + count) {
    let outcome = World(seed: seed).play()
    events += outcome.events
    if !outcome.violations.isEmpty {
      bad += 1
      print("seed \(seed):\n  \(outcome.violations.joined(separator: "\n  "))")
    }
  }
} else {
  var reached: Set<GroupProbe> = []
  var (looks, shifts, comparisons) = (0, 0, 0)
  var broken: [String: Int] = [:]
  for seed in first..<(first + count) {
    let listener: ((String) -> Void)? = arguments.count > 4 ? { print($0) } : nil
    let outcome = GroupWorld(seed: seed, listener: listener).play()
    events += outcome.events
    looks += outcome.looks
    shifts += outcome.shifts
    comparisons += outcome.comparisons
    reached.formUnion(outcome.reached)
    if !outcome.violations.isEmpty {
      bad += 1
      for checker in outcome.broken { broken["\(outcome.manner.rawValue) \(checker.rawValue)", default: 0] += 1 }
      if bad <= 12 || count == 1 {
        print("seed \(seed) \(outcome.manner.rawValue):\n  \(outcome.violations.joined(separator: "\n  "))")
      }
    }
  }
  print("looks \(looks) shifts \(shifts) comparisons \(comparisons)")
  print("broken \(broken.sorted { $0.key < $1.key })")
  print("missing \(GroupProbe.allCases.filter { !reached.contains($0) })")
}
print("\(count) schedules, \(events) events, \(bad) bad")
