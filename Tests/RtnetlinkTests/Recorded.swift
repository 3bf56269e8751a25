// The recorded datagrams and what pyroute2 said of them.

import Foundation
import Testing

/// One line of `Tests/Vectors/rtnetlink/recorded.jsonl`, as far as these tests need it.
struct Recorded: CustomTestStringConvertible, Sendable {
  struct Decoded: Sendable {
    var event: String
    var family: Int
    var index: Int
    var flags: Int
    var prefixLength: Int?
    var name: String?
    var address: String?
    var local: String?
    var operationalState: String?
    /// Every number and text, of the fixed part and of the attributes.
    var numbers: [String: Int]
    var texts: [String: String]
    var multipath: [Hop]
  }

  struct Hop: Sendable {
    var gateway: String
    var hops: Int
    var interface: Int
  }

  var id: String
  var label: String
  var expected: String
  var bytes: [UInt8]
  /// Nil where pyroute2 could not read it.
  var decoded: [Decoded]?

  var testDescription: String { id }

  static let all: [Recorded] = load()

  private static func load() -> [Recorded] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Vectors/rtnetlink/recorded.jsonl")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").compactMap { line in
      guard let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let hex = row["hex"] as? String, let id = row["id"] as? String,
        let expect = row["expect"] as? [String: Any]
      else { return nil }
      return Recorded(
        id: id, label: row["label"] as? String ?? "", expected: expect["class"] as? String ?? "",
        bytes: bytes(hex), decoded: (row["decoded"] as? [[String: Any]])?.compactMap(decoded))
    }
  }

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { $0 < 58 ? $0 - 48 : $0 - 87 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private static func decoded(_ row: [String: Any]) -> Decoded? {
    // A number where pyroute2 has no name for the type: NLMSG_ERROR is 2.
    guard let event = row["event"] as? String ?? (row["event"] as? Int).map(String.init) else {
      return nil
    }
    let fields = row["fields"] as? [String: Any] ?? [:]
    let attributes = row["attrs"] as? [String: Any] ?? [:]
    return Decoded(
      event: event, family: fields["family"] as? Int ?? 0, index: fields["index"] as? Int ?? 0,
      flags: attributes["IFA_FLAGS"] as? Int ?? fields["flags"] as? Int ?? 0,
      prefixLength: fields["prefixlen"] as? Int, name: attributes["IFLA_IFNAME"] as? String,
      address: attributes["IFA_ADDRESS"] as? String, local: attributes["IFA_LOCAL"] as? String,
      operationalState: attributes["IFLA_OPERSTATE"] as? String,
      numbers: fields.merging(attributes) { _, attribute in attribute }.compactMapValues {
        $0 as? Int
      },
      texts: attributes.compactMapValues { $0 as? String },
      multipath: (attributes["RTA_MULTIPATH"] as? [[String: Any]] ?? []).map(hop))
  }

  /// pyroute2 writes nested attributes as the text of a tuple: `('RTA_GATEWAY', '10.0.0.254')`.
  private static func hop(_ row: [String: Any]) -> Hop {
    let attributes = (row["attrs"] as? [String] ?? []).joined()
    let quoted = attributes.split(separator: "'").map(String.init)
    let gateway = quoted.firstIndex(of: "RTA_GATEWAY").map { quoted[$0 + 2] } ?? ""
    return Hop(
      gateway: gateway, hops: row["hops"] as? Int ?? 0, interface: row["oif"] as? Int ?? 0)
  }
}
