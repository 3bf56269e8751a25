// Where route servers connect to us: sockets from the service manager, so that we need no capability.

import Chronicle
import Linux
import Model

/// The listening sockets, and the one connection that is looked at.
struct Door: ~Copyable {
  /// Sockets that one socket unit may hand over. We chose it: one for each address of a machine.
  static let socketLimit = 4

  /// What the door tells of itself.
  struct Facts {
    var sockets: Int
    var strangers: UInt64
  }

  private var sockets: [Listener] = []
  private var waiting: TCPSocket?
  private var isWatched = false
  private var strangers: UInt64 = 0

  /// An array holds no noncopyable values.
  private final class Listener {
    let socket: TCPListener
    init(_ socket: consuming TCPListener) { self.socket = socket }
  }

  /// Takes over what the service manager opened, if anything, and says so.
  init(_ plan: Plan, _ protection: TCPProtection, log: Log) throws(StartError) {
    let inherited = Systemd.listeningSockets()
    for raw in inherited.usable.prefix(Door.socketLimit) {
      do throws(Errno) {
        let socket = try TCPListener(inherited: raw)
        for peer in plan.routeServers.peers { try socket.protect(protection, peer: peer) }
        sockets.append(Listener(socket))
      } catch {
        throw StartError(what: "socket of the service manager", error: error)
      }
    }
    let ports = sockets.map { "\($0.socket.port)" }.joined(separator: ", ")
    if sockets.isEmpty {
      log.notice(
        .listening, "no listening socket from the service manager: this side connects, always")
    } else {
      log.notice(.listening, "route servers may connect to port \(ports)")
    }
    let unused = inherited.others + inherited.usable.count - sockets.count
    if unused > 0 {
      log.warning(
        .listening, "sockets left alone, not TCP over IPv4 or too many: \(unused)")
    }
  }

  /// Lets the route servers of another Plan in, with the password of now.
  func protect(_ plan: Plan, _ protection: TCPProtection) throws(Errno) {
    for listener in sockets {
      for peer in plan.routeServers.peers { try listener.socket.protect(protection, peer: peer) }
    }
  }

  var facts: Facts { Facts(sockets: sockets.count, strangers: strangers) }

  /// Watches the sockets, if that has not begun yet.
  mutating func watch(with epoll: borrowing Epoll) throws(Errno) {
    if isWatched { return }
    isWatched = true
    for (index, listener) in sockets.enumerated() {
      try epoll.add(listener.socket.raw, token: Loop.token(.door, index, 0), interest: .read)
    }
  }

  /// Lets the next connection wait, and says from where it came; nil when there is none.
  mutating func accept(_ index: Int) throws(Errno) -> IPv4Address? {
    guard let socket = try sockets[index].socket.accept() else { return nil }
    let remote = try socket.remoteAddress()
    waiting = consume socket
    return remote
  }

  /// Closes the connection that waits: who it comes from is not in the configuration.
  mutating func turnAway() {
    strangers += 1
    waiting = nil
  }

  mutating func takeWaiting() -> TCPSocket? { waiting.take() }
}
