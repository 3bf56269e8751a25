// keepalived moves the VIP in all its ways; hopshiftd follows, and the route servers' tables judge.

import Lab
import Linux
import Model
import Testing

private let reason =
  Lab.reasonNotToRun ?? (Programs.has("keepalived") ? nil : "keepalived is not installed")

@Suite(.serialized, .enabled(if: reason == nil, Comment(rawValue: reason ?? "")))
struct KeepalivedTests {
  /// The other side must have resigned: two claims are never left standing.
  private func settled(_ pair: KeepalivedPair, on holder: String) throws {
    try pair.wait(for: holder)
    try pair.wait("resigned", of: Company.other(holder)) { !KeepalivedPair.isClaim($0) }
  }

  @Test func `a stop, a priority, and a kill of keepalived move the VIP`() throws {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    // A stop in order: priority 0 is sent, and the address is taken away.
    try pair.signal("a", .terminate)
    try settled(pair, on: "b")
    // The better priority comes back and preempts.
    try pair.start("a")
    try settled(pair, on: "a")
    // Another priority, while it runs.
    try pair.reload("a", priority: 50)
    try settled(pair, on: "b")
    try pair.reload("a", priority: 150)
    try settled(pair, on: "a")
    // Killed, keepalived leaves the address where it is: both machines have it.
    try pair.signal("a", .kill)
    try settled(pair, on: "b")
    #expect(try pair.isHolding("a"))
    #expect(try pair.faults() == [])
  }

  @Test func `a link that goes down hands over, and one that comes back takes over`() throws {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    let lab = pair.lab
    try lab.run(["ip", "link", "set", "dev", Lab.interface, "down"], on: "a")
    try pair.wait(for: "b")
    try lab.run(["ip", "link", "set", "dev", Lab.interface, "up"], on: "a")
    let gateway = lab.topology.subnets[2].gateway
    try lab.run(["ip", "route", "replace", "default", "via", "\(gateway)"], on: "a")
    try settled(pair, on: "a")
    #expect(try pair.faults() == [])
  }

  @Test func `a frozen holder is beaten while its sessions stand, and steps down when it thaws`()
    throws
  {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    try pair.freeze("a")
    try pair.wait(for: "b")
    for instance in pair.network.instances { #expect(try instance.isEstablished("a")) }
    try pair.thaw("a")
    // keepalived of a preempts: it has the better priority.
    try settled(pair, on: "a")
    #expect(try pair.faults() == [])
  }

  @Test func `maintenance is a hand-over by the tracked file, and back`() throws {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    let on = try pair.hopshift("a", ["maintenance", "on"])
    #expect(on.0 == 0, "\(on)")
    try settled(pair, on: "b")
    #expect(try pair.tracked("a") == "1")
    let explained = try pair.hopshift("a", ["explain", "web"])
    #expect(explained.1.contains("out of service"), "\(explained.1)")
    #expect(try pair.hopshift("a", ["maintenance", "off"]).0 == 0)
    try settled(pair, on: "a")
    #expect(try pair.faults() == [])
  }

  @Test func `switch is a hand-over by the tracked file, there and back and back again`() throws {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    // Elsewhere than where the address is, it cannot be asked for.
    let refused = try pair.hopshift("b", ["switch", "web", "--to", "self"])
    #expect(refused.0 == 1 && refused.1.contains("switch it to other"), "\(refused)")
    // It has claimed a moment ago, and Azure may not act on another change for half a minute.
    let damped = try pair.hopshift("a", ["switch", "web", "--to", "other"])
    #expect(damped.0 == 1 && damped.1.contains("may not act on a change for another"), "\(damped)")
    let dry = try pair.hopshift("a", ["switch", "web", "--to", "other", "--force", "--dry-run"])
    #expect(dry.0 == 0 && dry.1.contains("would be done"), "\(dry)")
    #expect(try pair.tracked("a") == "0")

    var start = KeepalivedPair.moment()
    let given = try pair.hopshift("a", ["switch", "web", "--to", "other", "--force"])
    #expect(given.0 == 0 && given.1.contains("asked to place it elsewhere"), "\(given)")
    try settled(pair, on: "b")
    #expect(try pair.changes(since: start) == ["b", "b"], "one claim at each route server")
    #expect(try pair.tracked("a") == "1", "or its keepalived would fetch the address back")
    let explained = try pair.hopshift("a", ["explain", "web"])
    #expect(explained.1.contains("an operator gave it away"), "\(explained.1)")

    // A daemon that is killed and started again has not forgotten.
    try pair.killDaemon("a")
    try pair.company.appliances["a"]?.startAgain()
    try pair.company.waitUntilAllAreHeard()
    #expect(try pair.tracked("a") == "1")
    #expect(try pair.isHolding("b"))

    // The operator wants it back: the better priority fetches it.
    start = KeepalivedPair.moment()
    #expect(try pair.hopshift("a", ["switch", "web", "--to", "self", "--force"]).0 == 0)
    try settled(pair, on: "a")
    #expect(try pair.changes(since: start) == ["a", "a"])
    #expect(try pair.tracked("a") == "0" && pair.tracked("b") == "0")

    // Given again, and from the other one as well: it comes back, and both files are as they were.
    #expect(try pair.hopshift("a", ["switch", "web", "--to", "other", "--force"]).0 == 0)
    try settled(pair, on: "b")
    start = KeepalivedPair.moment()
    #expect(try pair.hopshift("b", ["switch", "web", "--to", "other", "--force"]).0 == 0)
    try settled(pair, on: "a")
    #expect(try pair.changes(since: start) == ["a", "a"])
    #expect(try pair.tracked("a") == "0", "it came back")
    #expect(try pair.tracked("b") == "1")
  }

  @Test func `an address that nobody takes may stay after a while`() throws {
    let pair = try KeepalivedPair()
    defer { pair.tearDown() }
    // The other machine is heard, and has nobody who would take the address.
    try pair.signal("b", .terminate)
    #expect(try pair.hopshift("a", ["switch", "web", "--to", "other", "--force"]).0 == 0)
    #expect(try pair.tracked("a") == "1")
    try Waiting.until("the file to say 0 again", within: .seconds(40)) { () throws(LabError) in
      try pair.tracked("a") == "0" ? nil : "it says \(try pair.tracked("a"))"
    }
    #expect(try pair.company.said("a", "nobody took the address").count == 1)
    #expect(try pair.isHolding("a"))
    try pair.network.wait(forBest: "a", within: .seconds(20))
    #expect(try pair.faults() == [])
  }
}
