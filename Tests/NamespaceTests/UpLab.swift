// A laboratory that another process has built: `hopshift-lab up`, waited for.

import Lab
import Linux
import Model

enum UpLab {
  /// Waits until the program says that its laboratory is up; answers the tag.
  static func tag(of program: RunningProgram) throws(LabError) -> String {
    var tag = ""
    try Waiting.until("the scene to be up", within: .seconds(60)) { () throws(LabError) in
      try program.checkRunning()
      let lines = program.tail().split(separator: "\n")
      guard let line = lines.last(where: { $0.hasPrefix("lab ") && $0.hasSuffix(" is up") }) else {
        return program.tail()
      }
      tag = String(line.split(separator: " ")[1])
      return nil
    }
    return tag
  }
}
