// One exchange on its way: the memory that libcurl writes to and reads from.

import CCurl
import Model

/// Lives from its start until libcurl has let go of it.
@safe
final class Flight {
  /// Bytes of all headers of an answer.
  static let headerLimit = 64 << 10
  /// Headers of one answer.
  static let headerCount = 200

  let id: ExchangeID
  let easy: OpaqueEasy
  private let body: [UInt8]
  private let bodyLimit: Int
  private var list: UnsafeMutablePointer<curl_slist>?
  private(set) var answer = Incoming(status: 0)
  private var headerBytes = 0
  private(set) var isTooLong = false
  /// A write has left, as far as libcurl knows.
  private var isSent = false

  @safe
  struct OpaqueEasy {
    let pointer: UnsafeMutableRawPointer
  }

  init?(_ outgoing: Outgoing, _ id: ExchangeID, authority: String?) {
    guard let pointer = unsafe curl_easy_init() else { return nil }
    unsafe easy = OpaqueEasy(pointer: pointer)
    self.id = id
    body = outgoing.body
    bodyLimit = outgoing.bodyLimit
    let isSecure = outgoing.url.lowercased().hasPrefix("https://")
    setSafety(isSecure, authority)
    set(CURLOPT_CONNECTTIMEOUT_MS, outgoing.connectLimit.milliseconds)
    set(CURLOPT_TIMEOUT_MS, outgoing.limit.milliseconds)
    set(CURLOPT_URL, outgoing.url)
    setHeaders(outgoing)
    setBody(outgoing)
    unsafe ccurl_set_taker(easy.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, flight in
      unsafe Flight.of(flight)?.takeBody(bytes, size * count) ?? 0
    }
    unsafe ccurl_set_taker(easy.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, flight in
      unsafe Flight.of(flight)?.takeHeader(bytes, size * count) ?? 0
    }
    let own = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe ccurl_set_pointer(easy.pointer, CURLOPT_WRITEDATA, own)
    unsafe ccurl_set_pointer(easy.pointer, CURLOPT_HEADERDATA, own)
    unsafe ccurl_set_pointer(easy.pointer, CURLOPT_PRIVATE, own)
    if outgoing.method != .get { unsafe sendOnce(own) }
  }

  /// A kept connection may break before an answer comes; libcurl would then send the request again
  /// on another one. Whether a write took place is not for it to guess.
  private func sendOnce(_ own: UnsafeMutableRawPointer) {
    let result = unsafe ccurl_set_permit(easy.pointer) { flight, _, _, _, _ in
      guard let flight = unsafe Flight.of(flight), !flight.isSent else {
        return Int32(CURL_PREREQFUNC_ABORT)
      }
      flight.isSent = true
      return Int32(CURL_PREREQFUNC_OK)
    }
    precondition(result == CURLE_OK, "libcurl knows this option")
    unsafe ccurl_set_pointer(easy.pointer, CURLOPT_PREREQDATA, own)
  }

  deinit {
    unsafe curl_easy_cleanup(easy.pointer)
    unsafe curl_slist_free_all(list)
  }

  static func of(_ pointer: UnsafeMutableRawPointer?) -> Flight? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<Flight>.fromOpaque(pointer).takeUnretainedValue()
  }

  private func set(_ option: CURLoption, _ value: Int64) {
    let result = unsafe ccurl_set_long(easy.pointer, option, Int(value))
    precondition(result == CURLE_OK, "libcurl knows this option")
  }

  private func set(_ option: CURLoption, _ value: String) {
    let result = unsafe ccurl_set_text(easy.pointer, option, value)
    precondition(result == CURLE_OK, "libcurl knows this option")
  }

  /// What holds for every exchange, whoever asks for it.
  private func setSafety(_ isSecure: Bool, _ authority: String?) {
    // No signals: they would end other waits of this thread.
    set(CURLOPT_NOSIGNAL, 1)
    // Only what the URL says now; no redirect ever gets a second request, so none gets the token.
    set(CURLOPT_PROTOCOLS_STR, isSecure ? "https" : "http")
    set(CURLOPT_FOLLOWLOCATION, 0)
    // The environment may name a proxy; neither the metadata nor the token is for it.
    set(CURLOPT_PROXY, "")
    set(CURLOPT_NOPROXY, "*")
    set(CURLOPT_NETRC, Int64(CURL_NETRC_IGNORED.rawValue))
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int64(CURL_SSLVERSION_TLSv1_2))
    if let authority { set(CURLOPT_CAINFO, authority) }
    // One exchange at a time on a connection, which is kept for the next.
    set(CURLOPT_HTTP_VERSION, Int64(CURL_HTTP_VERSION_1_1))
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_PATH_AS_IS, 1)
    // Nothing is unpacked, so a small answer cannot become a large one.
    set(CURLOPT_HTTP_CONTENT_DECODING, 0)
  }

  private func setHeaders(_ outgoing: Outgoing) {
    // No wait for "100 Continue", and no header that libcurl would add by itself.
    var lines = ["Expect:", "Content-Type:"]
    for header in outgoing.headers {
      let line = "\(header.name): \(header.value)"
      // A line break would begin a header of somebody else's choice.
      precondition(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a header is one line")
      if header.name.lowercased() == "content-type" { lines.removeAll { $0 == "Content-Type:" } }
      lines.append(line)
    }
    if let token = outgoing.token {
      precondition(token.utf8.allSatisfy { (0x21...0x7e).contains($0) }, "a token is one word")
      lines.append("Authorization: Bearer \(token)")
    }
    for line in lines {
      guard let longer = unsafe curl_slist_append(list, line) else {
        preconditionFailure("no memory")
      }
      unsafe list = longer
    }
    unsafe ccurl_set_list(easy.pointer, CURLOPT_HTTPHEADER, list)
  }

  private func setBody(_ outgoing: Outgoing) {
    if outgoing.method != .get { set(CURLOPT_CUSTOMREQUEST, outgoing.method.rawValue) }
    if body.isEmpty, outgoing.method == .get || outgoing.method == .delete { return }
    set(CURLOPT_POSTFIELDSIZE, Int64(body.count))
    // libcurl copies it: an array's own memory has no address that stays. One byte more, so that an
    // empty body has an address too.
    let result = unsafe (body + [0]).withUnsafeBytes { bytes in
      unsafe ccurl_set_pointer(easy.pointer, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
    }
    precondition(result == CURLE_OK, "libcurl takes a body")
  }

  // MARK: What comes in

  private func takeBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes = unsafe bytes, answer.body.count + count <= bodyLimit else {
      isTooLong = true
      return 0
    }
    unsafe answer.body.append(contentsOf: Flight.raw(bytes, count))
    return count
  }

  private func takeHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    headerBytes += count
    guard let bytes = unsafe bytes, headerBytes <= Flight.headerLimit,
      answer.headers.count < Flight.headerCount
    else {
      isTooLong = true
      return 0
    }
    let line = unsafe String(decoding: Flight.raw(bytes, count), as: UTF8.self)
    // A new status line: what came before was provisional (100 to 199).
    if line.hasPrefix("HTTP/") {
      answer.headers = []
      return count
    }
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return count }
    let value = line[line.utf8.index(after: colon)...]
    answer.headers.append(
      Incoming.Header(
        name: line[..<colon].lowercased(), value: String(Flight.trimmed(value))))
    return count
  }

  private static func raw(
    _ bytes: UnsafeMutablePointer<CChar>, _ count: Int
  ) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: bytes, count: count)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var rest = text
    while let first = rest.unicodeScalars.first, first.value <= 0x20 {
      rest = Substring(rest.unicodeScalars.dropFirst())
    }
    while let last = rest.unicodeScalars.last, last.value <= 0x20 {
      rest = Substring(rest.unicodeScalars.dropLast())
    }
    return rest
  }

  // MARK: The end

  func finished(_ code: CURLcode) -> Result<Incoming, Failure> {
    if isTooLong { return .failure(.tooLong) }
    guard code == CURLE_OK else { return .failure(failure(code)) }
    answer.status = long(CURLINFO_RESPONSE_CODE)
    return .success(answer)
  }

  /// Whether something of the request has left.
  private var mayHaveArrived: Bool { long(CURLINFO_REQUEST_SIZE) > 0 }

  private func long(_ info: CURLINFO) -> Int {
    var value = 0
    let result = unsafe ccurl_get_long(easy.pointer, info, &value)
    precondition(result == CURLE_OK, "libcurl knows this")
    return value
  }

  private func failure(_ code: CURLcode) -> Failure {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .noAddress
    case CURLE_COULDNT_CONNECT: .refused
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE:
      .certificate
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ENGINE_INITFAILED: .secureChannel
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: .badURL
    case CURLE_OPERATION_TIMEDOUT: .timeout(mayHaveArrived: mayHaveArrived)
    case CURLE_ABORTED_BY_CALLBACK: .broken(mayHaveArrived: true)
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
      CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2:
      .broken(mayHaveArrived: mayHaveArrived)
    default: .other(Int32(code.rawValue))
    }
  }
}
