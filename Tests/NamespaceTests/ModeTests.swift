// The four ways in which a VIP stands in a route table, each from the kernel's news to the PUT.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ModeTests {
  private static let owner = "owner: {when: address, address: \(VirtualNetwork.vip), settle: 0s}"

  /// Four VIPs that one address carries, each with a prefix of either family.
  private static let configuration = """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(Duel.appliance)
      address6: "2001:db8::10"
    route-servers:
      platform: generic
      asn: \(VirtualNetwork.serverASN)
      peers: [\(Duel.judge)]
    vips:
      one:
        prefixes: [10.1.0.8/32, "2001:db8:1::8/128"]
        \(owner)
        udr: {mode: floor, prefixes: [10.1.0.8/31, "2001:db8:1::8/127"]}
      two:
        prefixes: [10.1.0.20/32, "2001:db8:1::20/128"]
        \(owner)
        udr: {mode: only}
      three:
        prefixes: [10.1.0.30/32, "2001:db8:1::30/128"]
        \(owner)
        udr: {mode: fallback, after: 500ms}
      four:
        prefixes: [10.1.0.40/32, "2001:db8:1::40/128"]
        \(owner)
        udr: {mode: mirror}
    azure:
      route-tables:
        - /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g\
    /providers/Microsoft.Network/routeTables/rt

    """

  private static let standing = [
    "10.1.0.8/31", "10.1.0.20/32", "10.1.0.40/32", "2001:db8:1::8/127", "2001:db8:1::20/128",
    "2001:db8:1::40/128",
  ]
  private static let fallback = ["10.1.0.30/32", "2001:db8:1::30/128"]

  /// What was written to the table, once for each write: where to.
  private func hops(_ courts: Courts, _ prefix: String) -> [String] {
    courts.writes.filter { $0.contains(" PUT ") && $0.contains(#""addressPrefix":"\#(prefix)""#) }
      .map { $0.contains(prefix.contains(":") ? #""2001:db8::10""# : #""\#(Duel.appliance)""#) }
      .map { $0 ? "us" : "elsewhere" }
  }

  private func wait(_ courts: Courts, for prefixes: [String]) throws(LabError) {
    try Waiting.until("\(prefixes) to be written", within: .seconds(60)) { () throws(LabError) in
      try courts.duel.daemon?.checkRunning()
      return prefixes.allSatisfy { Set(hops(courts, $0)) == ["us"] }
        ? nil : "\(courts.writes)\n\(courts.log)"
    }
  }

  @Test func `each mode writes what it is for, in both families`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try courts.set("polls 0")
    let bird = try duel.startBird()
    try duel.startDaemon(configuration: Self.configuration)
    try courts.startCourier()
    try duel.wait(forStatus: [Duel.established, #""connected":true"#])
    try courts.wait(for: [#""voice":"others","wanted":false"#], of: ["desired", "--json"])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(courts, for: Self.standing)
    // BGP has what is announced, and a VIP of tables only is not among it.
    try Waiting.until("the route server to have three VIPs", within: .seconds(20)) {
      () throws(LabError) in
      let heard = try bird.ask(["show", "route"])
      let announced = ["10.1.0.8/32", "10.1.0.30/32", "10.1.0.40/32"]
      return announced.allSatisfy { heard.contains($0) } ? nil : heard
    }
    #expect(try !bird.ask(["show", "route"]).contains("10.1.0.20/32"))
    #expect(Self.fallback.allSatisfy { hops(courts, $0).isEmpty }, "\(courts.writes)")
    // Nothing of the route server comes back, so nobody can say that it has what is announced.
    try duel.lab.unplug("judge")
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(courts, for: Self.fallback)
    #expect(Self.standing.allSatisfy { Set(hops(courts, $0)) == ["us"] }, "\(courts.writes)")
  }
}
