// Hello between two real daemons: heard, refused, replayed, forged, flooded.

import Hello
import Lab
import Linux
import Model
import Seal
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct GroupTests {
  private func count(_ record: [String: Any], _ field: String) -> Int {
    record[field] as? Int ?? 0
  }

  @Test func `two speakers hear each other, and one that leaves says so`() throws {
    let company = try Company(owner: "a")
    defer { company.tearDown() }
    try company.waitUntilAllAreHeard()
    for host in Company.hosts {
      let record = try #require(try company.status(host, "speaker").first)
      #expect(count(record, "refused") == 0 && count(record, "send-failures") == 0)
      let group = try #require(try company.status(host, "group").first)
      #expect(count(group, "strangers") == 0 && count(group, "drops") == 0)
    }
    try company.appliances["b"]?.stop()
    try company.wait("the other is silent", at: "a") { $0["state"] as? String == "silent" }
    #expect(try company.said("a", "speaker 10.0.2.20").allSatisfy { !$0.contains("key") })
    // A new run of the same speaker is no replay.
    try company.lab.endProcesses(on: "b")
    try company.start("b")
    try company.waitUntilAllAreHeard()
    let record = try #require(try company.status("a", "speaker").first)
    #expect(count(record, "refused") == 0)
  }

  @Test func `another key is told in one line, and nothing is heard`() throws {
    let company = try Company(owner: "a", keys: ["b": Company.otherKey])
    defer { company.tearDown() }
    for host in Company.hosts {
      try company.wait("refusals", at: host) { count($0, "other-key") > 20 }
      let record = try #require(try company.status(host, "speaker").first)
      #expect(record["state"] as? String == "silent" && count(record, "received") == 0)
      let other = try company.address(Company.other(host))
      #expect(try company.said(host, "speaker \(other) uses another key").count == 1)
    }
    // Without hello they are as two that have no group.
    try company.network.wait(forBest: "a", within: .seconds(10))
  }

  @Test func `a trial that could not be taken back is refused at its start`() throws {
    let company = try Company(owner: "a")
    defer { company.tearDown() }
    try company.waitUntilAllAreHeard()
    for host in Company.hosts {
      try company.write(Company.otherKey, of: host)
      #expect(try company.reload(host, host == "a" ? ["--confirm", "1h"] : []).0 == 0)
    }
    try company.wait("the other key", at: "a") { $0["has-key"] as? Bool == true }
    try Waiting.until("all to have it", within: .seconds(20)) { () throws(LabError) in
      try company.status("a", "group").first?["former-key"] as? Bool == false ? nil : "not all"
    }
    // A third key could be taken now. The first, to which this trial goes back, could not then.
    try company.write(Company.thirdKey, of: "a")
    let (status, words) = try company.reload("a", ["--confirm", "1h"])
    #expect(status == 78 && words.contains("a third one"), "\(words)")
    let (back, answer) = try company.reload("a", ["--rollback"])
    #expect(back == 0, "\(answer)")
    // What was refused has changed nothing: the first key is back, and the other one beside it.
    try company.wait("the first key", at: "a") { $0["has-key"] as? Bool == false }
    try company.write(Company.key, of: "b")
    #expect(try company.reload("b").0 == 0)
    for host in Company.hosts {
      try company.wait("the first key", at: host) { $0["has-key"] as? Bool == true }
    }
    #expect(try company.said("a", "is silent").isEmpty)
  }

  @Test func `a recording that is played again says nothing`() throws {
    let company = try Company(owner: "a")
    defer { company.tearDown() }
    let tap = try HelloTap(company, on: "a")
    try company.waitUntilAllAreHeard()
    try company.appliances["b"]?.freeze()
    try company.wait("the other is silent", at: "a") { $0["state"] as? String == "silent" }
    let recording = try tap.recorded(from: try company.address("b"))
    #expect(!recording.isEmpty)
    let before = try #require(try company.status("a", "speaker").first)
    let thief = try company.socket(as: try company.address("b"))
    for datagram in recording { try company.send(datagram, from: thief, to: "a") }
    try company.wait("the recording is refused", at: "a") {
      count($0, "replayed") >= recording.count
    }
    let after = try #require(try company.status("a", "speaker").first)
    #expect(count(after, "received") == count(before, "received"))
    #expect(after["state"] as? String == "silent")
    // The speaker itself goes on where it was.
    try company.appliances["b"]?.thaw()
    try company.waitUntilAllAreHeard()
  }

  @Test func `who has no key or no place in the group is not heard`() throws {
    let company = try Company(owner: "a")
    defer { company.tearDown() }
    try company.waitUntilAllAreHeard()
    let b = try company.address("b")
    let stranger = IPv4Address(10, 0, 0, 66)
    let forger = try company.socket(as: b)
    let outsider = try company.socket(as: stranger)
    for sequence in 1...100 as ClosedRange<UInt64> {
      // The address is right and the key is not.
      let forged = try company.hello(
        of: "b", key: Company.otherKey, start: .max, sequence: sequence)
      try company.send(forged, from: forger, to: "a")
      // The key is right and the address is not: neither as itself nor as the speaker.
      let foreign = try company.hello(of: "b", key: Company.key, start: .max, sequence: sequence)
      try company.send(foreign, from: outsider, to: "a")
    }
    // A speaker that speaks for another, here a itself.
    let own = try company.hello(of: "a", key: Company.key, start: .max, sequence: 1)
    try company.send(own, from: forger, to: "a")
    try company.wait("all of it is refused", at: "a") {
      count($0, "other-key") >= 100 && count($0, "other-sender") >= 1
    }
    try Waiting.until("the strangers to be counted", within: .seconds(5)) {
      () throws(LabError) in
      let group = try company.status("a", "group")
      return group.contains { count($0, "strangers") >= 100 } ? nil : "\(group)"
    }
    let record = try #require(try company.status("a", "speaker").first)
    #expect(record["state"] as? String == "heard")
    #expect(try company.said("a", "somebody without our key").count == 1)
    #expect(try company.said("a", "from \(stranger), which is no speaker").count == 1)
    #expect(try company.said("a", "uses another key").isEmpty)
    try company.network.wait(forBest: "a", within: .seconds(5))
  }

  /// Half of it as the other speaker, so that each has to be hashed whole; half from a stranger.
  @Test func `ten thousand datagrams of rubbish a second delay nothing`() throws {
    let company = try Company(owner: "a")
    defer { company.tearDown() }
    try company.waitUntilAllAreHeard()
    let b = try company.address("b")
    let stranger = IPv4Address(10, 0, 0, 66)
    for address in [b, stranger] { _ = try company.socket(as: address) }
    let client = EchoClient()
    let echo = try client.start(
      in: company.lab.namespace(of: "client"), asking: VirtualNetwork.vip,
      port: VirtualNetwork.port)
    let rubbish = Rubbish()
    let long = [UInt8](repeating: 0x5a, count: HelloLimits.datagram)
    let flood = try rubbish.start(
      in: company.lab.namespace(of: Company.outsider),
      [.init(address: b, datagram: long), .init(address: stranger, datagram: long)],
      to: try company.address("a"), port: Company.port)
    let result = Result { try move(company, client.log) }
    rubbish.stop()
    flood.join()
    echo.end()
    try result.get()
    #expect(rubbish.fault == nil && rubbish.sent > 10_000)
    let record = try #require(try company.status("a", "speaker").first)
    let group = try #require(try company.status("a", "group").first)
    let daemon = try #require(try company.status("a", "daemon").first)
    print(
      "rubbish: \(rubbish.sent) datagrams; refused \(count(record, "other-key")), "
        + "strangers \(count(group, "strangers")), dropped \(count(group, "drops")); "
        + "longest turn \(count(daemon, "longest-turn-us")) us")
    // The speaker was heard through it, all the time.
    #expect(record["state"] as? String == "heard")
    #expect(try company.said("a", "is silent").isEmpty)
    #expect(count(record, "other-key") + count(group, "strangers") > 5_000)
    #expect(try company.said("a", "somebody without our key").count == 1)
  }

  /// The VIP away from the flooded appliance and back to it: one UPDATE claims it, as in quiet. The
  /// other side's, which says that it has heard the claim, moves no next hop.
  private func move(_ company: Company, _ client: QuestionLog) throws {
    for (old, new) in [("a", "b"), ("b", "a")] {
      let shift = try Shift(company.network, client: client, to: new, from: Company.hosts) {
        () throws(LabError) in
        _ = try company.lab.removeAddress(VirtualNetwork.vip, on: old)
        let added = try company.lab.addAddress(VirtualNetwork.vip, on: new)
        return Shift.Trigger(moment: Moment(nanoseconds: added.before.nanoseconds), events: [])
      }
      let claimant = try company.address(new)
      let claims = shift.events.filter {
        $0.text.contains("UPDATE") && $0.text.contains("via \(claimant) ")
      }
      #expect(claims.map(\.observer).sorted() == ["wire rs1", "wire rs2"])
      #expect(shift.faults.allSatisfy { !$0.hasPrefix("not seen in time") })
      for claim in claims {
        let after = claim.moment.nanoseconds - shift.trigger.moment.nanoseconds
        print("rubbish: \(claim.observer): \(claim.text) after \(after / 1_000) us")
      }
    }
  }
}
