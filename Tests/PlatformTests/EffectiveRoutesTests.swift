// Azure's precedence between routes, rule by rule, and what two instances say together.

import Model
import Platform
import Testing

@Suite struct EffectiveRoutesTests {
  private static func prefix(_ text: String) -> Prefix { Prefix(text)! }
  private static let hop = IPAddress("10.0.2.10")!
  private static let other = IPAddress("10.0.2.20")!

  private static func routes(_ user: [UserRoute] = [], disablesBGP: Bool = false) -> EffectiveRoutes
  {
    var routes = EffectiveRoutes(spaces: [prefix("10.0.0.0/16")])
    routes.table = RouteTable(name: "t", routes: user, disablesBGP: disablesBGP)
    return routes
  }

  private static func user(
    _ text: String, _ hop: NextHopType = .virtualAppliance([other]), overrides: Bool = false
  ) -> UserRoute {
    UserRoute(name: "r", prefix: prefix(text), nextHop: hop, overridesBGP: overrides)
  }

  private func follow(_ routes: EffectiveRoutes, _ address: String) -> EffectiveRoute.Source? {
    IPAddress(address).flatMap { routes.lookup($0)?.source }
  }

  @Test func `without BGP and tables the network's own routes stand`() {
    let routes = EffectiveRoutes(spaces: [Self.prefix("10.0.0.0/16")])
    #expect(routes.lookup(Self.hop)?.nextHop == .vnetLocal)
    #expect(routes.lookup(.v4(IPv4Address(10, 1, 0, 5)))?.nextHop == NextHopType.none)
    #expect(routes.lookup(.v4(IPv4Address(8, 8, 8, 8)))?.nextHop == .internet)
    let named = routes.all.map(\.prefix.description)
    #expect(
      named == [
        "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "100.64.0.0/10", "172.16.0.0/12",
        "192.168.0.0/16", "::/0",
      ])
  }

  @Test func `the longest prefix wins, whatever its origin`() {
    var routes = Self.routes([Self.user("10.1.0.0/16")])
    routes.learn(Self.prefix("10.1.0.5/32"), [Self.hop])
    #expect(follow(routes, "10.1.0.5") == .gateway)
    #expect(follow(routes, "10.1.0.6") == .user)
  }

  @Test func `to one prefix a user's route stands above BGP, and BGP above the system`() {
    var routes = EffectiveRoutes(spaces: [Self.prefix("10.0.0.0/16")])
    let vip = Self.prefix("0.0.0.0/0")
    #expect(routes.active(vip)?.source == .system)
    routes.learn(vip, [Self.hop])
    #expect(routes.active(vip)?.source == .gateway)
    routes.table = RouteTable(name: "t", routes: [Self.user("0.0.0.0/0")])
    #expect(routes.routes(to: vip).map(\.source) == [.user, .gateway, .system])
    #expect(routes.routes(to: vip).map(\.isActive) == [true, false, false])
    routes.table = nil
    routes.learn(vip, [])
    #expect(routes.active(vip)?.source == .system)
  }

  @Test func `BGP cannot redirect a part of the virtual network, a user's route can`() {
    var routes = Self.routes()
    routes.learn(Self.prefix("10.0.2.0/24"), [Self.hop])
    #expect(follow(routes, "10.0.2.7") == .system)
    #expect(routes.routes(to: Self.prefix("10.0.2.0/24")).map(\.isActive) == [false])
    routes.table = RouteTable(name: "t", routes: [Self.user("10.0.2.0/24")])
    #expect(follow(routes, "10.0.2.7") == .user)
    routes.table = nil
    routes.systemStandsAbove = false
    #expect(follow(routes, "10.0.2.7") == .gateway)
  }

  @Test func `a route that overrides BGP stands above longer and shorter ones of BGP`() {
    var routes = Self.routes([Self.user("10.1.0.0/16", overrides: true)])
    routes.learn(Self.prefix("10.1.0.5/32"), [Self.hop])
    routes.learn(Self.prefix("10.2.0.5/32"), [Self.hop])
    #expect(follow(routes, "10.1.0.5") == .user)
    #expect(follow(routes, "10.2.0.5") == .gateway)
  }

  @Test func `a table can keep BGP out`() {
    var routes = Self.routes(disablesBGP: true)
    routes.learn(Self.prefix("10.1.0.5/32"), [Self.hop])
    #expect(follow(routes, "10.1.0.5") == .system)
    #expect(routes.routes(to: Self.prefix("10.1.0.5/32")) == [])
    routes.table = nil
    #expect(follow(routes, "10.1.0.5") == .gateway)
  }

  @Test func `a user's route can lead nowhere`() {
    var routes = Self.routes([Self.user("10.1.0.5/32", .none)])
    routes.learn(Self.prefix("10.1.0.5/32"), [Self.hop])
    #expect(routes.lookup(.v4(IPv4Address(10, 1, 0, 5)))?.nextHop == NextHopType.none)
  }

  // MARK: Two instances

  @Test func `two instances that disagree split the traffic, or the shorter path has it`() {
    let vip = Self.prefix("10.1.0.5/32")
    for takesShortest in [false, true] {
      var learned = LearnedRoutes(takesShortest: takesShortest)
      _ = learned.put("rs1", vip, [Self.hop], pathLength: 5)
      _ = learned.put("rs2", vip, [Self.hop], pathLength: 5)
      #expect(learned.hops(to: vip) == [Self.hop])
      _ = learned.put("rs1", vip, [Self.other], pathLength: 4)
      #expect(learned.hops(to: vip) == (takesShortest ? [Self.other] : [Self.hop, Self.other]))
      _ = learned.put("rs2", vip, [Self.other], pathLength: 4)
      #expect(learned.hops(to: vip) == [Self.other])
    }
  }

  @Test func `an instance that goes takes only its own routes with it`() {
    let vip = Self.prefix("10.1.0.5/32")
    var learned = LearnedRoutes(takesShortest: false)
    _ = learned.put("rs1", vip, [Self.hop], pathLength: 5)
    _ = learned.put("rs2", vip, [Self.hop], pathLength: 5)
    #expect(learned.forget("rs1") == [vip])
    #expect(learned.hops(to: vip) == [Self.hop])
    _ = learned.put("rs2", vip, [], pathLength: 0)
    #expect(learned.hops(to: vip) == [])
    #expect(learned.forget("rs1") == [])
  }
}
