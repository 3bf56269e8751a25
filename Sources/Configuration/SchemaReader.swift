// Walks the tree along the schema: unknown, double and missing keys, wrong shapes and wrong values.
import Model

/// Reads a tree into sections and collects what is wrong on the way.
struct SchemaReader {
  var problems = Problems()

  mutating func root(_ tree: Tree) -> Section? {
    guard case .mapping(let entries) = tree.content else {
      problems.error(
        tree.position, "", "the file must hold keys, not \(kind(of: tree))",
        suggestion: "begin with local:, route-servers: and vips:")
      return nil
    }
    let top = Section(path: "", name: "", position: tree.position)
    return section(top, entries, keys: Schema.keys)
  }

  mutating func section(
    _ empty: Section, _ entries: [Tree.Entry], keys: [Key]
  ) -> Section {
    var section = empty
    var others: [Tree.Entry] = []
    for entry in entries {
      if let key = keys.first(where: { $0.name.rawValue == entry.key }) {
        add(entry, as: key, to: &section)
      } else {
        others.append(entry)
      }
    }
    for entry in others { unknown(entry, keys: keys, in: &section) }
    for key in keys where section.field(key.name) == nil { absent(key, in: &section) }
    return section
  }

  private mutating func absent(_ key: Key, in section: inout Section) {
    switch key.presence {
    case .derived, .chosen: return
    case .required:
      problems.error(
        section.position, section.path(key.name), "missing: \(lowered(key.help))",
        suggestion: "add \(key.name.rawValue): \(sample(key))")
    case .defaulted(let text):
      guard case .value(let type) = key.shape else {
        preconditionFailure("only single values have a default text")
      }
      let tree = Tree(position: section.position, content: .scalar(text, isPlain: true))
      guard let item = value(tree, type, path: section.path(key.name)) else {
        preconditionFailure("the default of \(key.name.rawValue) is not a value of its type")
      }
      section.fields.append(
        Section.Field(key: key.name, position: section.position, content: .value(item)))
    }
  }

  private mutating func add(_ entry: Tree.Entry, as key: Key, to section: inout Section) {
    let path = section.path(key.name)
    if let first = section.field(key.name) {
      problems.error(
        entry.keyPosition, path, "set twice; the first is at line \(first.position.line)",
        suggestion: "remove one of the two")
      return
    }
    section.fields.append(
      Section.Field(
        key: key.name, position: entry.keyPosition, content: content(entry, key, path: path)))
  }

  /// A misspelt key that is not there otherwise is read as what it was meant to be, so that it is
  /// reported once and not as missing too.
  private mutating func unknown(_ entry: Tree.Entry, keys: [Key], in section: inout Section) {
    let names = keys.map(\.name.rawValue)
    let path = Schema.join(section.path, Quote.clipped(entry.key))
    guard problems.hasRoom, let name = Nearest.word(to: entry.key, among: names) else {
      problems.error(
        entry.keyPosition, path, "unknown key",
        suggestion: elsewhere(entry.key) ?? "known here: \(names.joined(separator: ", "))")
      return
    }
    problems.error(entry.keyPosition, path, "unknown key", suggestion: "did you mean \(name)?")
    if let key = keys.first(where: { $0.name.rawValue == name }), section.field(key.name) == nil {
      add(entry, as: key, to: &section)
    }
  }

  private func elsewhere(_ name: String) -> String? {
    let places = Schema.paths.filter { $0.key.name.rawValue == name }
    return places.count == 1 ? "the key belongs here: \(places[0].path)" : nil
  }

  private mutating func content(
    _ entry: Tree.Entry, _ key: Key, path: String
  ) -> Section.Content {
    switch key.shape {
    case .value(let type):
      return value(entry.value, type, path: path).map(Section.Content.value) ?? .invalid
    case .list(let type, let limit):
      return list(entry.value, type, limit: limit, path: path)
    case .section(let children):
      guard let entries = mapping(entry.value, children, path: path) else { return .invalid }
      let empty = Section(path: path, name: key.name.rawValue, position: entry.keyPosition)
      return .section(section(empty, entries, keys: children))
    case .named(let noun, let limit, let children):
      return named(entry.value, noun: noun, limit: limit, children, path: path)
    case .choices(let noun, let limit, let children):
      return choices(entry.value, noun: noun, limit: limit, children, path: path)
    case .pairs(let noun, let type, let limit):
      return pairs(entry.value, noun: noun, type, limit: limit, path: path)
    }
  }

  mutating func value(_ tree: Tree, _ type: ValueType, path: String) -> Item? {
    guard case .scalar(let text, let isPlain) = tree.content, !isEmpty(tree) else {
      problems.error(tree.position, path, "takes \(type.noun), not \(kind(of: tree))")
      return nil
    }
    do {
      return Item(scalar: try type.read(text, isPlain: isPlain), position: tree.position)
    } catch {
      problems.error(tree.position, path, error.message, suggestion: error.suggestion)
      return nil
    }
  }

  private mutating func list(
    _ tree: Tree, _ type: ValueType, limit: Int, path: String
  ) -> Section.Content {
    if isEmpty(tree) { return .list([]) }
    // A word can stand for the whole list.
    if case .scalar(let text, isPlain: true) = tree.content, case .either(let words, _) = type,
      words.contains(text)
    {
      return .list([Item(scalar: .word(text), position: tree.position)])
    }
    guard case .sequence(let trees) = tree.content else {
      var suggestion: String?
      if case .scalar(let text, _) = tree.content { suggestion = "write [\(Quote.clipped(text))]" }
      problems.error(
        tree.position, path, "takes a list, not \(kind(of: tree))", suggestion: suggestion)
      return .invalid
    }
    guard trees.count <= limit else {
      problems.error(
        trees[limit].position, path, "takes at most \(limit) entries; there are \(trees.count)")
      return .invalid
    }
    let items = trees.map { value($0, type, path: path) }
    let good = items.compactMap { $0 }
    return good.count == items.count ? .list(good) : .partial(good)
  }

  mutating func mapping(
    _ tree: Tree, _ children: [Key], path: String
  ) -> [Tree.Entry]? {
    guard case .mapping(let entries) = tree.content else {
      let names = children.map(\.name.rawValue).joined(separator: ", ")
      problems.error(
        tree.position, path, "takes the keys \(names), not \(kind(of: tree))")
      return nil
    }
    return entries
  }

  private mutating func named(
    _ tree: Tree, noun: String, limit: Int, _ children: [Key], path: String
  ) -> Section.Content {
    if isEmpty(tree) { return .named([]) }
    guard case .mapping(let entries) = tree.content else {
      problems.error(
        tree.position, path, "takes the name of each \(noun) as a key, not \(kind(of: tree))",
        suggestion: "write \(Schema.placeholder): with its keys below it")
      return .invalid
    }
    if entries.isEmpty { return .named([]) }
    guard entries.count <= limit else {
      problems.error(
        entries[limit].keyPosition, path,
        "takes at most \(limit) entries; there are \(entries.count)")
      return .invalid
    }
    let first = firstOccurrences(entries)
    var sections: [Section] = []
    for (index, entry) in entries.enumerated() {
      let itsPath = Schema.join(path, Quote.clipped(entry.key))
      if first[index] != index {
        problems.error(
          entry.keyPosition, itsPath,
          "set twice; the first is at line \(entries[first[index]].keyPosition.line)",
          suggestion: "give each \(noun) a name of its own")
        continue
      }
      check(name: entry, noun: noun, path: itsPath)
      var empty = Section(path: itsPath, name: entry.key, position: entry.keyPosition)
      if let keys = mapping(entry.value, children, path: itsPath) {
        sections.append(section(empty, keys, keys: children))
      } else {
        empty.isBroken = true
        sections.append(empty)
      }
    }
    return sections.allSatisfy(\.isBroken) ? .invalid : .named(sections)
  }

  /// For each entry the index of the first one with the same key.
  func firstOccurrences(_ entries: [Tree.Entry]) -> [Int] {
    var first = Array(entries.indices)
    let order = entries.indices.sorted { (entries[$0].key, $0) < (entries[$1].key, $1) }
    for (left, right) in zip(order, order.dropFirst()) where entries[left].key == entries[right].key
    {
      first[right] = first[left]
    }
    return first
  }

  private mutating func check(name entry: Tree.Entry, noun: String, path: String) {
    guard !OtherValues.isName(entry.key) else { return }
    problems.error(entry.keyPosition, path, OtherValues.nameRule(noun))
  }
}

extension SchemaReader {
  /// No value, in the words of YAML 1.1.
  func isEmpty(_ tree: Tree) -> Bool {
    if case .scalar(let text, isPlain: true) = tree.content {
      return text.isEmpty || text == "~" || text == Quote.null
    }
    return false
  }

  func kind(of tree: Tree) -> String {
    switch tree.content {
    case .scalar(let text, _): isEmpty(tree) ? "nothing" : Quote.shown(text)
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }

  /// What a person would put behind the key.
  func sample(_ key: Key) -> String {
    switch key.shape {
    case .value(let type), .list(let type, _):
      let word = Schema.typeName(type)
      if case .list = key.shape { return "[\(word), ...]" }
      return word
    case .section(let children):
      let required = children.filter { if case .required = $0.presence { true } else { false } }
      return "with \(required.map(\.name.rawValue).joined(separator: " and ")) below it"
    case .named(let noun, _, _): return "with the name of each \(noun) below it"
    case .choices(let noun, _, _): return "with a list of \(noun)s below it"
    case .pairs(let noun, let type, _):
      return "{\(noun.uppercased()): \(Schema.typeName(type)), ...}"
    }
  }

  private func lowered(_ help: String) -> String {
    help.prefix(1).lowercased() + help.dropFirst().prefix { $0 != "." }
  }
}
