// BFD with BIRD, with FRR and with ourselves: up, agreed, silent death, restart, administrative end.

import Control
import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct BFDTests {
  /// Who speaks BFD with us on `ws1`.
  enum Judge: String, CaseIterable {
    case bird
    case frr

    /// What it needs beside it: FRR learns its interfaces from zebra.
    func prepare(_ lan: Neighbourhood) throws(LabError) {
      guard self == .frr else { return }
      let directory = lan.lab.directory
      let path = try lan.lab.write("zebra.conf", "")
      try lan.lab.shell.run(["chmod", "0777", directory])
      let zebra = try lan.lab.start(
        "zebra",
        [
          "/usr/lib/frr/zebra", "-f", path, "-i", "\(directory)/zebra.pid", "--vty_socket",
          directory, "-z", "\(directory)/zebra", "-P", "0",
        ], on: "ws1")
      try Waiting.until("zebra to answer", within: .seconds(10)) { () throws(LabError) in
        try zebra.checkRunning()
        let there = try lan.lab.shell.attempt(["test", "-S", "\(directory)/zebra"])
        return there.status == 0 ? nil : zebra.tail()
      }
    }

    func start(_ lan: Neighbourhood, _ name: String = "judge") throws(LabError) -> RunningProgram {
      switch self {
      case .bird:
        let path = try lan.lab.write(
          "bfd.conf",
          """
          log stderr all;
          router id 10.0.2.11;
          protocol device { }
          protocol bfd {
            interface "eth0" { interval 40 ms; multiplier 4; idle tx interval 200 ms; };
            neighbor 10.0.2.10 dev "eth0" local 10.0.2.11;
          }

          """)
        return try lan.lab.start(
          name,
          ["bird", "-f", "-c", path, "-s", "\(lan.lab.directory)/\(name).ctl"], on: "ws1")
      case .frr:
        let path = try lan.lab.write(
          "bfd.conf",
          """
          bfd
           peer 10.0.2.10 local-address 10.0.2.11 interface eth0
            detect-multiplier 4
            receive-interval 40
            transmit-interval 40
            no shutdown
           exit
          exit

          """, mode: 0o644)
        return try lan.lab.start(
          name,
          [
            "/usr/lib/frr/bfdd", "-f", path, "-i", "\(lan.lab.directory)/\(name).pid",
            "--vty_socket", lan.lab.directory, "-z", "\(lan.lab.directory)/zebra", "-P", "0",
            "--bfdctl", "\(lan.lab.directory)/\(name).ctl",
          ], on: "ws1")
      }
    }

    var isInstalled: Bool { self == .bird || Programs.has("vtysh") }

    /// What it says of its sessions.
    func sessions(_ lan: Neighbourhood, _ name: String = "judge") throws(LabError) -> String {
      switch self {
      case .bird:
        return try lan.lab.shell.attempt([
          "birdc", "-s", "\(lan.lab.directory)/\(name).ctl", "show", "bfd", "sessions",
        ]).output
      case .frr:
        return try lan.lab.shell.attempt([
          "vtysh", "--vty_socket", lan.lab.directory, "-d", "bfdd", "-c", "show bfd peers",
        ]).output
      }
    }

    func isUp(_ sessions: String) -> Bool {
      switch self {
      case .bird: sessions.contains("10.0.2.10") && sessions.contains("Up")
      case .frr: sessions.contains("Status: up")
      }
    }
  }

  private static let host =
    "ws1: {address: 10.0.2.11, probes: [bfd: {interval: 50ms, multiplier: 3}]}"

  private func target(_ lan: Neighbourhood) throws(LabError) -> Record {
    guard let first = try lan.targets().first else { throw .unsuitable("no target") }
    return first
  }

  private func wait(
    _ lan: Neighbourhood, for what: String, within limit: Nanoseconds = .seconds(15),
    _ isSo: (Record) -> Bool
  ) throws(LabError) {
    try Waiting.until(what, within: limit) { () throws(LabError) in
      guard let first = try lan.targets().first else { return "no target" }
      return isSo(first) ? nil : "\(first)"
    }
  }

  @Test(arguments: Judge.allCases)
  func `a session comes up, agrees, dies silently and returns`(judge: Judge) throws {
    try #require(judge.isInstalled)
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try judge.prepare(lan)
    let program = try judge.start(lan)
    try lan.startDaemon([Self.host], withRawSockets: false)
    try lan.wait(for: ["up"])
    try Waiting.until("the judge to see it up", within: .seconds(10)) { () throws(LabError) in
      let sessions = try judge.sessions(lan)
      return judge.isUp(sessions) ? nil : sessions
    }
    // Both polled: we send as fast as we want, and expect what both agreed on.
    try wait(lan, for: "the agreed intervals") {
      $0.integer("bfd-transmit-us") == 50_000 && $0.integer("bfd-detection-us") == 200_000
    }
    let up = try target(lan)
    #expect(up.string("bfd-state") == "Up" && up.string("bfd-remote-state") == "Up")
    #expect((up.integer("bfd-ups") ?? 0) >= 1)
    // A silent death, and the return.
    try lan.lab.unplug("ws1")
    try lan.wait(for: ["down"])
    let down = try target(lan)
    #expect(down.string("reason") == "nothing heard")
    #expect(down.integer("bfd-diagnostic") == 1)
    try lan.lab.plugIn("ws1")
    try lan.wait(for: ["up"])
    // The peer's process dies and begins anew with other numbers.
    let before = try target(lan).integer("bfd-remote-discriminator")
    try lan.end(program)
    try lan.wait(for: ["down"])
    _ = try judge.start(lan, "second")
    try lan.wait(for: ["up"])
    #expect(try target(lan).integer("bfd-remote-discriminator") != before)
    // We leave in order: the peer hears that it was on purpose.
    try lan.daemon?.stop()
    try Waiting.until("the judge to hear the end", within: .seconds(5)) { () throws(LabError) in
      let sessions = try judge.sessions(lan, "second")
      if judge == .frr { return sessions.contains(Self.farewell) ? nil : sessions }
      return judge.isUp(sessions) ? sessions : nil
    }
  }

  /// What FRR shows of a peer that left on purpose.
  private static let farewell = "Remote diagnostics: administratively down"

  /// Through a router: the other port, and a TTL that is no longer 255 (RFC 5883).
  @Test func `a session over several hops`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try Bird(
      duel.lab, on: "judge",
      configuration: """
        log stderr all;
        router id \(Duel.judge);
        protocol device { }
        protocol bfd far {
          multihop { interval 40 ms; multiplier 4; idle tx interval 200 ms; };
          neighbor \(Duel.appliance) local \(Duel.judge) multihop on;
        }

        """)
    try duel.startDaemon(
      configuration: """
        local: {asn: 65001, address: \(Duel.appliance)}
        route-servers: {platform: generic, asn: 65515, peers: [\(Duel.other)]}
        hosts:
          far: {address: \(Duel.judge), probes: [bfd: {interval: 50ms, multihop: true}]}
        vips:
          web: {prefixes: [\(VirtualNetwork.vipPrefix)], hosts: [far]}

        """)
    try duel.wait(forStatus: [#""state":"up""#, #""bfd-remote-state":"Up""#])
    try duel.lab.unplug("judge")
    try duel.wait(forStatus: [#""state":"down","reason":"nothing heard""#])
    try duel.lab.plugIn("judge")
    try duel.wait(forStatus: [#""state":"up""#, #""bfd-remote-state":"Up""#])
    // BIRD's administrator ends it without a word: for us that is silence.
    _ = try bird.ask(["disable", "far"])
    try duel.wait(forStatus: [#""state":"down","reason":"nothing heard""#])
    _ = try bird.ask(["enable", "far"])
    try duel.wait(forStatus: [#""state":"up""#, #""bfd-remote-state":"Up""#])
  }

  @Test func `frr's administrator ends the session, which is no death`() throws {
    try #require(Judge.frr.isInstalled)
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    try Judge.frr.prepare(lan)
    _ = try Judge.frr.start(lan)
    try lan.startDaemon([Self.host], withRawSockets: false)
    try lan.wait(for: ["up"])
    func configure(_ line: String) throws(LabError) {
      try lan.lab.shell.run([
        "vtysh", "--vty_socket", lan.lab.directory, "-d", "bfdd", "-c", "configure terminal", "-c",
        "bfd", "-c", "peer 10.0.2.10 local-address 10.0.2.11 interface eth0", "-c", line,
      ])
    }
    try configure("shutdown")
    try lan.wait(for: ["unknown"])
    #expect(try target(lan).string("reason") == "administratively down")
    try configure("no shutdown")
    try lan.wait(for: ["up"])
    // Slower, while it is up: agreed by a poll, without a flap.
    try configure("receive-interval 120")
    try wait(lan, for: "the longer interval") { $0.integer("bfd-transmit-us") == 120_000 }
    try configure("transmit-interval 100")
    try wait(lan, for: "the longer detection time") { $0.integer("bfd-detection-us") == 400_000 }
    #expect((try target(lan).integer("bfd-ups") ?? 0) >= 2)
    #expect(try lan.deaths() == [])
  }

  @Test func `two of us watch each other, and a frozen one blames nobody`() throws {
    let lan = try Neighbourhood()
    defer { lan.tearDown() }
    let probe = "probes: [bfd: {interval: 50ms, multiplier: 3}]"
    try lan.startDaemon(["other: {address: 10.0.2.11, \(probe)}"], withRawSockets: false)
    try lan.startDaemon(
      on: "ws1", ["other: {address: 10.0.2.10, \(probe)}"], withRawSockets: false)
    for index in 0...1 { try lan.wait(for: ["up"], of: index) }
    for length: Int64 in [200, 1_000, 3_000] {
      try lan.daemons[0].freeze()
      try lan.wait(for: ["down"], of: 1)
      try lan.pass(.milliseconds(length))
      try lan.daemons[0].thaw()
      for index in 0...1 { try lan.wait(for: ["up"], of: index) }
    }
    #expect(try lan.deaths(on: "a") == [], "it was away itself")
    #expect(try lan.deaths(on: "ws1").count >= 3)
    // A real death during the absence is one.
    try lan.daemons[0].freeze()
    try lan.lab.unplug("ws1")
    try lan.pass(.milliseconds(500))
    try lan.daemons[0].thaw()
    try lan.wait(for: ["down"], of: 0)
    try lan.lab.plugIn("ws1")
    for index in 0...1 { try lan.wait(for: ["up"], of: index) }
    // Leaving in order is no death.
    try lan.daemons[1].stop()
    try lan.wait(for: ["unknown"], of: 0)
    #expect(try target(lan).string("reason") == "administratively down")
  }
}
