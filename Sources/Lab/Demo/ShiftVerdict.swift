// What one route server heard of a shift, judged: everything that is wrong with it, in sentences.

package import Model
package import Platform

/// Rules of what a shift looks like on the wire; an empty answer is a pass.
package enum ShiftVerdict {
  /// Of who claims: one UPDATE, and it names the new next hop.
  package static func ofClaim(
    _ instance: String, _ seen: [WireUpdate], to hop: IPv4Address
  ) -> [String] {
    guard seen.count == 1 else {
      return ["\(instance): \(seen.count) UPDATEs where one was expected"]
    }
    guard seen[0].nextHop == hop, !seen[0].withdraws else {
      return ["\(instance): it says: \(seen[0])"]
    }
    return []
  }

  /// Of who takes `count` prefixes back: at most so many UPDATEs, all of `speaker`, that announce
  /// nothing.
  package static func ofDeparture(
    _ instance: String, _ seen: [(source: IPv4Address, update: WireUpdate)], of count: Int,
    from speaker: IPv4Address, most: Int
  ) -> [String] {
    var faults: [String] = []
    if seen.isEmpty || seen.count > most {
      faults.append("\(instance): \(seen.count) UPDATEs where 1 to \(most) were expected")
    }
    for (source, update) in seen where source != speaker || !update.announced.isEmpty {
      faults.append("\(instance): \(source) says: \(update)")
    }
    let gone = Set(seen.flatMap(\.update.withdrawn))
    if gone.count != count {
      faults.append("\(instance): \(gone.count) prefixes were withdrawn, not \(count)")
    }
    return faults
  }
}
