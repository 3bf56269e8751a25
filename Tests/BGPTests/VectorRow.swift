// One row of Vectors/bgp.jsonl, and which session it is meant for.

import Foundation
import Testing

struct VectorRow: Decodable, Sendable, CustomTestStringConvertible {
  let id: String
  let type: String
  let hex: String
  let expect: Expectation
  let session: Context?
  let desc: String?

  var testDescription: String { id }
  var bytes: [UInt8] { Wire.hex(hex) }

  struct Expectation: Decodable, Sendable {
    let `class`: String
    let notification: [Int?]?
    let data: String?
    let alsoAllowed: [Allowed]?

    private enum CodingKeys: String, CodingKey {
      case `class`, notification, data
      case alsoAllowed = "also_allowed"
    }
  }

  struct Context: Decodable, Sendable {
    let peer: String?
    let as4: Bool?
    let extendedMessages: Bool?
    let state: String?

    private enum CodingKeys: String, CodingKey {
      case peer, as4, state
      case extendedMessages = "ext_msg"
    }
  }

  /// A class by its name (alone or in a list), or [code, subcode].
  enum Allowed: Decodable, Sendable {
    case kind(String)
    case notification([Int?])

    init(from decoder: any Decoder) throws {
      let single = try decoder.singleValueContainer()
      if case .success(let name) = Result(catching: { try single.decode(String.self) }) {
        self = .kind(name)
      } else if case .success(let names) = Result(catching: { try single.decode([String].self) }),
        names.count == 1
      {
        self = .kind(names[0])
      } else {
        self = .notification(try single.decode([Int?].self))
      }
    }
  }

  /// Every row, or none when one cannot be read: a row must not vanish, and `VectorTests` counts.
  static let all: [VectorRow] = {
    switch Result(catching: load) {
    case .success(let rows): return rows
    case .failure(let error):
      Issue.record(error, "the vectors cannot be read")
      return []
    }
  }()

  private static func load() throws -> [VectorRow] {
    let folder = try #require(Bundle.module.url(forResource: "Vectors", withExtension: nil))
    let data = try Data(contentsOf: folder.appendingPathComponent("bgp.jsonl"))
    return try data.split(separator: UInt8(ascii: "\n")).map { line in
      try JSONDecoder().decode(VectorRow.self, from: Data(line))
    }
  }
}
