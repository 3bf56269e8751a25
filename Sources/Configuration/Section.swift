// What the schema finds in a file: typed values with their places, not yet a Plan.
import Model

/// A checked value and where it stands.
struct Item {
  var scalar: Scalar
  var position: Position
}

/// The keys that stand together, read by type.
struct Section {
  /// As the user or the schema calls it, with everything above it.
  var path: String
  /// The last part of the path, as written.
  var name: String
  /// Where its key stands.
  var position: Position
  var fields: [Field] = []
  /// There are no keys below it, and that has been said.
  var isBroken = false

  struct Field {
    var key: KeyName
    var position: Position
    var content: Content
  }

  /// A value below a name that the user chose elsewhere.
  struct Pair {
    var name: String
    /// Where the name stands.
    var position: Position
    var item: Item
  }

  enum Content {
    /// It is there, and what is wrong with it has been said.
    case invalid
    case value(Item)
    case list([Item])
    /// The good entries of a list in which others are wrong, and that has been said.
    case partial([Item])
    case section(Section)
    case named([Section])
    /// One section for each entry; its name is the key that the entry holds.
    case choices([Section])
    /// The good ones; not `isWhole`: others are wrong, and that has been said.
    case pairs([Pair], isWhole: Bool)
  }

  func field(_ key: KeyName) -> Field? { fields.first { $0.key == key } }

  /// Nil when the key is absent or its value wrong.
  func value(_ key: KeyName) -> Item? {
    if case .value(let item)? = field(key)?.content { item } else { nil }
  }

  /// Nil when an entry is wrong.
  func list(_ key: KeyName) -> [Item]? {
    if case .list(let items)? = field(key)?.content { items } else { nil }
  }

  /// The entries that are good, also when others are not: for what is checked entry by entry.
  func entries(_ key: KeyName) -> [Item] {
    switch field(key)?.content {
    case .list(let items), .partial(let items): items
    default: []
    }
  }

  func section(_ key: KeyName) -> Section? {
    if case .section(let section)? = field(key)?.content { section } else { nil }
  }

  /// Without those that are broken.
  func named(_ key: KeyName) -> [Section]? {
    guard case .named(let sections)? = field(key)?.content else { return nil }
    return sections.filter { !$0.isBroken }
  }

  /// The names that stand under the key, also of broken sections; nil when they are not known.
  func names(_ key: KeyName) -> [String]? {
    switch field(key)?.content {
    case nil: []
    case .named(let sections): sections.map(\.name)
    default: nil
    }
  }

  /// Nil when the key is absent or something about the list was wrong.
  func choices(_ key: KeyName) -> [Section]? {
    if case .choices(let sections)? = field(key)?.content { sections } else { nil }
  }

  func pairs(_ key: KeyName) -> (pairs: [Pair], isWhole: Bool) {
    guard let content = field(key)?.content else { return ([], true) }
    if case .pairs(let pairs, let isWhole) = content { return (pairs, isWhole) }
    return ([], false)
  }

  // Not as properties of Item behind an optional: Swift 6.3.1's optimiser aborts on those.

  func number(_ key: KeyName) -> UInt32? {
    guard let item = value(key), case .number(let number) = item.scalar else { return nil }
    return number
  }

  func isSet(_ key: KeyName) -> Bool? {
    guard let item = value(key), case .flag(let isSet) = item.scalar else { return nil }
    return isSet
  }

  func word(_ key: KeyName) -> String? {
    guard let item = value(key), case .word(let word) = item.scalar else { return nil }
    return word
  }

  func file(_ key: KeyName) -> String? {
    guard let item = value(key), case .path(let path) = item.scalar else { return nil }
    return path
  }

  func path(_ key: KeyName) -> String { Schema.join(path, key.rawValue) }
}

extension Item {
  var asNumber: ASNumber? { if case .asNumber(let value) = scalar { value } else { nil } }
  var ipv4Address: IPv4Address? { if case .ipv4Address(let value) = scalar { value } else { nil } }
  var ipv6Address: IPv6Address? { if case .ipv6Address(let value) = scalar { value } else { nil } }
  var address: IPAddress? { if case .address(let value) = scalar { value } else { nil } }
  var prefix: Prefix? { if case .prefix(let value) = scalar { value } else { nil } }
  var interface: InterfaceName? { if case .interface(let value) = scalar { value } else { nil } }
  var duration: Nanoseconds? { if case .duration(let value) = scalar { value } else { nil } }
  var community: Community? { if case .community(let value) = scalar { value } else { nil } }
  var largeCommunity: LargeCommunity? {
    if case .largeCommunity(let value) = scalar { value } else { nil }
  }
  var name: String? { if case .name(let value) = scalar { value } else { nil } }
  var platform: Plan.Platform? {
    if case .word(let value) = scalar { Plan.Platform(rawValue: value) } else { nil }
  }
}
