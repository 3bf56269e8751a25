// HTTPS through libcurl on a loop of somebody else: descriptors to watch and one timer go out.

import CCurl
package import Model

/// All exchanges of one process. It blocks nowhere: the loop calls `ready` and `timerFired`, and
/// takes what is finished. Names are looked up on a thread of libcurl's own.
@safe
package final class Transport {
  /// Exchanges under way: tables, tokens and events together are far fewer.
  package static let limit = 64
  /// Connections that are kept open for the next exchange.
  package static let keptConnections: Int64 = 8

  private let multi: OpaqueMulti
  private let authority: String?
  private var flights: [ExchangeID: Flight] = [:]
  private var last: UInt64 = 0
  private var watches: [SocketWatch] = []
  /// Called for each change of what is to be watched, before a descriptor is closed: afterwards its
  /// number may be another's.
  package var onWatch: ((SocketWatch) -> Void)?
  private var finished: [(ExchangeID, Result<Incoming, Failure>)] = []
  /// How long from when it was set until `timerFired` has to be called; nil: not at all.
  package private(set) var timer: Nanoseconds?
  /// Counts settings of the timer, so that the loop sees each.
  package private(set) var timerSettings: UInt64 = 0

  @safe
  private struct OpaqueMulti {
    let pointer: UnsafeMutableRawPointer
  }

  /// `authority` is a file of certificates that is believed instead of the system's.
  package init?(authority: String? = nil) {
    guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK,
      let pointer = unsafe curl_multi_init()
    else { return nil }
    unsafe multi = OpaqueMulti(pointer: pointer)
    self.authority = authority
    unsafe ccurl_multi_set_long(
      pointer, CURLMOPT_MAXCONNECTS, Int(Transport.keptConnections))
    // Several exchanges never share a connection: one that hangs must not hold the others.
    unsafe ccurl_multi_set_long(pointer, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_multi_set_pointer(pointer, CURLMOPT_SOCKETDATA, own)
    unsafe ccurl_multi_set_pointer(pointer, CURLMOPT_TIMERDATA, own)
    unsafe ccurl_multi_set_socket(pointer) { _, descriptor, what, transport, _ in
      unsafe Transport.of(transport)?.watch(descriptor, what)
      return 0
    }
    unsafe ccurl_multi_set_timer(pointer) { _, wait, transport in
      unsafe Transport.of(transport)?.setTimer(wait)
      return 0
    }
  }

  deinit {
    // Whoever watched may be ending with us, and must not be called any more.
    onWatch = nil
    for id in flights.keys {
      guard let flight = flights[id] else { continue }
      unsafe curl_multi_remove_handle(multi.pointer, flight.easy.pointer)
    }
    unsafe curl_multi_cleanup(multi.pointer)
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> Transport? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<Transport>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Begins an exchange; nothing when there are too many. The first bytes leave in the next call of
  /// `timerFired`, for which the timer is set to now.
  package func start(_ outgoing: Outgoing) -> ExchangeID? {
    guard flights.count < Transport.limit else { return nil }
    last += 1
    let id = ExchangeID(number: last)
    guard let flight = Flight(outgoing, id, authority: authority) else { return nil }
    flights[id] = flight
    guard unsafe curl_multi_add_handle(multi.pointer, flight.easy.pointer) == CURLM_OK else {
      flights[id] = nil
      return nil
    }
    return id
  }

  /// Gives an exchange up. Nothing more is heard of it.
  package func cancel(_ id: ExchangeID) {
    guard let flight = flights.removeValue(forKey: id) else { return }
    unsafe curl_multi_remove_handle(multi.pointer, flight.easy.pointer)
  }

  /// A watched descriptor has something to say.
  package func ready(_ descriptor: Int32, reads: Bool, writes: Bool, error: Bool) {
    let mask =
      (reads ? CURL_CSELECT_IN : 0) | (writes ? CURL_CSELECT_OUT : 0)
      | (error ? CURL_CSELECT_ERR : 0)
    act(descriptor, mask)
  }

  package func timerFired() {
    timer = nil
    act(CURL_SOCKET_TIMEOUT, 0)
  }

  /// Every descriptor that is to be watched now.
  package var watched: [SocketWatch] { watches }

  package func takeFinished() -> [(ExchangeID, Result<Incoming, Failure>)] {
    defer { finished = [] }
    return finished
  }

  private func act(_ descriptor: Int32, _ mask: Int32) {
    var running: Int32 = 0
    let result = unsafe curl_multi_socket_action(multi.pointer, descriptor, mask, &running)
    precondition(result == CURLM_OK, "libcurl takes this descriptor")
    collect()
  }

  private func collect() {
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi.pointer, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE,
        let easy = unsafe message.pointee.easy_handle
      else { continue }
      let code = unsafe ccurl_result(message)
      var own: UnsafeMutableRawPointer?
      unsafe ccurl_get_pointer(easy, CURLINFO_PRIVATE, &own)
      guard let flight = unsafe Flight.of(own) else { continue }
      finished.append((flight.id, flight.finished(code)))
      unsafe curl_multi_remove_handle(multi.pointer, easy)
      flights[flight.id] = nil
    }
  }

  private func watch(_ descriptor: Int32, _ what: Int32) {
    watches.removeAll { $0.descriptor == descriptor }
    let isOver = what == CURL_POLL_REMOVE
    let watch = SocketWatch(
      descriptor: descriptor, reads: !isOver && what & CURL_POLL_IN != 0,
      writes: !isOver && what & CURL_POLL_OUT != 0)
    if !watch.isOver { watches.append(watch) }
    onWatch?(watch)
  }

  private func setTimer(_ milliseconds: Int) {
    timerSettings += 1
    timer = milliseconds < 0 ? nil : .milliseconds(Int64(milliseconds))
  }
}
