// What a real daemon hears is recorded, and the recording plays to the same bytes.

import Foundation
import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct RecordTests {
  /// The answer of `hopshift` and its exit status, without a daemon.
  private func hopshift(_ duel: Duel, _ words: [String]) throws(LabError) -> (Int32, String) {
    let answer = try duel.lab.shell.attempt([BuiltPrograms.path("hopshift")] + words)
    return (answer.status, answer.output)
  }

  /// One session, a VIP that comes, goes and comes again.
  private func story(_ duel: Duel) throws(LabError) {
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
  }

  @Test func `the past of a daemon plays to the same bytes`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try story(duel)
    let history = try duel.ask(["history"])
    #expect(
      history.contains(
        "web was claimed as takeover-1 by this machine, which was standby before because "
          + "10.1.0.5 came to this machine; written after "), "\(history)")
    try Waiting.until("the shift to be acknowledged", within: .seconds(10)) {
      () throws(LabError) in
      let text = try duel.ask(["history", "1"])
      return text.contains("acknowledged  10.0.1.4") ? nil : text
    }
    let file = "\(duel.lab.directory)/past.journal"
    _ = try duel.ask(["record", "--past", file])
    let (status, text) = try hopshift(duel, ["replay", file])
    #expect(status == 0, "\(text)")
    #expect(text.contains("outputs, identical\n"), "\(text)")
    #expect(
      text.contains("vip web: standby -> takeover-1 (shift 1): 10.1.0.5 came to this machine"),
      "\(text)")
    #expect(text.contains("route server 10.0.1.4: established"), "\(text)")
    // The same for a program, word for word.
    let (code, lines) = try hopshift(duel, ["replay", "--json", file])
    #expect(code == 0, "\(lines)")
    let records = try self.records(lines, of: "replay")
    #expect(records.first?["type"] as? String == "recorded")
    #expect(records.last?["type"] as? String == "replayed")
    #expect(records.last?["identical"] as? Bool == true)
    let sentences = records.compactMap { $0["sentence"] as? String }
    #expect(sentences.count == records.count - 2)
    for sentence in sentences { #expect(text.contains(sentence), "\(sentence)") }
    #expect(sentences.contains("route server 10.0.1.4: established"))
  }

  /// The records of a verb that asks for `--json`: each of this version, none of another verb.
  private func records(_ text: String, of verb: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      let record = try #require(value as? [String: Any], "\(line)")
      #expect(record["v"] as? Int == 1 && record["id"] as? String == verb, "\(line)")
      return record
    }
  }

  /// What a rehearsal would send is what leaves when it comes to that, and nothing leaves before.
  @Test func `what is rehearsed is what happens`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let event = "address 10.1.0.5/32 added eth0"
    let text = try duel.ask(["simulate", event])
    #expect(text.contains("web: standby -> takeover-1 (shift 1)"), "\(text)")
    let records = try self.records(try duel.ask(["simulate", "--json", event]), of: "simulate")
    let steps = records.filter { $0["type"] as? String == "step" }
    #expect(steps.first?["what"] as? String == "supposed")
    #expect(steps.first?["sentence"] as? String == event)
    let told = steps.filter { $0["what"] as? String == "told" }
    for step in told {
      let sentence = try #require(step["sentence"] as? String)
      #expect(text.contains(sentence), "\(sentence)")
    }
    let fired = try #require(steps.first { $0["what"] as? String == "fired" })
    #expect(fired["vip"] as? String == "web")
    #expect(fired["route-server"] as? String == "10.0.1.4")
    #expect(fired["shift"] as? Int == 1)
    let rehearsed = try #require(fired["hex"] as? String)
    #expect(records.last?["type"] as? String == "assumption")
    #expect(try duel.ask(["history"]) == "no shift since hopshiftd started\n")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    let volleys = try self.records(try duel.ask(["volleys", "web", "--json"]), of: "ask")
    let stands = volleys.first { $0["stands"] as? Bool == true }
    #expect(stands?["hex"] as? String == rehearsed, "\(volleys)")
  }

  /// What happens while it is recorded is in it, also when the daemon ends.
  @Test func `a recording that goes on`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    let daemon = try #require(duel.daemon)
    let file = "\(duel.lab.directory)/live.journal"
    let recorder = try duel.lab.start(
      "recorder",
      [BuiltPrograms.path("hopshift"), "--socket", daemon.control, "record", file], on: "a")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    try Waiting.until("the shift to be recorded", within: .seconds(10)) {
      () throws(LabError) in
      let (_, text) = try hopshift(duel, ["replay", file])
      return text.contains("(shift 1)") ? nil : text
    }
    try daemon.stop()
    try Waiting.until("the recorder to end", within: .seconds(10)) { () throws(LabError) in
      ProcessTable.isAlive(recorder.pid) ? "it runs" : nil
    }
    let (status, text) = try hopshift(duel, ["replay", file])
    #expect(status == 0, "\(text)")
    #expect(text.contains("outputs, identical\n"), "\(text)")
  }

  @Test func `a recording in a limited file, played against another configuration`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try story(duel)
    let file = "\(duel.lab.directory)/short.journal"
    _ = try duel.ask(["record", "--past", "--size", "100K", file])
    let other = try duel.lab.write(
      "other.yaml",
      """
      local: {asn: 65001, address: 10.0.2.10}
      route-servers: {peers: [10.0.1.4]}
      vips:
        net: {prefixes: [10.9.0.0/16], owner: {when: address, address: 10.1.0.5}}

      """)
    let (status, text) = try hopshift(duel, ["replay", file, "--config", other])
    #expect(status == 0, "\(text)")
    #expect(text.contains("vip web: standby -> takeover-1"), "\(text)")
    // It settles for ten seconds: an address that comes then was there before.
    #expect(text.contains("vip net: standby -> owner"), "\(text)")
  }

  @Test func `what is no journal, and what is damaged`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try story(duel)
    let text = try duel.lab.write("text", "local: 1\n")
    #expect(try hopshift(duel, ["replay", text]).0 == 1)
    let file = "\(duel.lab.directory)/damaged.journal"
    _ = try duel.ask(["record", "--past", file])
    let size = try Files.read(path: file, limit: 1 << 24).count
    try duel.lab.shell.run(["truncate", "-s", "\(size - 3)", file])
    let (status, words) = try hopshift(duel, ["replay", file])
    #expect(status == 0, "\(words)")
    #expect(words.contains("identical"), "\(words)")
    #expect(words.contains("ends in the middle of a record at byte"), "\(words)")
  }

  /// When more was heard than is remembered, a recording begins with the engine's state.
  @Test func `a daemon that has heard more than it remembers`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try story(duel)
    // Each link is told in about 1.5 KB, coming, going up, and going.
    let commands = (0..<400).flatMap {
      ["link add x\($0) type bridge", "link set x\($0) up", "link delete x\($0)"]
    }
    let batch = try duel.lab.write("many.ip", commands.joined(separator: "\n") + "\n")
    try duel.lab.run(["ip", "-batch", batch], on: "a")
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(forStatus: [#""rung":"takeover-3""#])
    let file = "\(duel.lab.directory)/middle.journal"
    _ = try duel.ask(["record", "--past", file])
    #expect(try Files.read(path: file, limit: 1 << 24).count > 400_000)
    let (status, text) = try hopshift(duel, ["replay", file])
    #expect(status == 0, "\(text)")
    #expect(text.contains("outputs, identical\n"), "\(text)")
    #expect(!text.contains("shift 1)"), "the beginning should be lost: \(text)")
    #expect(text.contains("takeover-1 -> takeover-3 (shift 2)"), "\(text)")
    // Of the same past, what fits into a small file.
    let short = "\(duel.lab.directory)/short.journal"
    _ = try duel.ask(["record", "--past", "--size", "100K", short])
    let size = try Files.read(path: short, limit: 1 << 24).count
    #expect((50_000...102_400).contains(size), "\(size)")
    let (played, words) = try hopshift(duel, ["replay", short])
    #expect(played == 0 && words.contains("outputs, identical\n"), "\(words)")
    // The same things under another configuration, and others under one that cannot be.
    let slower = try duel.lab.write(
      "slower.yaml",
      """
      local: {asn: 65001, address: 10.0.2.10}
      route-servers: {peers: [10.0.1.4], hold-time: 90s}
      vips:
        web: {prefixes: [10.1.0.5/32], owner: {when: address}, med: 5}

      """)
    let (same, beside) = try hopshift(duel, ["replay", file, "--config", slower])
    #expect(same == 0, "\(beside)")
    let row = beside.split(separator: "\n").first { $0.contains("takeover-3") } ?? ""
    #expect(row.split(separator: "takeover-3").count == 3, "\(beside)")
    let other = try duel.lab.write(
      "other.yaml",
      """
      local: {asn: 65001, address: 10.0.2.10}
      route-servers: {peers: [10.0.1.4]}
      vips:
        net: {prefixes: [10.9.0.0/16], owner: {when: address, address: 10.1.0.5}}

      """)
    let (refused, why) = try hopshift(duel, ["replay", file, "--config", other])
    #expect(refused == 1)
    #expect(why.contains("begins in the middle of a run"), "\(why)")
  }

  /// What is shown is what then happens, and showing it changes nothing.
  @Test func `an event that is only supposed`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
    let text = try duel.ask(["simulate", "address 10.1.0.5 added eth0", "link eth0 down"])
    #expect(text.contains("vip web: standby -> takeover-1 (shift 1)"), "\(text)")
    #expect(text.contains("AS_PATH 65001 x14"), "\(text)")
    #expect(text.contains("NEXT_HOP 10.0.2.10"), "\(text)")
    #expect(text.contains("announces 10.1.0.5/32"), "\(text)")
    #expect(text.contains("takeover-1 -> resigned-1"), "\(text)")
    let hex = text.split(separator: "\n").map { $0.drop { $0 == " " } }.filter {
      $0.allSatisfy(\.isHexDigit)
    }
    let armed = try duel.ask(["volleys", "web", "--json"])
    let first = try #require(hex.first { $0.hasPrefix("ffff") })
    #expect(armed.contains(first), "\(armed)")
    #expect(try duel.ask(["history"]) == "no shift since hopshiftd started\n")
    let wrong = try duel.lab.shell.attempt(
      [
        BuiltPrograms.path("hopshift"), "--socket", try #require(duel.daemon).control, "simulate",
        "link eth7 down",
      ])
    #expect(wrong.status == 2)
    #expect(wrong.output.contains("there is no link 'eth7'"), "\(wrong.output)")
  }
}
