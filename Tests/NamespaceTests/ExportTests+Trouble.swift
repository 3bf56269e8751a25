// More of the kernel's routes: lost news, the other family, ways of every kind, and a daemon that
// leaves.

import Lab
import Linux
import Model
import Platform
import Testing

extension ExportTests {
  /// What a socket takes at most (net.core.rmem_max) holds some hundreds of these.
  private static let flood = 20_000

  /// The daemon stands still while the kernel says more than its socket takes: what went and what
  /// came is found by listing, and what stayed is told nobody again.
  @Test func `news that was lost is found`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    try change(duel, Self.routes("add", 2_000))
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: configuration(
        "  all: {protocols: [bird], allow: [10.64.0.0/12 le 28], limit: 5000}"))
    try wait(bird, for: 2_000)
    let known = try updates(tap).count
    try duel.daemon?.freeze()
    let others = Self.routes("add", Self.flood, block: 0x1400_0000, proto: "99")
    try change(duel, others)
    try change(duel, Self.routes("del", 500))
    try change(duel, Self.routes("add", 300, block: 0x0a48_0000))
    try duel.daemon?.thaw()
    try wait(bird, for: 1_800)
    let told = try updates(tap).dropFirst(known)
    #expect(told.reduce(0) { $0 + $1.withdrawn.count } == 500)
    #expect(told.reduce(0) { $0 + $1.announced.count } == 300)
    let status = try duel.ask(["status", "--json"]).split(separator: "\n")
    let line = try #require(status.first { $0.contains(#""class":"routes""#) })
    #expect(line.contains(#""overruns":"#) && !line.contains(#""overruns":0,"#), "\(line)")
    #expect(try duel.line(of: Duel.judge).contains(Duel.established))
  }

  /// Both families of one rule, each in UPDATEs of its own; a refresh of both; and IPv6 routes that
  /// go with their interface.
  @Test func `IPv6 routes are announced beside the others`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    try change(duel, Self.routes("add", 200))
    try changeIPv6(duel, "add", 300)
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird(extra: "ipv6 { import all; export none; };")
    let text = configuration(
      """
        all:
          protocols: [bird]
          allow: [10.64.0.0/12 le 28, "2001:db8:64::/48 le 64"]
          limit: 1000
      """
    ).replacing(
      "  address: \(Duel.appliance)\n",
      with: "  address: \(Duel.appliance)\n  address6: 2001:db8:2::10\n")
    try duel.startDaemon(configuration: text)
    try wait(bird, for: 200)
    try waitIPv6(bird, for: 300)
    let route = try bird.ask(["show", "route", "for", "2001:db8:64:7::/64", "all"])
    #expect(route.contains("BGP.next_hop: 2001:db8:2::10"), "\(route)")
    #expect(try updates(tap).allSatisfy { !$0.withdraws })

    let known = try updates(tap).count
    _ = try bird.ask(["reload", "in", "a"])
    try Waiting.until("everything again", within: .seconds(20)) { () throws(LabError) in
      let again = try updates(tap).dropFirst(known).reduce(0) { $0 + $1.announced.count }
      return again == 501 ? nil : "\(again)"
    }
    try changeIPv6(duel, "del", 100)
    try waitIPv6(bird, for: 200)
    try duel.lab.run(["ip", "link", "set", "n0", "down"], on: "a")
    try waitIPv6(bird, for: 0)
    try wait(bird, for: 0)
    let faults = try tap.judge().faultsOfWholeRun(
      speakers: [Duel.appliance], until: Moment(nanoseconds: Clock.wall().nanoseconds))
    // The judge knows VIPs, of which nothing is ever withdrawn, in neither family.
    let others = faults.filter { !$0.contains("withdr") && !$0.hasSuffix("MP_UNREACH_NLRI") }
    #expect(others.isEmpty, "\(others.prefix(5))")
  }

  private func changeIPv6(_ duel: Duel, _ verb: String, _ count: Int) throws(LabError) {
    try change(
      duel,
      (0..<count).map {
        "route \(verb) 2001:db8:64:\(String($0, radix: 16))::/64 dev n0 proto 12"
      })
  }

  private func waitIPv6(_ bird: Bird, for count: Int) throws(LabError) {
    try Waiting.until("BIRD to have \(count) of IPv6", within: .seconds(30)) {
      () throws(LabError) in
      let answer = try bird.ask(
        ["show", "route", "protocol", "a", "where", "net", "~", "2001:db8:64::/48"])
      let found = answer.split(separator: "\n").count { $0.hasPrefix("2001:db8:64:") }
      return found == count ? nil : "\(found)"
    }
  }

  /// Next hop objects, several next hops, blackholes, and the default route: announced as the rules
  /// say, whatever their ways are, and gone with an object of which the kernel says a word and of
  /// its routes none.
  @Test func `ways of every kind are understood`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try change(
      duel,
      [
        "nexthop add id 7 dev n0", "route add 10.64.0.0/28 nhid 7 proto 12",
        "route add 10.64.0.16/28 proto 12 nexthop dev n0 nexthop dev n1",
        "route add blackhole 10.64.0.32/28 proto 12",
        "route add unreachable 10.64.0.48/28 proto 12",
        "route add 0.0.0.0/0 dev n0 proto 12 metric 5000",
      ])
    try duel.startDaemon(
      configuration: configuration(
        """
          ways: {protocols: [bird], allow: [0.0.0.0/0 le 28]}
          drops: {protocols: [bird], types: [blackhole], allow: [10.64.0.0/12 le 28], prepend: 2}
          out: {protocols: [static], allow: [0.0.0.0/0], default-route: true}
        """))
    try wait(bird, for: 3)
    let hole = try #require(Prefix("10.64.0.32/28"))
    let all = try #require(Prefix("0.0.0.0/0"))
    #expect(try bird.routes(to: hole).first?.path.count == 3)
    #expect(try bird.routes(to: all).isEmpty)
    try change(duel, ["route add 0.0.0.0/0 dev n0 proto 4 metric 5001"])
    try Waiting.until("the default route", within: .seconds(20)) { () throws(LabError) in
      try bird.routes(to: all).isEmpty ? "none" : nil
    }

    let known = try updates(tap).count
    try change(
      duel,
      [
        "route replace 10.64.0.16/28 proto 12 nexthop dev n1 weight 2 nexthop dev n0",
        "route replace 10.64.0.16/28 dev n1 proto 12", "nexthop del id 7",
      ])
    try wait(bird, for: 2)
    let told = try updates(tap).dropFirst(known)
    #expect(told.map(\.withdrawn) == [[try #require(Prefix("10.64.0.0/28"))]])
    #expect(told.allSatisfy { $0.announced.isEmpty })
  }

  /// A daemon that drains says all of it once more, marked as about to go, and takes nothing back;
  /// then the routes go with the session.
  @Test func `a daemon that drains takes no route back`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try addCable(duel)
    try change(duel, Self.routes("add", 1_000))
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    let text = configuration("  all: {allow: [10.64.0.0/12 le 28], limit: 1500}")
    try duel.startDaemon(
      configuration: text.replacing("\nvips:", with: "\n  drain: 7s\nvips:"))
    try wait(bird, for: 1_000)
    let known = try updates(tap).count
    let daemon = try #require(duel.daemon)
    try Processes.signal(try #require(daemon.processes().first), .terminate)
    try Waiting.until("all of them to be marked", within: .seconds(20)) { () throws(LabError) in
      let told = try updates(tap).dropFirst(known).reduce(0) { $0 + $1.announced.count }
      return told == 1_001 ? nil : "\(told)"
    }
    let route = try bird.ask(["show", "route", "all", "10.64.1.0/28"])
    #expect(route.contains("BGP.community: (65535,0)"), "\(route)")
    // What goes meanwhile is no word of somebody who leaves.
    try change(duel, Self.routes("del", 10))
    try wait(bird, for: 0)
    #expect(try updates(tap).allSatisfy { !$0.withdraws })
  }
}
