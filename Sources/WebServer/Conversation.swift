// One request on its way through libmicrohttpd: the memory of it between two callbacks.

import CMicrohttpd
import Model

/// Lives from the request's first line until libmicrohttpd has let go of it.
@safe
final class Conversation {
  enum Stage {
    case arriving
    /// The answer is known and has not begun.
    case waiting
    case answering
  }

  /// Of a request. We chose it: a full route table has about 200 kB.
  static let bodyLimit = 4 << 20

  let connection: OpaquePointer
  var request: WebRequest
  var stage = Stage.arriving
  var isTooLong = false
  var answer = WebAnswer(500)
  /// When a connection that was suspended goes on.
  var wake: Instant?
  /// Bytes that were sent when it was suspended.
  private var pausedAt: UInt64?
  /// Whom to tell that there is something to wake.
  private let server: () -> WebServer?

  init(
    _ connection: OpaquePointer, target: String, from: IPv4Address,
    _ server: @escaping () -> WebServer?
  ) {
    unsafe self.connection = connection
    request = WebRequest(method: "", target: target, from: from)
    self.server = server
  }

  static func of(_ pointer: UnsafeMutableRawPointer?) -> Conversation? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<Conversation>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Takes a piece of the body.
  func take(_ bytes: UnsafePointer<CChar>?, _ count: Int) {
    guard let bytes = unsafe bytes, request.body.count + count <= Conversation.bodyLimit else {
      isTooLong = true
      return
    }
    unsafe request.body.append(
      contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count))
  }

  func takeHeaders() {
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    _ = unsafe MHD_get_connection_values(
      connection, .HEADER_KIND,
      { own, _, name, value in
        guard let conversation = unsafe Conversation.of(own), let name = unsafe name else {
          return MHD_Result.NO
        }
        let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
        conversation.request.headers.append(
          WebHeader(name: unsafe String(cString: name), value: text))
        return MHD_Result.YES
      }, own)
  }

  // MARK: The answer

  /// Gives the answer to libmicrohttpd.
  func begin() -> MHD_Result {
    stage = .answering
    guard let response = unsafe response() else { return MHD_Result.NO }
    defer { unsafe MHD_destroy_response(response) }
    for header in answer.headers {
      unsafe MHD_add_response_header(response, header.name, header.value)
    }
    return unsafe MHD_queue_response(connection, UInt32(answer.status), response)
  }

  private func response() -> OpaquePointer? {
    if answer.manner == .whole {
      return unsafe (answer.body + [0]).withUnsafeBufferPointer { bytes in
        // It is copied, so nobody writes to it.
        let memory = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return unsafe MHD_create_response_from_buffer(
          answer.body.count, memory, .RESPMEM_MUST_COPY)
      }
    }
    // It lives as long as this request does, for whose end libmicrohttpd calls us.
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    return unsafe MHD_create_response_from_callback(
      UInt64(length), Conversation.blockSize,
      { own, place, buffer, room in
        guard let conversation = unsafe Conversation.of(own), let buffer = unsafe buffer else {
          return cmicrohttpd_broken
        }
        return unsafe conversation.next(at: place, buffer, room)
      }, own, nil)
  }

  /// What libmicrohttpd asks for at once.
  private static let blockSize = 64 << 10

  private var length: Int64 {
    if case .flood(let size) = answer.manner { return max(size, Int64(answer.body.count)) }
    return Int64(answer.body.count)
  }

  private func next(
    at place: UInt64, _ buffer: UnsafeMutablePointer<CChar>, _ room: Int
  ) -> Int {
    var end = answer.body.count
    var most = room
    switch answer.manner {
    case .cut(let after):
      end = min(end, after)
      if place >= UInt64(end) { return cmicrohttpd_broken }
    case .drip(let pause):
      if place > 0, pausedAt != place {
        pausedAt = place
        suspend(for: pause)
        return 0
      }
      most = 1
    default: break
    }
    let start = Int(place)
    if start < end {
      let count = min(most, end - start)
      for offset in 0..<count {
        unsafe buffer[offset] = CChar(bitPattern: answer.body[start + offset])
      }
      return count
    }
    let count = min(most, Int(length) - start)
    for offset in 0..<count { unsafe buffer[offset] = CChar(UInt8(ascii: " ")) }
    return count
  }

  /// Only from within a callback of libmicrohttpd.
  func suspend(for length: Nanoseconds) {
    guard let server = server() else { return }
    wake = server.now + length
    unsafe MHD_suspend_connection(connection)
  }
}
