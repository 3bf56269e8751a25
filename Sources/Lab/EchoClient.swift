// The client: asks the VIP every few milliseconds and notes who answers.

package import Linux
package import Model
import Synchronization

/// Sends a numbered question at a fixed pace from a host's namespace, on a thread of its own. The
/// answer repeats the number and names the appliance that gave it.
package final class EchoClient: Sendable {
  /// Questions that are remembered. We chose it: ten minutes at the usual pace.
  package static let limit = 120_000
  /// How often the client asks.
  package static let usualPace = Nanoseconds.milliseconds(5)

  /// One question.
  package struct Question: Hashable, Sendable {
    package var asked: Moment
    /// Who answered, and when the answer reached the client's kernel.
    package var answer: Answer?
  }

  /// One answer.
  package struct Answer: Hashable, Sendable {
    package var from: String
    package var moment: Moment
  }

  private struct State {
    var questions: [Question] = []
    var mustStop = false
    var fault: Errno?
  }

  private let state = Mutex(State())

  package init() {}

  /// Starts to ask. Whoever starts must `stop` and then join the worker.
  package func start(
    in namespace: String, asking address: IPv4Address, port: UInt16,
    pace: Nanoseconds = EchoClient.usualPace
  ) throws(LabError) -> Worker {
    do throws(Errno) {
      return try Worker { [self] in
        do throws(Errno) {
          try NetworkNamespace.open(namespace).run { () throws(Errno) in
            try ask(address, port, pace)
          }
        } catch {
          let fault = error
          state.withLock { $0.fault = fault }
        }
      }
    } catch {
      throw .system(error, doing: "starting the client")
    }
  }

  /// Makes the worker end within one pace.
  package func stop() { state.withLock { $0.mustStop = true } }

  /// Every question so far, in the order asked.
  package func questions() throws(LabError) -> [Question] {
    let (questions, fault) = state.withLock { ($0.questions, $0.fault) }
    if let fault { throw .system(fault, doing: "asking the VIP") }
    return questions
  }

  /// The last answer so far.
  package func lastAnswer() throws(LabError) -> Answer? {
    try questions().last { $0.answer != nil }?.answer
  }

  private func ask(_ address: IPv4Address, _ port: UInt16, _ pace: Nanoseconds) throws(Errno) {
    let socket = try Datagrams(to: address, port: port)
    var next = Clock.monotonic()
    while true {
      let (count, mustStop) = state.withLock { ($0.questions.count, $0.mustStop) }
      if mustStop || count >= EchoClient.limit { return }
      let asked = Moment(nanoseconds: Clock.wall().nanoseconds)
      state.withLock { $0.questions.append(Question(asked: asked)) }
      do throws(Errno) {
        try socket.send(Array("\(count)".utf8))
      } catch {
        // No route, or an ICMP error that an earlier question brought: this one stays without an
        // answer.
        guard EchoClient.isNews(error) else { throw error }
      }
      next = next + pace
      while Clock.monotonic() < next {
        try socket.wait(next - Clock.monotonic())
        try takeAnswers(socket)
      }
    }
  }

  private func takeAnswers(_ socket: borrowing Datagrams) throws(Errno) {
    while true {
      do throws(Errno) {
        guard let arrival = try socket.receive() else { return }
        note(arrival)
      } catch {
        guard EchoClient.isNews(error) else { throw error }
        return
      }
    }
  }

  private func note(_ arrival: Datagrams.Arrival) {
    let words = String(decoding: arrival.bytes, as: UTF8.self).split(separator: " ")
    guard words.count == 2, let number = Int(words[0]) else { return }
    let answer = Answer(
      from: String(words[1]), moment: Moment(nanoseconds: arrival.wall.nanoseconds))
    state.withLock { state in
      guard state.questions.indices.contains(number), state.questions[number].answer == nil else {
        return
      }
      state.questions[number].answer = answer
    }
  }

  /// What the network, not this program, is to blame for.
  private static func isNews(_ error: Errno) -> Bool {
    [.connectionRefused, .hostUnreachable, .networkUnreachable, .noBuffers, .notPermitted]
      .contains(error)
  }
}
