// The client of the tests: asks the VIP over UDP every few milliseconds and notes who answers.

import Linux
package import Model

/// Sends a numbered question at a fixed pace from a host's namespace, on a thread of its own. The
/// answer repeats the number and names the appliance that gave it.
package final class EchoClient: Sendable {
  /// How often the client asks.
  package static let usualPace = Nanoseconds.milliseconds(5)

  package let log = QuestionLog()

  package init() {}

  /// Starts to ask. Whoever starts must end what is answered.
  package func start(
    in namespace: String, asking address: IPv4Address, port: UInt16,
    pace: Nanoseconds = EchoClient.usualPace
  ) throws(LabError) -> ClientThread {
    do throws(Errno) {
      let worker = try Worker { [self] in
        do throws(Errno) {
          try NetworkNamespace.open(namespace).run { () throws(Errno) in
            try ask(address, port, pace)
          }
        } catch {
          log.fail(error)
        }
      }
      return ClientThread(log, worker)
    } catch {
      throw .system(error, doing: "starting the client")
    }
  }

  private func ask(_ address: IPv4Address, _ port: UInt16, _ pace: Nanoseconds) throws(Errno) {
    let socket = try Datagrams(to: address, port: port)
    var next = Clock.monotonic()
    while let number = log.ask() {
      do throws(Errno) {
        try socket.send(Array("\(number)".utf8))
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
    let moment = Moment(nanoseconds: arrival.wall.nanoseconds)
    log.note(Answer(from: String(words[1]), moment: moment), to: number)
  }

  /// What the network, not this program, is to blame for.
  static func isNews(_ error: Errno) -> Bool {
    [.connectionRefused, .hostUnreachable, .networkUnreachable, .noBuffers, .notPermitted]
      .contains(error)
  }
}
