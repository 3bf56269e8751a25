// One route that a peer told us, as far as people want to see it.

package import Model

/// A route of a peer. Nothing is decided by it.
package struct ReceivedRoute: Sendable {
  package let prefix: Prefix
  package let nextHop: IPAddress
  package let path: ReceivedPath
  /// The peer is about to go away (RFC 8326 section 4): others would be preferred.
  package let isShuttingDown: Bool
  /// When it was told last.
  package let heard: Instant

  /// The same said of another prefix.
  package func moved(to prefix: Prefix, at heard: Instant) -> ReceivedRoute {
    ReceivedRoute(
      prefix: prefix, nextHop: nextHop, path: path, isShuttingDown: isShuttingDown, heard: heard)
  }
}

/// The AS path of a route: all of a short one, the first and the last numbers of a long one.
package struct ReceivedPath: Sendable {
  /// Numbers that are kept. We chose it: what a route server tells from on-premises has four.
  package static let kept = 6

  /// How long the path is when paths are compared: an AS_SET counts as one (RFC 4271 section
  /// 9.1.2.2).
  package private(set) var length = 0
  /// Its numbers, whatever segment they stand in.
  private var count = 0
  private var numbers: [6 of UInt32] = [0, 0, 0, 0, 0, 0]

  init() {}

  /// The numbers that are kept, in the order of the path; the last one is the last of the path.
  package var asns: [UInt32] {
    (0..<min(count, ReceivedPath.kept)).map { numbers[$0] }
  }

  /// How many numbers were left out, just before the last one.
  package var omitted: Int { max(0, count - ReceivedPath.kept) }

  mutating func add(_ number: UInt32) {
    numbers[min(count, ReceivedPath.kept - 1)] = number
    count += 1
  }

  mutating func lengthen(by count: Int) { length += count }
}
