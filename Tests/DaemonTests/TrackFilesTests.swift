// The files that keepalived tracks, on a real disk: written, changed, and tried again.

import Engine
import Failover
import Linux
import Model
import Testing

@testable import Daemon

struct TrackFilesTests {
  private static func plan() throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: [
        .init(
          name: "web", prefixes: [try #require(Prefix("10.1.0.5/32"))],
          owner: .init(address: .v4(IPv4Address(10, 1, 0, 5)), interfaces: [])),
        .init(
          name: "dns", prefixes: [try #require(Prefix("10.1.0.6/32"))],
          owner: .init(address: .v4(IPv4Address(10, 1, 0, 6)), interfaces: [])),
      ])
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try Files.read(path: path, limit: 16), as: UTF8.self)
  }

  /// Nobody else would say that the address may stay: a file that could not be written is not
  /// forgotten, and the loop knows when to try again.
  @Test func whatCouldNotBeWrittenIsTriedAgain() throws {
    let directory = "/tmp/hopshift-track-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    let log = Log(threshold: .error)
    let plan = try Self.plan()
    var engine = Engine(plan, seed: 1, run: 1)
    var outputs = Outputs(for: plan)
    var files = TrackFiles(plan, directory: directory)
    files.keep(engine, at: .zero, log: log)
    #expect(try Self.text("\(directory)/web") == "0\n" && Self.text("\(directory)/dns") == "0\n")
    #expect(files.deadline == nil)

    // Something stands where the file of one is to be.
    try Files.removeIfPresent("\(directory)/web")
    try Directories.make("\(directory)/web")
    let command = Input.command(.outOfService(VIPSlot(0), true))
    let nothing: [UInt8] = []
    engine.handle(command, nothing.span, at: .zero, into: &outputs)
    files.keep(engine, at: .zero, log: log)
    let due = try #require(files.deadline)
    try Directories.remove("\(directory)/web")
    files.keep(engine, at: due - .milliseconds(1), log: log)
    #expect(files.deadline == due, "not before its time")
    files.keep(engine, at: due, log: log)
    #expect(try Self.text("\(directory)/web") == "1\n")
    #expect(files.deadline == nil)
    for name in try Directories.list(directory) {
      try Files.removeIfPresent("\(directory)/\(name)")
    }
    try Directories.remove(directory)
  }
}
