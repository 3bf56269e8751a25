// Who gets a place when one is free: the shortest prefix, then the lowest.

import Model

extension Exports {
  /// Beyond so many, a line of which fewer than half still wait is made anew. We chose it: below,
  /// it is no burden.
  private static let shortLine = 1_024

  /// Gives free places to those that wait. A rule's limit counts for all of them; that of all
  /// rules for those that are not announced yet. What follows another rule leaves a place behind,
  /// and each moves once in a turn, since it then has what it wants.
  mutating func fillPlaces() {
    while let place = nextInLine() { announce(place) }
    for rule in rules.indices { shorten(rule) }
  }

  /// The line of new prefixes of a rule, and behind those of all rules the line of those that are
  /// announced by another rule.
  private func lineIndex(_ rule: Int, isNew: Bool) -> Int { isNew ? rule : rules.count + rule }

  mutating func joinLine(_ place: Int32) {
    let entry = entries[Int(place)]
    lines[lineIndex(Int(entry.wanted), isNew: isNew(entry))].add(entry.prefix, place)
  }

  /// No route server is told of it yet: the limit of all rules counts for it, unless its own rule
  /// is not for route servers at all.
  private func isNew(_ entry: Entry) -> Bool {
    guard entry.told != Exports.former else { return false }
    return entry.told == Exports.none || !isAnnounced[Int(entry.told)]
  }

  /// The first of those that may have a place now; it leaves its line.
  private mutating func nextInLine() -> Int32? {
    var best: (prefix: Prefix, place: Int32, line: Int)?
    for rule in rules.indices where announced[rule] < rules[rule].limit {
      for isNew in [true, false] where !isNew || !isAnnounced[rule] || total < limit {
        let line = lineIndex(rule, isNew: isNew)
        dropLeavers(line, rule, isNew: isNew)
        guard let first = lines[line].first else { continue }
        if let best,
          (best.prefix.length, best.prefix.address) < (first.prefix.length, first.prefix.address)
        {
          continue
        }
        best = (first.prefix, first.place, line)
      }
    }
    guard let best else { return nil }
    lines[best.line].removeFirst()
    return best.place
  }

  /// A place may have been given to another prefix since.
  private func isWaiting(_ place: Int32, _ prefix: Prefix, _ rule: Int, isNew: Bool) -> Bool {
    let entry = entries[Int(place)]
    return entry.isLeftOut && entry.prefix == prefix && entry.wanted == Int32(rule)
      && self.isNew(entry) == isNew
  }

  private mutating func dropLeavers(_ line: Int, _ rule: Int, isNew: Bool) {
    while let first = lines[line].first, !isWaiting(first.place, first.prefix, rule, isNew: isNew) {
      lines[line].removeFirst()
    }
  }

  /// Whoever comes and goes while there is no room would make a line ever longer.
  private mutating func shorten(_ rule: Int) {
    let length = lines[rule].count + lines[rules.count + rule].count
    if length > 2 * leftOut[rule] + Exports.shortLine { rebuildLines() }
  }

  /// How many stand in line, those that have left it included.
  package var lineLength: Int { lines.reduce(0) { $0 + $1.count } }

  mutating func rebuildLines() {
    for line in lines.indices { lines[line].removeAll() }
    for place in entries.indices where entries[place].isLeftOut { joinLine(Int32(place)) }
  }

  private mutating func announce(_ place: Int32) {
    let index = Int(place)
    let rule = Int(entries[index].wanted)
    unlist(index, rule: entries[index].wanted)
    leaveRule(index)
    if isAnnounced[rule] { total += 1 }
    entries[index].told = entries[index].wanted
    announced[rule] += 1
    changes.append(ExportSlot(index))
  }
}
