// An answer of the resource manager or of the metadata service, and what it means.

package import Model

/// What came back, whole: bytes that did not come to an end are a `Loss`.
package struct Answer: Hashable, Sendable {
  /// Bytes of a body. The largest that is asked for is a table of 600 routes, of 600 bytes each.
  package static let bodyLimit = 2 << 20
  /// Bytes of all headers: room for two operation URLs of 4 kB and more.
  package static let headerLimit = 64 << 10

  package var status: Int
  /// Names in lower case.
  package var headers: [Header]
  package var body: [UInt8]

  package struct Header: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name.lowercased()
      self.value = value
    }
  }

  package init(status: Int, headers: [Header] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.value
  }

  /// Seconds of `Retry-After`. The form with a date is not read: it would need a wall clock that
  /// agrees with the server's.
  package var retryAfter: Nanoseconds? {
    guard let text = header("retry-after"), let seconds = Int64(text), seconds >= 0 else {
      return nil
    }
    return min(.seconds(seconds), Answer.longestRetryAfter)
  }

  /// Nobody makes us wait for longer than that. Throttling of the resource manager lasts for
  /// minutes, an hour at most in its older form.
  package static let longestRetryAfter = Nanoseconds.seconds(3_600)
}

/// Why there is no answer.
package enum Loss: Error, Hashable, Sendable {
  /// Nothing has left for certain: no address, no connection, no TLS, no token.
  case notSent(Reason)
  /// The request may have arrived, and may have been carried out.
  case unanswered(Reason)

  package enum Reason: String, Hashable, Sendable {
    case noAddress = "the name has no address"
    case refused = "nobody accepts the connection"
    case certificate = "the certificate is not right"
    case secureChannel = "no secure connection"
    case timeout = "no answer in time"
    case broken = "the connection broke"
    case tooLong = "the answer is longer than it may be"
    case unreadable = "the answer is no HTTP"
    case noToken = "no token"
    case cancelled = "given up"
  }

  package var reason: Reason {
    switch self {
    case .notSent(let reason), .unanswered(let reason): reason
    }
  }
}
