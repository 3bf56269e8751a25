// hopshift-lab as a program: its exit codes, what it leaves alone, and what it leaves behind.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct LabProgramTests {
  private static let lab = BuiltPrograms.path("hopshift-lab")

  /// The tag of the laboratory that a process has registered, if it has.
  private static func tag(ofOwner pid: Int32) throws -> String? {
    try Registry.all().map(\.tag).first { tag in
      let path = "\(Registry.directory(of: tag))/owner"
      // Another one may go meanwhile.
      guard try Directories.exists(Registry.directory(of: tag)) else { return false }
      let owner = try Files.read(path: path, limit: 64)
      return String(decoding: owner, as: UTF8.self).hasPrefix("\(pid) ")
    }
  }

  /// A folder and a shell of a laboratory that only lends them.
  private func outside<Result>(_ body: (Lab, Shell) throws -> Result) throws -> Result {
    let scratch = try KitTests.pair()
    defer { scratch.tearDown() }
    return try body(scratch, Shell(scratch: scratch.directory, tag: "outside"))
  }

  @Test func `who is not root is told so in one line`() throws {
    try outside { _, shell in
      for verb in [["up"], ["demo"], ["clean"]] {
        let refused = try shell.attempt(["setpriv", "--reuid=65534", Self.lab] + verb)
        #expect(refused.status == 4)
        #expect(refused.output == "hopshift-lab: network namespaces need root\n")
      }
      // To measure a VIP that is there already needs no namespace: only words are missing.
      let measure = try shell.attempt(["setpriv", "--reuid=65534", Self.lab, "measure"])
      #expect(measure.status == 2)
    }
  }

  /// Links, addresses, routes, rules and forwarding of the machine itself.
  private func surroundings(_ shell: Shell) throws -> [String] {
    try [
      ["ip", "-brief", "link"], ["ip", "-brief", "address"], ["ip", "rule"],
      // Routes of IPv6 may come from routers, and then they count down.
      ["ip", "-4", "route", "show", "table", "all"],
      ["sysctl", "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"],
    ].map { try shell.run($0) }
  }

  /// What ends and starts a laboratory in a process of its own.
  private func start(_ words: [String], _ scratch: Lab, _ shell: Shell) throws -> RunningProgram {
    try RunningProgram(
      name: "hopshift-lab", words: [Self.lab] + words, log: "\(scratch.directory)/up.log",
      shell: shell)
  }

  private func kill(_ program: RunningProgram) throws {
    try Processes.signal(program.pid, .kill)
    try Waiting.until("the owner to be gone", within: .seconds(5)) { () throws(LabError) in
      ProcessTable.isAlive(program.pid) ? "alive" : nil
    }
  }

  /// Nothing of that tag is there any more.
  private func expectNothingOf(_ tag: String, _ shell: Shell) throws {
    #expect(try KitTests.namespaces(tag).isEmpty)
    #expect(try !Directories.exists(Registry.directory(of: tag)))
    let processes = try shell.attempt(["pgrep", "-f", "/run/hopshift-lab/\(tag)"])
    #expect(processes.status == 1, "\(processes.output)")
  }

  @Test(arguments: [["udr"], ["watcher", "--taps"]])
  func `a lab stays inside its namespaces, and killed leaves nothing`(words: [String]) throws {
    try outside { scratch, shell in
      let before = try surroundings(shell)
      let program = try start(["up"] + words, scratch, shell)
      let tag = try UpLab.tag(of: program)
      #expect(try surroundings(shell) == before)
      try kill(program)
      // Its programs live on until somebody sweeps.
      try shell.run([Self.lab, "clean"])
      try expectNothingOf(tag, shell)
      #expect(try surroundings(shell) == before)
    }
  }

  @Test func `a lab that is killed while it is built leaves nothing either`() throws {
    try outside { scratch, shell in
      let program = try start(["up", "udr"], scratch, shell)
      var tag = ""
      try Waiting.until("the first namespace", within: .seconds(20)) { () throws(LabError) in
        do {
          guard let new = try Self.tag(ofOwner: program.pid) else { return "no tag" }
          tag = new
          return try KitTests.namespaces(new).isEmpty ? "no namespace" : nil
        } catch {
          return "\(error)"
        }
      }
      try kill(program)
      _ = try shell.run([Self.lab, "clean"])
      try expectNothingOf(tag, shell)
    }
  }

  @Test func `run says how many scenarios passed, and its code is 0 only for all`() throws {
    try outside { scratch, shell in
      let good = try scratch.write(
        "good.scenario", "layout watcher\nawait answer from ws1 within 9s\n")
      let bad = try scratch.write("bad.scenario", "layout watcher\nexpect answer from ws2\n")
      let daemon = ["--daemon", BuiltPrograms.daemon]
      let both = try shell.attempt([Self.lab, "run", good, bad] + daemon, within: .seconds(60))
      #expect(both.status == 1, "\(both.output)")
      #expect(both.output.contains("FAILED: 1 of its steps"))
      #expect(both.output.contains("1 of 2 scenarios passed"))
      let one = try shell.attempt([Self.lab, "run", good] + daemon, within: .seconds(60))
      #expect(one.status == 0 && one.output.contains("passed"), "\(one.output)")
      #expect(try shell.attempt([Self.lab, "run", "/nowhere"]).status == 1)
      #expect(try shell.attempt([Self.lab, "run"]).status == 2)
    }
  }

  @Test func `a demo whose daemon does not run fails and leaves nothing`() throws {
    try outside { _, shell in
      let before = Set(try Registry.all().map(\.tag))
      let failed = try shell.attempt(
        [Self.lab, "demo", "redistribute", "--deb", "/bin/false"], within: .seconds(90))
      #expect(failed.status == 1, "\(failed.output)")
      #expect(!failed.output.contains("verdict: passed"))
      #expect(try Registry.all().allSatisfy { $0.isOwned || before.contains($0.tag) })
    }
  }

  @Test func `a tap loses its carrier while its link stays up`() throws {
    var layout = try #require(Layout.named("udr"))
    layout.hasTaps = true
    let scene = try Scene(layout, daemon: nil, cast: .init(program: Self.lab), program: Self.lab)
    defer { scene.tearDown() }
    let show = ["ip", "-details", "link", "show", "eth0"]
    let before = try scene.lab.run(show, on: "a")
    #expect(before.contains("tun type tap") && !before.contains("NO-CARRIER"), "\(before)")
    try scene.cause(.carrierLost, on: "a")
    try Waiting.until("the carrier to be lost", within: .seconds(5)) { () throws(LabError) in
      let now = try scene.lab.run(show, on: "a")
      return now.contains("NO-CARRIER") && now.contains(",UP") ? nil : now
    }
    try scene.mend(.carrierLost, on: "a")
    try Waiting.until("the carrier to be back", within: .seconds(5)) { () throws(LabError) in
      let now = try scene.lab.run(show, on: "a")
      return now.contains("NO-CARRIER") ? now : nil
    }
  }

  // MARK: Measuring

  /// What is reported of shifts of the watcher's VIP.
  private func measure(
    _ scene: Scene, _ command: String, _ words: [String]
  ) throws -> Shell.Outcome {
    let control = try #require(scene.speakers.first).control
    return try scene.lab.shell.attempt(
      [
        Self.lab, "measure", "--vip", "100.64.0.1", "--hosts", "ws1,ws2", "--history",
        "\(BuiltPrograms.path("hopshift")) --socket \(control) history --json", "--command",
        command,
      ] + words,
      in: scene.lab.namespace(of: "lt1"), within: .seconds(120))
  }

  @Test func `a platform that holds a second change back is found to`() throws {
    var quirks = Quirks.measuring
    quirks.damping = .seconds(8)
    let scene = try Scene(
      .watcher, daemon: BuiltPrograms.daemon, cast: .init(quirks: quirks, program: Self.lab))
    defer { scene.tearDown() }
    try scene.open()
    let control = try #require(scene.speakers.first).control
    let outcome = try measure(
      scene,
      "\(BuiltPrograms.path("hopshift")) --socket \(control) switch voice --force --to $HOST",
      // The first comes soon after the very first announcement, which counts as a change.
      ["--shifts", "3", "--pause", "7"])
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("a second change is held back until"), "\(outcome.output)")
  }

  @Test func `a command that kills shows how long it takes to see that`() throws {
    let scene = try Scene(.watcher, daemon: BuiltPrograms.daemon)
    defer { scene.tearDown() }
    try scene.open()
    let processes = "$(ip netns pids \(scene.lab.tag)-$FROM)"
    let outcome = try measure(
      scene, "kill -STOP \(processes)",
      ["--mend", "kill -CONT \(processes)", "--shifts", "2", "--pause", "3"])
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("seen          min"), "\(outcome.output)")
    // Two at once would have nowhere to go.
    #expect(!outcome.output.contains("after the one before"), "\(outcome.output)")
  }
}
