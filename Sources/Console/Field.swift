// Fields of a record as text for people.

import Control

extension Record {
  /// What a table shows for a field that is absent or null.
  static let nothing = "-"

  /// Any field as text: `yes` and `no` for truth, commas between the elements of an array.
  func text(_ name: String) -> String {
    guard let value = self[name] else { return Record.nothing }
    return Printable.clean(Record.text(value))
  }

  /// A field that counts milliseconds.
  func age(_ name: String) -> String {
    integer(name).map(LengthOfTime.text(milliseconds:)) ?? Record.nothing
  }

  /// A field that counts microseconds.
  func shortTime(_ name: String) -> String {
    integer(name).map(LengthOfTime.text(microseconds:)) ?? Record.nothing
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text.isEmpty ? nothing : text
    case .integer(let number): "\(number)"
    case .double(let number): "\(number)"
    case .boolean(let truth): truth ? "yes" : "no"
    case .null: nothing
    case .array(let values): values.isEmpty ? nothing : values.map(text).joined(separator: ",")
    case .object(let fields):
      fields.map { "\($0.name)=\(text($0.value))" }.joined(separator: ",")
    }
  }
}
