// Every path that an instance holds, and which of them are best.

package import Model

/// A path as a peer told it.
package struct ServerPath: Hashable, Sendable {
  /// Position of the peer.
  package var peer: Int
  package var hop: IPAddress
  package var numbers: [UInt32]
  /// A set in the path counts as one.
  package var length: Int
  package var origin: UInt8
  package var med: UInt32
  package var communities: [UInt32]
}

/// The best paths of a prefix.
package struct Selection: Hashable, Sendable {
  /// In ascending order, none twice.
  package var hops: [IPAddress] = []
  /// The first of the equal paths: what is told to others.
  package var first: ServerPath?

  package var pathLength: Int { first?.length ?? 0 }
}

/// Paths by prefix, in order of prefixes.
struct PathTable: Sendable {
  /// Azure's number of prefixes in all (includes/route-server-limits.md).
  static let prefixLimit = 10_000

  private struct Entry: Sendable {
    var prefix: Prefix
    /// In order of peers, one each.
    var paths: [ServerPath]
    var chosen = Selection()
  }

  private var entries: [Entry] = []
  private var counts: [Int]

  init(peers: Int) { counts = Array(repeating: 0, count: peers) }

  /// How many prefixes a peer has paths for.
  func held(from peer: Int) -> Int { counts[peer] }

  var prefixes: [Prefix] { entries.map(\.prefix) }

  func paths(to prefix: Prefix) -> [ServerPath] {
    find(prefix).map { entries[$0].paths } ?? []
  }

  /// What was chosen when somebody last asked to choose.
  func chosen(for prefix: Prefix) -> Selection {
    find(prefix).map { entries[$0].chosen } ?? Selection()
  }

  /// Puts a path in the place of this peer's earlier one; false when the table is full.
  mutating func put(_ path: ServerPath, for prefix: Prefix) -> Bool {
    let place = lowerBound(prefix)
    if place == entries.count || entries[place].prefix != prefix {
      guard entries.count < PathTable.prefixLimit else { return false }
      entries.insert(Entry(prefix: prefix, paths: []), at: place)
    }
    let paths = entries[place].paths
    let position = paths.firstIndex { $0.peer >= path.peer } ?? paths.count
    if position < paths.count, paths[position].peer == path.peer {
      entries[place].paths[position] = path
    } else {
      entries[place].paths.insert(path, at: position)
      counts[path.peer] += 1
    }
    return true
  }

  /// Takes a peer's path away; false when there was none.
  mutating func remove(_ prefix: Prefix, from peer: Int) -> Bool {
    guard let place = find(prefix),
      let position = entries[place].paths.firstIndex(where: { $0.peer == peer })
    else { return false }
    entries[place].paths.remove(at: position)
    counts[peer] -= 1
    return true
  }

  /// Takes all paths of a peer away and answers what they led to.
  mutating func removeAll(from peer: Int) -> [Prefix] {
    var gone: [Prefix] = []
    for place in entries.indices {
      let before = entries[place].paths.count
      entries[place].paths.removeAll { $0.peer == peer }
      if entries[place].paths.count < before { gone.append(entries[place].prefix) }
    }
    counts[peer] = 0
    return gone
  }

  /// Chooses anew and answers the choice when it is another than before. A prefix without paths
  /// is forgotten.
  mutating func choose(_ prefix: Prefix, _ quirks: Quirks) -> Selection? {
    guard let place = find(prefix) else { return nil }
    let before = entries[place].chosen
    let now = PathTable.best(of: entries[place].paths, quirks)
    entries[place].chosen = now
    if entries[place].paths.isEmpty { entries.remove(at: place) }
    return now == before ? nil : now
  }

  /// The shortest path wins (Azure's FAQ); what is equal is used side by side. ORIGIN and MED come
  /// in where they are switched on, as in RFC 4271 section 9.1.2.2, b and c.
  static func best(of paths: [ServerPath], _ quirks: Quirks) -> Selection {
    guard let shortest = paths.map(\.length).min() else { return Selection() }
    var left = paths.filter { $0.length == shortest }
    if quirks.comparesOrigin, let lowest = left.map(\.origin).min() {
      left = left.filter { $0.origin == lowest }
    }
    if quirks.comparesMED {
      let all = left
      left = left.filter { path in
        !all.contains { $0.numbers.first == path.numbers.first && $0.med < path.med }
      }
    }
    var hops: [IPAddress] = []
    for path in left where hops.count < quirks.ecmpWidth && !hops.contains(path.hop) {
      hops.append(path.hop)
    }
    return Selection(hops: hops.sorted(), first: left.first)
  }

  private func find(_ prefix: Prefix) -> Int? {
    let place = lowerBound(prefix)
    return place < entries.count && entries[place].prefix == prefix ? place : nil
  }

  private func lowerBound(_ prefix: Prefix) -> Int { entries.place { $0.prefix < prefix } }
}
