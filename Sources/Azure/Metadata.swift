// What the metadata service is asked, and what it says of this machine.

package import Model

/// Calls to the metadata service. Whoever makes them uses no proxy and follows no redirect.
package enum Metadata {
  /// The wait for a connection: the service is on the machine's own host.
  package static let connectLimit = Nanoseconds.seconds(2)
  /// Calls in a second that the service allows, to all programs of the machine together.
  package static let callsPerSecond = 5

  package static func token(
    _ identity: Identity, audience: String, at endpoint: Endpoint
  ) -> Request {
    var target =
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=\(encoded(audience))"
    switch identity {
    case .system: break
    case .client(let id): target += "&client_id=\(encoded(id))"
    case .object(let id): target += "&object_id=\(encoded(id))"
    case .resource(let id): target += "&msi_res_id=\(encoded(id.path))"
    }
    return Request(.get, endpoint, target, needsToken: false)
  }

  package static func instance(at endpoint: Endpoint) -> Request {
    Request(.get, endpoint, "/metadata/instance?api-version=2021-02-01", needsToken: false)
  }

  package static func scheduledEvents(at endpoint: Endpoint) -> Request {
    Request(.get, endpoint, eventsTarget, needsToken: false)
  }

  /// Lets an event begin before its time. It counts for all its resources.
  package static func start(_ event: String, at endpoint: Endpoint) -> Request {
    let body = "{\"StartRequests\":[{\"EventId\":\(JSON.quoted(event))}]}"
    return Request(.post, endpoint, eventsTarget, needsToken: false, body: Array(body.utf8))
  }

  private static let eventsTarget = "/metadata/scheduledevents?api-version=2020-07-01"

  /// Percent encoding of everything but the unreserved characters (RFC 3986 section 2.3).
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += "%"
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
      }
    }
    return result
  }
}

/// What this machine is in Azure.
package struct Machine: Hashable, Sendable {
  package struct Interface: Hashable, Sendable {
    /// Twelve digits, in lower case and without separators.
    package var mac: String
    package var addresses: [IPAddress]
  }

  package var name: String
  /// Its name in scheduled events, which is not always the name of the machine.
  package var id: ResourceID
  /// Nothing for a cloud that we do not know.
  package var cloud: Cloud?
  package var interfaces: [Interface]

  /// Interfaces of one machine; the largest have eight.
  package static let interfaceLimit = 64

  /// Reads the answer about the instance.
  package init?(_ body: [UInt8]) {
    guard let read = JSON.read(Fields.self, body), let compute = read.compute,
      let id = compute.resourceId.flatMap({ ResourceID($0) })
    else { return nil }
    self.id = id
    name = compute.name ?? id.name
    cloud = compute.azEnvironment.flatMap { Cloud(environment: $0) }
    interfaces = (read.network?.interface ?? []).prefix(Machine.interfaceLimit).map { entry in
      let four = (entry.ipv4?.ipAddress ?? []).compactMap { $0.privateIpAddress }
      let six = (entry.ipv6?.ipAddress ?? []).compactMap { $0.privateIpAddress }
      return Interface(
        mac: (entry.macAddress ?? "").lowercased().filter(\.isHexDigit),
        addresses: (four + six).compactMap { IPAddress($0) })
    }
  }

  private struct Fields: Decodable {
    struct Compute: Decodable {
      var name: String?
      var resourceId: String?
      var azEnvironment: String?
    }
    struct Address: Decodable { var privateIpAddress: String? }
    struct Family: Decodable { var ipAddress: [Address]? }
    struct Entry: Decodable {
      var macAddress: String?
      var ipv4: Family?
      var ipv6: Family?
    }
    struct Network: Decodable { var interface: [Entry]? }
    var compute: Compute?
    var network: Network?
  }
}
