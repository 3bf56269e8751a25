// What an operator is told of a wish: each answer has its word, its sentence and its verdict.

import Control
import Failover
import Model
import Testing
import World

@testable import Daemon

struct CommandReportTests {
  private static let now = Instant.zero + .seconds(1_000)
  private static let (placed, watched) = (VIPSlot(0), VIPSlot(1))

  /// A VIP that its address decides, and one with a host to choose.
  private static func plan() throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    let address = IPv4Address(10, 1, 0, 5)
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)], damping: .azure),
      vips: [
        .init(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
          owner: .init(address: .v4(address), interfaces: [])),
        .init(
          name: "voice", prefixes: [try #require(Prefix("10.1.0.6/32"))],
          role: .watcher(rank: 100),
          candidates: [.init(host: HostSlot(0), nextHop: IPv4Address(10, 0, 2, 21))]),
      ],
      hosts: [.init(name: "ws1", address: IPv4Address(10, 0, 2, 21))])
  }

  private static func record(
    _ command: OperatorCommand, _ answer: OperatorAnswer, isDryRun: Bool = false
  ) throws -> Record {
    let driver = Driver(try plan(), seed: 1)
    let line = CommandReport.record(
      "7", command, answer, isDryRun: isDryRun, driver.engine, now)
    return try Record(line: Array(line.dropLast()).span)
  }

  @Test(
    arguments: [
      (.unchanged, "unchanged", "it is so already"),
      (
        .damped(until: now + .milliseconds(12_345)), "damped",
        "refused: the platform may not act on a change for another 13 s; "
          + "--force does it all the same"
      ),
      (
        .notWell, "not-well",
        "refused: it is not known to be well; --force does it all the same"
      ),
      (
        .nobodyToTakeOver, "nobody",
        "refused: no other speaker is heard; --force does it all the same"
      ),
      (
        .decidedByAddress, "address",
        "refused: it is carried by whoever has the address; there, switch it to other"
      ),
      (
        .inShadow, "shadow",
        "refused: in shadow mode nobody is asked to place its address elsewhere"
      ),
      (
        .balanced, "balanced",
        "refused: every owner that is well carries it; use maintenance"
      ),
      (.notWatched, "not-watched", "refused: this VIP has no hosts to choose from"),
      (.notLeading, "not-leading", "refused: another watcher leads; ask that one"),
      (
        .notACandidate, "no-candidate",
        "refused: that host is no candidate of this VIP"
      ),
    ] as [(OperatorAnswer, String, String)])
  func whatIsNotDone(_ answer: OperatorAnswer, _ result: String, _ message: String) throws {
    let record = try Self.record(.give(Self.placed, isForced: false), answer)
    #expect(record.type == "answer")
    #expect(record.string("vip") == "web")
    #expect(record.string("result") == result)
    #expect(record.string("message") == message)
    #expect(record.boolean("dry-run") == false)
    let isDamped = if case .damped = answer { true } else { false }
    #expect(record.integer("free-in-ms") == (isDamped ? 12_345 : nil))
    #expect(CommandReport.isGood(answer) == (answer == .unchanged))
  }

  @Test func nobodyWouldCarryWhatHasNoAddress() throws {
    let record = try Self.record(.give(Self.watched, isForced: false), .nobodyToTakeOver)
    #expect(record.string("message") == "refused: no other speaker would carry it")
  }

  @Test(
    arguments: [
      (.move(watched, to: HostSlot(0), isForced: false), "traffic goes to ws1"),
      (.take(placed, isForced: false), "its address may come here again"),
      (.take(watched, isForced: false), "claimed by this machine"),
      (
        .give(placed, isForced: true),
        "whoever places its address is asked to place it elsewhere, for 15 s"
      ),
      (.give(watched, isForced: true), "given to whoever claims it next"),
      (.release(watched), "chosen by preference again"),
      (.outOfService(placed, true), "out of service here"),
      (.outOfService(placed, false), "back in service here"),
    ] as [(OperatorCommand, String)])
  func whatIsDone(_ command: OperatorCommand, _ message: String) throws {
    let record = try Self.record(command, .done)
    #expect(record.string("result") == "done" && record.string("message") == message)
    let dry = try Self.record(command, .done, isDryRun: true)
    #expect(dry.boolean("dry-run") == true)
    #expect(dry.string("message") == "would be done: \(message)")
    #expect(CommandReport.isGood(.done))
  }

  @Test(
    arguments: [
      (["web", "self"], .take(placed, isForced: false)),
      (["web", "other", "force", "dry-run"], .give(placed, isForced: true)),
      (["voice", "ws1"], .move(watched, to: HostSlot(0), isForced: false)),
      (["voice", "auto"], .release(watched)),
    ] as [([String], OperatorCommand)])
  func wordsOfASwitch(_ words: [String], _ command: OperatorCommand) throws {
    let request = try Request(id: "7", verb: .switch, words: words)
    let wanted = try CommandRequest.parse(request, try Self.plan()).get()
    #expect(wanted.commands == [command])
    #expect(wanted.isDryRun == words.contains("dry-run"))
  }

  @Test(
    arguments: [
      (.switch, ["web"], "switch takes a VIP and a host"),
      (.switch, ["web", "self", "now"], "switch knows no now"),
      (.switch, ["voice", "self"], "there is no host called self"),
      (.switch, ["api", "self"], "there is no VIP called api"),
      (.maintenance, ["maybe"], "maintenance takes on or off"),
      (.maintenance, ["on", "api"], "there is no VIP called api"),
    ] as [(Verb, [String], String)])
  func wordsThatAreNone(_ verb: Verb, _ words: [String], _ text: String) throws {
    let request = try Request(id: "7", verb: verb, words: words)
    guard case .failure(let error) = CommandRequest.parse(request, try Self.plan()) else {
      Issue.record("understood")
      return
    }
    #expect(error.text.hasPrefix(text), "\(error.text)")
  }
}
