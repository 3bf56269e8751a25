// A daemon in shadow mode beside a real route server: everything is decided, and nothing is said.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ShadowTests {
  @Test func `in shadow mode a shift is decided and no route server hears of it`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(
      configuration: """
        mode: shadow
        local: {asn: \(VirtualNetwork.applianceASN), address: \(Duel.appliance)}
        route-servers: {peers: [\(Duel.judge)]}
        vips:
          web: {prefixes: [\(VirtualNetwork.vipPrefix)], owner: {when: address, settle: 0s}}

        """)
    try duel.wait(forStatus: [#""kernel":"current""#])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(forStatus: [#""shifts":1"#, #""rung":"takeover-1""#])
    #expect(try duel.ask(["history"]).contains("because 10.1.0.5 came to this machine"))
    #expect(
      try duel.ask(["why", "web"]).hasPrefix("Shift 1 came about at 20"), "the last shift")
    let page = try duel.ask(["history", "1", "--html", "/dev/stdout"])
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<h1>Shift 1: web was claimed"))
    #expect(try duel.ask(["explain", "web"]).contains("every announcement: shadow mode"))
    // The route server tries to connect once a second meanwhile, and hears nothing.
    let end = Clock.monotonic() + .seconds(3)
    try Waiting.until("three seconds to pass", within: .seconds(10)) { () throws(LabError) in
      Clock.monotonic() >= end ? nil : "not yet"
    }
    #expect(try bird.routes(to: VirtualNetwork.vipPrefix).isEmpty)
    #expect(try duel.line(of: Duel.judge).contains(#""updates-sent":0"#))
    #expect(try !duel.line(of: Duel.judge).contains(Duel.established))
    try duel.daemon?.stop()
  }
}
