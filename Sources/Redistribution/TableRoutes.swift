// Which of the exports stand in Azure's route tables, since when, and who is to write them.

package import Model

/// Whether this machine writes the routes of the kernel.
package enum TableVoice: UInt8, Equatable, Sendable {
  case ours
  case others
  /// Not known yet: nothing is written and nothing removed.
  case unsure
}

/// A route table takes far fewer routes than a route server, and each is a call that takes a
/// second. Whoever has a place keeps it; free places go to the shortest prefix, then the lowest, as
/// those of a rule do.
package struct TableRoutes {
  /// One prefix that has a place, or waits for one.
  package struct Item: Equatable, Sendable {
    package let prefix: Prefix
    package fileprivate(set) var rule: RuleSlot
    /// The number of the change that gave it its place; zero: it has none.
    package fileprivate(set) var generation: UInt64
  }

  /// Those that went last, for whoever follows the changes. We chose it: more than one turn of the
  /// engine can take away, several times; who has missed more asks for everything.
  package static let goneLimit = 4 * Plan.tableRoutes

  /// By rule: whether its routes stand in tables.
  private let isWritten: [Bool]
  private let reserved: Set<Prefix>
  package let limit: Int
  private var items: [Prefix: Item] = [:]
  private var line = WaitingLine()
  /// How many have a place.
  package private(set) var count = 0
  /// How many changes there were in this run.
  package private(set) var generation: UInt64 = 0
  package private(set) var voice = TableVoice.unsure
  /// The change that made it so.
  package private(set) var voiceGeneration: UInt64 = 0
  /// Those that went, and the changes from which on they are all there.
  package private(set) var gone: [Item] = []
  package private(set) var goneSince: UInt64 = 0

  /// `reserved` are the routes that VIPs have in tables.
  package init(_ rules: [Plan.Redistribution], limit: Int, reserved: [Prefix]) {
    isWritten = rules.map { $0.tablesMode != nil }
    self.limit = limit
    self.reserved = Set(reserved)
  }

  /// Without such a rule nothing is ever wanted.
  package var isIdle: Bool { !isWritten.contains(true) }

  package var leftOut: Int { items.count - count }

  package func item(_ prefix: Prefix) -> Item? { items[prefix] }

  package func isReserved(_ prefix: Prefix) -> Bool { reserved.contains(prefix) }

  /// Those that have a place, the first change first.
  package var places: [Item] {
    let sorted = items.values.sorted {
      ($0.generation, $0.rule.index, $0.prefix) < ($1.generation, $1.rule.index, $1.prefix)
    }
    return Array(sorted.drop { $0.generation == 0 })
  }

  /// Takes what has changed among the exports: one change, whatever it consists of.
  package mutating func follow(_ exports: Exports) {
    if isIdle { return }
    let next = generation + 1
    var hasChanged = false
    exports.eachChange { slot in
      let prefix = exports.prefix(slot)
      let rule = exports.rule(slot).flatMap { isWritten[$0.index] ? $0 : nil }
      if set(prefix, reserved.contains(prefix) ? nil : rule, next) { hasChanged = true }
    }
    while count < limit, let first = line.first {
      line.removeFirst()
      // Who has left, or has a place by now.
      guard items[first.prefix]?.generation == 0 else { continue }
      items[first.prefix]?.generation = next
      count += 1
      hasChanged = true
    }
    if hasChanged { generation = next }
    if gone.count > TableRoutes.goneLimit {
      gone = []
      goneSince = generation
    }
    // Who comes and goes while there is no room would make the line ever longer.
    if line.count > 2 * leftOut + TableRoutes.goneLimit { rebuildLine() }
  }

  /// Whether somebody who has a place is concerned.
  private mutating func set(_ prefix: Prefix, _ rule: RuleSlot?, _ next: UInt64) -> Bool {
    guard let rule else {
      guard var item = items.removeValue(forKey: prefix), item.generation > 0 else { return false }
      count -= 1
      item.generation = next
      gone.append(item)
      return true
    }
    guard let known = items[prefix] else {
      items[prefix] = Item(prefix: prefix, rule: rule, generation: 0)
      line.add(prefix, 0)
      return false
    }
    guard known.rule != rule else { return false }
    items[prefix]?.rule = rule
    if known.generation > 0 { items[prefix]?.generation = next }
    return known.generation > 0
  }

  /// Who writes has changed, or is known now.
  package mutating func hear(_ voice: TableVoice) {
    guard voice != self.voice else { return }
    self.voice = voice
    generation += 1
    voiceGeneration = generation
  }

  /// Goes on where another stood whose rules may have been others. Who has a place keeps it; what
  /// is announced and has none waits for one, and is given it when exports are followed again.
  package mutating func succeed(_ old: TableRoutes, _ exports: Exports) {
    let hasSpoken = generation > 0
    generation = old.generation + 1
    (goneSince, voiceGeneration) = (generation, hasSpoken ? generation : 0)
    if isIdle { return }
    for slot in 0..<exports.slotCount {
      let prefix = exports.prefix(ExportSlot(slot))
      let slot = ExportSlot(slot)
      guard let rule = exports.rule(slot) ?? exports.ruleToCome(slot), isWritten[rule.index],
        !reserved.contains(prefix)
      else { continue }
      let hadPlace = (old.items[prefix]?.generation ?? 0) > 0
      items[prefix] = Item(prefix: prefix, rule: rule, generation: hadPlace ? generation : 0)
      if hadPlace { count += 1 }
    }
    let holders = items.keys.filter { items[$0]?.generation != 0 }
      .sorted { ($0.length, $0.address) < ($1.length, $1.address) }
    for prefix in holders.dropFirst(limit) {
      items[prefix]?.generation = 0
      count -= 1
    }
    rebuildLine()
  }

  private mutating func rebuildLine() {
    line.removeAll()
    for prefix in items.keys.sorted() where items[prefix]?.generation == 0 {
      line.add(prefix, 0)
    }
  }
}

extension TableRoutes {
  /// Who follows the changes asks for everything after that.
  package mutating func keep(in keeper: inout Keeper) {
    var list = items.values.sorted { $0.prefix < $1.prefix }
    keeper.keep(&list, blank: TableRoutes.blank, limit: Exports.prefixLimit) {
      $0.keep(in: &$1)
    }
    keeper.keep(&count)
    keeper.keep(&generation)
    keeper.keep(&voice)
    keeper.keep(&voiceGeneration)
    guard keeper.isReading else { return }
    items = [:]
    for item in list where isWritten.indices.contains(item.rule.index) {
      items[item.prefix] = item
    }
    if items.count != list.count { keeper.damage() }
    gone = []
    goneSince = generation
    rebuildLine()
  }

  private static let blank: Item = {
    guard let prefix = Prefix(.v4(IPv4Address(bits: 0)), length: 0) else {
      preconditionFailure("no bits of nothing are set")
    }
    return Item(prefix: prefix, rule: RuleSlot(0), generation: 0)
  }()
}

extension TableRoutes.Item {
  fileprivate mutating func keep(in keeper: inout Keeper) {
    var (address, length, index) = (prefix.address, prefix.length, rule.index)
    keeper.keep(&address)
    keeper.keep(&length)
    keeper.keep(&index)
    keeper.keep(&generation)
    guard let prefix = Prefix(address, length: length) else { return keeper.damage() }
    self = TableRoutes.Item(prefix: prefix, rule: RuleSlot(index), generation: generation)
  }
}
