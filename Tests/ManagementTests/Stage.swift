// A simulated cloud and a clock that is turned by hand.

import Management
import Model
import Platform
import Testing

/// One machine `a` in a subnet with the route table `udr`, and a good token.
final class Stage {
  static let origin = "https://management.azure.com"
  static let group =
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/lab/providers"
  static let table = "\(group)/Microsoft.Network/routeTables/udr"
  static let version = "?api-version=2024-05-01"

  var cloud: SimulatedCloud
  var now = Instant(nanoseconds: 1_000_000_000)
  var wall: Int64 = 1_800_000_000
  var token = ""

  init(_ change: (inout Estate) -> Void = { _ in }) throws {
    var estate = Estate()
    let prefix = try #require(Prefix("10.0.2.0/24"))
    estate.subnets = [Estate.Subnet(name: "pair", prefix: prefix, table: "udr")]
    estate.machines = ["a", "b"].enumerated().map { index, name in
      Estate.Machine(
        name: name,
        interfaces: [
          Estate.Interface(
            name: "\(name)-nic", address: IPv4Address(10, 0, 2, UInt8(10 * (index + 1))),
            subnet: "pair", mac: MACAddress(bits: 0x000d_3a00_000a + UInt64(index)))
        ])
    }
    estate.tables = ["udr"]
    change(&estate)
    cloud = SimulatedCloud(estate, seed: 7)
    token = try fetchToken()
  }

  func pass(_ length: Nanoseconds) {
    now = now + length
    wall += length.seconds
    cloud.settle(at: now)
  }

  func cause(_ trouble: Trouble) -> Bool { cloud.cause(trouble) }

  func mend(_ door: Door?) -> Int { cloud.mend(door, nil) }

  func setBudget(_ kind: String, _ count: Int64) -> Bool {
    cloud.setBudget(kind, count, at: now)
  }

  func meddle(_ table: String, _ route: String, _ hop: IPAddress?) -> Bool {
    cloud.meddle(table, route, prefix: nil, hop: hop, at: now)
  }

  func programs() -> [ResourceManager.Program] { cloud.manager.takePrograms(at: now) }

  // MARK: Calls

  func conduct(
    _ method: String, _ target: String, _ headers: [Pair] = [], body: String = ""
  ) -> Conduct {
    let call = Call(
      method, target, headers: headers + [Pair("authorization", "Bearer \(token)")],
      body: Array(body.utf8))
    return cloud.answer(call, at: .rest, origin: Stage.origin, now: now, wall: wall)
  }

  func ask(
    _ method: String, _ target: String, _ headers: [Pair] = [], body: String = ""
  ) -> Reply {
    conduct(method, target, headers, body: body).reply
  }

  func put(
    _ hop: String, _ headers: [Pair] = [], route: String = "vip", prefix: String = "10.64.0.0/12"
  ) -> Reply {
    let body = """
      {"properties":{"addressPrefix":"\(prefix)","nextHopType":"VirtualAppliance",\
      "nextHopIpAddress":"\(hop)"}}
      """
    return ask("PUT", "\(Stage.table)/routes/\(route)\(Stage.version)", headers, body: body)
  }

  func get() -> Reply { ask("GET", "\(Stage.table)/routes/vip\(Stage.version)") }

  /// The next hop that a read shows; nil when there is no such route.
  func hop() -> String? { get().json?["properties"]?["nextHopIpAddress"]?.string }

  func poll(_ reply: Reply, _ header: String = "azure-asyncoperation") -> Reply {
    let url = reply.header(header) ?? ""
    return ask("GET", String(url.dropFirst(Stage.origin.count)))
  }

  func metadata(
    _ target: String, _ headers: [Pair] = [Pair("Metadata", "true")], method: String = "GET",
    body: String = "", from: IPv4Address = IPv4Address(10, 0, 2, 10)
  ) -> Conduct {
    let call = Call(method, target, headers: headers, body: Array(body.utf8), from: from)
    return cloud.answer(
      call, at: .metadata, origin: "http://169.254.169.254", now: now, wall: wall)
  }

  static let tokenTarget =
    "/metadata/identity/oauth2/token?api-version=2018-02-01"
    + "&resource=https%3A%2F%2Fmanagement.azure.com%2F"

  func fetchToken() throws -> String {
    try #require(metadata(Stage.tokenTarget).reply.json?["access_token"]?.string)
  }
}

extension Reply {
  var json: JSON? { JSON(body) }
  /// The code of an error, and that of its first detail.
  var code: String? { json?["error"]?["code"]?.string }
  var detail: String? { json?["error"]?["details"]?.array?.first?["code"]?.string }
}
