// One request over HTTP and what came of it, as this room's user sees them.

package import Model

/// A request. Over TLS unless its URL says `http`, which is for the metadata service alone.
package struct Outgoing: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
  }

  package var method: Method
  package var url: String
  package var headers: [(name: String, value: String)]
  /// Goes into `Authorization: Bearer` and nowhere else.
  package var token: String?
  package var body: [UInt8]
  /// Until a connection stands, and until the answer is whole.
  package var connectLimit: Nanoseconds
  package var limit: Nanoseconds
  package var bodyLimit: Int

  package init(
    _ method: Method, _ url: String, headers: [(name: String, value: String)] = [],
    token: String? = nil, body: [UInt8] = [], connectLimit: Nanoseconds = .seconds(5),
    limit: Nanoseconds = .seconds(20), bodyLimit: Int = 2 << 20
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.token = token
    self.body = body
    self.connectLimit = connectLimit
    self.limit = limit
    self.bodyLimit = bodyLimit
  }
}

/// An answer that came to its end.
package struct Incoming: Equatable, Sendable {
  package struct Header: Equatable, Sendable {
    /// In lower case.
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package var status: Int
  package var headers: [Header] = []
  package var body: [UInt8] = []
}

/// Why there is none.
package enum Failure: Error, Equatable, Sendable {
  case noAddress
  case refused
  case certificate
  case secureChannel
  /// The name of the protocol is not one that is spoken, or the URL is none.
  case badURL
  case timeout(mayHaveArrived: Bool)
  case broken(mayHaveArrived: Bool)
  case tooLong
  case other(Int32)
}

package struct ExchangeID: Hashable, Sendable {
  package let number: UInt64
}

/// A descriptor that the loop has to watch for this room; for nothing means no longer.
package struct SocketWatch: Equatable, Sendable {
  package var descriptor: Int32
  package var reads: Bool
  package var writes: Bool

  package var isOver: Bool { !reads && !writes }
}
