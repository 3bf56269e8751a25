// One route server instance: sessions, hold timers, a table per neighbour, best paths, and a log of
// every UPDATE.

package import Model

/// A route as it stands in the table.
package struct Route: Hashable, Sendable {
  package var nextHop: IPAddress
  package var pathLength: Int
}

/// An UPDATE as it came in.
package struct LoggedUpdate: Sendable {
  package var time: Instant
  package var neighbour: Int
  /// Counts the sessions of this neighbour.
  package var session: Int
  package var update: WireUpdate
  package var bytes: [UInt8]
  /// It says what the neighbour had said before in this session, and no refresh asked for it.
  package var isRepetition: Bool
  /// It says something that was not said before in this session, behind a route that stood.
  package var isChange: Bool
}

/// What the server wants done with one connection.
package enum ServerAction: Equatable, Sendable {
  case send([UInt8])
  case close
}

/// The appliances are its neighbours, numbered from 0. It has no graceful restart: routes go with
/// the session.
package struct RouteServer: Sendable {
  package static let asn: UInt32 = 65515
  /// Azure's: routes held from a neighbour together with those of an UPDATE.
  package static let azureLimit = 4_000
  private let identifier: IPv4Address
  private let holdTime: UInt16
  private let routeLimit: Int
  /// What it offers.
  package let families: Set<WireFamily>

  package struct Neighbour: Sendable {
    package fileprivate(set) var connection: Int?
    package fileprivate(set) var isEstablished = false
    package fileprivate(set) var session = 0
    package fileprivate(set) var routes: [Prefix: Route] = [:]
    fileprivate var stream: [UInt8] = []
    fileprivate var hasOpen = false
    fileprivate var hold: Instant?
    fileprivate var keepalive: Instant?
    fileprivate var interval = Nanoseconds.zero
    /// What both sides offered.
    fileprivate var families: Set<WireFamily> = []
    /// How often a refresh was asked for, and how often each prefix was told again since.
    fileprivate var refreshes: [WireFamily: Int] = [:]
    fileprivate var answers: [Prefix: Int] = [:]
    /// Prefixes that were asked for again and have not been told since.
    package fileprivate(set) var owed: Set<Prefix> = []
    /// Families whose first announcement has not been ended.
    package fileprivate(set) var unended: Set<WireFamily> = []
  }

  package private(set) var neighbours: [Neighbour]
  package private(set) var log: [LoggedUpdate] = []
  /// Messages that this reader could not accept.
  package private(set) var wrongs: [String] = []
  package private(set) var notifications: [(code: UInt8, subcode: UInt8)] = []
  package private(set) var holdExpiries = 0
  /// Sessions that were ended since there were too many routes.
  package private(set) var overflows: [String] = []

  package init(
    _ index: Int, neighbours count: Int, holdTime: UInt16 = 180,
    families: Set<WireFamily> = [.ipv4], routeLimit: Int = RouteServer.azureLimit
  ) {
    self.families = families
    self.routeLimit = routeLimit
    identifier = IPv4Address(10, 10, 1, UInt8(4 + index))
    self.holdTime = holdTime
    neighbours = Array(repeating: Neighbour(), count: count)
  }

  package var deadline: Instant? {
    var earliest: Instant?
    for neighbour in neighbours {
      for candidate in [neighbour.hold, neighbour.keepalive] {
        guard let candidate else { continue }
        earliest = min(earliest ?? candidate, candidate)
      }
    }
    return earliest
  }

  /// A connection came in. While another stands it is refused (RFC 4271 section 6.8 leaves the
  /// established one).
  package mutating func accept(_ connection: Int, from neighbour: Int, at now: Instant)
    -> [ServerAction]
  {
    guard neighbours[neighbour].connection == nil else {
      return [.send(WireMessage.writeNotification(6, 5)), .close]
    }
    drop(neighbour)
    neighbours[neighbour].connection = connection
    neighbours[neighbour].hold = now + .seconds(240)
    return [
      .send(
        WireMessage.writeOpen(
          asn: Self.asn, holdTime: holdTime, identifier: identifier, families: families))
    ]
  }

  /// The connection ended, or the server ends it: the routes are gone.
  package mutating func drop(_ neighbour: Int) {
    var fresh = Neighbour()
    fresh.session = neighbours[neighbour].session
    neighbours[neighbour] = fresh
  }

  package mutating func receive(_ bytes: [UInt8], from neighbour: Int, at now: Instant)
    -> [ServerAction]
  {
    var actions: [ServerAction] = []
    neighbours[neighbour].stream += bytes
    let messages = WireMessage.take(from: &neighbours[neighbour].stream)
    for (message, raw) in messages where neighbours[neighbour].connection != nil {
      actions += take(message, raw, neighbour, now)
    }
    return actions
  }

  private mutating func take(
    _ message: WireMessage, _ raw: [UInt8], _ neighbour: Int, _ now: Instant
  ) -> [ServerAction] {
    restartHold(neighbour, now)
    switch message {
    case .open(_, let offered, _, let theirs):
      neighbours[neighbour].hasOpen = true
      neighbours[neighbour].families = families.intersection(theirs)
      neighbours[neighbour].unended = neighbours[neighbour].families
      neighbours[neighbour].interval = .seconds(Int64(min(offered, holdTime)))
      restartHold(neighbour, now)
      return [.send(WireMessage.writeKeepalive())]
    case .keepalive:
      guard neighbours[neighbour].hasOpen else { return wrong("KEEPALIVE before OPEN", neighbour) }
      if !neighbours[neighbour].isEstablished {
        neighbours[neighbour].isEstablished = true
        neighbours[neighbour].session += 1
        neighbours[neighbour].keepalive = now + neighbours[neighbour].interval / 3
      }
      return []
    case .update(let update):
      guard neighbours[neighbour].isEstablished else {
        return wrong("UPDATE before the session", neighbour)
      }
      guard neighbours[neighbour].families.contains(update.family) else {
        return wrong("UPDATE of \(update.family), which was not agreed on", neighbour)
      }
      // Also when they only replace others.
      let held = neighbours[neighbour].routes.count
      if !update.announced.isEmpty, held + update.announced.count > routeLimit {
        overflows.append("neighbour \(neighbour): \(held) routes and \(update.announced.count)")
        drop(neighbour)
        return [.send(WireMessage.writeNotification(6, 1)), .close]
      }
      take(update, raw, neighbour, now)
      return []
    case .notification(let code, let subcode):
      notifications.append((code, subcode))
      drop(neighbour)
      return [.close]
    case .refresh: return []
    case .wrong(let why): return wrong(why, neighbour)
    }
  }

  private mutating func take(
    _ update: WireUpdate, _ raw: [UInt8], _ neighbour: Int, _ now: Instant
  ) {
    if update.isEndOfRIB {
      neighbours[neighbour].unended.remove(update.family)
      return
    }
    neighbours[neighbour].owed.subtract(update.announced)
    neighbours[neighbour].owed.subtract(update.withdrawn)
    var isRepetition = false
    var isChange = false
    let route = update.nextHop.map { Route(nextHop: $0, pathLength: update.path.count) }
    for prefix in update.announced {
      guard let standing = neighbours[neighbour].routes[prefix] else { continue }
      if standing != route {
        isChange = true
      } else if neighbours[neighbour].answers[prefix, default: 0]
        < neighbours[neighbour].refreshes[update.family, default: 0]
      {
        neighbours[neighbour].answers[prefix, default: 0] += 1
      } else {
        isRepetition = true
      }
    }
    log.append(
      LoggedUpdate(
        time: now, neighbour: neighbour, session: neighbours[neighbour].session, update: update,
        bytes: raw, isRepetition: isRepetition, isChange: isChange))
    for prefix in update.withdrawn { neighbours[neighbour].routes[prefix] = nil }
    for prefix in update.announced { neighbours[neighbour].routes[prefix] = route }
  }

  private mutating func wrong(_ why: String, _ neighbour: Int) -> [ServerAction] {
    wrongs.append(why)
    drop(neighbour)
    return [.send(WireMessage.writeNotification(3, 1)), .close]
  }

  /// Asks for all routes of a family again (RFC 2918); of one that was not agreed on there is no
  /// answer (section 4).
  package mutating func refresh(_ neighbour: Int, _ family: WireFamily) -> [ServerAction] {
    guard neighbours[neighbour].isEstablished else { return [] }
    neighbours[neighbour].refreshes[family, default: 0] += 1
    let asked = neighbours[neighbour].routes.keys.filter { WireFamily($0) == family }
    neighbours[neighbour].owed.formUnion(asked)
    return [.send(WireMessage.writeRefresh(family))]
  }

  /// Judges the timers of one neighbour.
  package mutating func turn(_ neighbour: Int, at now: Instant) -> [ServerAction] {
    if let hold = neighbours[neighbour].hold, now >= hold {
      holdExpiries += 1
      drop(neighbour)
      return [.send(WireMessage.writeNotification(4, 0)), .close]
    }
    if let due = neighbours[neighbour].keepalive, now >= due {
      neighbours[neighbour].keepalive = now + neighbours[neighbour].interval / 3
      return [.send(WireMessage.writeKeepalive())]
    }
    return []
  }

  private mutating func restartHold(_ neighbour: Int, _ now: Instant) {
    guard neighbours[neighbour].hasOpen else { return }
    neighbours[neighbour].hold = now + neighbours[neighbour].interval
  }

  /// Where traffic to a prefix goes: all next hops of the shortest path length, sorted.
  package func bestPaths(_ prefix: Prefix) -> [IPAddress] {
    let routes = neighbours.compactMap { $0.routes[prefix] }
    guard let shortest = routes.map(\.pathLength).min() else { return [] }
    return routes.filter { $0.pathLength == shortest }.map(\.nextHop).sorted()
  }
}
