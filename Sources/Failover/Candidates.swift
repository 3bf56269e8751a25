// The candidates of one VIP as they stand: what a choice is made of.

import Model

/// In the order of preference. Of a fixed size and so never on the heap: they are put together for
/// each event that may move a VIP.
package struct Candidates: RandomAccessCollection, Sendable {
  private var slots: [8 of Choice.Candidate] = .init(
    repeating: Choice.Candidate(.unknown, since: .zero))
  package private(set) var endIndex = 0

  package init() {}

  package var startIndex: Int { 0 }

  package subscript(index: Int) -> Choice.Candidate {
    get {
      precondition(index < endIndex)
      return slots[index]
    }
    set {
      precondition(index < endIndex)
      slots[index] = newValue
    }
  }

  /// There is room for `PlanLimits.candidatesPerVIP`.
  package mutating func append(_ candidate: Choice.Candidate) {
    precondition(endIndex < PlanLimits.candidatesPerVIP)
    slots[endIndex] = candidate
    endIndex += 1
  }
}
