// A copy of the kernel's tables, kept by nothing but what a monitor is told.

import Engine
import Model

/// The tables of one class or of all.
struct KernelTables {
  private(set) var addresses: [InterfaceAddress] = []
  private(set) var routes: [Route] = []
  private(set) var nextHops: [NextHopObject] = []
  private(set) var neighbours: [Neighbour] = []

  /// Takes the tables of one class from another value.
  mutating func adopt(_ kernelClass: KernelClass, from other: KernelTables) {
    switch kernelClass {
    case .interfaces: addresses = other.addresses
    case .routes: (routes, nextHops) = (other.routes, other.nextHops)
    case .neighbours: neighbours = other.neighbours
    }
  }

  mutating func take(_ fact: Fact) {
    switch fact {
    case .address(let address):
      addresses.removeAll { Self.same($0, address) }
      addresses.append(address)
    case .addressGone(let address): addresses.removeAll { Self.same($0, address) }
    case .route(let route, let arrival): put(route, arrival == .instead)
    case .routeGone(let route):
      if let place = place(of: route) ?? routes.firstIndex(where: { Self.sameKey($0, route) }) {
        routes.remove(at: place)
      }
    case .nextHop(let object):
      nextHops.removeAll { $0.id == object.id }
      nextHops.append(object)
    case .nextHopGone(let object): nextHops.removeAll { $0.id == object.id }
    case .neighbour(let neighbour):
      neighbours.removeAll { Self.same($0, neighbour) }
      neighbours.append(neighbour)
    case .neighbourGone(let neighbour): neighbours.removeAll { Self.same($0, neighbour) }
    case .link, .linkGone, .dumpDone, .refused, .overrun: return
    }
  }

  private mutating func put(_ route: Route, _ replaces: Bool) {
    if replaces, let place = routes.firstIndex(where: { Self.sameKey($0, route) }) {
      routes[place] = route
    } else if place(of: route) == nil {
      routes.append(route)
    }
  }

  private func place(of route: Route) -> Int? {
    routes.firstIndex { Self.sameKey($0, route) && $0.nextHops == route.nextHops }
  }

  /// What the kernel takes for one place in a table.
  private static func sameKey(_ left: Route, _ right: Route) -> Bool {
    left.destination == right.destination && left.table == right.table
      && left.metric == right.metric && left.typeOfService == right.typeOfService
  }

  private static func same(_ left: InterfaceAddress, _ right: InterfaceAddress) -> Bool {
    left.address == right.address && left.interface == right.interface
      && left.prefixLength == right.prefixLength
  }

  private static func same(_ left: Neighbour, _ right: Neighbour) -> Bool {
    left.address == right.address && left.interface == right.interface
      && left.isProxy == right.isProxy
  }
}

/// The tables that are believed, and those that a repeated dump is listing.
struct KernelCopy {
  private(set) var tables = KernelTables()
  private var listings: [KernelClass: KernelTables] = [:]

  mutating func take(_ note: Note) {
    switch note {
    case .stale(let kernelClass, _): listings[kernelClass] = KernelTables()
    case .current(let kernelClass):
      guard let listing = listings.removeValue(forKey: kernelClass) else { return }
      tables.adopt(kernelClass, from: listing)
    case .listed(let fact): change(fact, isListed: true)
    case .address(let address): change(.address(address), isListed: false)
    case .addressGone(let address): change(.addressGone(address), isListed: false)
    case .heard(let fact): change(fact, isListed: false)
    default: return
    }
  }

  /// One socket keeps its order: news counts on top of what was listed so far too.
  private mutating func change(_ fact: Fact, isListed: Bool) {
    if !isListed { tables.take(fact) }
    let kernelClass: KernelClass =
      switch fact {
      case .address, .addressGone: .interfaces
      case .neighbour, .neighbourGone: .neighbours
      default: .routes
      }
    listings[kernelClass]?.take(fact)
  }
}
