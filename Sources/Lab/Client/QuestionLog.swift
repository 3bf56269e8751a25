// What the clients of a VIP asked, and what they were told.

import Linux
import Model
import Synchronization

/// One question to a VIP.
package struct Question: Hashable, Sendable {
  package var asked: Moment
  /// Who answered, and when.
  package var answer: Answer?

  package init(asked: Moment, answer: Answer? = nil) {
    self.asked = asked
    self.answer = answer
  }
}

/// One answer: who gave it, and when it reached the client.
package struct Answer: Hashable, Sendable {
  package var from: String
  package var moment: Moment

  package init(from: String, moment: Moment) {
    self.from = from
    self.moment = moment
  }
}

/// The questions of one client, in the order asked. The client writes from a thread of its own.
package final class QuestionLog: Sendable {
  /// Questions that are remembered. We chose it: ten minutes at five milliseconds each.
  package static let limit = 120_000

  private struct State {
    var questions: [Question] = []
    var lastAnswered: Int?
    var mustStop = false
    var fault: Errno?
  }

  private let state = Mutex(State())

  package init() {}

  /// Notes that a question leaves now and answers its number; nil when the client has to end.
  func ask() -> Int? {
    let asked = Moment(nanoseconds: Clock.wall().nanoseconds)
    return state.withLock { state in
      guard !state.mustStop, state.questions.count < QuestionLog.limit else { return nil }
      state.questions.append(Question(asked: asked))
      return state.questions.count - 1
    }
  }

  /// Notes an answer; only the first to a question counts.
  func note(_ answer: Answer, to number: Int) {
    state.withLock { state in
      guard state.questions.indices.contains(number), state.questions[number].answer == nil else {
        return
      }
      state.questions[number].answer = answer
      state.lastAnswered = max(number, state.lastAnswered ?? number)
    }
  }

  func fail(_ fault: Errno) { state.withLock { $0.fault = fault } }

  var mustStop: Bool { state.withLock { $0.mustStop } }

  /// Makes the client end within one pace.
  package func stop() { state.withLock { $0.mustStop = true } }

  /// Every question so far, in the order asked.
  package func questions() throws(LabError) -> [Question] {
    let (questions, fault) = state.withLock { ($0.questions, $0.fault) }
    if let fault { throw .system(fault, doing: "asking the VIP") }
    return questions
  }

  /// The answers to questions asked since shortly before `moment`: whatever can have come since.
  func recent(since moment: Moment) -> [Answer] {
    let first = moment - WebClient.patience - WebClient.patience
    return state.withLock { state in
      state.questions.reversed().prefix { $0.asked >= first }.compactMap(\.answer)
    }
  }

  /// The answer to the latest question that has one.
  package func lastAnswer() throws(LabError) -> Answer? {
    let (answer, fault) = state.withLock { state in
      (state.lastAnswered.map { state.questions[$0].answer } ?? nil, state.fault)
    }
    if let fault { throw .system(fault, doing: "asking the VIP") }
    return answer
  }
}

/// A client's thread, which cannot be copied, until it is joined.
package final class ClientThread {
  private let log: QuestionLog
  private var worker: Worker?

  init(_ log: QuestionLog, _ worker: consuming Worker) {
    self.log = log
    self.worker = consume worker
  }

  deinit { end() }

  /// Stops the client and waits until its thread has ended.
  package func end() {
    log.stop()
    let worker = self.worker.take()
    if let worker { worker.join() }
  }
}
