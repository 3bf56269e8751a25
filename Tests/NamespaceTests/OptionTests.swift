// Options of the sessions against a real BIRD: what the wire carries, and what is kept out.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct OptionTests {
  private func passwordFile(_ duel: Duel, _ password: String) throws(LabError) -> String {
    try duel.lab.write("password", password + "\n")
  }

  /// Who opens the connection must not matter: BIRD listens, or listens elsewhere.
  @Test(arguments: [179, 1790])
  func `a session with a password`(port: Int) throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird(port: port, extra: "password \"correct horse\";")
    let file = try passwordFile(duel, "correct horse")
    try duel.startDaemon(servers: "  password-file: \(file)")
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
  }

  @Test func `another password is no session`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird(extra: "password \"correct horse\";")
    try duel.startDaemon(servers: "  password-file: \(try passwordFile(duel, "wrong horse"))")
    // The kernel drops what is signed otherwise, and both sides only see that nobody answers.
    try duel.wait(forStatus: [#""last-error":"connection attempt timed out""#])
    #expect(try !bird.isEstablished("a"))
  }

  /// The fabric is one hop between two subnets: two hops are enough, one is not.
  @Test func `hops are counted`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird(extra: "ttl security on; multihop 2;")
    try duel.startDaemon(servers: "  ttl-security: 2")
    try duel.wait(forStatus: [Duel.established])
    #expect(try bird.isEstablished("a"))
    let near = try Duel()
    defer { near.tearDown() }
    _ = try near.startBird(extra: "ttl security on; multihop 2;")
    try near.startDaemon(servers: "  ttl-security: 1")
    try near.wait(forStatus: [#""last-error":"connection attempt timed out""#])
  }

  @Test func `routes carry what the VIP says`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(
      vip: """
            med: 77
            communities: [no-advertise, 65001:258]
            large-communities: [65001:1:4294967295]
        """)
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let route = try bird.ask(["show", "route", "all", "\(VirtualNetwork.vipPrefix)"])
    #expect(route.contains("BGP.med: 77"))
    // What is armed says the same, and its bytes are one UPDATE of that size.
    let armed = try duel.ask(["volleys", "web", "--json"])
    let pieces = [
      #""med":77"#, #""communities":["no-advertise","65001:258"]"#, #""stands":true"#,
      #""rung":"takeover-1""#, #""update-bytes":[133]"#,
      #""hex":"ffffffffffffffffffffffffffffffff"#,
    ]
    for piece in pieces { #expect(armed.contains(piece), "\(armed)") }
    #expect(route.contains("BGP.community: (65535,65282) (65001,258)"))
    #expect(route.contains("BGP.large_community: (65001, 1, 4294967295)"))
  }

  @Test func `the operator of the route server reads why we stop`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    try duel.daemon?.stop()
    try Waiting.until("BIRD to have heard it", within: .seconds(5)) { () throws(LabError) in
      let told = try bird.ask(["show", "protocols", "all", "a"])
      let log = try duel.lab.shell.attempt(
        ["cat", "\(duel.lab.directory)/judge.bird.log"]
      ).output
      return log.contains("hopshiftd stops") ? nil : told + log
    }
  }

  @Test func `a hold time of three seconds holds`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(servers: "  hold-time: 3s")
    try duel.wait(forStatus: [Duel.established, #""hold-ms":3000"#])
    let before = try bird.routes(to: VirtualNetwork.vipPrefix)
    // Frozen, BIRD is silent: the session ends by our timer and not before; thawed, it returns.
    let start = Clock.monotonic()
    try duel.freezeJudge()
    try duel.wait(forStatus: [#""last-error":"hold timer expired""#], within: .seconds(6))
    #expect(Clock.monotonic() - start >= .seconds(2))
    try duel.thawJudge()
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: before.first?.path.count ?? 0)
  }

  @Test func `delivery is stamped for each shift`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    _ = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    let log = "\(duel.lab.directory)/monitor.log"
    let monitor = try duel.lab.start(
      "monitor",
      ["sh", "-c", "exec \"$@\" >\(log)", "sh", BuiltPrograms.path("hopshift")]
        + ["--socket", duel.daemon?.control ?? "", "monitor", "shift", "--json"], on: "a")
    try Waiting.until("the monitor to be heard", within: .seconds(5)) { () throws(LabError) in
      try monitor.checkRunning()
      let sockets = try duel.lab.run(["ss", "-Hx", "state", "connected"], on: "a")
      return sockets.contains("a.run/control") ? nil : sockets
    }
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try Waiting.until("the acknowledgement", within: .seconds(5)) { () throws(LabError) in
      let said = try duel.lab.shell.attempt(["cat", log]).output
      let stages = said.split(separator: "\n").compactMap { line in
        ["seen", "decided", "written", "acknowledged"].first {
          line.contains("\"stage\":\"\($0)\"")
        }
      }
      return stages == ["seen", "decided", "written", "acknowledged"] ? nil : said
    }
  }
}
