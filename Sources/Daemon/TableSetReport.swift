// The kernel's routes that route tables should have, for whoever writes them: all, or what changed.

import Control
import Engine
import Model
import Redistribution

enum TableSetReport {
  /// Routes of one record. We chose it: with IPv6 prefixes of full length it is a tenth of what a
  /// record may be.
  static let routesInRecord = 128

  /// Everything as it stands. Without a rule it says who may remove what was written before.
  static func answer(_ id: String, _ engine: borrowing Engine, _ at: Instant) -> [UInt8] {
    guard engine.plan.azure != nil else { return [] }
    let tables = engine.tableRoutes
    var bytes = writer(id, tables, engine, at)
    for piece in pieces(tables.places) {
      bytes += record(id, piece, isWanted: true, engine, at)
    }
    return bytes
  }

  /// Tells those who follow what changed after a change that they know of.
  static func publish(
    since known: UInt64, _ engine: borrowing Engine, _ at: Instant,
    to control: borrowing ControlServer
  ) {
    guard engine.plan.azure != nil, control.hears(.desired) else { return }
    let tables = engine.tableRoutes
    guard known >= tables.goneSince else {
      // They ask for everything then.
      return control.publish(.desired) { JSONLine.lost(id: $0, count: 1) }
    }
    // What went and came again is there: the newer word is the last one.
    for piece in pieces(tables.gone.filter { $0.generation > known }) {
      control.publish(.desired) { record($0, piece, isWanted: false, engine, at) }
    }
    for piece in pieces(tables.places.filter { $0.generation > known }) {
      control.publish(.desired) { record($0, piece, isWanted: true, engine, at) }
    }
    // Behind the routes: who is to write removes what is not wanted.
    if tables.voiceGeneration > known {
      control.publish(.desired) { writer($0, tables, engine, at) }
    }
  }

  /// Routes of one rule and one change, in the order in which they were given.
  private static func pieces(_ items: [TableRoutes.Item]) -> [ArraySlice<TableRoutes.Item>] {
    var pieces: [ArraySlice<TableRoutes.Item>] = []
    var rest = items[...]
    while let first = rest.first {
      let piece = rest.prefix(routesInRecord).prefix {
        $0.generation == first.generation && $0.rule == first.rule
      }
      pieces.append(piece)
      rest = rest.dropFirst(piece.count)
    }
    return pieces
  }

  static func word(_ voice: TableVoice) -> String {
    switch voice {
    case .ours: "ours"
    case .others: "others"
    case .unsure: "unsure"
    }
  }

  private static func writer(
    _ id: String, _ tables: TableRoutes, _ engine: borrowing Engine, _ at: Instant
  ) -> [UInt8] {
    let own = ownHops(engine.plan)
    var line = JSONLine(id: id, type: "route-writer")
    line.add("at-ns", at.nanoseconds)
    line.add("generation", "\(engine.run).\(tables.voiceGeneration)")
    line.add("voice", word(tables.voice))
    line.add("own-hop", own.ipv4?.description)
    line.add("own-hop6", own.ipv6?.description)
    return line.finish()
  }

  /// Where only this machine leads routes of the kernel: its next hops, but for one that a rule
  /// names. The same rule on another machine leads its routes here as well, and what our own kernel
  /// has lost may be what that one wants.
  static func ownHops(_ plan: Plan) -> (ipv4: IPv4Address?, ipv6: IPv6Address?) {
    let own = plan.local.nextHops
    let named = plan.redistributions.compactMap { $0.tablesMode == nil ? nil : $0.nextHop }
    return (
      named.contains { $0.ipv4 == own.ipv4 } ? nil : own.ipv4,
      own.ipv6.flatMap { hop in named.contains { $0.ipv6 == hop } ? nil : hop }
    )
  }

  private static func record(
    _ id: String, _ piece: ArraySlice<TableRoutes.Item>, isWanted: Bool,
    _ engine: borrowing Engine, _ at: Instant
  ) -> [UInt8] {
    guard let first = piece.first else { return [] }
    let rule = engine.plan.redistributions[first.rule.index]
    let hops = engine.plan.nextHops(of: rule)
    var line = JSONLine(id: id, type: "route-set")
    line.add("at-ns", at.nanoseconds)
    line.add("rule", rule.name)
    line.add("generation", "\(engine.run).\(first.generation)")
    line.add("wanted", isWanted)
    line.add("mode", rule.tablesMode?.rawValue)
    line.add("prefixes", piece.map(\.prefix.description))
    line.add("next-hop", hops.ipv4.description)
    line.add("next-hop6", hops.ipv6?.description)
    return line.finish()
  }
}
