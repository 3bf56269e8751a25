// What differs between two configurations: each key with what it says in one and in the other.
package import Model

/// A key that says something else than before.
package struct Difference: Equatable, Sendable {
  /// With everything above it, as messages call it.
  package let path: String
  /// Nil: it stands in the other one only.
  package let before: String?
  package let after: String?

  package init(path: String, before: String?, after: String?) {
    self.path = path
    self.before = before
    self.after = after
  }
}

extension Configuration {
  /// Every key that differs, defaults filled in on both sides, in the order of the schema; what is
  /// gone comes last. What a user has named is one thing wherever it stands in the file.
  package static func differences(from old: Plan, to new: Plan) -> [Difference] {
    let (before, after) = (Flattened(PlanSections.root(old)), Flattened(PlanSections.root(new)))
    var differences: [Difference] = []
    for (path, text) in after.lines where before.texts[path] != text {
      differences.append(Difference(path: path, before: before.texts[path], after: text))
    }
    for (path, text) in before.lines where after.texts[path] == nil {
      differences.append(Difference(path: path, before: text, after: nil))
    }
    return differences
  }

  /// Each value of a configuration by its path.
  private struct Flattened {
    var lines: [(path: String, text: String)] = []
    var texts: [String: String] = [:]

    init(_ root: Section) { add(root, "") }

    private mutating func add(_ section: Section, _ path: String) {
      for field in section.fields { add(field.content, Schema.join(path, field.key.rawValue)) }
    }

    private mutating func add(_ content: Section.Content, _ path: String) {
      switch content {
      case .invalid: return
      case .value(let item): put(path, Quote.yaml(item.scalar.text))
      case .list(let items), .partial(let items):
        put(path, "[" + items.map { Quote.yaml($0.scalar.text) }.joined(separator: ", ") + "]")
      case .section(let inner): add(inner, path)
      case .named(let sections):
        for inner in sections { add(inner, Schema.join(path, inner.name)) }
      case .choices(let sections):
        for (place, inner) in sections.enumerated() {
          put("\(path)[\(place)]", inner.name)
          add(inner, "\(path)[\(place)].\(inner.name)")
        }
      case .pairs(let pairs, _):
        for pair in pairs {
          put(Schema.join(path, pair.name), Quote.yaml(pair.item.scalar.text))
        }
      }
    }

    private mutating func put(_ path: String, _ text: String) {
      lines.append((path, text))
      texts[path] = text
    }
  }
}
