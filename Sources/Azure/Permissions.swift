// What Azure says that the caller may do with a resource, and which actions are missing of those needed.

/// The caller's rights to one resource. Assignments add up; what one of them excludes, another may
/// grant.
package struct Permissions: Hashable, Sendable {
  struct Grant: Hashable, Sendable {
    var actions: [String]
    var exclusions: [String]
  }

  private let grants: [Grant]
  /// There is more of the list than this.
  package let isPartial: Bool

  /// Grants and patterns of one list: far more than anybody has.
  static let limit = 4_096

  /// Reads the answer to `Calls.permissions`.
  package init?(_ body: [UInt8]) {
    guard let read = JSON.read(List.self, body), let entries = read.value,
      entries.count <= Permissions.limit
    else { return nil }
    grants = entries.map {
      Grant(actions: $0.actions ?? [], exclusions: $0.notActions ?? [])
    }
    isPartial = !(read.nextLink ?? "").isEmpty
  }

  package func allows(_ action: String) -> Bool {
    grants.contains { grant in
      grant.actions.contains { Permissions.matches($0, action) }
        && !grant.exclusions.contains { Permissions.matches($0, action) }
    }
  }

  /// A star stands for any letters, slashes too; upper and lower case count the same.
  static func matches(_ pattern: String, _ action: String) -> Bool {
    let pieces = pattern.lowercased().split(separator: "*", omittingEmptySubsequences: false)
    var rest = Substring(action.lowercased())
    guard let first = pieces.first, rest.hasPrefix(first) else { return false }
    rest = rest.dropFirst(first.count)
    guard pieces.count > 1, let last = pieces.last else { return rest.isEmpty }
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let found = rest.firstRange(of: piece) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
  }

  /// What is done to tables: they are read whole and written route by route, and a route is taken
  /// away where a mode or the configuration lets it go.
  package static func needed(deletes: Bool) -> [String] {
    let table = "Microsoft.Network/routeTables"
    return ["\(table)/read", "\(table)/routes/write"] + (deletes ? ["\(table)/routes/delete"] : [])
  }

  private struct List: Decodable {
    struct Entry: Decodable {
      var actions: [String]?
      var notActions: [String]?
    }
    var value: [Entry]?
    var nextLink: String?
  }
}
