// Which rungs of the ladder one speaker of a group may claim.

package import Model

/// Every n-th rung, counted from the speaker's place in the group. Two speakers of a group can thus
/// never claim the same rung, whatever they have or have not heard of each other: no route server
/// ever sees equal paths to one that lives and one that is dead.
package struct Lane: Hashable, Sendable {
  package let index: Int
  package let count: Int

  package init(index: Int, of count: Int) {
    precondition((0..<count).contains(index), "a speaker is one of its group")
    self.index = index
    self.count = count
  }

  package init(_ group: Plan.Group) { self.init(index: group.lane, of: group.count) }

  /// The lowest claim of this lane; with more speakers than rungs there would be none.
  package var first: Rung { Rung(Rung.owner.value + UInt8(index)) ?? .last }

  /// The highest claim of this lane.
  package var last: Rung {
    let steps = (Int(Rung.last.value) - Int(first.value)) / count
    return Rung(first.value + UInt8(steps * count)) ?? first
  }

  /// The lowest claim of this lane that beats `rung`, or nil when there is none.
  package func claim(above rung: Rung) -> Rung? {
    guard rung >= first else { return first }
    let steps = (Int(rung.value) - Int(first.value)) / count + 1
    let value = Int(first.value) + steps * count
    return value <= Int(Rung.last.value) ? Rung(UInt8(value)) : nil
  }

  /// The same of another speaker of this group.
  package func other(_ index: Int) -> Lane { Lane(index: index, of: count) }
}
