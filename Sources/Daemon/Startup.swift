// From a command line to a Plan, or to one clear answer why not.

import Configuration
import Linux
import Model
import Seal
import YAML

/// What reading the configuration led to.
enum Loaded {
  case plan(Plan, warnings: String, text: [UInt8])
  /// Every problem, ready to print.
  case failed(String)
}

/// Something that the configuration names and that is not as it must be; ready to print.
struct NamedFileProblem: Error {
  var text: String
}

enum Startup {
  /// The password of the sessions, from the file that the Plan names, and the limit of hops.
  static func protection(of plan: Plan) -> Result<TCPProtection, NamedFileProblem> {
    let hops = plan.routeServers.ttlSecurity
    guard let path = plan.routeServers.passwordFile else {
      return .success(TCPProtection(hops: hops))
    }
    var bytes: [UInt8]
    do throws(Errno) {
      // One more for the newline.
      bytes = try Files.read(path: path, limit: TCPProtection.passwordLimit + 1)
    } catch {
      return .failure(NamedFileProblem(text: "\(path): error: cannot be read: \(error)\n"))
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard (1...TCPProtection.passwordLimit).contains(bytes.count) else {
      let limit = "1 to \(TCPProtection.passwordLimit) bytes"
      return .failure(NamedFileProblem(text: "\(path): error: a password has \(limit)\n"))
    }
    return .success(TCPProtection(password: bytes, hops: hops))
  }

  /// The key of the group, from the file that the Plan names; nil without a group.
  static func key(of plan: Plan) -> Result<SealKey?, NamedFileProblem> {
    guard let path = plan.group?.keyFile else { return .success(nil) }
    let bytes: [UInt8]
    do throws(SecretFileError) {
      bytes = try SecretFile.read(path: path, limit: KeyText.limit)
    } catch {
      return .failure(NamedFileProblem(text: "\(path): error: \(error)\n"))
    }
    do throws(KeyTextError) {
      return .success(try KeyText.key(bytes))
    } catch {
      return .failure(NamedFileProblem(text: "\(path): error: \(error)\n"))
    }
  }

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
      if let plan = report.plan { return .plan(plan, warnings: text, text: bytes) }
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
