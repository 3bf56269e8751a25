// What the clients see while it happens: a line each half second, a letter each 20 ms.

import Linux
import Model
import Synchronization

/// Prints, on a thread of its own, who has answered: the last letter of the host's name, or a dot
/// when nobody has.
package final class LiveStrip: Sendable {
  /// Two questions fall into one cell, and 25 cells into one line.
  private static let cell = WebClient.usualPace + WebClient.usualPace
  private static let cells: Int64 = 25

  private let clients: [(name: String, log: QuestionLog)]
  private let isOver = Mutex(false)

  init(_ clients: [(name: String, log: QuestionLog)]) { self.clients = clients }

  /// Runs `body` and prints meanwhile.
  func during<Result>(_ body: () throws(LabError) -> Result) throws(LabError) -> Result {
    isOver.withLock { $0 = false }
    let worker: Worker
    do throws(Errno) {
      worker = try Worker { [self] in run() }
    } catch {
      throw .system(error, doing: "starting the live view")
    }
    let result: Swift.Result<Result, LabError>
    do throws(LabError) {
      result = .success(try body())
    } catch {
      result = .failure(error)
    }
    isOver.withLock { $0 = true }
    worker.join()
    return try result.get()
  }

  private func run() {
    let begun = Moment(nanoseconds: Clock.wall().nanoseconds)
    var line: Int64 = 0
    while true {
      let isLast = isOver.withLock { $0 }
      let start = begun + .init(line * LiveStrip.cells * LiveStrip.cell.count)
      let end = start + .init(LiveStrip.cells * LiveStrip.cell.count)
      let now = Moment(nanoseconds: Clock.wall().nanoseconds)
      if now >= end || isLast {
        tell(from: start, to: min(now, end), since: begun)
        line += 1
      }
      if isLast { return }
      do throws(Errno) {
        try Processes.pause(nanoseconds: LiveStrip.cell.count)
      } catch {
        return
      }
    }
  }

  private func tell(from start: Moment, to end: Moment, since begun: Moment) {
    let tenths = (start - begun).milliseconds / 100
    let time = "+\(tenths / 10).\(tenths % 10) s"
    var text = String(repeating: " ", count: max(12 - time.count, 0)) + time
    for (name, log) in clients {
      let cells = Int((end - start).count / LiveStrip.cell.count)
      text += "  \(name) " + LiveStrip.letters(log.recent(since: start), from: start, cells)
    }
    print(text)
    Termination.flush()
  }

  /// A letter for each cell.
  package static func letters(_ answers: [Answer], from start: Moment, _ cells: Int) -> String {
    var letters = [Character](repeating: ".", count: cells)
    for answer in answers where answer.moment >= start {
      let index = Int((answer.moment - start).count / cell.count)
      if letters.indices.contains(index) { letters[index] = answer.from.last ?? "?" }
    }
    return String(letters)
  }
}
