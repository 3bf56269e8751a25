// The verb `doctor` against a real daemon, in a namespace whose settings are made worse one by one.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct DoctorTests {
  private func examine(_ duel: Duel) throws(LabError) -> Shell.Outcome {
    try duel.lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", duel.daemon?.control ?? "", "doctor"],
      in: duel.lab.namespace(of: "a"))
  }

  private func set(_ duel: Duel, _ setting: String) throws(LabError) {
    _ = try duel.lab.run(["sysctl", "--quiet", "--write", setting], on: "a")
  }

  @Test func `what is wrong with a machine is found, and what mends it mends it`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established])
    for setting in ["all", "default", "lo"] {
      try set(duel, "net.ipv4.conf.\(setting).rp_filter=0")
    }
    try set(duel, "net.ipv4.ip_forward=0")
    let links = try duel.lab.run(["ls", "/proc/sys/net/ipv4/conf"], on: "a")
    let name = try #require(
      links.split(separator: "\n").first { !["all", "default", "lo"].contains($0) })
    try set(duel, "net.ipv4.conf.\(name).rp_filter=1")
    let bad = try examine(duel)
    #expect(bad.status == 0, "\(bad.output)")
    #expect(bad.output.contains("remark: strict reverse path filtering on \(name): "))
    #expect(bad.output.contains("remark: this machine does not forward IPv4: "))
    // The commands that it names are run as they stand.
    for line in bad.output.split(separator: "\n") where line.contains("net.ipv4.") {
      let command = try #require(line.split(separator: "Mend it: ").last)
      _ = try duel.lab.run(["sh", "-c", String(command)], on: "a")
    }
    let good = try examine(duel)
    #expect(good.status == 0)
    #expect(!good.output.contains("reverse path") && !good.output.contains("forward"))
    try bird.endAsked()
    try Waiting.until("the loss to be found", within: .seconds(40)) { () throws(LabError) in
      let found = try examine(duel)
      let holds =
        found.status == 5
        && found.output.contains("problem: the session with route server \(Duel.judge) is ")
      return holds ? nil : found.output
    }
  }
}
