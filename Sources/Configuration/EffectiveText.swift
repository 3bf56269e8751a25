// Prints sections as YAML, in the order of the schema.
import Model

/// The text of a whole configuration.
enum EffectiveText {
  private static let lineWidth = 96

  static func text(of root: Section) -> String {
    var text = ""
    print(root, keys: Schema.keys, indent: 0, into: &text)
    return text
  }

  private static func print(
    _ section: Section, keys: [Key], indent: Int, into text: inout String
  ) {
    let margin = String(repeating: " ", count: indent)
    for key in keys {
      guard let field = section.field(key.name) else {
        guard key.presence.allowsNothing else {
          preconditionFailure("the Plan has nothing for \(key.name.rawValue)")
        }
        // It is off, and there is no value that says so.
        continue
      }
      text += "\(margin)\(key.name.rawValue):"
      switch (field.content, key.shape) {
      case (.value(let item), .value): text += " \(Quote.yaml(item.scalar.text))\n"
      case (.list(let items), .list): print(items, indent: indent + 2, into: &text)
      case (.section(let inner), .section(let children)):
        text += "\n"
        print(inner, keys: children, indent: indent + 2, into: &text)
      case (.named(let sections), .named(_, _, let children)):
        text += sections.isEmpty ? " {}\n" : "\n"
        for inner in sections {
          text += "\(margin)  \(Quote.yaml(inner.name)):\n"
          print(inner, keys: children, indent: indent + 4, into: &text)
        }
      case (.choices(let sections), .choices(_, _, let children)):
        text += sections.isEmpty ? " []\n" : "\n"
        for inner in sections {
          text += "\(margin)  - \(inner.name):"
          text += inner.fields.isEmpty ? " {}\n" : "\n"
          print(inner, keys: keysBelow(inner, in: children), indent: indent + 6, into: &text)
        }
      case (.pairs(let pairs, _), .pairs):
        text += pairs.isEmpty ? " {}\n" : "\n"
        for pair in pairs {
          text += "\(margin)  \(Quote.yaml(pair.name)): \(Quote.yaml(pair.item.scalar.text))\n"
        }
      default: preconditionFailure("\(key.name.rawValue) has another shape in the schema")
      }
    }
  }

  /// What can stand below the key that an entry holds.
  private static func keysBelow(_ choice: Section, in choices: [Key]) -> [Key] {
    for key in choices where key.name.rawValue == choice.name {
      if case .section(let children) = key.shape { return children }
    }
    preconditionFailure("\(choice.name) is no choice of the schema")
  }

  /// In brackets, broken between entries: the most compact form, so that the largest Plan stays
  /// within the size of a file.
  private static func print(_ items: [Item], indent: Int, into text: inout String) {
    text += " ["
    var column = lineWidth / 2
    for (index, item) in items.enumerated() {
      let piece = Quote.yaml(item.scalar.text)
      if index > 0 {
        column += piece.utf8.count + 2
        if column > lineWidth {
          text += ",\n" + String(repeating: " ", count: indent)
          column = indent + piece.utf8.count
        } else {
          text += ", "
        }
      }
      text += piece
    }
    text += "]\n"
  }
}
