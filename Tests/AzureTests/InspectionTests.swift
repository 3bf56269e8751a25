// What stands in the way in Azure is found and named, with the sentence that mends it.

import Azure
import Model
import Testing

struct InspectionTests {
  /// A cloud of values: what a path is answered with.
  private struct Cloud {
    var refused: [String: Answer] = [:]
    var routes = ""
    var disablesPropagation = false
    var missing: [String] = []
    var table: String? = DiscoveryTests.table
    var paths: [String] = []

    mutating func answer(_ request: Request) -> Answer {
      let path = String(request.target.prefix { $0 != "?" })
      paths.append(path)
      if let refused = refused[path] { return refused }
      let text: String?
      switch path {
      case DiscoveryTests.table:
        text =
          #"{"etag":"W/\"1\"","properties":{"disableBgpRoutePropagation":\#(disablesPropagation),"#
          + #""routes":[\#(routes)],"subnets":[{"id":"\#(DiscoveryTests.network)/subnets/lan"}]}}"#
      case DiscoveryTests.table + "/providers/Microsoft.Authorization/permissions":
        let list = missing.map { "\"\($0)\"" }.joined(separator: ",")
        text = #"{"value":[{"actions":["Microsoft.Network/*"],"notActions":[\#(list)]}]}"#
      default: text = DiscoveryTests.body(request.target, table: table)
      }
      return text.map { Answer(status: 200, body: Array($0.utf8)) } ?? Answer(status: 404)
    }
  }

  private static let hop = IPAddress.v4(IPv4Address(10, 0, 1, 4))

  /// Looks once, as the machine that carries `web`; `auto` unless tables are given.
  private func look(
    _ cloud: inout Cloud, tables: [ResourceID] = [], mode: String = "floor",
    routes: String = "10.64.0.0/12", crowd: [Prefix] = []
  ) throws -> (advice: [Advice], returns: [ReturnRoute]) {
    let text = """
      {"v":1,"id":"1","type":"desired","vip":"web","generation":"9.1","voice":"ours",
      "wanted":true,"mode":"\(mode)","routes":["\(routes)"],"next-hop":"10.0.1.4"}
      """
    let record = try #require(Desired(Array(text.utf8)))
    let prefix = try #require(Prefix("10.64.1.5"))
    var inspector = Inspector(
      Settings(routeTables: tables, address: Self.hop), [record],
      [Carriage(vip: "web", prefixes: [prefix], ownHop: Self.hop)], crowd: crowd,
      metadata: .metadata, management: nil, machine: nil, now: .zero)
    while let (id, request, _) = inspector.turn() { inspector.answered(id, cloud.answer(request)) }
    let advice = inspector.result(at: .zero)
    return (try #require(advice), inspector.returns)
  }

  @Test func nothingIsFoundWhereAllIsWell() throws {
    var cloud = Cloud()
    let (advice, returns) = try look(&cloud)
    #expect(advice.isEmpty, "\(advice)")
    // The machine's own routes decide whether that one comes back.
    #expect(returns.map(\.prefix) == [Prefix("10.64.0.0/12")])
    #expect(returns.map(\.hop) == [Self.hop])
    #expect(Set(cloud.paths).count == cloud.paths.count)
  }

  @Test func whatHidesAVIPIsFound() throws {
    var cloud = Cloud()
    cloud.disablesPropagation = true
    cloud.routes =
      #"{"name":"theirs","etag":"W/\"1\"","properties":{"addressPrefix":"10.64.1.5/32","#
      + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.9"}}"#
    let (advice, _) = try look(&cloud)
    #expect(
      advice.map(\.what) == [
        "table rt does not take the routes of route servers",
        "10.64.1.5/32 is hidden by route theirs of table rt",
      ])
    #expect(advice.allSatisfy { $0.isProblem })
    #expect(
      advice.map(\.fix) == [
        "az network route-table update --ids '\(DiscoveryTests.table)' "
          + "--disable-bgp-route-propagation false",
        "az network route-table route delete --ids '\(DiscoveryTests.table)/routes/theirs'",
      ])
    // Tables that take nothing of BGP are what `mirror` is for.
    let (mirrored, _) = try look(&cloud, mode: "mirror", routes: "10.64.1.5/32")
    #expect(!mirrored.contains { $0.what.contains("route servers") })
    #expect(mirrored.contains { $0.what.contains("already stands in table rt as route theirs") })
  }

  @Test func whatStandsInTheWayOfTheKernelsRoutesIsFound() throws {
    var cloud = Cloud()
    let prefix = try #require(Prefix("10.65.1.0/24"))
    cloud.routes =
      #"{"name":"theirs","etag":"W/\"1\"","properties":{"addressPrefix":"10.65.1.0/24","#
      + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.9.9"}}"#
    cloud.missing = ["Microsoft.Network/routeTables/routes/delete"]
    #expect(try look(&cloud).advice.isEmpty)
    let found = try look(&cloud, crowd: [prefix]).advice.map(\.what)
    #expect(found.contains("10.65.1.0/24 already stands in table rt as route theirs"))
    #expect(found.contains { $0.contains("lacks the action Microsoft.Network/routeTables/r") })
    cloud.missing = []
    cloud.routes = cloud.routes.replacing("theirs", with: "HOPSHIFT_10.65.1.0_24")
    #expect(try look(&cloud, crowd: [prefix]).advice.isEmpty)
  }

  @Test(arguments: [
    ("floor", ["Microsoft.Network/routeTables/routes/delete"], [String]()),
    (
      "fallback", ["Microsoft.Network/routeTables/routes/*"],
      ["Microsoft.Network/routeTables/routes/write", "Microsoft.Network/routeTables/routes/delete"]
    ), ("only", ["microsoft.network/ROUTETABLES/*"], ["x/read", "x/routes/write"]),
  ])
  func missingActionsAreNamed(_ mode: String, _ excluded: [String], _ named: [String]) throws {
    var cloud = Cloud()
    cloud.missing = excluded
    let (advice, _) = try look(&cloud, mode: mode)
    let actions = named.map { $0.replacing("x/", with: "Microsoft.Network/routeTables/") }
    #expect(advice.count == (named.isEmpty ? 0 : 1), "\(advice)")
    guard let first = advice.first else { return }
    #expect(first.what.hasSuffix("\(actions.joined(separator: ", ")) on rt"), "\(first.what)")
    #expect(
      first.fix.hasPrefix(
        "az role assignment create --assignee $(az vm show --ids '\(DiscoveryTests.machine)' "
          + "--query identity.principalId --output tsv) --role 'Network Contributor' --scope "
          + "'\(DiscoveryTests.table)'"))
  }

  @Test func whatMayNotBeReadIsNamed() throws {
    let words =
      #"{"error":{"code":"AuthorizationFailed","message":"The client 'c' with object id 'o' does "#
      + #"not have authorization to perform action 'Microsoft.Network/virtualNetworks/read' over "#
      + #"scope '/s' or the scope is invalid."}}"#
    var cloud = Cloud()
    cloud.refused[DiscoveryTests.network] = Answer(status: 403, body: Array(words.utf8))
    let (advice, _) = try look(&cloud)
    // Without the network nobody knows the table: for `auto` that is a problem.
    #expect(advice.map(\.isProblem) == [true])
    #expect(advice.first?.what.contains("Microsoft.Network/virtualNetworks/read on v") == true)
    let table = try #require(ResourceID(DiscoveryTests.table))
    let (listed, _) = try look(&cloud, tables: [table])
    #expect(listed.map(\.isProblem) == [false])
    #expect(cloud.paths.last?.hasSuffix("/permissions") == true)
  }

  @Test func anInterfaceThatDoesNotForwardIsNamed() throws {
    var cloud = Cloud()
    let path = DiscoveryTests.interface("inside")
    let text = try #require(DiscoveryTests.body(path)).replacing("true", with: "false")
    cloud.refused[path] = Answer(status: 200, body: Array(text.utf8))
    let (advice, _) = try look(&cloud)
    // The other interface does not forward either, and no VIP comes to it.
    #expect(advice.map(\.fix) == ["az network nic update --ids '\(path)' --ip-forwarding true"])
  }

  @Test func aSubnetWithoutATableIsNamed() throws {
    var cloud = Cloud()
    cloud.table = nil
    let (advice, _) = try look(&cloud)
    #expect(advice.map { $0.what.lowercased() } == ["subnet lan has no route table"])
  }

  @Test(arguments: [
    (429, "not everything in Azure was looked at"), (401, "there is no token for Azure"),
  ])
  func itStopsWhereMoreCallsWouldHurt(_ status: Int, _ words: String) throws {
    var cloud = Cloud()
    cloud.refused[DiscoveryTests.machine] = Answer(status: status)
    let (advice, _) = try look(&cloud)
    #expect(advice.count == 1)
    #expect(advice.first?.what.hasPrefix(words) == true, "\(advice)")
    #expect(cloud.paths.last == DiscoveryTests.machine)
  }

  @Test func itEndsInTime() throws {
    var inspector = Inspector(
      Settings(routeTables: [], address: Self.hop), [], [], metadata: .metadata, management: nil,
      machine: nil, now: .zero)
    let first = inspector.turn()
    _ = try #require(first)
    let early = inspector.result(at: .zero)
    #expect(early == nil)
    let late = inspector.result(at: .zero + Inspector.limit)
    #expect(late?.map(\.isProblem) == [false])
    let more = inspector.turn()
    #expect(more == nil)
  }

  @Test(arguments: [
    (["*"], [], true), (["*/read"], [], false), (["Microsoft.Network/*"], [], true),
    (["microsoft.network/routetables/routes/WRITE"], [], true),
    (["Microsoft.Network/routeTables/*/write"], [], true),
    (["Microsoft.Network/routeTables/write"], [], false),
    (["Microsoft.Network/*/routes/*"], [], true), ([String](), [], false),
    (["*"], ["Microsoft.Network/routeTables/*"], false),
    (["Microsoft.Network/routeTables/routes/write2"], [], false),
    (["Microsoft.Network/routeTables/routes/write*"], [], true),
    (["*write"], ["*/delete"], true), (["**"], [], true),
  ])
  func patternsAreRead(_ actions: [String], _ excluded: [String], _ allowed: Bool) throws {
    func list(_ words: [String]) -> String {
      "[" + words.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }
    let text = "{\"value\":[{\"actions\":\(list(actions)),\"notActions\":\(list(excluded))}]}"
    let permissions = try #require(Permissions(Array(text.utf8)))
    #expect(permissions.allows("Microsoft.Network/routeTables/routes/write") == allowed)
    for count in 0..<text.utf8.count {
      #expect(Permissions(Array(text.utf8.prefix(count))) == nil)
    }
  }

  @Test func whatOneGrantExcludesAnotherMayGive() throws {
    let text =
      #"{"value":[{"actions":["*"],"notActions":["*/write"]},{"actions":["a/b/write"]}],"#
      + #""nextLink":"https://x"}"#
    let permissions = try #require(Permissions(Array(text.utf8)))
    #expect(permissions.allows("a/b/write") && !permissions.allows("a/c/write"))
    #expect(permissions.isPartial)
  }

  // MARK: In the office

  @Test func whoAsksAgainIsToldTheSame() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.give(.inspect)
    // Without a configuration there is nothing to look at.
    #expect(scene.inspections.map(\.isEmpty) == [true])
    scene.start()
    scene.run(.seconds(2))
    scene.give(.inspect)
    scene.give(.inspect)
    scene.run(.seconds(2))
    #expect(scene.inspections.count == 2)
    let steps = scene.steps
    scene.give(.inspect)
    #expect(scene.inspections.count == 3 && scene.steps == steps + 1)
    #expect(scene.inspections[1] == scene.inspections[2])
    scene.run(Office.inspectionLife)
    scene.give(.inspect)
    scene.run(.seconds(2))
    #expect(scene.inspections.count == 4 && scene.steps > steps + 4)
  }

  @Test func routesOfOurOwnSubnetAreTold() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    let prefix = try #require(Prefix("100.64.0.0/32"))
    scene.give(.carried([Carriage(vip: "web", prefixes: [prefix], ownHop: Self.hop)]))
    scene.start()
    scene.run(.seconds(2))
    // A table that is named may be that of any subnet.
    #expect(scene.returns.isEmpty)
    // One that was found is that of our own.
    scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.becomeFound()
    scene.give(.carried([Carriage(vip: "web", prefixes: [prefix], ownHop: Self.hop)]))
    scene.start()
    scene.run(.seconds(2))
    #expect(scene.said.contains { $0.hasPrefix("route tables: ") }, "\(scene.said)")
    #expect(scene.returns.map(\.prefix.description) == ["100.64.0.0/31"])
    #expect(scene.returns.allSatisfy { $0.hop == Self.hop && $0.table.path == OfficeScene.table })
  }
}
