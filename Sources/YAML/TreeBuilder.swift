// Builds the tree from the parser's events, within the limits of depth and size.
import Model

/// Takes the events of exactly one document.
struct TreeBuilder: ~Copyable {
  private var events: EventReader
  private var nodes = 0

  init(_ events: consuming EventReader) { self.events = events }

  /// Reads the whole stream; called once.
  mutating func build() throws(YAMLError) -> Tree {
    _ = try events.next()  // the start of the stream
    let first = try events.next()
    guard case .documentStart = first.kind else {
      throw YAMLError(.empty, at: Position(line: 1, column: 1))
    }
    let tree = try node(events.next(), depth: 0)
    _ = try events.next()  // the end of the document
    let last = try events.next()
    guard case .streamEnd = last.kind else { throw YAMLError(.secondDocument, at: last.position) }
    return tree
  }

  private mutating func node(_ event: Event, depth: Int) throws(YAMLError) -> Tree {
    try count(event)
    switch event.kind {
    case .scalar(let text, let isPlain):
      return Tree(position: event.position, content: .scalar(text, isPlain: isPlain))
    case .sequenceStart:
      guard depth < YAML.Limits.depth else { throw YAMLError(.tooDeep, at: event.position) }
      return Tree(position: event.position, content: .sequence(try sequence(depth: depth + 1)))
    case .mappingStart:
      guard depth < YAML.Limits.depth else { throw YAMLError(.tooDeep, at: event.position) }
      return Tree(position: event.position, content: .mapping(try mapping(depth: depth + 1)))
    case .streamStart, .documentStart, .documentEnd, .streamEnd, .sequenceEnd, .mappingEnd:
      preconditionFailure("libyaml gave \(event.kind) where a node must begin")
    }
  }

  private mutating func sequence(depth: Int) throws(YAMLError) -> [Tree] {
    var items: [Tree] = []
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind { return items }
      items.append(try node(event, depth: depth))
    }
  }

  private mutating func mapping(depth: Int) throws(YAMLError) -> [Tree.Entry] {
    var entries: [Tree.Entry] = []
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { return entries }
      guard case .scalar(let key, _) = event.kind else {
        throw YAMLError(.keyNotScalar, at: event.position)
      }
      try count(event)
      let value = try node(events.next(), depth: depth)
      entries.append(Tree.Entry(key: key, keyPosition: event.position, value: value))
    }
  }

  private mutating func count(_ event: Event) throws(YAMLError) {
    nodes += 1
    guard nodes <= YAML.Limits.nodes else { throw YAMLError(.tooManyNodes, at: event.position) }
  }
}
