// What is to happen, ordered by time and, within one time, by the order in which it was decided.

import Model

/// A queue: a binary heap on (time, sequence).
struct Agenda {
  private struct Entry {
    var time: Instant
    var sequence: UInt64
    var event: Event
  }

  private var heap: [Entry] = []
  private var sequence: UInt64 = 0

  mutating func add(_ event: Event, at time: Instant) {
    sequence += 1
    heap.append(Entry(time: time, sequence: sequence, event: event))
    var place = heap.count - 1
    while place > 0, isBefore(place, (place - 1) / 2) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func next() -> (time: Instant, event: Event)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.time, first.event)
  }

  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if isBefore(child, least) { least = child }
      }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].sequence) < (heap[right].time, heap[right].sequence)
  }
}
