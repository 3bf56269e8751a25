// Names volleys: what is fired, waits and is looked up is this name, never the bytes.

/// Names a volley as it was armed, or what it says of some families. When something else was armed
/// in its place it names nothing.
package struct VolleyID: Hashable, Sendable {
  let place: UInt32
  let generation: UInt32
  /// The families that are meant.
  package private(set) var families = Families.all

  init(place: Int, generation: UInt32) {
    self.place = UInt32(place)
    self.generation = generation
  }

  /// Only what it says of these families.
  package func only(_ families: Families) -> VolleyID {
    var part = self
    part.families = families
    return part
  }

  /// In the place of one that has not left: it then speaks of the other's families as well.
  package func replacing(_ other: VolleyID) -> VolleyID {
    only(families.union(other.families))
  }
}
