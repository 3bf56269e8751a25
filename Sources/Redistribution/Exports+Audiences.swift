// What each route server still has to be told, in pieces.

package import Model

/// What one route server is told at once.
package struct ExportPiece: Equatable, Sendable {
  package var withdrawn: [Prefix] = []
  /// By rule; rules without a prefix are left out.
  package var announced: [(rule: RuleSlot, prefixes: [Prefix])] = []

  package static func == (left: ExportPiece, right: ExportPiece) -> Bool {
    left.withdrawn == right.withdrawn
      && left.announced.elementsEqual(right.announced) {
        $0.rule == $1.rule && $0.prefixes == $1.prefixes
      }
  }
}

extension Exports {
  /// One route server: the places of what it has to be told, in the order in which that changed.
  struct Audience {
    var isListening = false
    /// The families that its session carries.
    var takesIPv4 = false
    var takesIPv6 = false
    var queue: [Int32] = []
    /// What stands before it was told.
    var head = 0

    func takes(_ prefix: Prefix) -> Bool {
      switch prefix.address {
      case .v4: takesIPv4
      case .v6: takesIPv6
      }
    }
  }

  /// A session has begun: it knows nothing, and has to be told everything that stands.
  package mutating func begin(_ peer: PeerSlot, takesIPv4: Bool, takesIPv6: Bool) {
    end(peer)
    audiences[peer.index].isListening = true
    audiences[peer.index].takesIPv4 = takesIPv4
    audiences[peer.index].takesIPv6 = takesIPv6
    repeatAll(to: peer)
  }

  package mutating func end(_ peer: PeerSlot) {
    let bit = Exports.bit(peer)
    for place in entries.indices {
      entries[place].owed &= ~bit
      entries[place].known &= ~bit
    }
    audiences[peer.index] = Audience()
  }

  /// It asks for everything again, or everything is to be said in another way.
  package mutating func repeatAll(
    to peer: PeerSlot, ofIPv4 wantsIPv4: Bool = true, ofIPv6 wantsIPv6: Bool = true
  ) {
    guard audiences[peer.index].isListening else { return }
    for rule in rules.indices where isAnnounced[rule] {
      for place in entries.indices where entries[place].told == Int32(rule) {
        let isIPv4 = entries[place].prefix.address.width == 32
        if isIPv4 ? wantsIPv4 : wantsIPv6 { owe(Int32(place), to: peer) }
      }
    }
  }

  /// What changed is owed to everybody who listens.
  package mutating func spread() {
    for slot in changes {
      for peer in audiences.indices where audiences[peer].isListening {
        owe(Int32(slot.index), to: PeerSlot(peer))
      }
    }
    changes.removeAll(keepingCapacity: true)
  }

  private mutating func owe(_ place: Int32, to peer: PeerSlot) {
    let bit = Exports.bit(peer)
    guard entries[Int(place)].owed & bit == 0 else { return }
    entries[Int(place)].owed |= bit
    audiences[peer.index].queue.append(place)
  }

  private static func bit(_ peer: PeerSlot) -> UInt8 { 1 << UInt8(peer.index) }

  /// Whether a route server has something to be told.
  package func owes(_ peer: PeerSlot) -> Bool {
    audiences[peer.index].head < audiences[peer.index].queue.count
  }

  /// How many prefixes a route server has still to be told of.
  package func owedCount(_ peer: PeerSlot) -> Int {
    audiences[peer.index].queue.count - audiences[peer.index].head
  }

  /// The next of it: prefixes of so many octets in an UPDATE, or a few more. Nil: it knows all.
  package mutating func take(for peer: PeerSlot, octets: Int) -> ExportPiece? {
    // Nothing is made on the heap when there is nothing to say.
    guard owes(peer) else { return nil }
    let bit = Exports.bit(peer)
    var byRule: [[Prefix]] = Array(repeating: [], count: rules.count)
    var piece = ExportPiece()
    var size = 0
    var isEmpty = true
    while owes(peer), size < octets {
      let place = Int(audiences[peer.index].queue[audiences[peer.index].head])
      audiences[peer.index].head += 1
      entries[place].owed &= ~bit
      let prefix = entries[place].prefix
      guard audiences[peer.index].takes(prefix) else { continue }
      // What stands is not said again, and not taken back before it is known what follows.
      if entries[place].told == Exports.former { continue }
      if entries[place].told != Exports.none, isAnnounced[Int(entries[place].told)] {
        entries[place].known |= bit
        byRule[Int(entries[place].told)].append(prefix)
      } else if entries[place].known & bit != 0 {
        entries[place].known &= ~bit
        piece.withdrawn.append(prefix)
      } else {
        continue
      }
      isEmpty = false
      size += 1 + (Int(prefix.length) + 7) / 8
    }
    if !owes(peer) {
      audiences[peer.index].queue.removeAll(keepingCapacity: true)
      audiences[peer.index].head = 0
    }
    for (rule, prefixes) in byRule.enumerated() where !prefixes.isEmpty {
      piece.announced.append((RuleSlot(rule), prefixes))
    }
    return isEmpty ? nil : piece
  }

  /// How many prefixes a route server was told of that stand.
  package func knownCount(_ peer: PeerSlot) -> Int {
    let bit = Exports.bit(peer)
    return entries.count { $0.known & bit != 0 }
  }
}
