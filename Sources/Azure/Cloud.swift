// The clouds that Azure consists of, and where each has its management endpoint.

/// A separate Azure with an endpoint and identities of its own.
package enum Cloud: String, CaseIterable, Sendable {
  case world = "AzurePublicCloud"
  case usGovernment = "AzureUSGovernmentCloud"
  case china = "AzureChinaCloud"

  /// Reads what the metadata service calls `azEnvironment`.
  package init?(environment: some StringProtocol) {
    let wanted = environment.lowercased()
    guard let cloud = Cloud.allCases.first(where: { $0.rawValue.lowercased() == wanted }) else {
      return nil
    }
    self = cloud
  }

  /// The host of the resource manager.
  package var managementHost: String {
    switch self {
    case .world: "management.azure.com"
    case .usGovernment: "management.usgovcloudapi.net"
    case .china: "management.chinacloudapi.cn"
    }
  }

  package var management: Endpoint { Endpoint(host: managementHost) }

  /// For whom a token is asked. The slash at the end belongs to it: without one the token service
  /// gives a token that the resource manager may refuse.
  package var audience: String { "https://\(managementHost)/" }
}

/// Where a server listens. Everything but metadata is spoken to over TLS.
package struct Endpoint: Hashable, Sendable {
  package static let securePort: UInt16 = 443

  package var isSecure: Bool
  package var host: String
  package var port: UInt16

  package init(host: String, port: UInt16 = Endpoint.securePort) {
    isSecure = true
    self.host = host.lowercased()
    self.port = port
  }

  private init(plainHost: String, port: UInt16) {
    isSecure = false
    host = plainHost
    self.port = port
  }

  /// The instance metadata service: the same link-local address in every cloud, without TLS, since
  /// nothing between the machine and its own host could listen.
  package static let metadata = Endpoint(plainHost: "169.254.169.254", port: 80)

  /// A metadata service of a laboratory.
  package static func plain(_ host: String, _ port: UInt16) -> Endpoint {
    Endpoint(plainHost: host, port: port)
  }

  /// Reads `https://HOST[:PORT]` or `http://HOST[:PORT]`, with or without a slash at the end. A
  /// host is a name or an IPv4 address.
  package init?(url: some StringProtocol) {
    let isSecure = url.lowercased().hasPrefix("https://")
    guard isSecure || url.lowercased().hasPrefix("http://") else { return nil }
    var rest = url.dropFirst(isSecure ? 8 : 7)
    if rest.last == "/" { rest = rest.dropLast() }
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, parts.count <= 2, Endpoint.isHost(host) else { return nil }
    var port: UInt16 = isSecure ? Endpoint.securePort : 80
    if parts.count == 2 {
      guard let given = UInt16(parts[1]), given > 0 else { return nil }
      port = given
    }
    self.isSecure = isSecure
    self.host = host.lowercased()
    self.port = port
  }

  /// Letters, digits, dots and hyphens (RFC 1123 section 2.1), as long as a name may be.
  private static func isHost(_ text: some StringProtocol) -> Bool {
    (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// The scheme, host and port as an URL begins.
  package var origin: String {
    let usual: UInt16 = isSecure ? Endpoint.securePort : 80
    return (isSecure ? "https://" : "http://") + host + (port == usual ? "" : ":\(port)")
  }
}
