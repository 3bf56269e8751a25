// One route as `birdc show route all` tells it.

package import Model

/// A route in a BIRD's table.
package struct BirdRoute: Hashable, Sendable {
  package var prefix: Prefix
  /// The protocol that brought it: the neighbour's name.
  package var origin: String
  /// When this route last changed, by BIRD's own clock reading.
  package var since: Moment
  package var isBest: Bool
  package var nextHop: IPv4Address?
  package var path: [UInt32]

  /// Reads the whole answer; lines of other kinds are skipped.
  package static func all(in answer: String) -> [BirdRoute] {
    var routes: [BirdRoute] = []
    var prefix: Prefix?
    for line in answer.split(separator: "\n") {
      if line.first == "\t" {
        guard !routes.isEmpty else { continue }
        routes[routes.count - 1].readAttribute(line)
        continue
      }
      let words = line.split(separator: " ")
      if line.first != " ", let first = words.first, let named = Prefix(first) { prefix = named }
      guard let prefix, let route = BirdRoute(head: line, prefix: prefix) else { continue }
      routes.append(route)
    }
    return routes
  }

  /// `10.1.0.5/32  unicast [rs1 2026-11-20 23:36:23.106127 from 10.0.2.10] * (100) [AS65001i]`
  private init?(head: Substring, prefix: Prefix) {
    guard let opening = head.firstIndex(of: "["), let closing = head.firstIndex(of: "]") else {
      return nil
    }
    let inside = head[head.index(after: opening)..<closing].split(separator: " ")
    guard inside.count >= 3, let since = Moment(birdText: "\(inside[1]) \(inside[2])") else {
      return nil
    }
    self.prefix = prefix
    origin = String(inside[0])
    self.since = since
    isBest = head[closing...].split(separator: " ").contains("*")
    path = []
  }

  private mutating func readAttribute(_ line: Substring) {
    let words = line.dropFirst().split(separator: " ")
    switch words.first {
    case "BGP.as_path:": path = words.dropFirst().compactMap { UInt32($0) }
    case "BGP.next_hop:": nextHop = words.dropFirst().first.flatMap { IPv4Address($0) }
    default: break
    }
  }
}
