// A daemon that takes up another configuration beside a real BIRD: the wire is the judge.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ReloadTests {
  /// The file of the daemon; `vips` stand under `vips:`, indented as there.
  private static func text(_ vips: String, servers: String = "") -> String {
    """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(Duel.appliance)
    route-servers:
      peers: [\(Duel.judge)]
    \(servers)
    vips:
    \(vips)

    """
  }

  private static let web =
    "  web: {prefixes: [\(VirtualNetwork.vipPrefix)], owner: {when: address, settle: 0s}}\n"
  /// The same, and every default that it has.
  private static let plainWeb =
    "  web:\n    prefixes: [\(VirtualNetwork.vipPrefix)]\n"
    + "    owner: {when: address, settle: 0s, address: \(VirtualNetwork.vip)}\n"
  private static let mail =
    "  mail: {prefixes: [10.1.0.9/32], owner: {when: address, settle: 0s, address: "
    + "\(VirtualNetwork.vip)}}\n"

  /// A daemon that holds the VIP, a BIRD that has it, and a wire that is listened to.
  private final class Scene {
    let duel: Duel
    let tap: Wiretap
    let bird: Bird
    /// When the session stood: attempts may end before, as when BIRD does not listen yet.
    private let began: Moment

    init(_ text: String) throws(LabError) {
      duel = try Duel()
      tap = try Wiretap(duel.lab, on: "judge")
      bird = try duel.startBird()
      _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
      try duel.startDaemon(configuration: text)
      try duel.wait(forStatus: [Duel.established])
      try duel.wait(for: bird, toHavePathOf: Rung.owner.pathLength)
      began = Moment(nanoseconds: Clock.wall().nanoseconds)
    }

    /// Writes the file anew and has it read; the answer and its exit status.
    func reload(_ text: String, _ words: [String] = []) throws(LabError) -> (Int32, String) {
      _ = try duel.lab.write("a.yaml", text)
      return try hopshift(["reload"] + words)
    }

    func hopshift(_ words: [String]) throws(LabError) -> (Int32, String) {
      let socket = duel.daemon?.control ?? ""
      let answer = try duel.lab.shell.attempt(
        ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
          + ["--socket", socket] + words)
      return (answer.status, answer.output)
    }

    /// Every UPDATE of the daemon so far.
    var updates: [String] {
      get throws(LabError) {
        try tap.judge().updates(from: [Duel.appliance]).map { _, update in
          let (come, gone) = (update.announced, update.withdrawn)
          return "+\(come.map(\.description)) -\(gone.map(\.description))"
        }
      }
    }

    /// How the session ended since it stood, by whomever: each time it did.
    var endings: [String] {
      get throws(LabError) {
        let judge = try tap.judge()
        var all: [String] = []
        for ending in judge.endings where ending.moment > began {
          all.append("\(ending.source) to \(ending.destination)")
        }
        for record in judge.records where record.moment > began {
          if case .notification = record.message { all.append("\(record.message)") }
        }
        return all
      }
    }

    /// Waits until the daemon has said so many UPDATEs in all.
    func wait(forUpdates count: Int) throws(LabError) {
      try Waiting.until("\(count) UPDATEs", within: .seconds(20)) { () throws(LabError) in
        let seen = try updates
        return seen.count >= count ? nil : "\(seen)"
      }
    }

    func has(_ prefix: String) throws(LabError) -> Bool {
      guard let prefix = Prefix(prefix) else { return false }
      return try !bird.routes(to: prefix).isEmpty
    }
  }

  @Test func `what is wrong changes nothing, and what is the same says nothing`() throws {
    let scene = try Scene(Self.text(Self.web))
    defer { scene.duel.tearDown() }
    let said = try scene.updates
    let (status, answer) = try scene.reload(Self.text("  web: {prefixes: [10.1.0.5/33]}\n"))
    #expect(status == 78, "\(answer)")
    #expect(answer.contains("a.yaml:8:") && answer.contains("nothing has changed"), "\(answer)")
    try scene.duel.wait(forStatus: [#""config-refused":true"#])
    let (again, plain) = try scene.reload(Self.text(Self.plainWeb))
    #expect(again == 0, "\(plain)")
    #expect(plain == "reloaded; the file says what was followed already\n")
    try scene.duel.wait(forStatus: [#""config-refused":false"#])
    // The next thing that is said is the next thing that happens: nothing came in between.
    _ = try scene.duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    try scene.wait(forUpdates: said.count + 1)
    #expect(try scene.updates.count == said.count + 1)
    #expect(try scene.endings == [])
  }

  @Test func `a VIP comes and goes, and the session stays`() throws {
    let scene = try Scene(Self.text(Self.web))
    defer { scene.duel.tearDown() }
    let said = try scene.updates
    _ = try scene.duel.lab.write("a.yaml", Self.text(Self.web + Self.mail))
    let (_, diff) = try scene.hopshift(["config", "diff", "\(scene.duel.lab.directory)/a.yaml"])
    #expect(diff.contains("VIP mail comes"), "\(diff)")
    #expect(try scene.reload(Self.text(Self.web + Self.mail)).0 == 0)
    try scene.wait(forUpdates: said.count + 1)
    try Waiting.until("BIRD to have both", within: .seconds(20)) { () throws(LabError) in
      try scene.has("10.1.0.9/32") ? nil : "only one"
    }
    #expect(try scene.reload(Self.text(Self.web)).0 == 0)
    try Waiting.until("BIRD to have one", within: .seconds(20)) { () throws(LabError) in
      try scene.has("10.1.0.9/32") ? "both" : nil
    }
    #expect(
      try scene.updates.dropFirst(said.count) == [
        #"+["10.1.0.9/32"] -[]"#, #"+[] -["10.1.0.9/32"]"#,
      ])
    #expect(try scene.endings == [])
    // By the signal too.
    _ = try scene.duel.lab.write("a.yaml", Self.text(Self.web + Self.mail))
    let process = try #require(scene.duel.daemon?.daemonProcess)
    try scene.duel.lab.shell.run(["kill", "-HUP", "\(process)"])
    try scene.wait(forUpdates: said.count + 3)
    let log = try scene.duel.log()
    #expect(log.contains { $0.contains("configuration: reloaded") }, "\(log)")
  }

  @Test func `what nobody confirms is taken back`() throws {
    let scene = try Scene(Self.text(Self.web))
    defer { scene.duel.tearDown() }
    let both = Self.text(Self.web + Self.mail)
    let (status, answer) = try scene.reload(both, ["--confirm", "1s"])
    #expect(status == 0 && answer.contains("hopshift reload --keep"), "\(answer)")
    try Waiting.until("the log to tell of it", within: .seconds(20)) { () throws(LabError) in
      let log = try scene.duel.log()
      return log.contains { $0.contains("nobody has confirmed") } ? nil : "\(log)"
    }
    try Waiting.until("BIRD to have one", within: .seconds(20)) { () throws(LabError) in
      try scene.has("10.1.0.9/32") ? "both" : nil
    }
    let (late, text) = try scene.hopshift(["reload", "--keep"])
    #expect(late == 1 && text.contains("no reload waits"), "\(text)")
    #expect(try scene.reload(both, ["--confirm", "1h"]).0 == 0)
    #expect(try scene.hopshift(["reload", "--keep"]).0 == 0)
    #expect(try scene.hopshift(["reload", "--rollback"]).0 == 1)
    #expect(try scene.reload(Self.text(Self.web), ["--confirm", "1h"]).0 == 0)
    #expect(try scene.hopshift(["reload", "--rollback"]).0 == 0)
    try Waiting.until("BIRD to have both again", within: .seconds(20)) { () throws(LabError) in
      try scene.has("10.1.0.9/32") ? nil : "only one"
    }
    #expect(try scene.endings == [])
  }

  private static func rules(_ rules: String) -> String {
    text(web) + "redistribute:\n" + rules
  }

  /// Rules come, change and go, and BIRD has what they select; the VIP and the session stay.
  @Test func `rules for the kernel's routes come, change and go`() throws {
    let all = "allow: [10.64.0.0/12 le 28]"
    let bird = "  branches: {protocols: [bird], \(all), grace: 60m}\n"
    let people = "  people: {protocols: [static], \(all)}\n"
    let learned = "  learned: {protocols: [bird], \(all), "
    let scene = try Scene(Self.text(Self.web))
    defer { scene.duel.tearDown() }
    try scene.duel.lab.run(
      ["ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1"], on: "a")
    for name in ["n0", "n1"] { try scene.duel.lab.run(["ip", "link", "set", name, "up"], on: "a") }
    for (prefix, proto) in [
      ("10.64.1.0/24", "12"), ("10.64.2.0/24", "12"), ("10.64.3.0/24", "4"),
    ] {
      try scene.duel.lab.run(
        ["ip", "route", "add", prefix, "dev", "n0", "proto", proto], on: "a")
    }
    var said = try scene.updates
    func step(_ rules: String, _ expected: [String]) throws {
      let (status, answer) = try scene.reload(rules)
      #expect(status == 0, "\(answer)")
      try scene.wait(forUpdates: said.count + expected.count)
      #expect(try Array(scene.updates.dropFirst(said.count)) == expected)
      said = try scene.updates
    }
    try step(Self.rules(bird), [#"+["10.64.1.0/24", "10.64.2.0/24"] -[]"#])
    try step(
      Self.rules(people + learned + "grace: 60m}\n"),
      [#"+["10.64.3.0/24"] -[]"#])
    // The grace of an hour is for routes that go by themselves.
    try step(
      Self.rules(people + learned + "limit: 1}\n"),
      [#"+[] -["10.64.2.0/24"]"#])
    try step(Self.text(Self.web), [#"+[] -["10.64.1.0/24", "10.64.3.0/24"]"#])
    try step(Self.rules(bird), [#"+["10.64.1.0/24", "10.64.2.0/24"] -[]"#])
    #expect(try scene.has("\(VirtualNetwork.vipPrefix)"))
    #expect(try scene.endings == [])
  }

  /// What was only decided until now is done from now on.
  @Test func `shadow ends by a reload`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.startDaemon(configuration: "mode: shadow\n" + Self.text(Self.web))
    try duel.wait(forStatus: [#""kernel":"current""#])
    _ = try duel.lab.write("a.yaml", Self.text(Self.web))
    let answer = try duel.ask(["reload"])
    #expect(answer.contains("reloaded"), "\(answer)")
    try duel.wait(forStatus: [Duel.established])
    try duel.wait(for: bird, toHavePathOf: Rung.owner.pathLength)
    // Back again would take back what is announced: that is said, and nothing changes.
    _ = try duel.lab.write("a.yaml", "mode: shadow\n" + Self.text(Self.web))
    let refused = try duel.lab.shell.attempt(
      ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
        + ["--socket", duel.daemon?.control ?? "", "reload"])
    #expect(refused.status == 78 && refused.output.contains("take back"), "\(refused.output)")
  }

  @Test func `another hold time ends the session, and it comes back by itself`() throws {
    let scene = try Scene(Self.text(Self.web))
    defer { scene.duel.tearDown() }
    let (status, answer) = try scene.reload(Self.text(Self.web, servers: "  hold-time: 60s"))
    #expect(status == 0, "\(answer)")
    try Waiting.until("the session to end", within: .seconds(20)) { () throws(LabError) in
      try !scene.endings.isEmpty ? nil : "it stands"
    }
    try scene.duel.wait(forStatus: [Duel.established], within: .seconds(60))
    try scene.duel.wait(for: scene.bird, toHavePathOf: Rung.owner.pathLength)
  }
}
