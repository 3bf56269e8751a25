// Turns the bytes of a configuration file into a plain tree in which every node knows its place.
package import Model

/// The subset of YAML that a configuration needs: mappings, sequences and scalars, in one document.
package enum YAML {
  /// The limits of a file. We chose them: above any configuration, below what harms the daemon.
  package enum Limits {
    /// Bytes; the largest plan takes 3 to 4 MiB with its prefixes in brackets.
    package static let fileSize = 4 << 20
    /// Mappings and sequences inside each other.
    package static let depth = 32
    /// Keys, scalars, sequences and mappings together.
    package static let nodes = 1_000_000
  }

  /// Reads one document. What is not plain data (aliases, anchors, tags, a second document) is
  /// refused with its place; a key that stands twice is left to the reader of the tree.
  package static func parse(_ bytes: [UInt8]) throws(YAMLError) -> Tree {
    guard bytes.count <= Limits.fileSize else {
      throw YAMLError(.fileTooLarge(bytes.count), at: Position(line: 1, column: 1))
    }
    let (start, end) = try SourceCheck.check(bytes)
    if start == bytes.count { throw YAMLError(.empty, at: Position(line: 1, column: 1)) }
    let text = start == 0 ? bytes : Array(bytes[start...])
    let read = { (bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) -> Tree in
      guard let events = unsafe EventReader(bytes, end: end) else {
        throw YAMLError(.outOfMemory, at: Position(line: 1, column: 1))
      }
      var builder = TreeBuilder(events)
      return try builder.build()
    }
    do {
      return try unsafe text.withUnsafeBufferPointer(read)
    } catch {
      throw SourceCheck.explain(error, in: text)
    }
  }
}
