// From a machine to the table of its subnet, answer by answer, and what can be in the way.

import Azure
import Model
import Testing

struct DiscoveryTests {
  static let group = "/subscriptions/s/resourceGroups/g/providers"
  static let machine = group + "/Microsoft.Compute/virtualMachines/nva1"
  static let network = group + "/Microsoft.Network/virtualNetworks/v"
  static let table = group + "/Microsoft.Network/routeTables/rt"

  static func interface(_ name: String) -> String {
    group + "/Microsoft.Network/networkInterfaces/\(name)"
  }

  /// What the simulated cloud says to a path.
  static func body(_ target: String, table: String? = DiscoveryTests.table) -> String? {
    let path = String(target.prefix { $0 != "?" })
    switch path {
    case "/metadata/instance":
      return "{\"compute\":{\"name\":\"nva1\",\"resourceId\":\"\(machine)\","
        + "\"azEnvironment\":\"AzurePublicCloud\"},\"network\":{\"interface\":["
        + "{\"macAddress\":\"000D3A\",\"ipv4\":{\"ipAddress\":"
        + "[{\"privateIpAddress\":\"10.0.0.4\",\"publicIpAddress\":\"\"}]}}]}}"
    case machine:
      return "{\"properties\":{\"networkProfile\":{\"networkInterfaces\":["
        + "{\"id\":\"\(interface("outside"))\"},{\"id\":\"\(interface("inside"))\"}]}}}"
    case interface("outside"), interface("inside"):
      let isInside = path.hasSuffix("inside")
      return "{\"properties\":{\"enableIPForwarding\":\(isInside),\"ipConfigurations\":["
        + "{\"properties\":{\"privateIPAddress\":\"10.0.\(isInside ? 1 : 0).4\",\"subnet\":"
        + "{\"id\":\"\(network)/subnets/\(isInside ? "lan" : "wan")\"}}}]}}"
    case network:
      let route = table.map { "{\"routeTable\":{\"id\":\"\($0)\"}}" } ?? "{}"
      // Azure answers with other letters than it was asked with.
      return "{\"properties\":{\"subnets\":[{\"id\":\"\(network)/subnets/wan\",\"properties\":{}},"
        + "{\"id\":\"\(network.lowercased())/subnets/LAN\",\"properties\":\(route)}]}}"
    default: return nil
    }
  }

  private func discovery(_ last: UInt8 = 1) -> Discovery {
    Discovery(
      of: .v4(IPv4Address(10, 0, last, 4)), management: Cloud.world.management, seed: 1, now: .zero)
  }

  /// Answers until nothing more is asked at this time; gives the paths.
  private func run(
    _ discovery: inout Discovery, table: String? = DiscoveryTests.table, at now: Instant
  ) -> [String] {
    var paths: [String] = []
    while let (id, request) = discovery.turn(at: now) {
      paths.append(String(request.target.prefix { $0 != "?" }))
      let text = DiscoveryTests.body(request.target, table: table)
      let answer = text.map { Answer(status: 200, body: Array($0.utf8)) }
      discovery.answered(id, answer ?? Answer(status: 404), at: now)
    }
    return paths
  }

  @Test func theTableOfOurSubnetIsFound() throws {
    var discovery = discovery()
    let paths = run(&discovery, at: .zero)
    #expect(
      paths == [
        "/metadata/instance", DiscoveryTests.machine, DiscoveryTests.interface("outside"),
        DiscoveryTests.interface("inside"), DiscoveryTests.network,
      ])
    let place = try #require(discovery.place)
    #expect(place.table == ResourceID(DiscoveryTests.table))
    #expect(place.interface.name == "inside")
    #expect(place.forwards)
    #expect(discovery.deadline == nil)
  }

  @Test func aSubnetMayHaveNone() throws {
    var discovery = discovery()
    _ = run(&discovery, table: nil, at: .zero)
    let place = try #require(discovery.place)
    #expect(place.table == nil)
  }

  @Test func anAddressThatNobodyHasIsSaid() throws {
    var discovery = discovery(9)
    _ = run(&discovery, at: .zero)
    #expect(discovery.place == nil)
    #expect(discovery.trouble == .addressUnknown(.v4(IPv4Address(10, 0, 9, 4))))
    // It is looked for again, and not in a busy loop.
    let due = try #require(discovery.deadline)
    #expect(due >= Instant(nanoseconds: 20_000_000_000))
    let again = run(&discovery, at: due)
    #expect(again.count == 4)
  }

  @Test func theMissingActionIsNamed() throws {
    var discovery = discovery()
    var step = 0
    while let (id, request) = discovery.turn(at: .zero) {
      step += 1
      let text = try #require(DiscoveryTests.body(request.target))
      let refused = SimulatedManager.error(403, "AuthorizationFailed")
      discovery.answered(
        id, step == 3 ? refused : Answer(status: 200, body: Array(text.utf8)), at: .zero)
    }
    guard case .forbidden(let action, _) = discovery.trouble else {
      Issue.record("nobody is told")
      return
    }
    #expect(action == "Microsoft.Network/networkInterfaces/read")
    // The permission was given: it goes on where it was.
    let due = try #require(discovery.deadline)
    let paths = run(&discovery, at: due)
    #expect(paths.first == DiscoveryTests.interface("outside"))
    #expect(discovery.place != nil)
  }

  @Test func answersThatAreCutChangeNothing() throws {
    for count in 0..<40 {
      var discovery = discovery()
      let turn = discovery.turn(at: .zero)
      let (id, _) = try #require(turn)
      let text = try #require(DiscoveryTests.body("/metadata/instance"))
      discovery.answered(id, Answer(status: 200, body: Array(text.utf8.prefix(count))), at: .zero)
      #expect(discovery.trouble == .unreadable)
    }
  }
}
