// What several instances have programmed, and the one route per prefix that becomes of it.

package import Model

/// Keeps what each instance said last.
package struct LearnedRoutes: Sendable {
  /// Instances at a time; Azure has two.
  package static let instanceLimit = 8
  /// Prefixes of one instance, as its own table holds.
  package static let prefixLimit = PathTable.prefixLimit

  private struct Route: Sendable {
    var prefix: Prefix
    var hops: [IPAddress]
    var pathLength: Int
  }

  private struct Instance: Sendable {
    var name: String
    /// In order of prefixes.
    var routes: [Route] = []
  }

  private var instances: [Instance] = []
  /// Whether all count, or those of the shortest path alone.
  package var takesShortest: Bool

  package init(takesShortest: Bool) { self.takesShortest = takesShortest }

  /// An instance forwards a prefix to these from now on; none: no more. False when there is no
  /// room.
  package mutating func put(
    _ name: String, _ prefix: Prefix, _ hops: [IPAddress], pathLength: Int
  ) -> Bool {
    let instance: Int
    if let known = instances.firstIndex(where: { $0.name == name }) {
      instance = known
    } else {
      guard instances.count < LearnedRoutes.instanceLimit else { return false }
      instances.append(Instance(name: name))
      instance = instances.count - 1
    }
    let routes = instances[instance].routes
    let place = lowerBound(routes, prefix)
    let isKnown = place < routes.count && routes[place].prefix == prefix
    if hops.isEmpty {
      if isKnown { instances[instance].routes.remove(at: place) }
      return true
    }
    let route = Route(prefix: prefix, hops: hops, pathLength: pathLength)
    if isKnown {
      instances[instance].routes[place] = route
      return true
    }
    guard routes.count < LearnedRoutes.prefixLimit else { return false }
    instances[instance].routes.insert(route, at: place)
    return true
  }

  /// An instance is gone with all it said; answers what it had led to.
  package mutating func forget(_ name: String) -> [Prefix] {
    guard let place = instances.firstIndex(where: { $0.name == name }) else { return [] }
    return instances.remove(at: place).routes.map(\.prefix)
  }

  /// The next hops of all, in ascending order.
  package func hops(to prefix: Prefix) -> [IPAddress] {
    var routes = instances.compactMap { instance in
      let place = lowerBound(instance.routes, prefix)
      return place < instance.routes.count && instance.routes[place].prefix == prefix
        ? instance.routes[place] : nil
    }
    if takesShortest, let shortest = routes.map(\.pathLength).min() {
      routes = routes.filter { $0.pathLength == shortest }
    }
    var hops: [IPAddress] = []
    for hop in routes.flatMap(\.hops).sorted() where hops.last != hop { hops.append(hop) }
    return hops
  }

  private func lowerBound(_ routes: [Route], _ prefix: Prefix) -> Int {
    routes.place { $0.prefix < prefix }
  }
}
