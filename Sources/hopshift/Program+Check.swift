// The verbs `check` and `version`: what can be said without the daemon.

import Configuration
import Console
import Control
import Linux
import Model
import YAML

extension Program {
  /// A record of what this command says itself; its verb is its name, also of what another verb has
  /// looked for it.
  mutating func write(_ record: consuming JSONLine) { output.write(record.finish()) }

  /// Errors in the file are the answer to `check`, so they never leave this function.
  mutating func check(_ command: CheckCommand) -> ExitCode {
    let (name, read, code) = examine(command.file, json: command.json, for: "check")
    guard let plan = read else { return code }
    let prefixes = plan.vips.reduce(0) { $0 + $1.prefixes.count }
    let texts = Arithmetic.text(of: plan) + ReturnRoutes.text(of: plan)
    if command.json {
      var record = JSONLine(id: "check", type: "checked")
      record.add("file", name)
      record.add("vips", plan.vips.count)
      record.add("prefixes", prefixes)
      record.add("route-servers", plan.routeServers.peers.count)
      record.add("sentences", texts.split(separator: "\n").map(String.init))
      record.add("effective", command.effective ? Configuration.effective(plan) : nil)
      write(record)
    } else if command.effective {
      output.write(Configuration.effective(plan))
    } else {
      output.write(
        "\(name): good. Virtual IPs: \(plan.vips.count), prefixes: \(prefixes), "
          + "route servers: \(plan.routeServers.peers.count)\n" + texts)
    }
    return .ok
  }

  /// Reads a configuration and tells what is wrong with it: on standard error as people want it, or
  /// as records. Without a Plan there is a status to end with.
  mutating func examine(
    _ path: String, json: Bool, for verb: String
  ) -> (name: String, plan: Plan?, code: ExitCode) {
    let file = path == "-" ? "/dev/stdin" : path
    let name = Printable.clean(file)
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: file, limit: YAML.Limits.fileSize)
    } catch {
      output.complain("cannot read \(name): \(error)")
      return (name, nil, error == .fileTooLarge ? .badConfiguration : .failure)
    }
    let report = Program.report(bytes)
    if json {
      for problem in report.problems { write(problem, name, verb) }
    } else {
      output.writeErrors(ProblemRenderer(file: name, bytes: bytes).render(report.problems))
    }
    return (name, report.plan, .badConfiguration)
  }

  private mutating func write(_ problem: Problem, _ name: String, _ verb: String) {
    var record = JSONLine(id: verb, type: "mistake")
    record.add("file", name)
    record.add("line", problem.position.line)
    record.add("column", problem.position.column)
    record.add("severity", problem.severity.rawValue)
    record.add("path", problem.path)
    record.add("message", problem.message)
    record.add("suggestion", problem.suggestion)
    write(record)
  }

  static func report(_ bytes: [UInt8]) -> ConfigurationReport {
    do throws(YAMLError) {
      return Configuration.check(try YAML.parse(bytes))
    } catch {
      let problem = Problem(
        severity: .error, position: error.position, path: "", message: error.message,
        suggestion: error.suggestion)
      return ConfigurationReport(plan: nil, problems: [problem])
    }
  }

  mutating func version(_ command: VersionCommand, _ socket: String) throws(Trouble) -> ExitCode {
    if command.json {
      var record = JSONLine(id: "version", type: "command")
      record.add("version", Release.version)
      record.add("protocol", ControlLimits.version)
      write(record)
    } else {
      output.write(VersionReport.own)
    }
    let records = try ask(.version, [], command.json, socket)
    if !command.json { output.write(VersionReport.daemon(records)) }
    return .ok
  }
}
