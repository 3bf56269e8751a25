// What a real BIRD sends us, as `received` and `status` tell it; and how a daemon leaves that drains.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ReceivedTests {
  /// A BIRD that announces these prefixes to us, with one number more in the path and a community.
  private func configuration(_ prefixes: [String]) -> String {
    """
    log stderr all;
    router id \(Duel.judge);
    timeformat route iso long us;
    timeformat protocol iso long us;
    protocol device { }
    protocol static underlay { ipv4; route 10.0.2.0/24 via 10.0.1.1; }
    protocol static offered {
      ipv4;
    \(prefixes.map { "  route \($0) blackhole;" }.joined(separator: "\n"))
    }
    filter offer {
      if proto != "offered" then reject;
      bgp_path.prepend(64512);
      bgp_community.add((65535, 0));
      accept;
    }
    protocol bgp a {
      local \(Duel.judge) as \(VirtualNetwork.serverASN);
      neighbor \(Duel.appliance) as \(VirtualNetwork.applianceASN);
      multihop;
      connect delay time 1;
      connect retry time 2;
      error wait time 1, 2;
      ipv4 { import all; export filter offer; };
    }

    """
  }

  private func wait(
    _ duel: Duel, _ words: [String], for what: String, _ holds: (String) -> Bool
  ) throws(LabError) {
    try Waiting.until("hopshift \(words) to show \(what)", within: .seconds(20)) {
      () throws(LabError) in
      let answer = try duel.ask(words)
      return holds(answer) ? nil : answer
    }
  }

  @Test func `routes come, go, and end with their session`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let both = ["192.0.2.0/24", "198.51.100.0/25"]
    let bird = try Bird(duel.lab, on: "judge", configuration: configuration(both))
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established, #""routes-received":2"#])
    let route =
      #""prefix":"198.51.100.0/25","next-hop":"10.0.1.4","path-length":2,"path":[65515,64512],"#
      + #""graceful-shutdown":true"#
    try wait(duel, ["received", "--json"], for: "both") { answer in
      answer.contains(route) && answer.contains(#""prefix":"192.0.2.0/24""#)
    }
    let table = try duel.ask(["received", "\(Duel.judge)"])
    let lines = table.split(separator: "\n")
    #expect(lines.count == 4 && lines[0].hasPrefix("10.0.1.4  Established for "), "\(table)")
    #expect(lines[2].hasPrefix("192.0.2.0/24     10.0.1.4  "), "\(table)")
    #expect(lines[2].hasSuffix("2       65515 64512 graceful-shutdown"), "\(table)")

    try bird.reconfigure(configuration([both[0]]))
    try wait(duel, ["received", "--json"], for: "one") { answer in
      !answer.contains("198.51.100.0") && answer.contains(#""routes":1,"#)
    }
    // None of it is announced, to anybody.
    #expect(try !duel.ask(["volleys", "--json"]).contains("192.0.2.0"))
    _ = try bird.ask(["disable", "a", "\"maintenance at eight\""])
    try wait(duel, ["received"], for: "nothing") { $0.contains(", 0 routes\n") }
    let verbose = try duel.ask(["status", "--verbose"])
    #expect(verbose.contains("it said      \"maintenance at eight\"\n"), "\(verbose)")
    #expect(verbose.contains(" 0 session reset\n"), "\(verbose)")
  }

  /// The route server tells a shorter path for our own VIP, and takes it back: nothing of that
  /// changes what we announce, and the next move is the usual one.
  @Test func `a better path to our own VIP changes nothing`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try Bird(duel.lab, on: "judge", configuration: configuration([]))
    let tap = try Wiretap(duel.lab, on: "judge")
    try duel.startDaemon()
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let before = try tap.judge().updates(from: [Duel.appliance]).count
    let told = #""prefix":"\#(VirtualNetwork.vipPrefix)","next-hop":"10.0.1.4","path-length":2"#
    try bird.reconfigure(configuration(["\(VirtualNetwork.vipPrefix)"]))
    try wait(duel, ["received", "--json"], for: "the VIP") { $0.contains(told) }
    #expect(try tap.judge().updates(from: [Duel.appliance]).count == before)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try Waiting.until("the claim", within: .seconds(10)) { () throws(LabError) in
      let updates = try tap.judge().updates(from: [Duel.appliance])
      return updates.count > before ? nil : "\(updates)"
    }
    try bird.reconfigure(configuration([]))
    try wait(duel, ["received", "--json"], for: "nothing") { $0.contains(#""routes":0,"#) }
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    let updates = try tap.judge().updates(from: [Duel.appliance]).dropFirst(before)
    #expect(updates.map(\.update.pathLength) == [Rung.firstTakeover.pathLength])
    #expect(updates.allSatisfy { !$0.update.withdraws })
  }

  /// With `drain` what stands is told once more, resigned and marked, in one UPDATE and without a
  /// withdrawal; the session stays for that long.
  @Test func `a daemon that drains is heard before it goes`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    let tap = try Wiretap(duel.lab, on: "judge")
    try duel.startDaemon(servers: "  drain: 3s")
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    let before = try tap.judge().updates(from: [Duel.appliance]).count

    let asked = Clock.monotonic()
    let daemon = try #require(duel.daemon)
    try Processes.signal(try #require(daemon.processes().first), .terminate)
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.resigned.pathLength)
    let route = try bird.ask(["show", "route", "all", "\(VirtualNetwork.vipPrefix)"])
    #expect(route.contains("BGP.community: (65535,0)"), "\(route)")
    #expect(try bird.isEstablished("a"))
    try Waiting.until("BIRD to lose the route", within: .seconds(10)) { () throws(LabError) in
      let routes = try bird.routes(to: VirtualNetwork.vipPrefix)
      return routes.isEmpty ? nil : "\(routes)"
    }
    #expect(Clock.monotonic() - asked >= .seconds(3))
    let updates = try tap.judge().updates(from: [Duel.appliance])
    #expect(updates.count == before + 1)
    #expect(updates.allSatisfy { !$0.update.withdraws })
  }

  /// A second signal does not wait for the drain.
  @Test func `a daemon that is asked twice goes at once`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(servers: "  drain: 7s")
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let daemon = try #require(duel.daemon)
    let pid = try #require(daemon.processes().first)
    try Processes.signal(pid, .terminate)
    try Waiting.until("the drain to begin", within: .seconds(5)) { () throws(LabError) in
      let route = try bird.ask(["show", "route", "all", "\(VirtualNetwork.vipPrefix)"])
      return route.contains("(65535,0)") ? nil : route
    }
    try Processes.signal(pid, .terminate)
    let second = Clock.monotonic()
    try Waiting.until("BIRD to lose the route", within: .seconds(10)) { () throws(LabError) in
      let routes = try bird.routes(to: VirtualNetwork.vipPrefix)
      return routes.isEmpty ? nil : "\(routes)"
    }
    // Long before the drain would have been over.
    #expect(Clock.monotonic() - second < .seconds(5))
  }
}
