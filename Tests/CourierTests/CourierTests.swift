// The real program between a daemon and an Azure that are scripts: what it writes, tells and survives.

import Foundation
import Linux
import Model
import Store
import Testing

@Suite(.serialized) struct CourierTests {
  @Test func aShiftIsOneWriteAndIsTold() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    #expect(try scene.azure.writes().isEmpty)
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.5")
    scene.want("ours", "10.0.0.6")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.6")
    let writes = try scene.azure.writes().map(\.words)
    // The route is there by then: it is replaced where it stands, under the tag that was read.
    #expect(writes.last?.hasPrefix("PUT \(Scene.route) W/\"") == true, "\(writes)")
    #expect(writes.allSatisfy { $0.hasPrefix("PUT") })
    if scene.wasAwake {
      #expect(writes.count == 2)
      #expect(scene.stages == ["queued", "accepted", "done", "queued", "accepted", "done"])
    }
    #expect(try scene.finish() == 0)
    let store = try Store(path: scene.state + "/store")
    let kept = try store.intents()
    #expect(kept.map(\.wish) == ["10.0.0.6"])
    #expect(kept.allSatisfy { $0.isDone })
    let stages = try store.history(since: 0, limit: 100).map(\.stage)
    #expect(stages.suffix(3) == ["queued", "accepted", "done"])
  }

  /// From the record on the control socket to the request line at the server, on one clock.
  @Test func theWayToTheWireIsShort() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    var times: [Int64] = []
    for round in 0..<20 {
      let before = try scene.azure.writes().count
      let said = scene.want("ours", "10.0.0.\(6 + round)")
      try scene.wait("done") { scene.isDone() }
      let write = try #require(scene.azure.writes().dropFirst(before).first)
      times.append(write.at - said)
    }
    times.sort()
    print("decision to PUT: p50 \(times[10] / 1_000) us, worst \(times[19] / 1_000) us")
    #expect(times.allSatisfy { $0 > 0 })
  }

  @Test func killedAtAnyMomentItSettlesEverything() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    var dice = Dice(seed: 11)
    for round in 0..<40 {
      scene.want("ours", "10.0.0.\(5 + round)")
      // Somewhere between the word and the last read.
      try scene.pass(.microseconds(Int64(dice.below(round % 2 == 0 ? 6_000 : 80_000))))
      try scene.kill()
      if round % 3 == 0 { scene.want("ours", "10.0.1.\(5 + round)") }
      try scene.start()
      if round % 4 == 0 { continue }
      try scene.wait("done after kill \(round)") { scene.isDone() }
      #expect(try scene.azure.hop(Scene.route) == scene.hop)
    }
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == scene.hop)
    #expect(try scene.finish() == 0)
    let kept = try Store(path: scene.state + "/store").intents()
    #expect(kept.map(\.wish) == [scene.hop])
    #expect(kept.allSatisfy { $0.isDone })
  }

  @Test func aDaemonThatDiesIsFoundAgain() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    scene.close()
    // Of the next start: everything is told anew, since that daemon has heard nothing.
    scene.epoch += 1
    scene.counter = 1
    scene.hop = "10.0.0.9"
    scene.told = []
    try scene.listen()
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.9")
    scene.close()
    scene.told = []
    try scene.listen()
    try scene.wait("told again") { scene.isDone() }
    if scene.wasAwake { #expect(try scene.azure.writes().count == 2) }
  }

  @Test func withoutADiskItIsWrittenAllTheSame() throws {
    let scene = try Scene()
    try FileManager.default.removeItem(atPath: scene.state)
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone(durable: false) }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.5")
    #expect(scene.log.contains("words are not durable"))
    // The disk is back: what was done by then is kept, and said to be.
    try FileManager.default.createDirectory(
      atPath: scene.state, withIntermediateDirectories: false)
    try scene.wait("durable") { scene.isDone() }
    #expect(scene.log.contains("the store takes everything again"))
    if scene.wasAwake { #expect(try scene.azure.writes().count == 1) }
  }

  /// A disk that is read only, and one on which not even the store has room.
  @Test(
    .enabled(if: Accounts.userID() == 0, "only root can mount"),
    arguments: [("ro", "rw"), ("size=16k", "size=16m")])
  func aDiskThatTakesNothingHoldsNothingUp(_ bad: String, _ good: String) throws {
    let scene = try Scene()
    scene.disk = bad
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone(durable: false) }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.5")
    #expect(scene.log.contains("words are not durable"))
    try scene.remount(good)
    try scene.wait("durable") { scene.isDone() }
    #expect(scene.log.contains("the store takes everything again"))
    #expect(try scene.finish() == 0)
  }

  @Test func aDamagedStoreIsPutAside() throws {
    let scene = try Scene()
    let path = scene.state + "/store"
    try Data("no database, and long enough to be read as one".utf8).write(
      to: URL(fileURLWithPath: path))
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
  }

  @Test func whoWasFrozenAndBeatenWritesNothing() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    let before = try scene.azure.writes().count
    try scene.signal(.stop)
    // Its claim waits in the socket, and was beaten when it reads it.
    scene.want("ours", "10.0.0.6")
    let stranger =
      #"{"name":"\#(Scene.route)","properties":{"addressPrefix":"100.64.0.0/31","#
      + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.99"}}"#
    try scene.azure.set("meddle", stranger)
    scene.counter += 1
    scene.voice = "others"
    try scene.pass(.seconds(2))
    try scene.signal(.proceed)
    try scene.wait("notice") { scene.log.contains("stood still") }
    try scene.pass(.seconds(2))
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.99")
    // What was on its way when it froze carries an old tag.
    #expect(try scene.azure.writes().dropFirst(before).allSatisfy { $0.words.contains("W/\"") })
  }

  @Test func lostAnswersAndOldTokensAreSettled() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    try scene.azure.set("lose", "1")
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    if scene.wasAwake { #expect(try scene.azure.writes().count == 1) }
    try scene.azure.set("token", #""planted-marker-2""#)
    scene.want("ours", "10.0.0.6")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == "10.0.0.6")
    try scene.azure.set("put_status", "503")
    scene.want("ours", "10.0.0.7")
    try scene.wait("trouble") { scene.told.last?.stage == "failed" }
    #expect(scene.told.last?.detail.contains("Azure is in trouble") == true)
    try scene.azure.set("put_status", "0")
    try scene.wait("done") { scene.isDone() }
  }

  /// The fallback of a writer that died hides every later shift: the next claimant takes it away.
  @Test func theFallbackOfADeadWriterIsRemoved() throws {
    let scene = try Scene()
    scene.mode = "fallback"
    scene.wanted = false
    try scene.azure.set(
      "meddle",
      #"{"name":"\#(Scene.route)","properties":{"addressPrefix":"100.64.0.0/31","#
        + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.99"}}"#)
    try scene.start()
    try scene.settle()
    #expect(try scene.azure.writes().isEmpty)
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.azure.hop(Scene.route) == nil)
    let writes = try scene.azure.writes().map(\.words)
    #expect(writes.allSatisfy { $0.hasPrefix("DELETE \(Scene.route) W/\"") }, "\(writes)")
    #expect(writes.count == 1 || !scene.wasAwake && !writes.isEmpty)
    #expect(try scene.finish() == 0)
  }

  /// What is written to a connection that is no more, and be it TLS' goodbye, is a failed write.
  /// Whether libcurl itself keeps the signal away depends on its version.
  @Test func aPeerThatResetsEndsNothing() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    let status = try String(
      contentsOfFile: "/proc/\(#require(scene.pid))/status", encoding: .utf8)
    let ignored = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") })
    let set = try #require(
      UInt64(ignored.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16))
    #expect(set & (1 << 12) != 0, "SIGPIPE is number 13")
    for round in 0..<5 {
      scene.want("ours", "10.0.0.\(5 + round)")
      try scene.wait("done") { scene.isDone() }
      try #require(Int(scene.azure.set("cut")).map { $0 > 0 } == true)
    }
    scene.want("ours", "10.0.0.20")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.finish() == 0)
  }

  /// From its first line: the words of `--help` go to a reader who has left.
  @Test func aReaderWhoLeavesIsAFailureAndNoSignal() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["--default-signal=PIPE", programPath, "--help"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try pipe.fileHandleForReading.close()
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 1)
  }

  @Test func withoutATokenItSaysSo() throws {
    let scene = try Scene()
    try scene.azure.set("metadata_status", "404")
    scene.want("ours", "10.0.0.5")
    try scene.start()
    try scene.wait("trouble") { scene.told.last?.stage == "failed" }
    #expect(scene.told.last?.detail.contains("the metadata service: 404") == true)
    try scene.azure.set("metadata_status", "200")
    try scene.wait("done") { scene.isDone() }
  }

  @Test func inShadowNothingIsWritten() throws {
    let scene = try Scene()
    scene.isShadow = true
    scene.want("ours", "10.0.0.5")
    try scene.start()
    try scene.settle()
    try scene.pass(.seconds(2))
    #expect(try scene.azure.writes().isEmpty)
  }

  @Test func eventsAreToldAndApproved() throws {
    let scene = try Scene()
    scene.acknowledges = true
    try scene.start()
    try scene.settle()
    try scene.wait("nothing is announced") { scene.eventWords.last == ["none"] }
    try scene.azure.set(
      "events",
      #"{"DocumentIncarnation":2,"Events":[{"EventId":"E-1","EventType":"Reboot","#
        + #""Resources":["vm-a"],"EventStatus":"Scheduled"},{"EventId":"E-2","#
        + #""EventType":"Reboot","Resources":["vm-b"],"EventStatus":"Scheduled"}]}"#)
    try scene.wait("told") { scene.eventWords.last == ["Reboot:scheduled:E-1"] }
    #expect(try !scene.azure.calls().contains { $0.words.hasPrefix("metadata POST") })
    scene.sayVacated("E-1")
    try scene.wait("approval") {
      try scene.azure.calls().contains {
        $0.words.hasPrefix("metadata POST") && $0.words.contains("E-1")
      }
    }
    try scene.azure.set("events", #"{"DocumentIncarnation":3,"Events":[]}"#)
    try scene.wait("over") { scene.eventWords.last == ["none"] }
    #expect(try !scene.azure.calls().contains { $0.words.contains("E-2") })
    // Nobody took anything over, and the past has it all the same.
    var past = ""
    try scene.wait("the past") {
      past = try scene.answer()
      return past.contains(#""step":"over""#)
    }
    let steps = past.split(separator: "\n").filter { $0.contains(#""type":"event""#) }
    #expect(steps.count == 2 && steps.allSatisfy { $0.contains(#""kind":"Reboot""#) }, "\(past)")
    #expect(steps.first?.contains(#""event":"E-1","kind":"Reboot","step":"announced""#) == true)
  }

  @Test func theTokenIsNowhere() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    try scene.azure.set("put_status", "403")
    scene.want("ours", "10.0.0.6")
    try scene.wait("trouble") { scene.told.last?.stage == "failed" }
    let pid = try #require(scene.pid)
    let facts = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
      #expect(facts.contains("\n\(set):\t0000000000000000\n"), "\(set) in \(facts)")
    }
    #expect(facts.contains("\nNoNewPrivs:\t1\n"), "\(facts)")
    let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
    let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core") })
    #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
    let status = try scene.finish()
    #expect(status == 0, "\(scene.log)")
    #expect(!scene.log.contains(Azure.marker))
    #expect(!scene.told.contains { $0.detail.contains(Azure.marker) })
    for name in try FileManager.default.contentsOfDirectory(atPath: scene.state) {
      let bytes = FileManager.default.contents(atPath: scene.state + "/" + name) ?? Data()
      #expect(bytes.range(of: Data(Azure.marker.utf8)) == nil, "\(name)")
    }
  }
}

/// The same numbers in every run.
struct Dice {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
