// The words that may follow a layout's name: taps, cabling, the platform, a route table beside BGP.

import Model

extension Layout {
  /// How the VIPs stand in a route table beside BGP. The raw value is the configuration's word.
  package enum TableMode: String, CaseIterable, Sendable {
    case floor, fallback, mirror
  }

  /// The words, as scenarios have them.
  package static let words =
    ["separate", "simulated", "tables"] + TableMode.allCases.map { "tables=\($0.rawValue)" }
    + ["taps"]

  /// The route table of a layout that has one beside BGP.
  private static let table = "vips"

  /// A layout by its name and the words behind it, in any order.
  package static func read(_ name: String, _ words: [String]) throws(LabError) -> Layout {
    guard var layout = named(name) else {
      throw .unsuitable("the layouts are: \(list(all.map(\.name)))")
    }
    for (place, word) in words.enumerated() {
      if words[..<place].contains(word) { throw .unsuitable("'\(word)' is said twice") }
      try layout.take(word)
    }
    return layout
  }

  private mutating func take(_ word: String) throws(LabError) {
    switch word {
    case "taps": hasTaps = true
    case "separate": cabling = .separate
    case "simulated": isSimulated = true
    case "tables": try setTable(nil)
    default:
      let mode = word.split(separator: "=").last.flatMap { TableMode(rawValue: String($0)) }
      guard Layout.words.contains(word), let mode else {
        throw .unsuitable(
          "'\(word)' is no word for a layout; there are: \(Layout.list(Layout.words))")
      }
      try setTable(mode)
    }
  }

  private mutating func setTable(_ wanted: TableMode?) throws(LabError) {
    guard routeTable == nil else { throw .unsuitable("this layout has a route table already") }
    let mode = wanted ?? tableModes[0]
    guard tableModes.contains(mode) else {
      throw .unsuitable(
        "a route table of the layout \(name) can be: \(Layout.list(tableModes.map(\.rawValue)))")
    }
    tableMode = mode
    routeTable = Layout.table
    // Of several one writes, and they have to hear each other for that.
    isGroup = true
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: " ") }

  // MARK: What becomes of them

  /// Whether the table has a route for each VIP at all times.
  var hasStandingRows: Bool { tableMode == .floor || tableMode == .mirror }

  /// Whether speakers ask by ARP, which needs a capability.
  var asksByARP: Bool { cabling == .separate && configuration.contains(" [ARP ") }

  /// The configuration with what the words put into it.
  var filled: String {
    let probe = asksByARP ? "arp: {interface: \(Lab.interface), interval: 10ms}," : ""
    var text = configuration.replacing(" [ARP ", with: " [\(probe) ")
    for vip in vips {
      text = text.replacing("UDR-\(vip.name) ", with: tableMode.map { udr(vip, $0) } ?? "")
    }
    return tableMode == nil ? text : text + tableConfiguration
  }

  /// A floor is the longest prefix that can be one.
  private func udr(_ vip: VIP, _ mode: TableMode) -> String {
    guard mode == .floor else { return "udr: {mode: \(mode.rawValue)}, " }
    let length = vip.length - 1
    let floor = Prefix.masked(.v4(vip.address), to: length)
    return "udr: {mode: floor, prefixes: [\(floor)/\(length)]}, "
  }
}
