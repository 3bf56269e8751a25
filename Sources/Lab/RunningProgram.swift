// A program that runs beside the lab until it is told to end.

import Linux
import Model

/// Owns a child process; what it prints goes to a file that can be read when something went wrong.
package final class RunningProgram {
  package let name: String
  package let log: String
  private let process: Subprocess

  package init(
    name: String, words: [String], in namespace: String? = nil, log: String, shell: Shell
  ) throws(LabError) {
    self.name = name
    self.log = log
    do throws(Errno) {
      process = try Subprocess(
        arguments: words, environment: shell.environment, in: namespace, output: log)
    } catch {
      throw .system(error, doing: "starting \(words.joined(separator: " "))")
    }
  }

  package var pid: Int32 { process.processID }

  /// Fails, with the last lines it printed, when it has ended.
  package func checkRunning() throws(LabError) {
    let exit: Subprocess.Exit?
    do throws(Errno) {
      exit = try process.exit()
    } catch {
      throw .system(error, doing: "looking at \(name)")
    }
    guard let exit else { return }
    throw .command(words: [name], status: RunningProgram.status(exit), output: tail())
  }

  /// Asks it to end, and waits until it has ended.
  package func endAsked() throws(LabError) {
    do throws(Errno) {
      try Processes.signal(pid, .terminate)
    } catch {
      throw .system(error, doing: "ending \(name)")
    }
    try Waiting.until("\(name) to end", within: .seconds(10)) { () throws(LabError) in
      ProcessTable.isAlive(pid) ? "it runs" : nil
    }
  }

  /// The last lines of its output, at most `count`.
  package func tail(_ count: Int = 12) -> String {
    do throws(Errno) {
      let bytes = try Files.read(path: log, limit: Shell.outputLimit)
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      return lines.suffix(count).joined(separator: "\n")
    } catch {
      return "(\(log): \(error))"
    }
  }

  private static func status(_ exit: Subprocess.Exit) -> Int32 {
    switch exit {
    case .exited(let status): status
    case .signalled(let signal): 128 + signal
    }
  }
}
