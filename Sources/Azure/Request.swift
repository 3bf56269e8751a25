// A request as a value: everything but the token, which only the edge knows.

/// One HTTP request. Who writes it out adds `Host`, and for `needsToken` the bearer token, so that
/// neither a log nor a recording of requests can hold one.
package struct Request: Hashable, Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
  }

  /// Bytes of a path with its query. Operations have been seen with queries of 3.2 kB; Azure asks
  /// clients to take 4 kB and more.
  package static let targetLimit = 16_384

  package var endpoint: Endpoint
  package var method: Method
  /// Path and query.
  package var target: String
  package var needsToken: Bool
  /// The metadata service answers nobody who does not say that he means it.
  package var isForMetadata: Bool { !needsToken }
  /// Write only when the resource still has this tag (RFC 9110 section 13.1.1).
  package var ifMatch: String?
  /// JSON; empty when there is none.
  package var body: [UInt8]

  package init(
    _ method: Method, _ endpoint: Endpoint, _ target: String, needsToken: Bool = true,
    ifMatch: String? = nil, body: [UInt8] = []
  ) {
    self.endpoint = endpoint
    self.method = method
    self.target = target
    self.needsToken = needsToken
    self.ifMatch = ifMatch
    self.body = body
  }

  /// Whether it changes something.
  package var isWrite: Bool { method == .put || method == .delete }

  package var url: String { endpoint.origin + target }

  /// The headers besides `Host`, `Content-Length` and the token.
  package var headers: [(name: String, value: String)] {
    var result = [(name: "Accept", value: "application/json")]
    if isForMetadata { result.append(("Metadata", "true")) }
    if let ifMatch { result.append(("If-Match", ifMatch)) }
    if !body.isEmpty { result.append(("Content-Type", "application/json")) }
    return result
  }
}

extension Request {
  /// A poll of an operation that the server named. Only an URL of the endpoint itself is followed:
  /// the token must never leave for another host, whatever an answer says.
  package static func poll(_ url: String, of endpoint: Endpoint) -> Request? {
    guard url.utf8.count <= targetLimit,
      url.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "#") })
    else { return nil }
    let scheme = endpoint.isSecure ? "https://" : "http://"
    guard url.prefix(scheme.count).lowercased() == scheme else { return nil }
    let rest = url.dropFirst(scheme.count)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash].lowercased()
    let usual: UInt16 = endpoint.isSecure ? Endpoint.securePort : 80
    guard
      authority == "\(endpoint.host):\(endpoint.port)"
        || (authority == endpoint.host && endpoint.port == usual)
    else { return nil }
    guard slash != rest.endIndex, !rest[..<slash].contains("?") else { return nil }
    return Request(.get, endpoint, String(rest[slash...]))
  }
}
