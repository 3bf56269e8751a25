// The events of a route server instance as records, written on one side and read on the other.

package import Control
package import Model
package import Platform

/// An event and when the instance saw it, on the wall clock: just before it read the socket.
package struct ToldEvent: Hashable, Sendable {
  package var moment: Moment
  package var event: ServerEvent
}

/// Events to lines and back.
package enum EventLine {
  package static func bytes(of event: ServerEvent, at wall: Instant) -> [UInt8] {
    var line = JSONLine(id: "", type: type(of: event))
    line.add("moment", wall.nanoseconds)
    switch event {
    case .ready, .restarting, .returned: break
    case .sessionUp(let peer, let holdTime, let families):
      line.add("peer", peer)
      line.add("hold-ms", holdTime.milliseconds)
      line.add("families", families.map(\.rawValue))
    case .sessionDown(let peer, let reason):
      line.add("peer", peer)
      line.add("reason", reason)
    case .refused(let address, let reason):
      line.add("address", "\(address)")
      line.add("reason", reason)
    case .update(let update): add(update, to: &line)
    case .best(let prefix, let hops, let pathLength):
      line.add("prefix", "\(prefix)")
      line.add("hops", hops.map(\.description))
      line.add("path-length", pathLength)
    case .programmed(let prefix, let hops, let waited):
      line.add("prefix", "\(prefix)")
      line.add("hops", hops.map(\.description))
      line.add("waited-ns", waited.count)
    case .askedAgain(let peer, let family), .wasAsked(let peer, let family):
      line.add("peer", peer)
      line.add("family", family.rawValue)
    }
    return line.finish()
  }

  private static func add(_ update: UpdateEvent, to line: inout JSONLine) {
    line.add("peer", update.peer)
    line.add("announced", update.announced.map(\.description))
    line.add("announced-count", update.announcedCount)
    line.add("withdrawn", update.withdrawn.map(\.description))
    line.add("withdrawn-count", update.withdrawnCount)
    line.add("hop", update.hop?.description)
    line.add("path-length", update.pathLength)
    line.add("held", update.held)
    line.add("dropped", update.dropped)
  }

  private static func type(of event: ServerEvent) -> String {
    switch event {
    case .ready: "ready"
    case .sessionUp: "session-up"
    case .sessionDown: "session-down"
    case .refused: "refused"
    case .update: "update"
    case .best: "best"
    case .programmed: "programmed"
    case .askedAgain: "asked-again"
    case .wasAsked: "was-asked"
    case .restarting: "restarting"
    case .returned: "returned"
    }
  }

  /// Nil when the record tells of something else, or not all of it.
  package static func event(_ record: Record) -> ToldEvent? {
    guard let nanoseconds = record.integer("moment"), let event = what(record) else { return nil }
    return ToldEvent(moment: Moment(nanoseconds: nanoseconds), event: event)
  }

  private static func what(_ record: Record) -> ServerEvent? {
    switch record.type {
    case "ready": return .ready
    case "restarting": return .restarting
    case "returned": return .returned
    case "session-up":
      guard let peer = record.string("peer"), let hold = record.integer("hold-ms") else {
        return nil
      }
      return .sessionUp(
        peer: peer, holdTime: .milliseconds(hold),
        families: record.strings("families").compactMap { .init(rawValue: $0) })
    case "session-down":
      guard let peer = record.string("peer"), let reason = record.string("reason") else {
        return nil
      }
      return .sessionDown(peer: peer, reason: reason)
    case "refused":
      guard let address = record.string("address").flatMap({ IPv4Address($0) }),
        let reason = record.string("reason")
      else { return nil }
      return .refused(address: address, reason: reason)
    case "update": return update(record).map { .update($0) }
    case "best":
      guard let prefix = record.prefix, let length = record.integer("path-length") else {
        return nil
      }
      return .best(prefix: prefix, hops: record.addresses("hops"), pathLength: Int(length))
    case "programmed":
      guard let prefix = record.prefix, let waited = record.integer("waited-ns") else { return nil }
      return .programmed(
        prefix: prefix, hops: record.addresses("hops"), waited: Nanoseconds(waited))
    default: return family(record)
    }
  }

  private static func family(_ record: Record) -> ServerEvent? {
    guard let peer = record.string("peer"),
      let family = record.string("family").flatMap({ ServerEvent.Family(rawValue: $0) })
    else { return nil }
    switch record.type {
    case "asked-again": return .askedAgain(peer: peer, family: family)
    case "was-asked": return .wasAsked(peer: peer, family: family)
    default: return nil
    }
  }

  private static func update(_ record: Record) -> UpdateEvent? {
    guard let peer = record.string("peer"), let announced = record.integer("announced-count"),
      let withdrawn = record.integer("withdrawn-count"), let held = record.integer("held"),
      let length = record.integer("path-length"), let dropped = record.string("dropped")
    else { return nil }
    var update = UpdateEvent(peer: peer)
    update.announced = record.strings("announced").compactMap { Prefix($0) }
    update.announcedCount = Int(announced)
    update.withdrawn = record.strings("withdrawn").compactMap { Prefix($0) }
    update.withdrawnCount = Int(withdrawn)
    update.hop = record.string("hop").flatMap { IPAddress($0) }
    update.pathLength = Int(length)
    update.held = Int(held)
    update.dropped = dropped
    return update
  }
}

extension Record {
  /// The texts of an array; empty when there is none.
  package func strings(_ name: String) -> [String] {
    guard case .array(let values)? = self[name] else { return [] }
    return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  package func addresses(_ name: String) -> [IPAddress] {
    strings(name).compactMap { IPAddress($0) }
  }

  package var prefix: Prefix? { string("prefix").flatMap { Prefix($0) } }
}
