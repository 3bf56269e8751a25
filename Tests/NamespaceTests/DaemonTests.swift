// hopshiftd against two real BIRDs: sessions, moves, a frozen owner; the wire is the judge.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct DaemonTests {
  @Test func `at start the owner is preferred and nobody's claim is missing`() throws {
    let pair = try Pair(owner: "a")
    defer { pair.tearDown() }
    #expect(try pair.paths(via: "a") == [Rung.owner.pathLength, Rung.owner.pathLength])
    #expect(try pair.paths(via: "b") == [Rung.standby.pathLength, Rung.standby.pathLength])
    #expect(try pair.faults() == [])
  }

  @Test func `an address that moves takes one UPDATE per route server, there and back`() throws {
    let pair = try Pair(owner: "a")
    defer { pair.tearDown() }
    for (old, new) in [("a", "b"), ("b", "a")] {
      let shift = try Shift(pair.network, client: pair.client.log, to: new, from: Pair.hosts) {
        () throws(LabError) in try pair.move(from: old, to: new)
      }
      #expect(shift.faults == [])
      #expect(shift.updates.map(\.count) == [1, 1])
    }
    #expect(try pair.faults() == [])
  }

  /// A dump larger than one turn's outputs is told in pieces; time must not run backwards between.
  @Test func `a machine with three thousand addresses starts and hears the next one`() throws {
    let network = try VirtualNetwork()
    defer { network.lab.tearDown() }
    let commands = (0..<3_000).map {
      "address add 127.\(1 + $0 / 250).\($0 % 250).1/32 dev lo"
    }
    let batch = try network.lab.write("many.ip", commands.joined(separator: "\n") + "\n")
    try network.lab.run(["ip", "-batch", batch], on: "a")
    let servers = try network.instances.map { try network.address(of: $0.name) }
    let appliance = try PlainAppliance(
      network.lab, host: "a", binary: BuiltPrograms.daemon, servers: servers)
    try network.wait(forSessionsOf: ["a"], within: .seconds(20))
    _ = try network.lab.addAddress(VirtualNetwork.vip, on: "a")
    try Waiting.until("the claim at both route servers", within: .seconds(10)) {
      () throws(LabError) in
      for (instance, routes) in try network.routes() {
        if routes.map(\.path.count) != [Rung.firstTakeover.pathLength] { return instance.name }
      }
      return nil
    }
    try appliance.checkRunning()
    try appliance.stop()
  }

  @Test func `an address that appears where nobody had it is announced`() throws {
    let pair = try Pair(owner: nil)
    defer { pair.tearDown() }
    let shift = try Shift(pair.network, client: pair.client.log, to: "b", from: Pair.hosts) {
      () throws(LabError) in try pair.put(on: "b")
    }
    #expect(shift.faults == [])
    #expect(try pair.faults() == [])
  }

  @Test func `a frozen owner is beaten while its session and its route stay`() throws {
    let pair = try Pair(owner: "b")
    defer { pair.tearDown() }
    let frozen = pair.appliances[1]
    let before = try pair.paths(via: "b")
    let shift = try Shift(pair.network, client: pair.client.log, to: "a", from: Pair.hosts) {
      () throws(LabError) in
      try pair.network.lab.unplug("b")
      try frozen.freeze()
      return try pair.put(on: "a")
    }
    #expect(shift.faults == [])
    #expect(shift.updates.map(\.count) == [1, 1])
    #expect(try pair.paths(via: "b") == before)
    for instance in pair.network.instances { #expect(try instance.isEstablished("b")) }
    try pair.network.lab.plugIn("b")
    try frozen.thaw()
    // Both hold the address now; the thawed one must not take it back.
    try pair.network.wait(forSessionsOf: Pair.hosts, within: .seconds(5))
    try pair.network.wait(forBest: "a", within: .seconds(5))
    #expect(try pair.faults() == [])
  }
}
