// Resource ids and client ids: how they are read, and what is said when they are wrong.
import Model

enum AzureValues {
  /// What a route table's id is made of; the empty places are names that the user gave.
  private static let shape = [
    "subscriptions", "", "resourceGroups", "", "providers", "Microsoft.Network", "routeTables", "",
  ]
  /// Of a resource group; a route table's is shorter (Azure's naming rules).
  private static let nameLimit = 90

  /// Azure compares ids without regard to case, so the fixed words are written in one way.
  static func routeTable(_ text: String) throws(Complaint) -> String {
    let complaint = Complaint(
      "\(Quote.shown(text)) is not the resource id of a route table",
      suggestion: "write /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Network/"
        + "routeTables/NAME")
    var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.first == "", parts.count == shape.count + 1 else { throw complaint }
    parts.removeFirst()
    for (index, fixed) in shape.enumerated() {
      if fixed.isEmpty {
        guard isName(parts[index]) else { throw complaint }
      } else {
        guard parts[index].lowercased() == fixed.lowercased() else { throw complaint }
        parts[index] = fixed
      }
    }
    guard isIdentifier(parts[1]) else { throw complaint }
    return "/" + parts.joined(separator: "/")
  }

  static func identity(_ text: String) throws(Complaint) -> String {
    guard isIdentifier(text) else {
      throw Complaint(
        "\(Quote.shown(text)) is not the client id of an identity: 32 hexadecimal digits in five "
          + "groups")
    }
    return text.lowercased()
  }

  private static func isName(_ text: String) -> Bool {
    (1...nameLimit).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case 40, 41, 45, 46, 48...57, 65...90, 95, 97...122: true  // ( ) - . digits, letters, _
        default: false
        }
      }
  }

  /// 8-4-4-4-12 hexadecimal digits.
  private static func isIdentifier(_ text: String) -> Bool {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && groups.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...70, 97...102: true
    default: false
    }
  }
}
