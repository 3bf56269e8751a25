// The names of resources: paths whose letters count the same in upper and lower case.

/// A resource of a resource group. Two are equal when Azure takes them for the same.
package struct ResourceID: Sendable {
  /// Letters of a whole id beyond which none is read: more than the longest that names allow.
  package static let limit = 2_048

  package let subscription: String
  package let group: String
  /// For example `Microsoft.Network`.
  package let provider: String
  /// Types with their names, the outermost first; at least one.
  package let parts: [Part]

  package struct Part: Hashable, Sendable {
    package var type: String
    package var name: String

    package init(_ type: String, _ name: String) {
      self.type = type
      self.name = name
    }
  }

  private init(subscription: String, group: String, provider: String, parts: [Part]) {
    self.subscription = subscription
    self.group = group
    self.provider = provider
    self.parts = parts
  }

  /// Reads `/subscriptions/S/resourceGroups/G/providers/P/TYPE/NAME...`.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count <= ResourceID.limit, text.utf8.first == UInt8(ascii: "/") else {
      return nil
    }
    let words = String(text).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard words.count >= 8, words.count % 2 == 0, words.allSatisfy({ ResourceID.isName($0) }),
      words[0].lowercased() == "subscriptions", words[2].lowercased() == "resourcegroups",
      words[4].lowercased() == "providers"
    else { return nil }
    self.init(
      subscription: String(words[1]), group: String(words[3]), provider: String(words[5]),
      parts: stride(from: 6, to: words.count, by: 2).map {
        Part(String(words[$0]), String(words[$0 + 1]))
      })
  }

  /// Letters, digits and `-._()` are all that names of these resources are made of. So no name can
  /// end the path, begin a query or climb to another resource.
  package static func isName(_ word: some StringProtocol) -> Bool {
    guard !word.isEmpty, word.utf8.count <= 256, word != ".", word != ".." else { return false }
    return word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "("), UInt8(ascii: ")"):
        true
      default: false
      }
    }
  }

  /// Something inside this resource; nil when the name cannot be one.
  package func child(_ type: String, _ name: String) -> ResourceID? {
    guard ResourceID.isName(type), ResourceID.isName(name) else { return nil }
    return ResourceID(
      subscription: subscription, group: group, provider: provider,
      parts: parts + [Part(type, name)])
  }

  /// What this resource is inside of; nil for an outermost one.
  package var parent: ResourceID? {
    guard parts.count > 1 else { return nil }
    return ResourceID(
      subscription: subscription, group: group, provider: provider,
      parts: Array(parts.dropLast()))
  }

  /// The innermost name.
  package var name: String { parts.last.map(\.name) ?? "" }

  /// Whether the types are these, for example `routeTables` and `routes`.
  package func isOf(provider: String, _ types: String...) -> Bool {
    self.provider.lowercased() == provider.lowercased()
      && parts.map { $0.type.lowercased() } == types.map { $0.lowercased() }
  }

  package var isRouteTable: Bool { isOf(provider: "Microsoft.Network", "routeTables") }

  /// The path of an URL.
  package var path: String {
    "/subscriptions/\(subscription)/resourceGroups/\(group)/providers/\(provider)"
      + parts.map { "/\($0.type)/\($0.name)" }.joined()
  }
}

extension ResourceID: Hashable {
  package static func == (left: ResourceID, right: ResourceID) -> Bool {
    left.path.lowercased() == right.path.lowercased()
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(path.lowercased()) }
}

extension ResourceID: CustomStringConvertible {
  package var description: String { path }
}
