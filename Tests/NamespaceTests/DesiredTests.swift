// What a real daemon says of route tables: without route servers, and when one does not acknowledge.

import Control
import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct DesiredTests {
  private func wait(_ duel: Duel, for pieces: [String]) throws(LabError) {
    try Waiting.until("\(pieces) to be desired", within: .seconds(15)) { () throws(LabError) in
      let answer = try duel.lab.shell.attempt(
        ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
          + ["--socket", duel.daemon?.control ?? "", "desired", "--json"]
      ).output
      return pieces.allSatisfy { answer.contains($0) } ? nil : answer
    }
  }

  @Test func `a VIP that stands in route tables only is decided without a route server`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try duel.startDaemon(
      configuration: """
        local: {address: \(Duel.appliance)}
        vips:
          web:
            prefixes: [\(VirtualNetwork.vipPrefix)]
            owner: {when: address, settle: 0s}
            udr: {mode: only}
        azure: {scheduled-events: report}

        """)
    try wait(duel, for: [#""voice":"others""#, #""scheduled-events":"report""#])
    let stream = "\(duel.lab.directory)/follow.log"
    let follower = try duel.lab.start(
      "follow",
      [BuiltPrograms.path("hopshift"), "--socket", duel.daemon?.control ?? ""]
        + ["desired", "--follow", "--json"], on: "a")
    try wait(duel, stream, for: #""type":"complete""#)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(duel, stream, for: #""voice":"ours","wanted":true,"mode":"only""#)
    try wait(
      duel,
      for: [
        #""voice":"ours""#, #""next-hop":"\#(Duel.appliance)""#,
        #""routes":["\#(VirtualNetwork.vipPrefix)"]"#,
      ])
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    try wait(duel, stream, for: #""voice":"unsure""#)
    try wait(duel, stream, for: #""voice":"others""#)
    try follower.checkRunning()
    let page = try duel.ask(["desired"])
    #expect(page.contains("web  only  others  10.0.2.10  10.1.0.5/32"), "\(page)")
  }

  private func wait(_ duel: Duel, _ file: String, for piece: String) throws(LabError) {
    try Waiting.until("\(piece) in the stream", within: .seconds(15)) { () throws(LabError) in
      try duel.daemon?.checkRunning()
      let bytes = (try? Files.read(path: file, limit: 1 << 20)) ?? []
      let text = String(decoding: bytes, as: UTF8.self)
      // The last line counts: what was said before may be the same.
      let last = text.split(separator: "\n").last ?? ""
      return last.contains(piece) ? nil : text
    }
  }

  /// BIRD's machine drops what comes: its TCP acknowledges nothing, and the session is still up.
  @Test func `a fallback is wanted when an acknowledgement does not come`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(vip: "    udr: {mode: fallback, after: 500ms}")
    try duel.wait(forStatus: [Duel.established])
    try wait(duel, for: [#""voice":"others","wanted":false"#])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    try wait(duel, for: [#""voice":"ours","wanted":false"#])
    try duel.lab.unplug("judge")
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(duel, for: [#""voice":"ours","wanted":true"#])
  }
}
