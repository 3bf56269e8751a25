// A request as the web server's owner sees it, and the answer that he gives.

package import Model

package struct WebHeader: Hashable, Sendable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

package struct WebRequest: Hashable, Sendable {
  package var method: String
  /// Path and query as they came.
  package var target: String
  package var headers: [WebHeader] = []
  package var body: [UInt8] = []
  package var from: IPv4Address
}

package struct WebAnswer: Hashable, Sendable {
  /// How the bytes leave.
  package enum Manner: Hashable, Sendable {
    case whole
    /// The announced length is that of the whole, and the connection ends behind so many bytes.
    case cut(after: Int)
    /// Byte by byte, with a pause between two.
    case drip(every: Nanoseconds)
    /// Blanks behind the body up to this length.
    case flood(to: Int64)
    /// The connection ends and nothing was said.
    case hangUp
    /// The connection stays and nothing is said; it ends when the server's patience does.
    case silence
  }

  package var status: Int
  package var headers: [WebHeader]
  package var body: [UInt8]
  package var manner: Manner
  /// How long until the answer begins.
  package var after: Nanoseconds

  package init(
    _ status: Int, _ headers: [WebHeader] = [], _ body: [UInt8] = [], manner: Manner = .whole,
    after: Nanoseconds = .zero
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.manner = manner
    self.after = after
  }
}

/// Who a server says that it is.
package struct Identity: Sendable {
  /// A chain in PEM, its own certificate first.
  package var certificate: String
  package var key: String
  /// GnuTLS' words for what is spoken; `NORMAL` is its own choice.
  package var priorities: String

  package init(certificate: String, key: String, priorities: String = Identity.modern) {
    self.certificate = certificate
    self.key = key
    self.priorities = priorities
  }

  package static let modern = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
  /// For clients that have to refuse it.
  package static let old = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:+SIGN-ALL:%COMPAT"
}

package enum WebServerError: Error, Equatable, CustomStringConvertible {
  /// The address is taken, or is not ours; or the certificate is none.
  case cannotListen(IPv4Address, UInt16)
  case certificate(Int32)

  package var description: String {
    switch self {
    case .cannotListen(let address, let port): "cannot listen on \(address) port \(port)"
    case .certificate(let code): "GnuTLS makes no certificate: error \(code)"
    }
  }
}
