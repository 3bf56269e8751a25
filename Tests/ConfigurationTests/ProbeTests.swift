// Probes in the configuration: every key read and printed, and what the arithmetic says of them.
import Configuration
import Model
import Testing

struct ProbeTests {
  static let text = file(
    servers: "peers: [10.0.1.4, 10.0.1.5]",
    vips: "web: {prefixes: [10.1.0.5/32], hosts: [a, b]}",
    hosts: """
      a:
          address: 10.0.2.11
          probes:
            - arp: {interface: eth0, address: 10.0.2.12, trust-proxy: true, interval: 5ms,
                    timeout: 75ms, fall: 100, rise: 1000}
            - icmp: {}
            - tcp: {port: 65535, timeout: 20ms}
            - http: {url: 'http://web.example:8080/a?b=%20', status: 204, text: 'a "b": c#'}
            - http: {url: 'http://10.0.2.13'}
            - bfd: {interval: 10ms, multiplier: 255, rise: 2, multihop: true}
        b:
          address: 10.0.2.14
          probes: [bfd: , tcp: {port: 1}]
      """)

  private static func probe(
    _ kind: Plan.Probe.Kind, _ last: UInt8, _ interval: Int64 = 100, timeout: Int64? = nil,
    fall: Int = 3, rise: Int = 5
  ) -> Plan.Evidence {
    .probe(
      Plan.Probe(
        kind: kind, address: IPv4Address(10, 0, 2, last), interval: .milliseconds(interval),
        timeout: .milliseconds(timeout ?? interval), fall: fall, rise: rise))
  }

  @Test func everyKeyIsRead() throws {
    let report = check(Self.text)
    let plan = try #require(report.plan, "\(report.problems)")
    let eth0 = try #require(InterfaceName("eth0"))
    #expect(
      plan.targets.map(\.evidence) == [
        Self.probe(
          .arp(interface: eth0, trustsProxy: true), 12, 5, timeout: 75, fall: 100, rise: 1_000),
        Self.probe(.icmp, 11), Self.probe(.tcp(port: 65_535), 11, timeout: 20),
        Self.probe(
          .http(
            Plan.Probe.Fetch(
              port: 8_080, authority: "web.example:8080", path: "/a?b=%20", statuses: 204...204,
              text: "a \"b\": c#")), 11),
        Self.probe(
          .http(
            Plan.Probe.Fetch(
              port: 80, authority: "10.0.2.13", path: "/", statuses: 200...399)), 13),
        Self.probe(.bfd(isMultihop: true), 11, 10, fall: 255, rise: 2),
        Self.probe(.bfd(isMultihop: false), 14, 50, rise: 1), Self.probe(.tcp(port: 1), 14),
      ])
    #expect(check(Configuration.effective(plan)).plan == plan)
  }

  // MARK: Arithmetic

  private func host(_ probes: String, require: String = "all") throws -> Arithmetic.Host {
    let text = file(
      servers: "platform: generic\n  asn: 65515\n  peers: [10.0.1.4]",
      hosts: "a:\n    address: 10.0.2.11\n    require: \(require)\n    probes: [\(probes)]")
    let plan = try #require(check(text).plan)
    return try #require(Arithmetic.hosts(of: plan).first)
  }

  @Test func detectionIsIntervalTimesFallPlusTimeout() throws {
    let one = try host("icmp: {interval: 50ms, timeout: 40ms, fall: 3}")
    #expect(one.longest == .milliseconds(190) && one.usual == .milliseconds(165))
    let bfd = try host("bfd: {interval: 50ms, multiplier: 3}")
    #expect(bfd.longest == .milliseconds(150) && bfd.usual == .microseconds(128_125))
    // The first that notices, with all; the last, with any.
    let both = "icmp: {interval: 50ms, timeout: 40ms}, tcp: {port: 1}"
    #expect(try host(both).longest == .milliseconds(190))
    #expect(try host(both, require: "any").longest == .milliseconds(400))
    #expect(try host("\(both), bfd: ", require: "2").longest == .milliseconds(190))
    #expect(try host("icmp: , link: {interface: eth0}", require: "any").longest == nil)
  }

  /// The figures of a fair coin of this kind: 315,576,000 probes a year at 100 ms.
  @Test func falseAlarmsAreCounted() throws {
    let two = try host("icmp: {interval: 100ms, fall: 2}")
    #expect(Arithmetic.rounded(two.alarms.small) == "315")
    #expect(Arithmetic.rounded(two.alarms.large) == "31200")
    let three = try host("icmp: {interval: 50ms, fall: 3}")
    #expect(Arithmetic.rounded(three.alarms.small) == "0.63")
    #expect(Arithmetic.rounded(three.alarms.large) == "625")
    let both = "icmp: {interval: 100ms, fall: 2}, tcp: {port: 1, fall: 2}"
    #expect(try abs(host(both).alarms.small - 2 * two.alarms.small) < 1)
    // Both at once: one of them while the other is down for half a second.
    let together = 2 * two.alarms.small * (two.alarms.small * 0.5 / (365.25 * 86_400))
    #expect(try abs(host(both, require: "any").alarms.small / together - 1) < 0.001)
  }

  @Test func tooManyAlarmsAreSaid() throws {
    let text = file(hosts: "a: {address: 10.0.2.11, probes: [tcp: {port: 1, fall: 2}]}")
    let warning = check(text).problems.first { $0.path == "hosts.a.probes.tcp" }
    #expect(warning?.message.contains("about 315 times a year") ?? false)
    #expect(warning?.suggestion == "write fall: 3")
  }

  @Test func theNumbersAreShown() throws {
    let plan = try #require(check(Self.text).plan)
    #expect(
      Arithmetic.text(of: plan) == """
        host a: death known after 270ms, 320ms at most; false alarms a year: 1.26 at 0.1 % loss, \
        1250 at 1 %
        host b: death known after 129ms, 150ms at most; false alarms a year: 0.95 at 0.1 % loss, \
        937 at 1 %

        """)
  }
}
