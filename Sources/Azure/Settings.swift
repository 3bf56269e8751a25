// The daemon's record of what the configuration says about route tables and scheduled events.

package import Model

/// One record `azure`.
package struct Settings: Hashable, Sendable {
  /// None: the table of our own subnet.
  package var routeTables: [ResourceID]
  package var identity: Identity
  package var policy: DriftPolicy
  package var events: Plan.ScheduledEvents
  package var countsFreezes: Bool
  package var acknowledges: Bool
  /// It tells which interface is the one whose subnet counts.
  package var address: IPAddress
  /// Everything is decided, and nothing is sent.
  package var isShadow: Bool

  package init(
    routeTables: [ResourceID], identity: Identity = .system, policy: DriftPolicy = .repair,
    events: Plan.ScheduledEvents = .shift, countsFreezes: Bool = false,
    acknowledges: Bool = false, address: IPAddress, isShadow: Bool = false
  ) {
    self.routeTables = routeTables
    self.identity = identity
    self.policy = policy
    self.events = events
    self.countsFreezes = countsFreezes
    self.acknowledges = acknowledges
    self.address = address
    self.isShadow = isShadow
  }

  /// Reads a line of the control socket; nothing when it is another record or none.
  package init?(_ line: [UInt8]) {
    guard let read = JSON.read(Fields.self, line), read.type == "azure", let repairs = read.repair,
      let events = read.events.flatMap({ Plan.ScheduledEvents(rawValue: $0) }),
      let address = read.address.flatMap({ IPAddress($0) }), let texts = read.tables,
      texts.count <= Desk.tableLimit
    else { return nil }
    let tables = texts.compactMap { ResourceID($0) }
    guard tables.count == texts.count, tables.allSatisfy(\.isRouteTable) else { return nil }
    routeTables = tables
    identity = read.identity.map { .client($0) } ?? .system
    policy = repairs ? .repair : .report
    self.events = events
    countsFreezes = read.freezes ?? false
    acknowledges = read.acknowledges ?? false
    self.address = address
    isShadow = read.shadow ?? false
  }

  private struct Fields: Decodable {
    var type: String?
    var tables: [String]?
    var identity: String?
    var repair: Bool?
    var events: String?
    var freezes: Bool?
    var acknowledges: Bool?
    var address: String?
    var shadow: Bool?

    enum CodingKeys: String, CodingKey {
      case type, identity, repair, address, shadow
      case tables = "route-tables"
      case events = "scheduled-events"
      case freezes = "freeze-events"
      case acknowledges = "acknowledge-events"
    }
  }
}
