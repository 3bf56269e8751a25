// Scenes and scenarios as a user has them: every scenario that is shipped is played, and a scene
// that is up is reached from another process.

import Control
import Foundation
import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct SceneTests {
  private static let folder = BuiltPrograms.source("packaging/scenarios")
  static let scenarios: [String] = {
    let files = Result { try FileManager.default.contentsOfDirectory(atPath: folder) }
    guard case .success(let names) = files else { return [] }
    return names.sorted()
  }()

  private func read(_ name: String) throws -> Scenario {
    let bytes = try Files.read(path: "\(Self.folder)/\(name)", limit: 65_536)
    return try ScenarioReader.read(String(decoding: bytes, as: UTF8.self), name: name)
  }

  @Test(arguments: scenarios) func `a scenario that is shipped`(name: String) throws {
    // Where a layout needs the simulated platform, the program that was built plays it.
    let player = try ScenarioPlayer.play(
      try read(name), daemon: BuiltPrograms.daemon, program: BuiltPrograms.path("hopshift-lab")
    ) { _ in }
    #expect(player.faults == [])
  }

  @Test(
    arguments: zip(
      [
        "instance-restarts", "process-killed", "pair-double-freeze", "watcher-silent-death",
        "instance-restarts", "process-killed",
      ],
      [InstanceKind.simulated, .simulated, .simulated, .frr, .frr, .gobgp]))
  func `the same on the simulated platform`(name: String, kind: InstanceKind) throws {
    if let program = kind.neededProgram, !Programs.has(program) {
      try Test.cancel("\(program) is not installed")
    }
    let player = try ScenarioPlayer.play(
      try read("\(name).scenario"), daemon: BuiltPrograms.daemon,
      cast: .init(kind: kind, program: BuiltPrograms.path("hopshift-lab"))
    ) { _ in }
    #expect(player.faults == [])
  }

  @Test func `what is not seen is told, and what follows a wait in vain is not played`() throws {
    let scenario = try ScenarioReader.read(
      """
      layout watcher
      expect answer from ws2
      expect 1 update
      hold 1s silence
      await answer from ws2 within 500ms
      expect answer from ws2
      """, name: "x")
    var lines: [String] = []
    let player = try ScenarioPlayer.play(scenario, daemon: BuiltPrograms.daemon) {
      lines.append($0)
    }
    let places = player.faults.compactMap { $0.split(separator: ":").first.map(String.init) }
    // The UPDATE of the start lies before the mark, so there is none.
    #expect(places == ["line 2", "line 3", "line 4", "line 5"], "\(player.faults)")
    #expect(lines.count { $0.contains("FAILED") } == 4)
  }

  /// Starts `hopshift-lab` and waits for its last line.
  private func start(_ words: [String], _ shell: Shell, log: String) throws -> (
    program: RunningProgram, tag: String
  ) {
    let program = try RunningProgram(
      name: "hopshift-lab", words: [BuiltPrograms.path("hopshift-lab")] + words, log: log,
      shell: shell)
    return (program, try UpLab.tag(of: program))
  }

  /// What a simulated route server says of its quirks.
  private func quirks(_ tag: String, _ host: String, _ names: [String]) throws -> [String?] {
    let records = try ControlCall.ask(
      "\(Registry.directory(of: tag))/\(host).ctl", ["quirks"], id: "1", within: .seconds(10),
      of: host)
    return names.map { name in
      records.first { $0.string("name") == name }?.string("value")
    }
  }

  @Test func `two scenes side by side are looked at, harmed and ended from outside`() throws {
    let scratch = try KitTests.pair()
    defer { scratch.tearDown() }
    let shell = Shell(scratch: scratch.directory, tag: "outside")
    let lab = BuiltPrograms.path("hopshift-lab")
    let first = try start(["up", "watcher"], shell, log: "\(scratch.directory)/first.log")
    let second = try start(
      ["up", "watcher", "--quirk", "damping=7s", "--quirks", "azure"], shell,
      log: "\(scratch.directory)/second.log")
    let listed = try shell.run([lab, "list"])
    #expect(listed.contains("\(first.tag)  watcher") && listed.contains("\(second.tag)  watcher"))
    let chosen = ["--lab", first.tag]
    // Which one is not said.
    #expect(try shell.attempt([lab, "status"]).status == 1)
    #expect(try shell.run([lab, "status"] + chosen).contains("asked by lt1: ws1"))
    let refused = try shell.attempt([lab, "fault", "rain"] + chosen)
    #expect(refused.status == 1 && refused.output.contains("'rain' is no fault"))
    #expect(try shell.attempt([lab, "mend"] + chosen).output.contains("nothing to mend"))
    try shell.run([lab, "fault", "appliance-pauses", "ws1"] + chosen)
    // The kernel of ws1 goes on: it answers echo requests, and HTTP no more.
    try Waiting.until("ws2 to answer", within: .seconds(10)) { () throws(LabError) in
      let status = try shell.run([lab, "status"] + chosen)
      return status.contains("asked by lt1: ws2") && status.contains("fault appliance-pauses ws1")
        ? nil : status
    }
    try shell.run([lab, "exec"] + chosen + ["lt1", "ping", "-c", "1", "-W", "5", "10.10.0.4"])
    #expect(try shell.attempt([lab, "exec"] + chosen + ["moon", "true"]).status == 1)
    try shell.run([lab, "mend", "ws1"] + chosen)
    #expect(try !shell.run([lab, "status"] + chosen).contains("fault appliance"))
    // A route server that stands still is named, and the rest is shown.
    for tag in [first.tag, second.tag] {
      try shell.run([lab, "fault", "appliance-pauses", "rs1", "--lab", tag])
      let status = try shell.run([lab, "status", "--lab", tag])
      #expect(status.contains("  rs1  does not answer\n"), "\(status)")
      #expect(status.contains("speaker watch1: rs1 does not answer, rs2 "), "\(status)")
      #expect(status.contains("  rs2  via "), "\(status)")
      try shell.run([lab, "mend", "rs1", "--lab", tag])
    }
    // Nothing of that happened to the other one.
    #expect(try shell.run([lab, "status", "--lab", second.tag]).contains("asked by lt1: ws1"))
    try shell.run([lab, "down"] + chosen)
    #expect(try KitTests.namespaces(first.tag).isEmpty)
    #expect(try shell.run([lab, "status"]).contains("asked by lt1: ws1"))
    try shell.run([lab, "quirk", "connect-retry", "9s", "rs2"])
    #expect(try quirks(second.tag, "rs1", ["damping", "connect-retry"]) == ["7s", "5s"])
    #expect(try quirks(second.tag, "rs2", ["damping", "connect-retry"]) == ["7s", "9s"])
    #expect(try shell.attempt([lab, "quirk", "damping", "soon"]).output.contains("no value of"))
    // What is started anew is what it was, and a program that is gone is no riddle.
    try shell.run([lab, "fault", "host-dies", "rs2"])
    #expect(try shell.run([lab, "status"]).contains("rs2  does not run"))
    try shell.run([lab, "mend"])
    #expect(try quirks(second.tag, "rs2", ["connect-retry"]) == ["9s"])
    try shell.run([lab, "down"])
    #expect(try KitTests.namespaces(second.tag).isEmpty)
  }

  @Test func `half of what is sent to a host is lost when that is asked`() throws {
    let scene = try Scene(.watcher, daemon: nil)
    defer { scene.tearDown() }
    func lost(_ count: Int) throws -> Int {
      let answer = try scene.lab.shell.attempt(
        ["ping", "-q", "-c", "\(count)", "-i", "0.002", "-W", "1", "10.10.0.5"],
        in: scene.lab.namespace(of: "ws1"))
      let words = answer.output.split(separator: " ")
      let place = try #require(words.firstIndex { $0.hasPrefix("received") })
      return count - (try #require(Int(words[place - 1])))
    }
    #expect(try lost(50) == 0)
    try scene.cause(.lossTo, on: "ws2", amount: 50)
    // Of 400 with a chance of one half: 140 is six standard deviations away.
    #expect((140...260).contains(try lost(400)))
    try scene.mend(.lossTo, on: "ws2")
    #expect(try lost(50) == 0)
    try scene.cause(.lossFrom, on: "ws2")
    #expect(try lost(20) == 20)
    #expect(throws: LabError.self) { try scene.cause(.lossFrom, on: "ws2") }
  }

  /// By the moment its cause was seen: when it is told, the loop's clock has gone on.
  @Test func `a shift inside the damping window says how long the platform may wait`() throws {
    let scene = try Scene(.pair, daemon: BuiltPrograms.daemon)
    defer { scene.tearDown() }
    try scene.open()
    for host in ["b", "a"] { _ = try scene.move(to: host) }
    let control = try #require(scene.speakers.first).control
    let words = [BuiltPrograms.path("hopshift"), "--socket", control, "history", "--json"]
    try Waiting.until("the shift in the history", within: .seconds(10)) { () throws(LabError) in
      let told = try scene.lab.shell.run(words)
      let last = told.split(separator: "\n").last { $0.contains(#""type":"history""#) } ?? ""
      return last.contains("takeover") && last.contains(#""held-back-us":"#) ? nil : told
    }
  }

  @Test func `shifts of a VIP are measured by somebody who only asks it`() throws {
    let scene = try Scene(.watcher, daemon: BuiltPrograms.daemon)
    defer { scene.tearDown() }
    try scene.open()
    let control = try #require(scene.speakers.first).control
    let report = "\(scene.lab.directory)/report"
    let words = [
      BuiltPrograms.path("hopshift-lab"), "measure", "--vip", "100.64.0.1", "--hosts", "ws1,ws2",
      "--shifts", "2", "--pause", "1", "--report", report, "--history",
      "\(BuiltPrograms.path("hopshift")) --socket \(control) history --json", "--command",
    ]
    let command =
      "\(BuiltPrograms.path("hopshift")) --socket \(control) switch voice --force --to $HOST"
    let outcome = try scene.lab.shell.attempt(
      words + [command], in: scene.lab.namespace(of: "lt1"), within: .seconds(120))
    #expect(outcome.status == 0, "\(outcome.output)")
    let text = String(decoding: try Files.read(path: report, limit: 65_536), as: UTF8.self)
    #expect(text.contains("all moved     min") && !text.contains("never"), "\(text)")
    // The daemon tells of the same shifts.
    #expect(text.contains("platform      min") && !text.contains("not told"), "\(text)")
    #expect(outcome.output.contains(text))
    // A command that fails ends it, and words that say too little are not understood.
    let failed = try scene.lab.shell.attempt(
      words + ["exit 3"], in: scene.lab.namespace(of: "lt1"), within: .seconds(60))
    #expect(failed.status == 1 && failed.output.contains("status 3"), "\(failed.output)")
    #expect(try scene.lab.shell.attempt(Array(words.prefix(6))).status == 2)
  }
}

/// A route server is measured by a speaker of the lab's own.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ServerMeasureTests {
  private static let lab = BuiltPrograms.path("hopshift-lab")

  /// What is reported of rs1, with these quirks.
  private func measure(_ quirks: Quirks, _ words: [String]) throws -> Shell.Outcome {
    let cast = VirtualNetwork.Cast(quirks: quirks, program: Self.lab)
    let scene = try Scene(.watcher, daemon: nil, cast: cast)
    defer { scene.tearDown() }
    return try scene.lab.shell.attempt(
      [Self.lab, "measure", "server", "--servers", "10.10.1.4", "--address", "10.10.0.7"] + words,
      in: scene.lab.namespace(of: "watch1"), within: .seconds(300))
  }

  @Test func `hold times and the limit of routes are found`() throws {
    var quirks = Quirks.measuring
    quirks.routeLimit = 600
    quirks.shortestHoldTime = .seconds(6)
    let words = ["--asn", "65001", "--block", "100.64.0.0/10", "--most", "1000"]
    let outcome = try measure(quirks, words)
    #expect(outcome.status == 0, "\(outcome.output)")
    for text in [
      "hold time 3 s: refused, NOTIFICATION 2/6", "the shortest hold time that it takes: 6 s",
      "it took 600 routes, and the next ended the session: NOTIFICATION 6/1",
      "with 450 routes an UPDATE that replaces 300 of them ends the session",
    ] { #expect(outcome.output.contains(text), "\(outcome.output)") }
  }

  @Test func `a route server without a limit has none`() throws {
    var quirks = Quirks.measuring
    quirks.routeLimit = 0
    let words = ["--asn", "65001", "--block", "100.64.0.0/10", "--most", "300"]
    let outcome = try measure(quirks, words)
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("it took 300 routes; more were not tried"))
    // Words that say too little are not understood.
    #expect(try measure(quirks, []).status == 2)
  }
}

/// The demo as a person starts it.
@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct DemoTests {
  /// What the demo said, and its page.
  private func play(_ words: [String]) throws -> (output: String, page: String) {
    let scratch = try KitTests.pair()
    defer { scratch.tearDown() }
    let page = "\(scratch.directory)/page.html"
    let shell = Shell(scratch: scratch.directory, tag: "outside")
    let outcome = try shell.attempt(
      [BuiltPrograms.path("hopshift-lab"), "demo"] + words + ["--html", page],
      within: .seconds(120))
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("verdict: passed"))
    let text = String(decoding: try Files.read(path: page, limit: 1 << 20), as: UTF8.self)
    return (outcome.output, text)
  }

  @Test func `the demo of the SD-WAN pair passes and writes its page`() throws {
    let (output, page) = try play(["redistribute"])
    #expect(page.contains("edge1's tunnel goes down") && page.contains("class=\"passed\""))
    #expect(output.contains("all of them in"))
  }

  @Test func `the demo of route tables passes and writes its page`() throws {
    let (output, page) = try play(["udr"])
    #expect(page.contains("class=\"passed\"") && output.contains("manager"), "\(output)")
  }

  @Test(.enabled(if: Programs.has("gobgpd"), "gobgpd is not installed"))
  func `GoBGP takes the place of the route servers in a demo`() throws {
    _ = try play(["redistribute", "--platform", "gobgp"])
  }

  @Test func `the watcher's demo passes and writes its page`() throws {
    let (output, text) = try play(["watcher"])
    #expect(text.contains("ws1 is gone") && text.contains("class=\"passed\""))
    let isArticleThere = ["exabgp", "curl"].allSatisfy { Programs.has($0) }
    #expect(text.contains("curl and ExaBGP") == isArticleThere, "\(output)")
    // Live who answers, and then what happened when.
    let strips = output.split(separator: "\n").compactMap { line in
      line.firstMatch(of: /s  hopshift ([12.]+)/)?.1
    }
    #expect(strips.contains { $0.contains("1") } && strips.contains { $0.contains("2") })
    for line in ["wire rs1", "fabric", "first answer from ws2"] {
      #expect(output.contains(line), "\(output)")
    }
  }
}
