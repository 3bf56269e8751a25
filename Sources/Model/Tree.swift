// The plain tree a configuration file becomes, each node with its place in the file.

/// A place in a file, counted from 1 as editors do.
package struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package static func < (left: Position, right: Position) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  package var description: String { "\(line):\(column)" }
}

/// One node of a configuration file.
package struct Tree: Hashable, Sendable {
  package var position: Position
  package var content: Content

  package init(position: Position, content: Content) {
    self.position = position
    self.content = content
  }

  package indirect enum Content: Hashable, Sendable {
    /// The text as written; `isPlain` is false when it was quoted.
    case scalar(String, isPlain: Bool)
    case sequence([Tree])
    case mapping([Entry])
  }

  /// A key and its value. Keys are not unique here: whoever reads the tree reports a double.
  package struct Entry: Hashable, Sendable {
    package var key: String
    package var keyPosition: Position
    package var value: Tree

    package init(key: String, keyPosition: Position, value: Tree) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }
}
