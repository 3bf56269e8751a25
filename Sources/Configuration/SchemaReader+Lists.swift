// Reads the shapes in which one entry holds one key: lists of choices, and values by name.
import Model

extension SchemaReader {
  /// Each entry of the list is a mapping of one key, which says what the entry is.
  mutating func choices(
    _ tree: Tree, noun: String, limit: Int, _ kinds: [Key], path: String
  ) -> Section.Content {
    if isEmpty(tree) { return .choices([]) }
    guard case .sequence(let trees) = tree.content else {
      problems.error(
        tree.position, path, "takes a list, one entry for each \(noun), not \(kind(of: tree))",
        suggestion: "write each \(noun) as an entry of its own: - \(kinds[0].name.rawValue): ...")
      return .invalid
    }
    guard trees.count <= limit else {
      problems.error(
        trees[limit].position, path, "takes at most \(limit) entries; there are \(trees.count)")
      return .invalid
    }
    var sections: [Section] = []
    for tree in trees {
      if let section = choice(tree, noun: noun, kinds, path: path) { sections.append(section) }
    }
    return sections.count == trees.count ? .choices(sections) : .invalid
  }

  private mutating func choice(
    _ tree: Tree, noun: String, _ kinds: [Key], path: String
  ) -> Section? {
    let names = kinds.map(\.name.rawValue)
    guard case .mapping(let entries) = tree.content, let entry = entries.first else {
      var suggestion = "known here: \(names.joined(separator: ", "))"
      if case .scalar(let text, _) = tree.content, names.contains(text) {
        suggestion = "write \(text): {} or give it keys"
      }
      problems.error(
        tree.position, path, "takes the name of a \(noun) as a key, not \(kind(of: tree))",
        suggestion: suggestion)
      return nil
    }
    guard let key = kind(entry, noun: noun, kinds, path: path) else { return nil }
    if entries.count > 1 {
      // Keys that belong one level deeper are the usual slip: a space or two are missing.
      problems.error(
        entries[1].keyPosition, path,
        "an entry is one \(noun); this one has \(Quote.clipped(entries[1].key)) beside "
          + key.name.rawValue,
        suggestion: "indent the keys of a \(noun) below its name, or begin another entry with -")
      return nil
    }
    guard case .section(let children) = key.shape else {
      preconditionFailure("a choice is a section")
    }
    let itsPath = Schema.join(path, key.name.rawValue)
    let empty = Section(path: itsPath, name: key.name.rawValue, position: entry.keyPosition)
    if isEmpty(entry.value) { return section(empty, [], keys: children) }
    guard let keys = mapping(entry.value, children, path: itsPath) else { return nil }
    return section(empty, keys, keys: children)
  }

  /// What the entry is, or what it was meant to be.
  private mutating func kind(
    _ entry: Tree.Entry, noun: String, _ kinds: [Key], path: String
  ) -> Key? {
    if let key = kinds.first(where: { $0.name.rawValue == entry.key }) { return key }
    let names = kinds.map(\.name.rawValue)
    let itsPath = Schema.join(path, Quote.clipped(entry.key))
    guard problems.hasRoom, let name = Nearest.word(to: entry.key, among: names) else {
      problems.error(
        entry.keyPosition, itsPath, "unknown \(noun)",
        suggestion: "known here: \(names.joined(separator: ", "))")
      return nil
    }
    problems.error(
      entry.keyPosition, itsPath, "unknown \(noun)", suggestion: "did you mean \(name)?")
    return kinds.first { $0.name.rawValue == name }
  }

  /// A mapping from names that were chosen elsewhere to values of one type.
  mutating func pairs(
    _ tree: Tree, noun: String, _ type: ValueType, limit: Int, path: String
  ) -> Section.Content {
    if isEmpty(tree) { return .pairs([], isWhole: true) }
    guard case .mapping(let entries) = tree.content else {
      problems.error(
        tree.position, path, "takes the name of a \(noun) as a key, not \(kind(of: tree))",
        suggestion: "write {\(noun.uppercased()): \(Schema.typeName(type)), ...}")
      return .invalid
    }
    guard entries.count <= limit else {
      problems.error(
        entries[limit].keyPosition, path,
        "takes at most \(limit) entries; there are \(entries.count)")
      return .invalid
    }
    let first = firstOccurrences(entries)
    var pairs: [Section.Pair] = []
    for (index, entry) in entries.enumerated() {
      let itsPath = Schema.join(path, Quote.clipped(entry.key))
      if first[index] != index {
        problems.error(
          entry.keyPosition, itsPath,
          "set twice; the first is at line \(entries[first[index]].keyPosition.line)",
          suggestion: "remove one of the two")
      } else if let item = value(entry.value, type, path: itsPath) {
        pairs.append(Section.Pair(name: entry.key, position: entry.keyPosition, item: item))
      }
    }
    return .pairs(pairs, isWhole: pairs.count == entries.count)
  }
}
