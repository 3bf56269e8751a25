// A part of the simulated platform that runs as a process of its own: how it is started and asked.

package import Control
import Linux
package import Model

/// One `hopshift-lab` in a namespace. It prints what happens as records, a line each, and answers
/// requests on its control socket.
package final class AzureProcess {
  /// The program itself, when the lab is `hopshift-lab`. Tests name the one that was built.
  package static let ownProgram = "/proc/self/exe"
  /// An answer takes this long at most. We chose it: nothing that is asked waits for the network.
  private static let answerLimit = Nanoseconds.seconds(10)

  package let name: String
  /// The control socket.
  package let control: String
  private let lab: Lab
  private let host: String
  private let path: String
  private var program: RunningProgram
  private var tail: FileTail
  private var lines = LineBuffer(limit: ControlLimits.recordLine)
  private var asked = 0

  /// Starts `words` behind the program and waits until it answers.
  package init(
    _ lab: Lab, name: String, on host: String, program path: String, _ words: [String]
  ) throws(LabError) {
    self.name = name
    control = "\(lab.directory)/\(name).ctl"
    self.lab = lab
    self.host = host
    self.path = path
    program = try lab.start(name, [path] + words + ["--control", control], on: host)
    do throws(Errno) {
      tail = try FileTail(path: program.log)
    } catch {
      throw .system(error, doing: "opening \(program.log)")
    }
    try waitForAnswer()
  }

  /// Starts it once more if it has ended, perhaps with other words; it prints behind what it has
  /// printed.
  package func startAgain(_ words: [String]) throws(LabError) {
    guard !ProcessTable.isAlive(pid) else { return }
    program = try lab.start(name, [path] + words + ["--control", control], on: host)
    try waitForAnswer()
  }

  private func waitForAnswer() throws(LabError) {
    try Waiting.until("\(name) to answer", within: .seconds(10)) { () throws(LabError) in
      try program.checkRunning()
      do throws(LabError) {
        _ = try ask(["ping"])
        return nil
      } catch .system(let error, let doing) {
        // Its socket is not there yet, or nobody listens on it yet.
        guard [.noSuchFile, .connectionRefused].contains(error) else {
          throw .system(error, doing: doing)
        }
        return "\(error)"
      }
    }
  }

  package var pid: Int32 { program.pid }

  /// Fails, with the last lines it printed, when it has ended.
  package func checkRunning() throws(LabError) { try program.checkRunning() }

  /// Whether it answers within that time.
  package func answers(within limit: Nanoseconds) throws(LabError) -> Bool {
    asked += 1
    do throws(LabError) {
      _ = try ControlCall.ask(
        control, ["ping"], id: "\(asked)", within: limit * Waiting.patience, of: name)
      return true
    } catch .timedOut {
      return false
    } catch .system(.again, _) {
      // So many have asked before that no more can wait.
      return false
    }
  }

  /// Sends one request and answers its records, without the last one; a refusal is an error.
  @discardableResult
  package func ask(_ words: [String]) throws(LabError) -> [Record] {
    try program.checkRunning()
    asked += 1
    return try ControlCall.ask(
      control, words, id: "\(asked)", within: AzureProcess.answerLimit, of: name)
  }

  /// What was printed since the last time this was asked, oldest first. Whatever is no record is
  /// a complaint, and an error.
  package func news() throws(LabError) -> [Record] {
    var records: [Record] = []
    while true {
      let piece: [UInt8]
      do throws(Errno) {
        piece = try tail.next(limit: lines.room)
      } catch {
        throw .system(error, doing: "reading \(program.log)")
      }
      for line in try whole(after: piece) { records.append(try record(line)) }
      if piece.isEmpty { return records }
    }
  }

  private func whole(after piece: [UInt8]) throws(LabError) -> [[UInt8]] {
    var found: [[UInt8]] = []
    do throws(LineBufferError) {
      try lines.append(piece.span)
      while let line = try lines.next() { found.append(line) }
    } catch {
      throw .unsuitable("\(name) printed a line that is too long")
    }
    return found
  }

  private func record(_ line: [UInt8]) throws(LabError) -> Record {
    do throws(RecordError) {
      return try Record(line: line.span)
    } catch {
      throw .unsuitable("\(name): \(String(decoding: line, as: UTF8.self))")
    }
  }

  /// Stops the process where it stands; its connections stay as they are.
  package func freeze() throws(LabError) { try signal(.stop) }

  /// Lets it go on.
  package func thaw() throws(LabError) { try signal(.proceed) }

  /// Ends it and waits until it has ended; the kernel closes what it had open.
  package func kill() throws(LabError) {
    try signal(.kill)
    try Waiting.until("\(name) to end", within: .seconds(10), mayInterrupt: false) {
      () throws(LabError) in ProcessTable.isAlive(pid) ? "it runs" : nil
    }
  }

  private func signal(_ signal: Processes.Signal) throws(LabError) {
    do throws(Errno) {
      try Processes.signal(pid, signal)
    } catch {
      throw .system(error, doing: "a signal to \(name)")
    }
  }
}
