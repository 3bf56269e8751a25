// Where the programs under test were built.

import Lab
import Linux

/// The package's own programs, from the build that the tests belong to or the one named in the environment.
enum BuiltPrograms {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// The path of a program; debug is what `swift test` builds.
  static func path(_ name: String) -> String { "\(root)/.build/debug/\(name)" }
}
