// One page over HTTP, for machines that work: what the other server can do wrong, this one cannot.

import CMicrohttpd
package import Model

/// One request that waits for the page.
package struct PageRequestID: Hashable, Sendable {
  let number: UInt
}

/// Answers GET and HEAD of one path. It blocks nowhere: whoever owns it watches `raw`, calls `run`
/// when that is readable or `timeout` has passed, and answers what `takeRequests` has.
@safe
package final class PageServer {
  /// Connections at once. We chose it: one for each of a few that look every some seconds.
  package static let connectionLimit: UInt32 = 8
  /// Seconds after which a connection that says nothing is closed, in a request or between two.
  package static let idleSeconds: UInt32 = 10
  /// Bytes for a request's line and headers, and for what of the answer waits to be sent.
  package static let memoryLimit = 16_384

  @safe
  private struct Daemon {
    let pointer: OpaquePointer
  }

  @safe
  private struct Waiting {
    let connection: OpaquePointer
  }

  /// What libmicrohttpd keeps of a request for us: that its headers were seen, or its number.
  private static let seen: UInt = 1

  private var daemon: Daemon?
  private let path: String
  private var last = PageServer.seen
  private var isClosing = false
  private var waiting: [UInt: Waiting] = [:]
  private var fresh: [PageRequestID] = []
  private var pages: [UInt: (type: String, bytes: [UInt8])] = [:]

  /// `listener` is a listening socket that stays its owner's, and open for as long as this lives.
  package init?(listener: Int32, path: String) {
    self.path = path
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    let started = unsafe cmicrohttpd_start_listening(
      cmicrohttpd_flags, listener, PageServer.connectionLimit, PageServer.memoryLimit,
      PageServer.idleSeconds,
      { server, connection, url, method, _, _, size, state in
        guard let server = unsafe PageServer.of(server), let connection = unsafe connection,
          let size = unsafe size, let state = unsafe state
        else { return .NO }
        let path = unsafe url.map { unsafe String(cString: $0) } ?? ""
        let verb = unsafe method.map { unsafe String(cString: $0) } ?? ""
        return unsafe server.asked(connection, path, verb, hasBody: size.pointee > 0, state)
      },
      { server, _, state, _ in
        let number = unsafe UInt(bitPattern: state?.pointee)
        unsafe PageServer.of(server)?.ended(number)
      }, own)
    guard let started = unsafe started else { return nil }
    unsafe daemon = Daemon(pointer: started)
  }

  deinit {
    guard let daemon else { return }
    // Nobody may be left waiting when it stops, nor begin to: libmicrohttpd aborts on a connection
    // that still waits. The listener is not its own to close.
    isClosing = true
    for id in waiting.keys { answer(PageRequestID(number: id), type: "text/plain", []) }
    unsafe MHD_run(daemon.pointer)
    unsafe MHD_quiesce_daemon(daemon.pointer)
    unsafe MHD_stop_daemon(daemon.pointer)
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> PageServer? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<PageServer>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// The descriptor to watch for reading: libmicrohttpd's own epoll set.
  package var raw: Int32 {
    guard let daemon else { preconditionFailure("it was started") }
    guard
      let info = unsafe cmicrohttpd_info(daemon.pointer, .DAEMON_INFO_EPOLL_FD_LINUX_ONLY)
    else { preconditionFailure("it was started with epoll") }
    return unsafe info.pointee.epoll_fd
  }

  /// How long from now until `run` has to be called; nil: not until `raw` is readable.
  package var timeout: Nanoseconds? {
    guard let daemon else { return nil }
    var milliseconds: UInt64 = 0
    guard unsafe MHD_get_timeout(daemon.pointer, &milliseconds) == .YES else { return nil }
    return .milliseconds(Int64(clamping: min(milliseconds, UInt64(PageServer.idleSeconds) * 1_000)))
  }

  package func run() {
    guard let daemon else { return }
    unsafe MHD_run(daemon.pointer)
  }

  /// Those that came since this was called last. Each has to be answered.
  package func takeRequests() -> [PageRequestID] {
    defer { fresh = [] }
    return fresh
  }

  /// An empty page says that there is none now. Who has gone meanwhile is not answered.
  package func answer(_ id: PageRequestID, type: String, _ bytes: [UInt8]) {
    guard let asker = waiting.removeValue(forKey: id.number) else { return }
    pages[id.number] = (type, bytes)
    unsafe MHD_resume_connection(asker.connection)
  }

  // MARK: What libmicrohttpd calls

  private func asked(
    _ connection: OpaquePointer, _ path: String, _ verb: String, hasBody: Bool,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> MHD_Result {
    let number = unsafe UInt(bitPattern: state.pointee)
    // The first call is for the headers alone; an answer then would end the connection.
    if number == 0 {
      unsafe state.pointee = UnsafeMutableRawPointer(bitPattern: PageServer.seen)
      return .YES
    }
    // Whoever sends a body sends it to nobody.
    if hasBody { return .NO }
    if let page = pages.removeValue(forKey: number) {
      return page.bytes.isEmpty
        ? unsafe say(503, "not now\n", connection)
        : unsafe send(200, page.type, page.bytes, connection)
    }
    guard path == self.path else {
      return unsafe say(404, "not found; try \(self.path)\n", connection)
    }
    guard verb == "GET" || verb == "HEAD" else {
      return unsafe say(405, "GET or HEAD\n", connection)
    }
    if isClosing { return unsafe say(503, "not now\n", connection) }
    last += 1
    unsafe state.pointee = UnsafeMutableRawPointer(bitPattern: last)
    unsafe waiting[last] = Waiting(connection: connection)
    fresh.append(PageRequestID(number: last))
    unsafe MHD_suspend_connection(connection)
    return .YES
  }

  private func ended(_ number: UInt) {
    waiting[number] = nil
    pages[number] = nil
    fresh.removeAll { $0.number == number }
  }

  private func say(_ status: UInt32, _ text: String, _ connection: OpaquePointer) -> MHD_Result {
    unsafe send(status, "text/plain", Array(text.utf8), connection)
  }

  private func send(
    _ status: UInt32, _ type: String, _ bytes: [UInt8], _ connection: OpaquePointer
  ) -> MHD_Result {
    var bytes = bytes
    let count = bytes.count
    let made = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe MHD_create_response_from_buffer(count, buffer.baseAddress, .RESPMEM_MUST_COPY)
    }
    guard let response = unsafe made else { return .NO }
    defer { unsafe MHD_destroy_response(response) }
    guard unsafe MHD_add_response_header(response, "Content-Type", type) == .YES else {
      return .NO
    }
    if status == 405 {
      guard unsafe MHD_add_response_header(response, "Allow", "GET, HEAD") == .YES else {
        return .NO
      }
    }
    return unsafe MHD_queue_response(connection, status, response)
  }
}
