// Where the recorded answer and its text are.

import Foundation

enum Vectors {
  static func read(_ name: String) -> String {
    let path = Bundle.module.resourcePath.map { "\($0)/Vectors/\(name)" } ?? ""
    return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
