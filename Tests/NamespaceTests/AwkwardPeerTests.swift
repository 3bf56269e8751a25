// Route servers that stop reading, refuse, reset and besiege: the other one must not notice.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct AwkwardPeerTests {
  /// The daemon with the awkward peer and a BIRD as its two route servers.
  private struct Pairing {
    let duel: Duel
    let awkward: AwkwardPeer
    let bird: Bird

    init(
      _ mood: AwkwardPeer.Mood, holdTime: Int = 9, prefixes: [Prefix] = []
    ) throws {
      duel = try Duel()
      awkward = try AwkwardPeer(duel, mood)
      bird = try duel.startBird(on: "other")
      try duel.startDaemon(
        peers: [Duel.judge, Duel.other],
        servers: """
            platform: generic
            asn: \(VirtualNetwork.serverASN)
            hold-time: \(holdTime)s
          """, prefixes: prefixes)
      try duel.wait(for: Duel.other, toShow: [Duel.established])
    }

    /// The address comes, and BIRD must see it whatever the awkward peer does.
    func shift(to rung: Rung = .firstTakeover) throws {
      _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      try duel.wait(for: bird, toHavePathOf: rung.pathLength)
    }

    /// Twice, the address gone in between.
    func shiftTwice() throws {
      try shift()
      _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
      try shift(to: AwkwardPeerTests.second)
    }

    /// When BIRD's session came up: it must be the same before and after.
    func birdSince() throws -> Substring? {
      let line = try bird.ask(["show", "protocols", "a"]).split(separator: "\n").last
      return line?.split(separator: " ").dropFirst(4).first
    }

    /// Memory that the daemon has, in KiB.
    func memory() throws -> Int {
      let pid = duel.daemon?.processes().first ?? 0
      let lines = try duel.lab.shell.run(["cat", "/proc/\(pid)/status"]).split(separator: "\n")
      let line = lines.first { $0.hasPrefix("VmRSS:") }
      return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }

  }

  /// What a machine claims that had the address, lost it and has it again.
  private static let second = Rung.firstTakeover.next?.next ?? .last

  /// A receiver whose window stays shut keeps its bytes waiting, and nobody else's. Its KEEPALIVEs
  /// come, so no hold timer ends the session: the kernel does, when sent bytes stayed without an
  /// acknowledgement for the hold time (RFC 9687 asks for such an end).
  @Test func `a route server that reads nothing delays nobody, ends, and returns`() throws {
    let many = (0..<60_000).compactMap {
      Prefix(.v4(IPv4Address(bits: 0x6440_0000 + UInt32($0))), length: 32)
    }
    let pairing = try Pairing(.well, holdTime: 3, prefixes: many)
    defer { pairing.duel.tearDown() }
    let (duel, awkward) = (pairing.duel, pairing.awkward)
    try awkward.wait(for: "to have everything") { $0.prefixes == many.count + 1 }
    let since = try pairing.birdSince()
    try awkward.turn(.deaf)
    try pairing.shiftTwice()
    try Waiting.until("the kernel to give the session up", within: .seconds(20)) {
      () throws(LabError) in
      let line = try duel.log().last { $0.contains("\(Duel.judge)") } ?? ""
      return line.contains("ETIMEDOUT") ? nil : String(line)
    }
    try duel.wait(forStatus: ["the connection failed: ETIMEDOUT (Connection timed out)"])
    // BIRD never lost anything, and everything comes once the deaf one hears again.
    #expect(try pairing.birdSince() == since)
    try awkward.turn(.well)
    try duel.wait(for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
    let state = try awkward.wait(for: "to have everything") {
      $0.prefixes == many.count + 1 && $0.path == AwkwardPeerTests.second.pathLength
    }
    #expect(state.withdrawn == 0)
  }

  /// Each attempt waits twice as long as the one before, less a jitter of up to a quarter.
  @Test(arguments: [AwkwardPeer.Mood.refuse, .shout])
  func `a route server that refuses is asked less and less often`(mood: AwkwardPeer.Mood) throws {
    let pairing = try Pairing(mood)
    defer { pairing.duel.tearDown() }
    let state = try pairing.awkward.wait(for: "to be asked four times") { $0.accepted.count >= 4 }
    let waits = zip(state.accepted, state.accepted.dropFirst()).map { $1 - $0 }
    for (wait, least) in zip(waits, [0.75, 1.5, 3.0]) { #expect(wait >= least, "\(waits)") }
    try pairing.shift()
    try pairing.awkward.turn(.well)
    try pairing.duel.wait(for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
    try pairing.awkward.wait(for: "to have the claim") {
      $0.path == Rung.firstTakeover.pathLength && $0.prefixes == 1
    }
  }

  /// Sessions that come up and fall at once: not more than about one a second, and the other route
  /// server's session stays.
  @Test(arguments: [AwkwardPeer.Mood.drop, .reset])
  func `a session that falls again and again`(mood: AwkwardPeer.Mood) throws {
    let pairing = try Pairing(mood)
    defer { pairing.duel.tearDown() }
    let since = try pairing.birdSince()
    let state = try pairing.awkward.wait(for: "to have fallen five times") { $0.established >= 5 }
    let waits = zip(state.accepted, state.accepted.dropFirst()).map { $1 - $0 }
    for wait in waits { #expect(wait >= 0.75, "\(waits)") }
    let reason = mood == .drop ? "NOTIFICATION 6/4" : "ECONNRESET"
    try pairing.duel.wait(for: Duel.judge, toShow: [reason])
    try pairing.shift()
    #expect(try pairing.birdSince() == since)
    try pairing.awkward.turn(.well)
    try pairing.duel.wait(for: Duel.judge, toShow: [Duel.established])
    try pairing.awkward.wait(for: "to have the claim") {
      $0.path == Rung.firstTakeover.pathLength && $0.prefixes == 1
    }
  }

  /// Messages that RFC 7606 lets us survive are classed, counted and told, and the session stays.
  @Test func `a route server whose UPDATEs break the rules`() throws {
    let pairing = try Pairing(.odd)
    defer { pairing.duel.tearDown() }
    let counts = [
      #""state":"Established""#, #""routes":1,"#, #""attribute-discards":1"#,
      #""treated-as-withdraw":1"#, #""session-resets":0"#,
    ]
    var answer = ""
    try Waiting.until("both to be counted", within: .seconds(20)) { () throws(LabError) in
      answer = try pairing.duel.ask(["received", "\(Duel.judge)", "--errors", "--json"])
      return counts.allSatisfy { answer.contains($0) } ? nil : answer
    }
    let errors = answer.split(separator: "\n").filter {
      $0.contains(#""type":"received-error","route-server":"\#(Duel.judge)""#)
    }
    try #require(errors.count == 2, "\(answer)")
    let wanted = [("attribute discard", 5), ("treat as withdraw", 1)]
    for (error, (kind, attribute)) in zip(errors, wanted) {
      #expect(error.contains(#""class":"\#(kind)","message":"UPDATE""#), "\(error)")
      #expect(error.contains(#""attribute":\#(attribute),"#), "\(error)")
    }
    // What was only odd counts, what was wrong does not.
    let routes = try pairing.duel.ask(["received", "\(Duel.judge)", "--json"])
    #expect(routes.contains(#""prefix":"192.0.2.0/24""#) && !routes.contains("198.51.100.0"))
    try pairing.shift()
    try pairing.awkward.wait(for: "to have the claim") {
      $0.path == Rung.firstTakeover.pathLength && $0.established == 1 && $0.told.isEmpty
    }
  }

  /// The cable of one of two route servers is cut: the shift is written to both, and each is
  /// stamped with its own acknowledgement.
  @Test func `each route server acknowledges for itself`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    _ = try duel.startBird(on: "other")
    try duel.startDaemon(peers: [Duel.judge, Duel.other])
    for server in [Duel.judge, Duel.other] {
      try duel.wait(for: server, toShow: [Duel.established])
    }
    try duel.lab.unplug("other")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    func stage(_ name: String, _ server: IPv4Address) -> String {
      #""stage":"\#(name)","route-server":"\#(server)""#
    }
    func history() throws(LabError) -> String { try duel.ask(["history", "1", "--json"]) }
    func wait(for piece: String) throws {
      try Waiting.until(piece, within: .seconds(20)) { () throws(LabError) in
        let answer = try history()
        return answer.contains(piece) ? nil : answer
      }
    }
    try wait(for: stage("acknowledged", Duel.judge))
    let before = try history()
    #expect(before.contains(stage("written", Duel.judge)), "\(before)")
    #expect(before.contains(stage("written", Duel.other)), "\(before)")
    #expect(!before.contains(stage("acknowledged", Duel.other)), "\(before)")
    try duel.lab.plugIn("other")
    try wait(for: stage("acknowledged", Duel.other))
  }

  /// Thousands of connections that each bring a NOTIFICATION: shifts go on, memory stays, the log
  /// holds a few lines and a count, and the session comes up when it is over.
  @Test func `a storm of NOTIFICATIONs`() throws {
    let pairing = try Pairing(.besiege)
    defer { pairing.duel.tearDown() }
    let since = try pairing.birdSince()
    try pairing.awkward.wait(for: "to have begun") { $0.besieged >= 500 }
    let memory = try pairing.memory()
    try pairing.shiftTwice()
    try pairing.awkward.wait(for: "to have stormed", within: .seconds(60)) { $0.besieged >= 5_000 }
    #expect(try pairing.memory() <= memory + 512)
    let lines = try pairing.duel.log()
    #expect(lines.count <= 60, "\(lines.count) lines, the last: \(lines.suffix(3))")
    #expect(try pairing.birdSince() == since)
    try pairing.awkward.turn(.well)
    try pairing.duel.wait(for: Duel.judge, toShow: [Duel.established], within: .seconds(40))
    try pairing.awkward.wait(for: "to have the claim") {
      $0.path == AwkwardPeerTests.second.pathLength
    }
    try Waiting.until("the log to say what it withheld", within: .seconds(20)) {
      () throws(LabError) in
      let lines = try pairing.duel.log()
      return lines.contains { $0.contains("more lines were withheld, now") }
        ? nil : "\(lines.suffix(3))"
    }
  }
}
