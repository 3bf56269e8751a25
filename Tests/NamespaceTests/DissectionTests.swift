// tshark takes our sessions apart, as tcpdump saw them: nothing malformed, and every UPDATE counted.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct DissectionTests {
  /// A whole session of each shape, in which routes of both families are also taken back. None has
  /// long messages: tshark 4.0 does not know RFC 8654.
  enum Session: String, CaseIterable {
    /// Both families and every attribute, a refresh, a shift, a shutdown with words.
    case plain
    /// A peer of two octets and AS4_PATH (RFC 6793).
    case narrow

    var judge: Judge { self == .plain ? .bird : .openbgpd }

    var manner: Manner {
      var manner = Manner()
      manner.isNarrow = self == .narrow
      if self == .narrow { manner.peerASN = ASNumber(4_200_000_001) }
      return manner
    }
  }

  private static let attributes = """
        med: 77
        communities: [no-advertise, 65001:258]
        large-communities: [65001:1:4294967295]
    """

  @Test(arguments: Session.allCases)
  func `tshark finds no fault`(session: Session) throws {
    for program in ["tshark", "tcpdump"] where !Programs.has(program) {
      try Test.cancel("\(program) is not installed")
    }
    try session.judge.require()
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    let file = try startCapture(duel)
    _ = try session.judge.start(duel, session.manner)
    try duel.startDaemon(
      asn: session.manner.peerASN, ipv6: "2001:db8:2::10",
      servers: "  platform: generic\n  asn: \(VirtualNetwork.serverASN)",
      vip: DissectionTests.attributes,
      prefixes: try ["2001:db8:5::/48", "10.9.0.0/24"].map { try #require(Prefix($0)) })
    try duel.wait(for: Duel.judge, toShow: [Duel.established])
    try session.judge.wait(duel, for: .standby, session.manner)
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try session.judge.wait(duel, for: .firstTakeover, session.manner)
    let asked = try tap.judge().updates(from: [Duel.appliance]).count
    #expect(try session.judge.askAgain(duel))
    try Waiting.until("the answer to the refresh", within: .seconds(10)) { () throws(LabError) in
      let count = try tap.judge().updates(from: [Duel.appliance]).count
      return count > asked ? nil : "\(count) UPDATEs"
    }
    try duel.lab.shell.run(
      ["sed", "-i", "s|,2001:db8:5::/48,10.9.0.0/24||", "\(duel.lab.directory)/a.yaml"])
    _ = try duel.ask(["reload"])
    try Waiting.until("both withdrawals", within: .seconds(10)) { () throws(LabError) in
      let updates = try tap.judge().updates(from: [Duel.appliance]).map(\.update)
      let has4 = updates.contains { !$0.withdrawn.isEmpty }
      return has4 && updates.contains { !$0.withdrawn6.isEmpty } ? nil : "\(updates)"
    }
    try duel.daemon?.stop()

    // What tshark counts is what we saw pass, End-of-RIB included, and the end is in it.
    try Waiting.until("the capture to hold everything", within: .seconds(10)) {
      () throws(LabError) in
      let seen = try types(file, duel)
      let passed = try tap.judge().records.filter { $0.source.address == Duel.appliance }
      let expected = passed.count { if case .update = $0.message { true } else { false } }
      let updates = seen.count { $0 == 2 }
      return updates == expected && seen.contains(3) ? nil : "\(updates) of \(expected): \(seen)"
    }
    #expect(try faults(file, duel) == "")
    // It would find one: the same capture with an ORIGIN of two octets.
    let damaged = try damage(file, duel)
    #expect(try faults(damaged, duel) != "")
  }

  /// What tshark calls malformed or an error.
  private func faults(_ file: String, _ duel: Duel) throws(LabError) -> String {
    try read(
      file, duel,
      ["-Y", "_ws.malformed || _ws.expert.severity == error", "-T", "fields"]
        + ["-e", "frame.number", "-e", "_ws.expert.message"])
  }

  /// A copy in which the length of every ORIGIN is wrong.
  private func damage(_ file: String, _ duel: Duel) throws(LabError) -> String {
    do throws(Errno) {
      var bytes = try Files.read(path: file, limit: Shell.outputLimit)
      let origin: [UInt8] = [0x40, 1, 1, 0, 0x40, 2]
      for start in 0..<(bytes.count - origin.count)
      where bytes[start..<(start + origin.count)].elementsEqual(origin) {
        bytes[start + 2] = 2
      }
      let path = file + ".damaged"
      try Files.writeAtomically(path: path, bytes: bytes.span, mode: 0o644)
      return path
    } catch {
      throw .system(error, doing: "damaging \(file)")
    }
  }

  /// tcpdump on the judge's side; the answer is its file.
  private func startCapture(_ duel: Duel) throws(LabError) -> String {
    // tcpdump gives its rights up and must still be able to write.
    try duel.lab.shell.run(["chmod", "0777", duel.lab.directory])
    let file = "\(duel.lab.directory)/session.pcap"
    let program = try duel.lab.start(
      "tcpdump",
      [
        "tcpdump", "-i", Lab.interface, "-s", "0", "-U", "-Z", "root", "-w", file, "tcp", "port",
        "179",
      ], on: "judge")
    try Waiting.until("tcpdump to listen", within: .seconds(10)) { () throws(LabError) in
      try program.checkRunning()
      let said = program.tail()
      return said.contains("listening on") ? nil : said
    }
    return file
  }

  /// What tshark prints of a capture; what it says of itself is left out.
  private func read(
    _ file: String, _ duel: Duel, _ words: [String]
  ) throws(LabError) -> String {
    try duel.lab.shell.run(
      [
        "sh", "-c", "exec \"$@\" 2>/dev/null", "sh", "tshark", "-r", file, "-d",
        "tcp.port==179,bgp",
      ]
        + words)
  }

  /// The types of our messages, in order.
  private func types(_ file: String, _ duel: Duel) throws(LabError) -> [Int] {
    try read(
      file, duel, ["-Y", "bgp && ip.src == \(Duel.appliance)", "-T", "fields", "-e", "bgp.type"]
    ).split { $0 == "\n" || $0 == "," }.compactMap { Int($0) }
  }
}
