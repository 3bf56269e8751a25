// From a text to a Plan: defaults, every key set, and the effective configuration read back.
import Configuration
import Model
import Testing

struct ConfigurationTests {
  @Test func theShortestFileHasEveryDefault() {
    let report = check(file())
    #expect(report.plan == plainPlan)
    #expect(report.problems.allSatisfy { $0.severity == .warning })
  }

  /// What the warning says is the ladder's rule and must not drift from it.
  @Test func oneWarningAFileTellsOfTies() {
    let two = "a: {prefixes: [10.1.0.5], owner: {when: address}}\n"
    let problems = check(file(vips: two + "  b: {prefixes: [10.1.0.6], owner: {when: address}}"))
      .problems
    #expect(problems.count == 1)
    #expect(problems.first?.severity == .warning)
    #expect(problems.first?.position == Position(line: 7, column: 29))
    let message = problems.first?.message ?? ""
    for words in ["at owner", "\(Rung.firstTakeover)", "two rungs above", "third machine"] {
      #expect(message.contains(words))
    }
  }

  private static let everyKey = """
    vips:
      voice:
        owner:
          interfaces: ["lo", eth0]
          settle: 1.5s
          address: 100.64.0.9
          when: "address"
        prefixes:
          - 100.64.0.0/24
          - 100.64.0.1
        med: 0
        communities: [no-advertise, 65001:100]
        large-communities: ["65001:1:4294967295"]
      -x.y_Z: {prefixes: [0.0.0.0/0, 10.9.9.9/32], owner: {when: address}}
      six: {prefixes: ["::/0", 64:ff9b::/96, 2001:DB8:0::5], owner: {when: address}}
    route-servers:
      platform: generic
      asn: 4200000000
      hold-time: 1.5m
      password-file: /etc/hopshift/a password
      ttl-security: 254
      drain: 2s
      peers: [192.0.2.1]
    local: {identifier: 1.2.3.4, address6: fd00:0::20, address: 10.0.2.20, asn: 70000}
    """

  @Test func everyKeyIsTaken() throws {
    let eth0 = try #require(InterfaceName("eth0"))
    let net = try #require(Prefix("100.64.0.0/24"))
    let everything = try #require(Prefix("0.0.0.0/0"))
    let six = try ["::/0", "64:ff9b::/96", "2001:db8::5/128"].map { try #require(Prefix($0)) }
    #expect(
      check(ConfigurationTests.everyKey).plan
        == Plan(
          local: Plan.Local(
            asn: ASNumber(70_000), address: IPv4Address(10, 0, 2, 20),
            address6: IPv6Address(high: 0xfd00_0000_0000_0000, low: 0x20),
            identifier: IPv4Address(1, 2, 3, 4)),
          routeServers: Plan.RouteServers(
            platform: .generic, asn: ASNumber(4_200_000_000), holdTime: .seconds(90),
            peers: [IPv4Address(192, 0, 2, 1)], passwordFile: "/etc/hopshift/a password",
            ttlSecurity: 254, drain: .seconds(2)),
          vips: [
            Plan.VIP(
              name: "voice", prefixes: [net, hostPrefix(100, 64, 0, 1)],
              owner: Plan.Owner(
                address: .v4(IPv4Address(100, 64, 0, 9)), interfaces: [.loopback, eth0],
                settle: .milliseconds(1_500)),
              attributes: RouteAttributes(
                med: 0,
                communities: [
                  Community(value: 0xffff_ff02), Community(value: 65_001 << 16 | 100),
                ], largeCommunities: [try #require(LargeCommunity("65001:1:4294967295"))])),
            Plan.VIP(
              name: "-x.y_Z", prefixes: [everything, hostPrefix(10, 9, 9, 9)],
              owner: Plan.Owner(address: .v4(IPv4Address(10, 9, 9, 9)), interfaces: [])),
            Plan.VIP(
              name: "six", prefixes: six,
              owner: Plan.Owner(address: six[2].address, interfaces: [])),
          ]))
  }

  @Test func effectiveShowsEveryDefault() {
    #expect(
      Configuration.effective(plainPlan) == """
        mode: run
        local:
          asn: 65001
          address: 10.0.2.10
          identifier: 10.0.2.10
        route-servers:
          platform: azure
          asn: 65515
          hold-time: 30s
          drain: 0s
          damping:
            window: 30s
            scope: vip
          peers: [10.0.1.4, 10.0.1.5]
        hosts: {}
        vips:
          web:
            prefixes: [10.1.0.5/32]
            communities: []
            large-communities: []
            owner:
              when: address
              address: 10.1.0.5
              interfaces: []
              settle: 10s
              next-hop: 10.0.2.10

        """)
  }

  /// frr#22953: a default that was written out counted as a change, and every session was reset.
  /// Here a file in which every default stands is the same Plan.
  @Test(arguments: [
    file(),
    everyKey,
    file(vips: "{}"),
    file(vips: "'---': {prefixes: [10.1.0.5], owner: {when: address, address: 'fd00::5'}}"),
    file(vips: "null: {prefixes: [10.1.0.5], owner: {when: address, interfaces: ['null', 'a#b']}}"),
    file(
      vips: "'.': {prefixes: [10.1.0.5], owner: {when: address, "
        + "interfaces: ['é\"\\', \"\\x7f\\x85\", '-', '~', '*x', '[', \"\\u202e\"]}}"),
  ])
  func effectiveReadsBackAsTheSamePlan(text: String) throws {
    let plan = try #require(check(text).plan)
    let printed = Configuration.effective(plan)
    #expect(check(printed).plan == plan, "\(printed)")
  }

  /// Each key of the table is printed, unless it is off and no value says so.
  @Test func effectiveHasEveryKey() throws {
    var printed = ""
    let texts = DecidingTests.texts + AzureTests.texts + [ProbeTests.text, RouteTests.text]
    for text in [ConfigurationTests.everyKey] + texts {
      printed += Configuration.effective(try #require(check(text).plan))
    }
    for (path, key) in Schema.paths {
      #expect(printed.contains("\(key.name.rawValue):"), "\(path)")
    }
  }
}
