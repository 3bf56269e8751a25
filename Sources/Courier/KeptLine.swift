// A record as it is kept: a line without the words that name who had asked for it.

import Control

/// Written once, when it came; whoever asks later gets his own words before it. So thousands of
/// them are told without reading one.
enum KeptLine {
  private static let newline: UInt8 = 0x0a

  /// What every record begins with.
  private static func beginning(id: String) -> [UInt8] {
    // An identifier is made of letters that need no escape (`Request`).
    Array("{\"v\":\(ControlLimits.version),\"id\":\"\(id)\",".utf8)
  }

  /// The record's line from its type on, newline included.
  static func text(of record: Record) -> String {
    var line = JSONLine(id: "", type: record.type)
    for field in record.fields where !["v", "id", "type"].contains(field.name) {
      switch field.value {
      case .string(let text): line.add(field.name, text)
      case .integer(let number): line.add(field.name, number)
      case .boolean(let truth): line.add(field.name, truth)
      case .null: line.addNull(field.name)
      // The records of a shift have none of these.
      case .double, .array, .object: break
      }
    }
    return text(ofLine: line.finish())
  }

  /// A line of ours whose identifier is empty, in the same form.
  static func text(ofLine bytes: [UInt8]) -> String {
    String(decoding: bytes.dropFirst(beginning(id: "").count), as: UTF8.self)
  }

  /// Appends whole records for who asks now.
  static func add(_ lines: String, id: String, to bytes: inout [UInt8]) {
    let beginning = beginning(id: id)
    for line in lines.utf8.split(separator: newline) {
      bytes += beginning
      bytes += line
      bytes.append(newline)
    }
  }
}
