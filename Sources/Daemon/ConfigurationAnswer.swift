// What the daemon follows, as a whole configuration: the text that `check --effective` would print.

import Configuration
import Control
import Model

enum ConfigurationAnswer {
  /// Bytes of the text in one record, and no more than a line of it beside: far below the longest
  /// line of the protocol.
  private static let piece = 8_192

  static func answer(_ request: Request, _ plan: Plan) -> [UInt8] {
    guard request.words.isEmpty else {
      return JSONLine.end(id: request.id, code: .usage, message: "config takes no words")
    }
    var bytes: [UInt8] = []
    var part = ""
    for line in Configuration.effective(plan).split(separator: "\n") {
      part += line + "\n"
      if part.utf8.count >= piece { bytes += record(request.id, &part) }
    }
    if !part.isEmpty { bytes += record(request.id, &part) }
    return bytes + JSONLine.end(id: request.id, code: .ok, message: "")
  }

  private static func record(_ id: String, _ text: inout String) -> [UInt8] {
    var line = JSONLine(id: id, type: "config")
    line.add("text", text)
    text = ""
    return line.finish()
  }
}
