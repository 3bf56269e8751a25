// Claims as BIRD and FRR see them: frozen machines, cut cables, ladders that end.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Arena.reason == nil, Comment(rawValue: Arena.reason ?? "")))
struct ArenaTests {
  @Test func `a takeover beats a frozen owner while both of its sessions stand`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    try arena.freeze("a")
    try arena.put(on: "b")
    try arena.wait(forBest: "b")
    #expect(try arena.isEstablished("a"))
    // Thawed, it hears the claim and resigns; its address goes only later.
    try arena.thaw("a")
    try arena.wait(forOnlyClaimOf: "b")
    try arena.take(from: "a")
    // All are alive and one claims: the ladder is climbed down.
    try arena.wait(forOnlyClaimOf: "b", length: Rung.owner.pathLength - 1)
  }

  @Test func `one machine freezes after the other, and the first comes back`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    try arena.freeze("a")
    try arena.wait(for: "b", toAnswer: ["status"], with: "silent")
    try arena.put(on: "b")
    try arena.wait(forBest: "b")
    try arena.freeze("b")
    // It never lost the address, and does not know what b did meanwhile.
    try arena.thaw("a")
    try arena.wait(forBest: "a")
    #expect(try arena.isEstablished("b"))
    try arena.take(from: "b")
    try arena.thaw("b")
    try arena.wait(forOnlyClaimOf: "a")
  }

  @Test func `a thaw in the middle of a takeover leaves one claim`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    for (old, new) in [("a", "b"), ("b", "a")] {
      try arena.freeze(old)
      try arena.put(on: new)
      try arena.thaw(old)
      try arena.take(from: old)
      try arena.wait(forOnlyClaimOf: new)
    }
  }

  @Test func `without hello a move is followed, and healed it leaves one claim`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    try arena.cut("a", from: ["b"])
    try arena.cut("b", from: ["a"])
    try arena.wait(for: "b", toAnswer: ["status"], with: "silent")
    try arena.take(from: "a")
    try arena.put(on: "b")
    try arena.wait(forBest: "b")
    try arena.mend("a", with: ["b"])
    try arena.mend("b", with: ["a"])
    try arena.wait(forOnlyClaimOf: "b")
  }

  @Test func `both have the address without hello: never equal, and one when they hear again`()
    throws
  {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    try arena.cut("a", from: ["b"])
    try arena.cut("b", from: ["a"])
    try arena.wait(for: "b", toAnswer: ["status"], with: "silent")
    try arena.put(on: "b")
    try arena.wait("two claims that differ") { routes in
      let lengths = routes.map(\.length)
      guard lengths.count == 2, lengths.allSatisfy({ $0 <= Rung.owner.pathLength }) else {
        return "not two claims"
      }
      // Each has a lane of its own: not even for a moment.
      if lengths[0] == lengths[1] { Issue.record("equal claims: \(routes)") }
      return nil
    }
    try arena.mend("a", with: ["b"])
    try arena.mend("b", with: ["a"])
    try arena.wait(forOnlyClaimOf: "b")
  }

  /// Each move comes before the one before it has been answered by a resignation.
  @Test func `at the end of the ladder the last rung stands, and calm leads back down`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startOwners(holder: "a")
    for _ in 0..<10 {
      for (old, new) in [("a", "b"), ("b", "a")] {
        try arena.put(on: new)
        try arena.take(from: old)
        try arena.wait(forBest: new)
      }
    }
    try arena.wait(forOnlyClaimOf: "a")
    let alarms = try Arena.hosts.flatMap { try arena.said($0, "rung is") }
    #expect(!alarms.isEmpty, "the ladder has not ended")
    try arena.wait(forOnlyClaimOf: "a", length: Rung.owner.pathLength)
  }

  @Test func `a second watcher whose own network is broken claims nothing`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startMachines()
    let probe = "tcp: {port: \(Arena.port), interval: 100ms, timeout: 200ms}"
    let hosts = """
        w1: {address: 10.0.2.31, probes: [{\(probe)}]}
        w2: {address: 10.0.2.32, probes: [{\(probe)}]}
        w3: {address: 10.0.2.33, anchor: true, probes: [{\(probe)}]}
      """
    try arena.start("a", vip: "    hosts: [w1, w2]", hosts: hosts)
    try arena.wait(forBest: "w1")
    try arena.start("b", vip: "    hosts: [w1, w2]", hosts: hosts)
    let first = try arena.address("w1")
    try arena.wait("both to follow one leader") { routes in
      let isAlike = routes.count == 2 && routes.allSatisfy { $0.nextHop == first }
      return isAlike && routes.count { $0.length <= Rung.owner.pathLength } == 1 ? nil : "not yet"
    }
    // It still reaches the route servers, but of its own network nothing comes any more.
    for other in Arena.machines + ["a"] { try arena.cut(other, from: ["b"]) }
    try arena.wait(for: "b", toAnswer: ["explain", "web"], with: "our own network does not answer")
    try arena.wait(for: "b", toAnswer: ["status"], with: "silent")
    // A failover that the leader sees is the leader's; b would have to claim before that.
    try arena.lab.endProcesses(on: "w1")
    let second = try arena.address("w2")
    try arena.wait(forBest: second)
    let claims = try #require(try arena.routes()[0]).filter { $0.length <= Rung.owner.pathLength }
    #expect(claims.count == 1 && claims.first?.nextHop == second, "\(claims)")
    #expect(try arena.said("b", "-> takeover").isEmpty)
    // With its network back it takes over from a leader that stands still.
    for other in Arena.machines + ["a"] { try arena.mend(other, with: ["b"]) }
    try arena.wait(for: "b", toAnswer: ["status"], with: "heard")
    try arena.freeze("a")
    try arena.wait("a claim of b") { routes in
      routes.count { $0.length <= Rung.owner.pathLength && $0.nextHop == second } == 2
        ? nil : "not yet"
    }
    #expect(try arena.isEstablished("a"))
  }

  @Test func `a host that Azure will reboot is left before, as its own speaker tells`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    try arena.startMachines(["w1", "b"])
    // b is a machine that carries the VIP, and a speaker that hears from its own courier.
    let door = "{address: {address: \(Self.service)}}"
    let probe = "{tcp: {port: \(Arena.port), interval: 100ms, timeout: 200ms}}"
    let machines = """
        w1: {address: 10.0.2.31, probes: [\(probe)]}
        b: {address: 10.0.2.20, probes: [\(probe)]}
      """
    try arena.start("a", vip: "    hosts: [b, w1]", hosts: machines)
    try arena.wait(forBest: "b")
    _ = try arena.lab.addAddress(Self.service, on: "b")
    let own =
      "  self: {address: 10.0.2.20, probes: [\(door)]}\n  w1: {address: 10.0.2.31, probes: "
      + "[\(probe)]}"
    try arena.start(
      "b", vip: "    hosts: [self, w1]", hosts: own, azure: "azure: {scheduled-events: shift}")
    try arena.wait(for: "a", toAnswer: ["explain", "web"], with: "10.0.2.20     alive")
    let control = try #require(arena.appliances["b"]).control
    _ = try ControlCall.ask(
      control, ["ask", "events", "Reboot:scheduled:E-1"], id: "1", within: .seconds(20),
      of: "hopshiftd")
    try arena.wait(forBest: "w1")
    let story = try arena.ask("a", ["history"])
    #expect(
      story.contains(
        "web moved from b to w1 because of what Azure has scheduled for the machine of speaker "
          + "10.0.2.20"), "\(story)")
    try arena.wait(
      for: "a", toAnswer: ["explain", "web"],
      with: "traffic for a host: Azure is about to do something to its machine")
    // Nothing is withdrawn for it, and it is over when Azure says so.
    _ = try ControlCall.ask(
      control, ["ask", "events", "none"], id: "1", within: .seconds(20), of: "hopshiftd")
    try arena.wait(
      for: "a", toAnswer: ["explain", "web"], with: "the return to a better host or owner")
  }

  // MARK: Owners by health

  /// The address that says that a machine is well.
  private static let service = IPv4Address(10, 9, 0, 1)
  private static let selfHost = "  self: {probes: [{address: {address: \(service)}}]}"

  @Test func `a switch between owners is one change, and maintenance outlives a kill`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    let vip = "    owner: {when: healthy}\n    failback: never"
    for host in Arena.hosts {
      _ = try arena.lab.addAddress(Self.service, on: host)
      try arena.start(host, vip: vip, hosts: Self.selfHost)
    }
    try arena.wait(forOnlyClaimOf: "a")
    try arena.wait(for: "a", toAnswer: ["explain", "web"], with: "10.0.2.20     alive")
    let asked = try arena.ask("a", ["switch", "web", "--to", "other", "--dry-run"])
    #expect(asked.contains("would be done"), "\(asked)")
    try arena.wait(forOnlyClaimOf: "a")
    _ = try arena.ask("a", ["switch", "web", "--to", "other"])
    try arena.wait(forOnlyClaimOf: "b")
    _ = try arena.ask("b", ["maintenance", "on"])
    try arena.wait(forOnlyClaimOf: "a")
    try arena.lab.endProcesses(on: "b")
    try arena.start("b", vip: vip, hosts: Self.selfHost)
    try arena.wait(for: "b", toAnswer: ["explain", "web"], with: "out of service")
    _ = try arena.lab.removeAddress(Self.service, on: "a")
    // Nobody else may: what stood stands.
    try arena.wait(for: "a", toAnswer: ["explain", "web"], with: "down")
    try arena.wait(forBest: "a")
    _ = try arena.ask("b", ["maintenance", "off"])
    try arena.wait(forOnlyClaimOf: "b")
  }

  @Test func `owners in balance announce alike, and who is not well steps aside`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    for host in Arena.hosts {
      _ = try arena.lab.addAddress(Self.service, on: host)
      try arena.start(
        host, vip: "    owner: {when: healthy, balance: true}", hosts: Self.selfHost,
        isInGroup: false)
    }
    let length = Rung.owner.pathLength
    try arena.wait("two routes of one length") { routes in
      routes.map(\.length) == [length, length] ? nil : "not alike"
    }
    _ = try arena.lab.removeAddress(Self.service, on: "a")
    try arena.wait(forOnlyClaimOf: "b", length: length)
    _ = try arena.lab.addAddress(Self.service, on: "a")
    try arena.wait("two routes of one length") { routes in
      routes.map(\.length) == [length, length] ? nil : "not alike"
    }
  }

  // MARK: Nobody can carry it

  @Test func `a VIP that no owner can carry is withdrawn and comes back`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    let (service, hosts) = (Self.service, Self.selfHost)
    for host in Arena.hosts {
      _ = try arena.lab.addAddress(service, on: host)
      try arena.start(
        host, vip: "    owner: {when: healthy}\n    all-down: withdraw\n    failback: 0s",
        hosts: hosts)
    }
    try arena.wait(forOnlyClaimOf: "a")
    _ = try arena.lab.removeAddress(service, on: "a")
    try arena.wait(forOnlyClaimOf: "b")
    #expect(try arena.said("a", "withdrawn").isEmpty && arena.said("b", "withdrawn").isEmpty)
    _ = try arena.lab.removeAddress(service, on: "b")
    try arena.wait("no route at all") { $0.isEmpty ? nil : "still there" }
    for host in Arena.hosts {
      #expect(try arena.isEstablished(host))
      #expect(try arena.said(host, "nobody can carry it").count == 1)
      #expect(try arena.ask(host, ["explain", "web"]).contains("withdrawn"))
      #expect(try arena.ask(host, ["status"]).contains("withdrawn"))
      #expect(try arena.ask(host, ["volleys"]).contains("withdrawn"))
    }
    #expect(try arena.ask("b", ["history"]).contains("withdrawn"))
    _ = try arena.lab.addAddress(service, on: "b")
    try arena.wait(forOnlyClaimOf: "b")
    // Who is still down stands below it, and is no way out.
    _ = try arena.lab.addAddress(service, on: "a")
    try arena.wait("both routes") { $0.count == 2 ? nil : "not yet" }
  }

  @Test func `a lone watcher withdraws what nobody answers for`() throws {
    let arena = try Arena()
    defer { arena.tearDown() }
    let signs = [IPv4Address(10, 9, 0, 1), IPv4Address(10, 9, 0, 2)]
    for sign in signs { _ = try arena.lab.addAddress(sign, on: "a") }
    let hosts = """
        w1: {address: 10.0.2.31, probes: [{address: {address: \(signs[0])}}]}
        w2: {address: 10.0.2.32, probes: [{address: {address: \(signs[1])}}]}
      """
    try arena.start(
      "a", vip: "    hosts: [w1, w2]\n    all-down: withdraw", hosts: hosts, isInGroup: false)
    try arena.wait(forBest: try arena.address("w1"))
    _ = try arena.lab.removeAddress(signs[1], on: "a")
    _ = try arena.lab.removeAddress(signs[0], on: "a")
    try arena.wait("no route at all") { $0.isEmpty ? nil : "still there" }
    _ = try arena.lab.addAddress(signs[1], on: "a")
    try arena.wait(forBest: try arena.address("w2"))
  }
}
