// Which shifts the daemon is asked for, and when: new ones at once, and again until they have come far.

import Control
import Model
import Store

/// One question at a time. The daemon remembers some hundred shifts, so none is lost between two.
struct ShiftWatch {
  /// Between two questions for what is new.
  static let pace = Nanoseconds.seconds(1)
  /// When a shift is asked for again, after it was told first: acknowledgements take milliseconds,
  /// a confirmation seconds, a route table up to minutes.
  static let looks: [Nanoseconds] = [
    .seconds(3), .seconds(15), .seconds(60), .seconds(300), .seconds(900),
  ]
  /// Shifts that are looked at again: as many as the daemon remembers.
  static let openLimit = 512
  private static let from = "from"

  private struct Open {
    var number: UInt32
    var first: Instant
    var looks = 0

    var due: Instant { first + ShiftWatch.looks[looks] }
  }

  private var last: UInt32 = 0
  private var open: [Open] = []
  /// What was asked for and not answered yet.
  private var asked: [String]?
  private var nextPage = Instant.zero

  /// Another connection may lead to another start of the daemon, which counts anew.
  mutating func begin(at now: Instant) {
    self = ShiftWatch()
    nextPage = now
  }

  /// When the next question is due. None is while one is not answered: a deadline that has passed
  /// and moves nothing would turn the loop without end.
  var deadline: Instant? {
    guard asked == nil else { return nil }
    return open.map(\.due).min().map { min($0, nextPage) } ?? nextPage
  }

  /// The words of the question that is due.
  mutating func question(at now: Instant) -> [String]? {
    guard asked == nil else { return nil }
    if now >= nextPage {
      asked = [ShiftWatch.from, "\(last + 1)"]
    } else if let due = open.first(where: { now >= $0.due }) {
      asked = ["\(due.number)"]
    }
    return asked
  }

  /// Takes the answer; what of it is to be kept. Nil: the daemon knows no such shift any more.
  mutating func take(
    _ answer: [Record]?, at now: Instant
  ) -> [KeptShift] {
    let words = asked ?? []
    asked = nil
    let shifts = ShiftWatch.shifts(of: answer ?? [])
    if words.first == ShiftWatch.from {
      // A full page has another behind it.
      nextPage = shifts.isEmpty ? now + ShiftWatch.pace : now
      for shift in shifts {
        last = max(last, shift.number)
        open.append(Open(number: shift.number, first: now))
      }
      open.removeFirst(max(0, open.count - ShiftWatch.openLimit))
    } else if let number = words.first.flatMap(UInt32.init),
      let place = open.firstIndex(where: { $0.number == number })
    {
      open[place].looks += 1
      if answer == nil || open[place].looks == ShiftWatch.looks.count { open.remove(at: place) }
    }
    return shifts
  }

  /// Records of shifts, each followed by its stages.
  private static func shifts(of answer: [Record]) -> [KeptShift] {
    var result: [KeptShift] = []
    for record in answer {
      let text = KeptLine.text(of: record)
      if record.type == "history" {
        guard let run = record.string("run").flatMap(UInt64.init),
          let number = record.integer("shift").flatMap(UInt32.init(exactly:)),
          let wall = record.integer("unix-ns")
        else { continue }
        result.append(
          KeptShift(run: run, number: number, wallMilliseconds: wall / 1_000_000, lines: text))
      } else if let last = result.indices.last {
        result[last].lines += text
      }
    }
    return result
  }
}
