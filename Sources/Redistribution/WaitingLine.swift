// Prefixes that wait for a place: the one whose turn is next is found without looking at all others.

import Model

/// A heap: the shortest prefix first, then the lowest. Who leaves stays in it until its turn comes,
/// or until most of those in it have left.
struct WaitingLine {
  private struct Item {
    let prefix: Prefix
    let place: Int32

    func isBefore(_ other: Item) -> Bool {
      (prefix.length, prefix.address) < (other.prefix.length, other.prefix.address)
    }
  }

  private var heap: [Item] = []

  var count: Int { heap.count }

  /// The first of them, and the place where it was.
  var first: (prefix: Prefix, place: Int32)? { heap.first.map { ($0.prefix, $0.place) } }

  mutating func add(_ prefix: Prefix, _ place: Int32) {
    heap.append(Item(prefix: prefix, place: place))
    var index = heap.count - 1
    while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeFirst() {
    let last = heap.removeLast()
    if heap.isEmpty { return }
    heap[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }
}
