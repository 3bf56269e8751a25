// Where the programs under test were built.

import Foundation
import Lab
import Linux

/// The package's own programs, from the build that the tests belong to; HOPSHIFTD names another
/// daemon.
enum BuiltPrograms {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// The path of a program. Tests are built for debugging unless somebody asked for a release.
  static func path(_ name: String) -> String {
    #if DEBUG
      "\(root)/.build/debug/\(name)"
    #else
      "\(root)/.build/release/\(name)"
    #endif
  }

  /// A file of the repository.
  static func source(_ path: String) -> String { "\(root)/\(path)" }

  /// The daemon under test.
  static var daemon: String {
    ProcessInfo.processInfo.environment["HOPSHIFTD"] ?? path("hopshiftd")
  }
}
