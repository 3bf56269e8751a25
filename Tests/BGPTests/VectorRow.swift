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
    let also_allowed: [Allowed]?
  }

  struct Context: Decodable, Sendable {
    let peer: String?
    let as4: Bool?
    let ext_msg: Bool?
    let addpath: Bool?
    let state: String?
  }

  /// A class by its name (alone or in a list), or [code, subcode].
  enum Allowed: Decodable, Sendable {
    case kind(String)
    case notification([Int?])

    init(from decoder: any Decoder) throws {
      let single = try decoder.singleValueContainer()
      if let name = try? single.decode(String.self) {
        self = .kind(name)
      } else if let names = try? single.decode([String].self), names.count == 1 {
        self = .kind(names[0])
      } else {
        self = .notification(try single.decode([Int?].self))
      }
    }
  }

  static let all: [VectorRow] = {
    guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil),
      let data = try? Data(contentsOf: folder.appendingPathComponent("bgp.jsonl"))
    else { return [] }
    let lines = data.split(separator: UInt8(ascii: "\n"))
    let rows = lines.compactMap { try? JSONDecoder().decode(VectorRow.self, from: Data($0)) }
    // A row that cannot be read must not vanish: then there are no rows, and the count test fails.
    return rows.count == lines.count ? rows : []
  }()
}
