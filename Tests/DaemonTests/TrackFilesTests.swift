// The files that keepalived tracks, on a real disk: written, changed, and tried again.

import Engine
import Failover
import Linux
import Model
import Testing

@testable import Daemon

struct TrackFilesTests {
  private static func plan(_ names: [String] = ["web", "dns"]) throws -> Plan {
    let local = IPv4Address(10, 0, 2, 10)
    return Plan(
      local: .init(asn: ASNumber(65001), address: local, identifier: local),
      routeServers: .init(
        platform: .azure, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: try names.enumerated().map { place, name in
        let address = IPAddress.v4(IPv4Address(10, 1, 0, UInt8(5 + place)))
        return .init(
          name: name, prefixes: [try #require(Prefix(address, length: 32))],
          owner: .init(address: address, interfaces: []))
      })
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
    // What is in its way is in nobody else's.
    try Files.removeIfPresent("\(directory)/dns")
    engine.handle(
      .command(.outOfService(VIPSlot(1), true)), nothing.span, at: .zero, into: &outputs)
    try Directories.make("\(directory)/web")
    files.keep(engine, at: .zero, log: log)
    #expect(try Self.text("\(directory)/dns") == "1\n")
    #expect(files.deadline == due)
    try Directories.remove("\(directory)/web")
    files.keep(engine, at: due, log: log)
    #expect(try Self.text("\(directory)/web") == "1\n")
    #expect(files.deadline == nil)
    for name in try Directories.list(directory) {
      try Files.removeIfPresent("\(directory)/\(name)")
    }
    try Directories.remove(directory)
  }

  /// Who reads the file of a VIP that is gone would act on a word that nobody renews.
  @Test func theFileOfAVIPThatIsGoneGoes() throws {
    let directory = "/tmp/hopshift-track-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    let log = Log(threshold: .error)
    let (two, one) = (try Self.plan(["web", "dns"]), try Self.plan(["dns"]))
    var files = TrackFiles(two, directory: directory)
    files.keep(Engine(two, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Directories.list(directory).sorted() == ["dns", "web"])
    files = TrackFiles(one, after: files, Succession(from: two, to: one))
    files.keep(Engine(one, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Directories.list(directory) == ["dns"])
    let none = try Self.plan([])
    files = TrackFiles(none, after: files, Succession(from: one, to: none))
    files.keep(Engine(none, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Directories.list(directory) == [])
    #expect(files.deadline == nil)
    try Directories.remove(directory)
  }

  /// A VIP whose address decides, then does not, then does: its file is there again.
  @Test func aVIPThatHasAFileAgainIsWrittenAgain() throws {
    let directory = "/tmp/hopshift-track-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    let log = Log(threshold: .error)
    let plan = try Self.plan(["web"])
    var watched = plan
    watched.vips[0].role = .watcher(rank: 0)
    var files = TrackFiles(plan, directory: directory)
    files.keep(Engine(plan, seed: 1, run: 1), at: .zero, log: log)
    files = TrackFiles(watched, after: files, Succession(from: plan, to: watched))
    files.keep(Engine(watched, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Directories.list(directory) == [])
    files = TrackFiles(plan, after: files, Succession(from: watched, to: plan))
    files.keep(Engine(plan, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Directories.list(directory) == ["web"])
    try Files.removeIfPresent("\(directory)/web")
    try Directories.remove(directory)
  }

  /// Files that cannot be removed are tried again later, and nobody waits for them.
  @Test func whatCannotBeRemovedIsInNobodysWay() throws {
    let directory = "/tmp/hopshift-track-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    let log = Log(threshold: .error)
    let names = (0...TrackFiles.batch).map { "vip\($0)" }
    let (all, one) = (try Self.plan(names), try Self.plan(["web"]))
    var files = TrackFiles(all, directory: directory)
    for _ in 0..<2 { files.keep(Engine(all, seed: 1, run: 1), at: .zero, log: log) }
    for name in names {
      try Files.removeIfPresent("\(directory)/\(name)")
      try Directories.make("\(directory)/\(name)")
    }
    files = TrackFiles(one, after: files, Succession(from: all, to: one))
    files.keep(Engine(one, seed: 1, run: 1), at: .zero, log: log)
    #expect(try Self.text("\(directory)/web") == "0\n")
    #expect(files.deadline.map { $0 > .zero } == true)
    try Files.removeIfPresent("\(directory)/web")
    for name in names { try Directories.remove("\(directory)/\(name)") }
    try Directories.remove(directory)
  }

  /// Thousands of files do not keep the loop from everything else.
  @Test func manyAreWrittenPieceByPiece() throws {
    let directory = "/tmp/hopshift-track-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    let log = Log(threshold: .error)
    let count = 2 * TrackFiles.batch + 1
    let plan = try Self.plan((0..<count).map { "vip\($0)" })
    let engine = Engine(plan, seed: 1, run: 1)
    var files = TrackFiles(plan, directory: directory)
    var sizes: [Int] = []
    for _ in 0..<4 {
      files.keep(engine, at: .zero, log: log)
      sizes.append(try Directories.list(directory).count)
    }
    #expect(sizes == [TrackFiles.batch, 2 * TrackFiles.batch, count, count])
    #expect(files.deadline == nil)
    for name in try Directories.list(directory) {
      try Files.removeIfPresent("\(directory)/\(name)")
    }
    try Directories.remove(directory)
  }
}
