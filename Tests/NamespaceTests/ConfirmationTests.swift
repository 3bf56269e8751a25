// A real daemon asks through a VIP whether its shift has arrived.

import Lab
import Linux
import Model
import Testing

/// The machine that watches has a route to the VIP, which stands for what Azure has programmed.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ConfirmationTests {
  private static let vip = "10.1.0.5"
  private static let hosts = ["ws1", "ws2"].enumerated().map { place, name in
    "\(name): {address: 10.0.2.\(11 + place), probes: [tcp: {port: \(Neighbourhood.port), "
      + "interval: 20ms}]}"
  }

  private func program(_ lan: Neighbourhood, _ nextHop: String) throws(LabError) {
    try lan.lab.run(["ip", "route", "replace", "\(Self.vip)/32", "via", nextHop], on: "a")
  }

  private func ask(_ lan: Neighbourhood, _ words: [String]) throws(LabError) -> String {
    let path = BuiltPrograms.path("hopshift")
    return try lan.lab.shell.attempt([path, "--socket", lan.daemon?.control ?? ""] + words).output
  }

  private func wait(
    _ lan: Neighbourhood, for piece: String, in words: [String]
  ) throws(LabError) {
    try Waiting.until("\(piece) in \(words)", within: .seconds(20)) { () throws(LabError) in
      let text = try ask(lan, words)
      return text.contains(piece) ? nil : text
    }
  }

  @Test func `a shift is confirmed when the new host answers, and not before`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    for host in ["ws1", "ws2"] {
      try lan.lab.run(["ip", "address", "add", "\(Self.vip)/32", "dev", "lo"], on: host)
      _ = try lan.startWebServer(on: host, saying: "this is \(host)")
    }
    try program(lan, "10.0.2.11")
    try lan.startDaemon(
      Self.hosts,
      vip: """
        confirm: {http: 'http://\(Self.vip):\(Neighbourhood.port)/', within: 2s, \
        text: {ws1: this is ws1, ws2: this is ws2}}
        """)
    try lan.wait(for: ["up", "up"])
    try wait(lan, for: ", confirmed after ", in: ["history", "1"])
    try wait(lan, for: #""confirmation":"confirmed""#, in: ["status", "--json"])
    // Traffic still goes to ws1, which answers: that is no proof for ws2.
    _ = try ask(lan, ["switch", "web", "--to", "ws2", "--force"])
    try lan.wait(forLine: ["shift 2 is not confirmed after 2 s"])
    #expect(try ask(lan, ["history", "2"]).contains(", not confirmed\n"))
    #expect(try ask(lan, ["explain", "web"]).contains("last shift: overdue"))
    #expect(try ask(lan, ["status"]).contains("VIP web: its last shift is not confirmed"))
    try program(lan, "10.0.2.12")
    try lan.wait(forLine: ["shift 2 is confirmed"])
    try wait(lan, for: "confirmed", in: ["history", "2"])
    // The route leads to a machine that is dead; then it is programmed.
    try lan.lab.unplug("ws2")
    try lan.wait(for: ["up", "down"])
    try wait(lan, for: ", not confirmed", in: ["history", "3"])
    try program(lan, "10.0.2.11")
    try wait(lan, for: ", confirmed after ", in: ["history", "3"])
    #expect(
      try ask(lan, ["metrics"]).contains("hopshift_stage_seconds_count{stage=\"confirmed\"} 3\n"))
    try lan.daemon?.stop()
  }
}
