// Judges that end the session again and again: a storm of NOTIFICATIONs from real speakers.

import Lab
import Linux
import Model
import Platform
import Testing

extension Judge {
  /// Makes it end the session with us by a NOTIFICATION; false when it has no word for it.
  fileprivate func reset(_ duel: Duel) throws(LabError) -> Bool {
    let lab = duel.lab
    let words: [String]
    switch self {
    case .bird: words = ["birdc", "-s", "\(lab.directory)/judge.ctl", "restart", "a"]
    case .frr: words = ["vtysh", "--vty_socket", lab.directory, "-c", "clear bgp *"]
    case .gobgp: words = ["gobgp", "-p", "50051", "neighbor", "\(Duel.appliance)", "reset"]
    case .openbgpd:
      words = [
        "bgpctl", "-s", "\(lab.directory)/bgpd.sock", "neighbor", "\(Duel.appliance)", "clear",
      ]
    // It speaks through a program of the test's own only.
    case .exabgp: return false
    }
    // Whoever is in the middle of it may refuse to do it again.
    _ = try lab.shell.attempt(
      ["ip", "netns", "exec", lab.namespace(of: "judge")] + words)
    return true
  }
}

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ResetTests {
  private static let isLong = Environment.has("HOPSHIFT_LONG")
  /// GoBGP and OpenBGPD rest for half a minute and for five seconds after each reset.
  private static let judges: [(judge: Judge, times: Int)] =
    [(.bird, isLong ? 20 : 4), (.frr, isLong ? 20 : 4)]
    + (isLong ? [(.gobgp, 4), (.openbgpd, 6)] : [])

  /// Every reset ends a session that stood and brings Cease, subcode 4. The shift in the middle is
  /// one claim, nothing is ever taken back, the log holds a few lines, and the route is there when
  /// it is over.
  @Test(arguments: judges)
  func `a judge that resets the session again and again`(judge: Judge, times: Int) throws {
    try judge.require()
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    _ = try judge.start(duel)
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established], within: .seconds(60))
    try judge.wait(duel, for: .standby)
    for round in 0..<times {
      try duel.wait(forStatus: [Duel.established], within: .seconds(90))
      #expect(try judge.reset(duel))
      try Waiting.until("NOTIFICATION \(round + 1)", within: .seconds(20)) {
        () throws(LabError) in
        let count = try notifications(tap)
        return count > round ? nil : "\(count) NOTIFICATIONs"
      }
      if round == times / 2 { _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a") }
    }
    try duel.wait(forStatus: [Duel.established], within: .seconds(90))
    try judge.wait(duel, for: .firstTakeover)
    let ours = try tap.judge().updates(from: [Duel.appliance])
    #expect(ours.allSatisfy { !$0.update.withdraws })
    // Standby before, the claim after, and never anything else.
    let lengths = ours.map(\.update.path.count)
    let claim = Rung.firstTakeover.pathLength
    #expect(Set(lengths) == [Rung.standby.pathLength, claim], "\(lengths)")
    #expect(lengths.drop { $0 != claim }.allSatisfy { $0 == claim }, "\(lengths)")
    let lines = try duel.log()
    #expect(lines.count <= 20 + 4 * times, "\(lines.count) lines: \(lines.suffix(5))")
  }

  /// How many times the judge has ended a session so.
  private func notifications(_ tap: Wiretap) throws(LabError) -> Int {
    try tap.judge().records.count {
      $0.source.address == Duel.judge && $0.message == .notification(code: 6, subcode: 4)
    }
  }
}
