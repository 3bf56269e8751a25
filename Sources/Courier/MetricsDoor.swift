// Where metrics are served: a listening socket, and HTTP on it.

import Linux
import Model
import WebServer

/// Open for as long as it lives.
final class MetricsDoor {
  /// What is asked for.
  static let path = "/metrics"
  /// As on loopback, everybody on this machine may look.
  private static let mode: UInt32 = 0o666

  let place: String
  private let tcp: TCPListener?
  private let unix: UnixListener?
  /// Gone before the listener is.
  private var server: PageServer?
  /// Requests that wait for the daemon's numbers.
  private(set) var waiting: [PageRequestID] = []

  /// `place` is an IPv4 address with a port, or the path of a UNIX socket, as the configuration has
  /// checked it.
  init(_ place: String) throws(Errno) {
    self.place = place
    if place.hasPrefix("/") {
      let listener = try UnixListener(path: place, mode: MetricsDoor.mode)
      server = PageServer(listener: listener.raw, path: MetricsDoor.path)
      unix = consume listener
      tcp = nil
    } else {
      guard let (address, port) = MetricsDoor.read(place) else { throw .invalidArgument }
      let listener = try TCPListener(on: address, port: port)
      server = PageServer(listener: listener.raw, path: MetricsDoor.path)
      tcp = consume listener
      unix = nil
    }
    if server == nil { throw .inputOutput }
  }

  deinit { server = nil }

  private static func read(_ place: String) -> (IPv4Address, UInt16)? {
    let parts = place.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(String(parts[0])),
      let port = UInt16(parts[1])
    else { return nil }
    return (address, port)
  }

  /// The descriptor to watch for reading.
  var raw: Int32? { server?.raw }

  var timeout: Nanoseconds? { server?.timeout }

  /// Moves what can be moved; whether somebody new waits.
  func turn() -> Bool {
    guard let server else { return false }
    server.run()
    let fresh = server.takeRequests()
    waiting += fresh
    return !fresh.isEmpty
  }

  /// All who wait get this.
  func answer(type: String, _ text: String) {
    let bytes = Array(text.utf8)
    for id in waiting { server?.answer(id, type: type, bytes) }
    waiting = []
    server?.run()
  }
}
