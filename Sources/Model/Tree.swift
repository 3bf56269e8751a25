// The plain tree a configuration file becomes, each node with its place in the file.

/// A place in a file, counted from 1 as editors do.
public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (left: Position, right: Position) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  public var description: String { "\(line):\(column)" }
}

/// One node of a configuration file.
public struct Tree: Hashable, Sendable {
  public var position: Position
  public var content: Content

  public init(position: Position, content: Content) {
    self.position = position
    self.content = content
  }

  public indirect enum Content: Hashable, Sendable {
    /// The text as written; `isPlain` is false when it was quoted.
    case scalar(String, isPlain: Bool)
    case sequence([Tree])
    case mapping([Entry])
  }

  /// A key and its value. Keys are not unique here: whoever reads the tree reports a double.
  public struct Entry: Hashable, Sendable {
    public var key: String
    public var keyPosition: Position
    public var value: Tree

    public init(key: String, keyPosition: Position, value: Tree) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }
}
