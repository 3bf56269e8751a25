// The migrations of hopshift-migrate(7): in shadow mode beside the old programs, then for good.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct MigrationTests {
  private static let a = IPv4Address(10, 0, 2, 10)
  private static let b = IPv4Address(10, 0, 2, 20)
  private static let hosts = ["a", "b"]

  // MARK: ExaBGP

  private func startExaBGP(_ move: Migration, _ host: String) throws -> RunningProgram {
    let changes: [Migration.Change] = host == "a" ? [] : [("10.0.2.10", "10.0.2.20")]
    let path = try move.lab.write(
      "\(host).exabgp.conf", try Migration.file("exabgp.conf", changes))
    return try move.lab.start(
      "\(host).exabgp",
      ["env", "exabgp.daemon.user=root", "exabgp.api.cli=false", "exabgp", path], on: host)
  }

  private func exaBGP(_ host: String, _ changes: [Migration.Change]) throws -> String {
    let second: [Migration.Change] = Migration.exchange + [("rank: 1", "rank: 2")]
    return try Migration.file("exabgp.yaml", changes + (host == "a" ? [] : second))
  }

  @Test(.enabled(if: Programs.has("exabgp") && Programs.has("curl")))
  func `ExaBGP and its health check give way`() throws {
    let move = try Migration()
    defer { move.tearDown() }
    let key = try move.key()
    var services: [String: RunningProgram] = [:]
    var old: [String: RunningProgram] = [:]
    for host in Self.hosts {
      try move.lab.run(["ip", "address", "add", "\(VirtualNetwork.vip)/32", "dev", "lo"], on: host)
      services[host] = try Answerer.start(move.lab, on: host, answering: VirtualNetwork.vip)
      old[host] = try startExaBGP(move, host)
      try move.start(host, try exaBGP(host, [key]))
    }
    func waitForBoth() throws {
      try move.wait("ExaBGP to announce from both") { routes in
        Set(routes.compactMap(\.nextHop)) == [Self.a, Self.b]
          && routes.allSatisfy { $0.path.count == 1 }
      }
    }
    try waitForBoth()
    for host in Self.hosts {
      try move.wait(for: host, ["history"], toSay: ["web was claimed as", "because "])
    }
    // The service of one machine fails: ExaBGP withdraws there, and the shadow sees it too.
    let nobody = "VIP web: nobody is known to be able to carry it"
    try move.end(try #require(services["a"]), by: .kill)
    try move.wait("ExaBGP to withdraw") { $0.map(\.nextHop) == [Self.b] }
    try move.wait(for: "a", ["status"], toSay: [nobody])
    #expect(try !move.ask("b", ["status"]).contains(nobody))
    services["a"] = try Answerer.start(move.lab, on: "a", answering: VirtualNetwork.vip)
    try waitForBoth()
    try move.wait(for: "a", ["status"], toSay: ["web"], and: [nobody])
    // Whatever came from either machine so far was ExaBGP's, with the number once.
    for host in Self.hosts { try move.expectSilence(of: host) }
    #expect(try move.updates(from: [Self.a, Self.b]).allSatisfy { $0.path.count <= 1 })

    // Machine by machine. While one ExaBGP is left it wins.
    try move.end(try #require(old["b"]))
    #expect(try move.hasAddress("b"))
    try move.start("b", try exaBGP("b", [key, Migration.live]))
    try move.wait("hopshift to claim behind ExaBGP") { routes in
      routes.contains { $0.nextHop == Self.a && $0.isBest && $0.path.count == 1 }
        && routes.contains {
          $0.nextHop == Self.b && (2...Rung.owner.pathLength).contains($0.path.count)
        }
    }
    try move.end(try #require(old["a"]))
    #expect(try move.hasAddress("a"))
    try move.wait(forBest: Self.b)
    try move.start("a", try exaBGP("a", [key, Migration.live]))
    try move.wait(for: "a", ["status", "--json"], toSay: [#""state":"heard""#])
    try move.network.wait(forSessionsOf: Self.hosts, within: Migration.limit)
    try move.wait("both to stand") { Set($0.compactMap(\.nextHop)) == [Self.a, Self.b] }
    let before = try move.updates(from: [Self.a, Self.b]).count
    try move.end(try #require(services["b"]), by: .kill)
    try move.wait(forBest: Self.a)
    #expect(
      try move.updates(from: [Self.a, Self.b]).dropFirst(before).allSatisfy { !$0.withdraws })
  }

  // MARK: keepalived

  /// The old script with an `az` that writes down what it was called with: the lab has no other.
  private func takeRoute(_ move: Migration) throws -> Migration.Change {
    let directory = move.lab.directory
    let az = try move.lab.write(
      "az", "#!/bin/sh\necho \"$*\" >>\(directory)/az.calls\n", mode: 0o755)
    let script = try move.lab.write(
      "take-route",
      try Migration.file(
        "keepalived-notify.sh", [("az login", "\(az) login"), ("az network", "\(az) network")]),
      mode: 0o755)
    return ("/usr/local/sbin/take-route", script)
  }

  /// Where the old script has sent the traffic, one after the other.
  private func taken(_ move: Migration) throws(LabError) -> [String] {
    try move.lab.shell.attempt(["cat", "\(move.lab.directory)/az.calls"]).output
      .split(separator: "\n").filter { $0.contains("route-table") }
      .compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  private func wait(_ move: Migration, forTaken address: IPv4Address) throws(LabError) {
    try Waiting.until("the script to take it to \(address)", within: Migration.limit) {
      () throws(LabError) in
      let all = try taken(move)
      return all.last == "\(address)" ? nil : "\(all)"
    }
  }

  private func startKeepalived(
    _ move: Migration, _ host: String, _ name: String, _ change: Migration.Change
  ) throws -> RunningProgram {
    // It places the address where its priority is the better one.
    let second: [Migration.Change] = Migration.exchange + [("priority 100", "priority 90")]
    let text = try Migration.file(name, [change] + (host == "a" ? [] : second))
    let file = try move.lab.write("\(host).\(name)", text)
    let place = "\(move.lab.directory)/\(host)"
    return try move.lab.start(
      "\(host).\(name)",
      ["keepalived", "-n", "-l", "-P", "-f", file, "-p", place + ".kp", "-r", place + ".kr"],
      on: host)
  }

  private func keepalived(_ host: String, _ changes: [Migration.Change]) throws -> String {
    try Migration.file("keepalived.yaml", changes + (host == "a" ? [] : Migration.exchange))
  }

  private func startCourier(_ move: Migration, _ host: String) throws {
    let control = try #require(move.daemons[host]).control
    let state = "\(Files.directory(of: control))/courier"
    let confinement = [
      "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
      "--inh-caps=-all", "--bounding-set=-all", "--",
    ]
    try move.lab.shell.run(
      ["install", "-d", "-m", "0700", "-o", "65534", "-g", "65534", state])
    _ = try move.lab.start(
      "\(host).courier",
      confinement + [
        BuiltPrograms.path("hopshift-courier"), "--control", control, "--state", state,
        "--listen", state + "/socket", "--endpoint", "https://\(RestProcess.address)",
        "--metadata", "http://\(RestProcess.metadataAddress)", "--ca-file",
        try #require(move.network.rest).authority,
      ], on: host)
    try move.wait(for: host, ["status", "--json"], toSay: [#""connected":true"#])
  }

  /// Waits until the table's route for the VIP leads to an address.
  private func wait(_ move: Migration, forRouteTo address: IPv4Address) throws {
    let rest = try #require(move.network.rest)
    try Waiting.until("the route to lead to \(address)", within: Migration.limit) {
      () throws(LabError) in
      let routes = try rest.routes()
      let ours = routes.filter { $0.contains("\(VirtualNetwork.vipPrefix)") }
      return ours.count == 1 && ours[0].contains("\(address)") ? nil : "\(routes)"
    }
  }

  @Test(.enabled(if: Programs.has("keepalived")))
  func `a notify script of keepalived gives way`() throws {
    var layout = Layout.udr
    layout.vips = Layout.pair.vips
    layout.placement = .moves
    let move = try Migration(layout, cast: VirtualNetwork.Cast(program: AzureKit.program))
    defer { move.tearDown() }
    let (start, rest) = (KeepalivedPair.moment(), try #require(move.network.rest))
    let (key, script) = (try move.key(), try takeRoute(move))
    var old: [String: RunningProgram] = [:]
    for host in Self.hosts {
      old[host] = try startKeepalived(move, host, "keepalived.conf", script)
      if host == "a" { try move.wait(for: host, toHaveAddress: true) }
      try move.start(host, try keepalived(host, [key]))
      try startCourier(move, host)
    }
    try wait(move, forTaken: Self.a)
    try move.wait(for: "a", ["history"], toSay: ["web was claimed as"])
    // A machine dies, and comes back: script and shadow see the same, and only the script acts.
    let came = "because \(VirtualNetwork.vip) came to this machine"
    #expect(try !move.ask("b", ["history"]).contains(came))
    try move.lab.unplug("a")
    try wait(move, forTaken: Self.b)
    try move.wait(for: "b", ["history"], toSay: ["web was claimed as", came])
    try move.wait(for: "b", ["explain", "web"], toSay: ["every announcement: shadow mode"])
    try move.lab.plugIn("a")
    try move.wait(for: "b", toHaveAddress: false)
    try move.wait(for: "a", toHaveAddress: true)
    #expect(try rest.writes(since: start).isEmpty)
    #expect(try rest.routes().isEmpty)

    // Machine by machine: the one that has no address first.
    for host in Self.hosts.reversed() {
      try move.end(try #require(old[host]))
      try move.start(host, try keepalived(host, [key, Migration.live]))
      try move.wait(for: host, ["status", "--json"], toSay: [#""connected":true"#])
      let track = try #require(move.daemons[host]).trackFile
      _ = try startKeepalived(
        move, host, "keepalived-new.conf", ("/run/hopshift/track/web", track))
      try wait(move, forRouteTo: host == "a" ? Self.a : Self.b)
    }
    try move.wait(for: "b", toHaveAddress: false)
    // Nobody calls the script any more, and the route follows.
    let called = try taken(move)
    try move.lab.unplug("a")
    try wait(move, forRouteTo: Self.b)
    #expect(try taken(move) == called)
  }

  // MARK: BIRD and BFD

  private static let ws1 = IPv4Address(10, 10, 0, 4)
  private static let ws2 = IPv4Address(10, 10, 0, 5)
  /// Where the shadow watches: port 3784 of the machine of BIRD is BIRD's.
  private static let second = IPv4Address(10, 10, 0, 6)

  /// A server as the page has it: it speaks BFD with whoever watches.
  private func startServer(_ move: Migration, _ host: String) throws -> Bird {
    let own = try move.network.address(of: host)
    let neighbours = ["10.10.0.7", "\(Self.second)"].map {
      "neighbor \($0) dev \"\(Lab.interface)\" local \(own);"
    }
    return try Bird(
      move.lab, on: host,
      configuration: """
        router id \(own);
        protocol device {}
        protocol bfd {
          interface "\(Lab.interface)" { interval 50 ms; multiplier 3; };
          \(neighbours.joined(separator: "\n  "))
        }

        """)
  }

  /// Both servers are up for a watcher, and its traffic goes to ws1: who comes up first may be
  /// chosen first, and an operator may say otherwise.
  private func choose(_ move: Migration, _ host: String) throws {
    try move.wait(for: host, ["history"], toSay: ["voice went to ws"])
    for server in ["ws1", "ws2"] {
      try Waiting.until("\(server) to be up for \(host)", within: Migration.limit) {
        () throws(LabError) in
        let log = move.daemons[host]?.diagnosis() ?? ""
        return log.contains("host \(server) is up") ? nil : log
      }
    }
    guard try move.ask(host, ["history"]).contains("voice went to ws2") else { return }
    _ = try move.ask(host, ["switch", "voice", "--to", "ws1", "--force"])
    try move.wait(for: host, ["history"], toSay: ["voice moved from ws2 to ws1"])
  }

  @Test func `BIRD and its BFD give way`() throws {
    var layout = Layout.watcher
    layout.speakers = ["watch1", "lt1"]
    let move = try Migration(layout)
    defer { move.tearDown() }
    let first = try startServer(move, "ws1")
    _ = try startServer(move, "ws2")
    let old = try Bird(move.lab, on: "watch1", configuration: try Migration.file("bird.conf"))
    try move.wait(forBest: Self.ws1)
    let shadow = try Migration.file("bird.yaml", [("10.10.0.7", "\(Self.second)")])
    try move.start("lt1", shadow)
    try choose(move, "lt1")
    // Beside BIRD it says what it cannot do, and takes nothing from it.
    try move.start("watch1", try Migration.file("bird.yaml"))
    try Waiting.until("watch1 to say that the port is BIRD's", within: Migration.limit) {
      () throws(LabError) in
      let log = move.daemons["watch1"]?.diagnosis() ?? ""
      return log.contains("bfd is not possible on port 3784") ? nil : log
    }
    // A server dies: BFD of both sees it.
    try move.lab.endProcesses(on: "ws1")
    try move.wait(forBest: Self.ws2)
    try move.wait(for: "lt1", ["history"], toSay: ["voice moved from ws1 to ws2"])
    #expect(try !move.ask("watch1", ["history"]).contains("moved"))
    for host in ["lt1", "watch1"] { try move.expectSilence(of: host) }
    #expect(try move.updates(from: [Self.second]).isEmpty)
    #expect(
      try move.updates(from: [IPv4Address(10, 10, 0, 7)]).allSatisfy { $0.path.count <= 1 })

    // The old one ends, and the new one is alone.
    try first.startAgain()
    try move.wait(forBest: Self.ws1)
    try old.endAsked()
    try move.start("watch1", try Migration.file("bird.yaml", [Migration.live]))
    try choose(move, "watch1")
    try move.wait(forBest: Self.ws1)
    try move.lab.endProcesses(on: "ws1")
    try move.wait(forBest: Self.ws2)
    #expect(try move.ask("watch1", ["history"]).contains("voice moved from ws1 to ws2"))
    #expect(try move.updates(from: [Self.second]).isEmpty)
  }
}
