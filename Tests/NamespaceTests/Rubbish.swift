// Ten thousand datagrams a second of anything, from a thread of its own.

import Lab
import Linux
import Model
import Synchronization

/// Sends from the outsider's namespace at a fixed pace until it is stopped.
final class Rubbish: Sendable {
  static let perMillisecond = 10

  private struct State {
    var sent = 0
    var mustStop = false
    var fault: Errno?
  }

  private let state = Mutex(State())

  /// One sender: an address that the outsider has, and what it sends.
  struct Source: Sendable {
    var address: IPv4Address
    var datagram: [UInt8]
  }

  /// How many have left, and what went wrong.
  var sent: Int { state.withLock { $0.sent } }
  var fault: Errno? { state.withLock { $0.fault } }

  /// Takes the sources in turn. Whoever starts must `stop` and then join the worker.
  func start(
    in namespace: String, _ sources: [Source], to target: IPv4Address, port: UInt16
  ) throws(Errno) -> Worker {
    try Worker { [self] in
      do throws(Errno) {
        try NetworkNamespace.open(namespace).run { () throws(Errno) in
          try send(sources, to: target, port: port)
        }
      } catch {
        let fault = error
        state.withLock { $0.fault = fault }
      }
    }
  }

  func stop() { state.withLock { $0.mustStop = true } }

  private final class Mouth {
    private let socket: DatagramSocket
    private let datagram: [UInt8]

    init(_ source: Source) throws(Errno) {
      socket = try DatagramSocket(on: source.address, port: 0, receiveBuffer: 4_096)
      datagram = source.datagram
    }

    func speak(to target: IPv4Address, port: UInt16) throws(Errno) {
      let bytes = datagram
      try socket.send(bytes.span, to: target, port: port)
    }
  }

  private func send(
    _ sources: [Source], to target: IPv4Address, port: UInt16
  ) throws(Errno) {
    var mouths: [Mouth] = []
    for source in sources { mouths.append(try Mouth(source)) }
    var epoll = try Epoll(capacity: 1)
    var next = Clock.monotonic()
    var turn = 0
    while !state.withLock({ $0.mustStop }) {
      for _ in 0..<Rubbish.perMillisecond {
        turn += 1
        try mouths[turn % mouths.count].speak(to: target, port: port)
      }
      state.withLock { $0.sent += Rubbish.perMillisecond }
      // Nothing is registered: this waits for the moment only.
      next = next + .milliseconds(1)
      _ = try epoll.wait(until: next)
    }
  }
}
