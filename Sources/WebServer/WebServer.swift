// A web server on somebody else's loop, with TLS or without, that can be told to misbehave.

import CMicrohttpd
package import Model

/// libmicrohttpd with one descriptor to watch and one deadline. It blocks nowhere; the closure that
/// answers is called from within `run`.
///
///     let server = try WebServer(on: address, port: 8443, as: identity) { request in ... }
///     // in the loop, when `descriptor` can be read or `deadline` is reached:
///     server.run(at: now)
@safe
package final class WebServer {
  /// Connections at once.
  package static let connectionLimit: UInt32 = 256
  /// Bytes of one connection; a first line with headers of operations has 5 kB.
  private static let memory = 64 << 10
  /// Seconds after which a connection that says nothing is ended.
  private static let idle: UInt32 = 120
  /// How long nothing is said, when that is what is wanted.
  private static let longestSilence = Nanoseconds.seconds(600)

  private let address: IPv4Address
  /// The kernel's choice when 0 was asked for; it stays when the server is opened again.
  package private(set) var port: UInt16
  private var daemon: OpaquePointer?
  private let answer: (WebRequest) -> WebAnswer
  private var conversations: [Conversation] = []
  /// The time of the turn that runs.
  private(set) var now = Instant.zero

  /// Listens at once; without an identity there is no TLS.
  package init(
    on address: IPv4Address, port: UInt16, as identity: Identity?,
    _ answer: @escaping (WebRequest) -> WebAnswer
  ) throws(WebServerError) {
    self.address = address
    self.port = port
    self.answer = answer
    try listen(as: identity)
  }

  deinit { close() }

  /// What the loop watches for reading; nil while closed.
  package var descriptor: Int32? {
    guard let daemon = unsafe daemon,
      let info = unsafe cmicrohttpd_info(daemon, .DAEMON_INFO_EPOLL_FD_LINUX_ONLY)
    else { return nil }
    return unsafe info.pointee.epoll_fd
  }

  /// When `run` has to be called if nothing comes.
  package func deadline(at now: Instant) -> Instant? {
    guard let daemon = unsafe daemon else { return nil }
    var milliseconds: UInt64 = 0
    var found = conversations.compactMap(\.wake).min()
    if unsafe MHD_get_timeout(daemon, &milliseconds) == MHD_Result.YES {
      let wait = Nanoseconds.milliseconds(Int64(min(milliseconds, 3_600_000)))
      found = Instant.earlier(found, now + wait)
    }
    return found
  }

  package func run(at now: Instant) {
    self.now = now
    guard let daemon = unsafe daemon else { return }
    for conversation in conversations {
      guard let wake = conversation.wake, wake <= now else { continue }
      conversation.wake = nil
      unsafe MHD_resume_connection(conversation.connection)
    }
    unsafe MHD_run(daemon)
  }

  // MARK: The door

  /// Ends every connection and listens no longer.
  package func close() {
    guard let found = unsafe daemon else { return }
    // What is suspended must go on first; it is told to end.
    for conversation in conversations where conversation.wake != nil {
      conversation.wake = nil
      conversation.answer.manner = .hangUp
      unsafe MHD_resume_connection(conversation.connection)
    }
    unsafe MHD_run(found)
    unsafe daemon = nil
    unsafe MHD_stop_daemon(found)
    conversations.removeAll()
  }

  /// Listens again, perhaps as somebody else. Every connection there was has ended.
  package func reopen(as identity: Identity?) throws(WebServerError) {
    close()
    try listen(as: identity)
  }

  private func listen(as identity: Identity?) throws(WebServerError) {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = address.bits.bigEndian
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    let opened =
      if let identity {
        unsafe cmicrohttpd_start_secure(
          cmicrohttpd_flags, &place, WebServer.connectionLimit, WebServer.memory, WebServer.idle,
          identity.key, identity.certificate, identity.priorities, begun, handler, completed, own)
      } else {
        unsafe cmicrohttpd_start_plain(
          cmicrohttpd_flags, &place, WebServer.connectionLimit, WebServer.memory, WebServer.idle,
          begun, handler, completed, own)
      }
    guard let opened = unsafe opened else { throw .cannotListen(address, port) }
    unsafe daemon = opened
    if let info = unsafe cmicrohttpd_info(opened, .DAEMON_INFO_BIND_PORT) {
      port = unsafe info.pointee.port
    }
  }

  // MARK: What libmicrohttpd calls

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> WebServer? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<WebServer>.fromOpaque(pointer).takeUnretainedValue()
  }

  private let begun: cmicrohttpd_begun = { own, target, connection in
    guard let server = unsafe WebServer.of(own), let connection = unsafe connection else {
      return nil
    }
    let text = unsafe target.map { unsafe String(cString: $0) } ?? ""
    let from = unsafe WebServer.address(of: connection)
    let conversation = unsafe Conversation(connection, target: text, from: from) { [weak server] in
      server
    }
    server.conversations.append(conversation)
    return unsafe Unmanaged.passUnretained(conversation).toOpaque()
  }

  private static func address(of connection: OpaquePointer) -> IPv4Address {
    guard
      let info = unsafe cmicrohttpd_connection_info(
        connection, .CONNECTION_INFO_CLIENT_ADDRESS),
      let found = unsafe info.pointee.client_addr
    else { return IPv4Address(bits: 0) }
    return unsafe UnsafeRawPointer(found).withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      unsafe IPv4Address(bits: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
    }
  }

  private let handler: cmicrohttpd_handler = {
    own, _, _, method, _, bytes, count, conversation in
    guard let server = unsafe WebServer.of(own),
      let conversation = unsafe Conversation.of(conversation?.pointee), let count = unsafe count
    else { return MHD_Result.NO }
    if let method = unsafe method { conversation.request.method = unsafe String(cString: method) }
    let size = unsafe count.pointee
    if size > 0 {
      unsafe conversation.take(bytes, size)
      unsafe count.pointee = 0
      return MHD_Result.YES
    }
    return server.step(conversation)
  }

  private let completed: cmicrohttpd_completed = { own, _, conversation, _ in
    guard let server = unsafe WebServer.of(own),
      let conversation = unsafe Conversation.of(conversation?.pointee)
    else { return }
    server.conversations.removeAll { $0 === conversation }
  }

  /// The headers are there, or the body is, or a pause is over.
  private func step(_ conversation: Conversation) -> MHD_Result {
    switch conversation.stage {
    case .arriving where conversation.request.headers.isEmpty:
      // The first call comes before the body.
      conversation.takeHeaders()
      if conversation.request.headers.isEmpty {
        conversation.request.headers.append(WebHeader(name: "", value: ""))
      }
      return MHD_Result.YES
    case .arriving:
      let isTooLong = conversation.isTooLong
      conversation.answer = isTooLong ? WebAnswer(413) : answer(conversation.request)
      conversation.stage = .waiting
      let wait =
        conversation.answer.manner == .silence
        ? WebServer.longestSilence : conversation.answer.after
      guard wait > .zero else { return step(conversation) }
      conversation.suspend(for: wait)
      return MHD_Result.YES
    case .waiting:
      switch conversation.answer.manner {
      case .hangUp, .silence: return MHD_Result.NO
      default: return conversation.begin()
      }
    case .answering: return MHD_Result.YES
    }
  }
}
