// Makes what is asked through a VIP after its shifts, and checks that the answer can prove something.
import Model

extension PlanMaker {
  /// The outer nil: it is wrong; the inner one: nobody asks.
  mutating func confirmation(
    _ vip: Section, _ prefixes: [Prefix], _ carrying: Carrying
  ) -> Plan.Confirmation?? {
    guard vip.field(.confirm) != nil else { return .some(nil) }
    guard case .watcher = carrying.role else {
      refuse([.confirm], in: vip, "a machine that carries the VIP itself would be its own answer")
      return .some(nil)
    }
    guard let section = vip.section(.confirm), let item = section.value(.http),
      case .url(let place) = item.scalar, let statuses = section.value(.status),
      case .statuses(let range) = statuses.scalar, let texts = texts(section, of: vip)
    else { return nil }
    var within = Plan.Confirmation.usualWithin
    if section.field(.within) != nil {
      guard let written = section.value(.within)?.duration else { return nil }
      within = written
    }
    guard let address = place.address, lies(address, in: prefixes) else {
      problems.error(
        item.position, section.path(.http),
        "\(Quote.shown(place.text)) does not ask an address of this VIP: what answers there says "
          + "nothing of the shift",
        suggestion: "write http://ADDRESS:PORT/PATH with an IPv4 address in its prefixes")
      return nil
    }
    return Plan.Confirmation(
      address: address,
      fetch: Plan.Probe.Fetch(
        port: place.port, authority: place.authority, path: place.path, statuses: range),
      texts: texts, within: within)
  }

  private func lies(_ address: IPv4Address, in prefixes: [Prefix]) -> Bool {
    let wanted = IPAddress.v4(address)
    return prefixes.contains { prefix in
      prefix.address.width == wanted.width
        && Prefix.masked(wanted, to: prefix.length) == prefix.address
    }
  }

  /// What the answer of each host has to contain, in the order of the hosts; none: anything will
  /// do. Nil when it is wrong.
  private mutating func texts(_ section: Section, of vip: Section) -> [String]? {
    guard let field = section.field(.text) else { return [] }
    let names = vip.entries(.hosts).compactMap(\.name)
    let written = section.pairs(.text)
    for pair in written.pairs where !names.contains(pair.name) && vip.list(.hosts) != nil {
      problems.error(
        pair.position, section.path(.text), "\(Quote.clipped(pair.name)) is no host of this VIP",
        suggestion: PlanMaker.advice(pair.name, names))
      return nil
    }
    guard written.isWhole else { return nil }
    var texts: [String] = []
    for name in names {
      var text: String?
      for pair in written.pairs where pair.name == name {
        if case .text(let sought) = pair.item.scalar { text = sought }
      }
      guard let text else {
        problems.error(
          field.position, section.path(.text),
          "missing: host \(name), whose answer could not be told from the others'",
          suggestion: "add \(name): TEXT")
        return nil
      }
      if let place = texts.firstIndex(where: { isPart(text, of: $0) || isPart($0, of: text) }) {
        problems.error(
          field.position, section.path(.text),
          "the text of \(name) and that of \(names[place]) are found in one answer: it could not "
            + "be told whose it is",
          suggestion: "write texts of which none is part of another")
        return nil
      }
      texts.append(text)
    }
    return texts
  }

  private func isPart(_ text: String, of other: String) -> Bool {
    let (short, long) = (Array(text.utf8), Array(other.utf8))
    guard short.count <= long.count else { return false }
    return (0...(long.count - short.count)).contains { start in
      long[start..<(start + short.count)].elementsEqual(short)
    }
  }

  /// Each has connections of its own.
  mutating func checkConfirmations(_ sections: [Section]) {
    let asking = sections.filter { $0.field(.confirm) != nil }
    guard asking.count > PlanLimits.confirmations else { return }
    let over = asking[PlanLimits.confirmations]
    problems.error(
      over.field(.confirm)?.position ?? over.position, over.path(.confirm),
      "\(asking.count) VIPs are asked whether their shifts arrived; at most "
        + "\(PlanLimits.confirmations) can be")
  }
}
