// From a command line to a Plan, or to one clear answer why not.

import Configuration
import Linux
import Model
import YAML

/// What reading the configuration led to.
enum Loaded {
  case plan(Plan, warnings: String)
  /// Every problem, ready to print.
  case failed(String)
}

enum Startup {
  static func load(_ path: String) -> Loaded {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: path, limit: YAML.Limits.fileSize)
    } catch {
      return .failed("\(path): error: cannot be read: \(error)\n")
    }
    let renderer = ProblemRenderer(file: path, bytes: bytes)
    do throws(YAMLError) {
      let report = Configuration.check(try YAML.parse(bytes))
      let text = renderer.render(report.problems)
      if let plan = report.plan { return .plan(plan, warnings: text) }
      return .failed(text)
    } catch {
      return .failed(
        renderer.render(
          Problem(
            severity: .error, position: error.position, path: "", message: error.message,
            suggestion: error.suggestion)))
    }
  }
}
