// One daemon in a namespace that storms are made in, and what can be measured of it.

import Foundation
import Lab
import Linux
import Model
import Testing

/// host 10.9.0.2, with a cable of its own whose both ends are here: n0 - n1.
final class Storm {
  static let host = "left"
  static let vip = "10.1.0.5"
  /// Memory that may stay after a storm: the high-water marks of the queues, which are kept.
  static let memoryMargin = 2 << 20

  let lab: Lab
  private var daemon: RunningProgram?
  private var monitor: RunningProgram?
  private var control: String { "\(lab.directory)/control" }
  private var played = 0
  private var began = Clock.monotonic()

  /// What a storm cost.
  struct Figures {
    var recordsTold = 0
    var recordsLost = 0
    /// How often the monitor was told that the kernel's messages were lost.
    var losses = 0

    /// Every change was told or counted, or it was told that some were lost.
    func accounts(for changes: Int) -> Bool {
      losses > 0 || recordsTold + recordsLost >= changes
    }
    /// Of one core, while it lasted.
    var share = 0.0
  }

  init(withDaemon: Bool = true) throws {
    lab = try Lab { topology in
      topology.subnet("west", "10.9.0.0/24")
      topology.host(Storm.host, "10.9.0.2")
    }
    do {
      try lab.run(
        ["ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1"], on: Storm.host)
      for name in ["n0", "n1"] {
        try lab.run(["ip", "link", "set", name, "addrgenmode", "none", "up"], on: Storm.host)
      }
      if withDaemon { try startDaemon() }
    } catch {
      lab.tearDown()
      throw error
    }
  }

  func tearDown() { lab.tearDown() }

  private func startDaemon() throws {
    let configuration = try lab.write(
      "hopshift.yaml",
      """
      local: {asn: 65001, address: 10.9.0.2}
      route-servers: {platform: generic, asn: 65515, peers: [10.9.0.99]}
      vips: {web: {prefixes: [\(Storm.vip)/32], owner: {when: address}}}

      """)
    daemon = try lab.start(
      "hopshiftd", [BuiltPrograms.daemon, "--config", configuration, "--control", control],
      on: Storm.host)
    try waitForStatus("the daemon") { $0["daemon"]?.first?["kernel"] as? String == "current" }
    // Once round what the storm will do, so that everything that grows once has grown.
    try holdAndRelease()
  }

  // MARK: Asking

  /// The records of `hopshift status`, by type.
  private func status() throws(LabError) -> [String: [[String: Any]]] {
    let answer = try lab.shell.attempt([
      BuiltPrograms.path("hopshift"), "--socket", control, "status", "--json",
    ])
    var records: [String: [[String: Any]]] = [:]
    for line in answer.output.split(separator: "\n") {
      do {
        let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        records[record?["type"] as? String ?? "", default: []].append(record ?? [:])
      } catch {
        // Not a record: what the command says while nobody answers.
        continue
      }
    }
    return records
  }

  private func waitForStatus(
    _ what: String, _ condition: ([String: [[String: Any]]]) -> Bool
  ) throws(LabError) {
    try Waiting.until(what, within: .seconds(60)) { () throws(LabError) in
      try daemon?.checkRunning()
      let records = try status()
      return condition(records) ? nil : "\(records)"
    }
  }

  /// Starts `hopshift monitor` and waits until the classes it needs are complete.
  func watch(_ words: [String]) throws {
    monitor = try lab.start(
      "monitor",
      [BuiltPrograms.path("hopshift"), "--socket", control, "monitor", "--json"] + words,
      on: Storm.host)
    try waitForStatus("the monitor") { records in
      let watched = (records["kernel"] ?? []).filter {
        ($0["needed-by"] as? [String] ?? []).contains("monitor")
      }
      return !watched.isEmpty && watched.allSatisfy { $0["state"] as? String == "current" }
    }
  }

  // MARK: Making it

  /// Runs a batch of ip(8) to its end, and then waits until so many times `pace` have passed.
  func play(
    _ commands: [String], paced pace: Nanoseconds = .zero, turn: Int = 0
  ) throws(LabError) {
    if turn == 0 { began = Clock.monotonic() }
    let path = try write(commands)
    try lab.shell.run(
      ["ip", "-batch", path], in: lab.namespace(of: Storm.host), within: .seconds(120))
    guard pace != .zero else { return }
    let next = began + pace * Int64(turn + 1)
    try Waiting.until("the pace", within: .seconds(10)) { () throws(LabError) in
      Clock.monotonic() >= next ? nil : "not yet"
    }
  }

  /// Starts a batch that runs beside the test.
  func start(_ commands: [String]) throws -> Flood {
    Flood(
      try lab.start("flood", ["ip", "-batch", try write(commands)], on: Storm.host))
  }

  private func write(_ commands: [String]) throws(LabError) -> String {
    played += 1
    return try lab.write("storm-\(played % 2).ip", commands.joined(separator: "\n") + "\n")
  }

  /// The VIP comes and goes: both must be noticed, whatever else happens. It is not on the cable:
  /// with an interface's last address the kernel would flush every route through it.
  func holdAndRelease() throws(LabError) {
    for (word, isHeld) in [("add", true), ("del", false)] {
      try lab.run(
        ["ip", "address", word, "\(Storm.vip)/32", "dev", Lab.interface], on: Storm.host)
      try waitForStatus("the VIP, held: \(isHeld)") {
        $0["vip"]?.first?["held"] as? Bool == isHeld
      }
    }
  }

  /// A large table, then changes in it.
  func routeStorm(_ name: String, table: Int, changes: Int) throws -> Figures {
    func route(_ word: String, _ number: Int) -> String {
      "route \(word) 10.\(64 + number >> 16).\(number >> 8 & 255).\(number & 255)/32 "
        + "dev n1 table 100"
    }
    return try measure(name, changes: table + changes) { () throws(LabError) in
      for start in stride(from: 0, to: table, by: 100_000) {
        try play((start..<min(start + 100_000, table)).map { route("add", $0) })
      }
      try holdAndRelease()
      // 10,000 changes a second: half of them take a route away, half put it back.
      for turn in 0..<(changes / 1_000) {
        let place = turn / 2 * 1_000 % table
        let word = turn % 2 == 0 ? "del" : "add"
        try play(
          (place..<place + 1_000).map { route(word, $0) }, paced: .milliseconds(100), turn: turn)
      }
      try holdAndRelease()
      try lab.run(["ip", "route", "flush", "table", "100"], on: Storm.host)
    }
  }

  // MARK: Measuring

  /// Runs a storm and prints what it cost the daemon.
  func measure(
    _ name: String, changes: Int, _ body: () throws(LabError) -> Void
  ) throws -> Figures {
    let pid = try #require(daemon?.pid)
    _ = try status()
    let memoryBefore = try Storm.residentMemory(of: pid)
    let (start, workBefore) = (Clock.monotonic(), try Storm.processorTime(of: pid))
    try body()
    let lasted = Clock.monotonic() - start
    var figures = Figures()
    figures.share =
      Double((try Storm.processorTime(of: pid) - workBefore).count) / Double(lasted.count)
    try waitForStatus("every class to be current") { records in
      (records["kernel"] ?? []).allSatisfy { $0["state"] as? String == "current" }
    }
    if monitor != nil { try waitUntilTold() }
    let records = try status()
    if let monitor {
      try Processes.signal(monitor.pid, .terminate)
      try waitForStatus("the monitor to be gone") { records in
        (records["kernel"] ?? []).allSatisfy {
          !($0["needed-by"] as? [String] ?? []).contains("monitor")
        }
      }
      try count(into: &figures)
    }
    let memoryAfter = try Storm.residentMemory(of: pid)
    let overruns = (records["kernel"] ?? []).map { "\($0["class"] ?? "") \($0["overruns"] ?? 0)" }
    let turn = records["daemon"]?.first?["longest-turn-us"] ?? "-"
    print(
      "storm \(name): \(changes) changes in \(lasted.milliseconds) ms, "
        + "\(Int(Double(changes) / Double(lasted.count) * 1e9)) a second; "
        + "daemon \(Int(figures.share * 1_000)) thousandths of a core, longest turn \(turn) us; "
        + "overruns \(overruns.joined(separator: ", ")); "
        + "told \(figures.recordsTold), not read in time \(figures.recordsLost), "
        + "losses told \(figures.losses); "
        + "memory \(memoryBefore / 1_024) KiB before, \(memoryAfter / 1_024) KiB after")
    #expect(memoryAfter <= memoryBefore + Storm.memoryMargin)
    return figures
  }

  /// After a storm the daemon still knows what is there.
  func expectRight() throws {
    let shown = try lab.run(["ip", "-oneline", "link", "show"], on: Storm.host)
    let links = shown.split(separator: "\n").count
    try waitForStatus("\(links) links") { $0["daemon"]?.first?["links"] as? Int == links }
    try holdAndRelease()
  }

  /// Makes changes of every class until the monitor has written one of them: then it has written
  /// everything before it that was not counted as lost.
  private func waitUntilTold() throws {
    guard let monitor else { return }
    var turn = 0
    try Waiting.until("the monitor to have read everything", within: .seconds(60)) {
      () throws(LabError) in
      turn += 1
      let mark = "10.254.\(turn / 250).\(turn % 250 + 1)"
      try play([
        "address add \(mark)/32 dev \(Lab.interface)",
        "route add blackhole \(mark)/32 table 101",
        "neighbour add \(mark) dev \(Lab.interface) lladdr 02:00:00:00:00:01",
      ])
      let end = try lab.shell.run(["tail", "-c", "4096", monitor.log])
      return end.contains(#"":"10.254."#) ? nil : "\(turn) marks were not told: \(end.suffix(300))"
    }
  }

  /// What the monitor wrote: records, and those that it read too slowly for.
  private func count(into figures: inout Figures) throws {
    guard let monitor else { return }
    for line in try Files.read(path: monitor.log, limit: 1 << 30).split(separator: 0x0a) {
      let text = String(decoding: line, as: UTF8.self)
      if text.contains(#""type":"lost""#) {
        let digits = text.split(separator: #""lost":"#).last?.prefix { $0.isNumber } ?? ""
        figures.recordsLost += Int(digits) ?? 0
      } else {
        figures.recordsTold += 1
        if text.contains(#""state":"stale""#) { figures.losses += 1 }
      }
    }
  }

  private static func residentMemory(of pid: Int32) throws -> Int {
    let status = String(
      decoding: try Files.read(path: "/proc/\(pid)/status", limit: 65_536), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    let words = try #require(line).split { !$0.isNumber }
    return try #require(words.first.flatMap { Int($0) }) * 1_024
  }

  /// What it ran so far, from /proc/PID/schedstat: nanoseconds on a processor come first.
  private static func processorTime(of pid: Int32) throws -> Nanoseconds {
    let text = String(
      decoding: try Files.read(path: "/proc/\(pid)/schedstat", limit: 4_096), as: UTF8.self)
    return Nanoseconds(try #require(text.split(separator: " ").first.flatMap { Int64($0) }))
  }
}

/// A batch that runs beside the test.
final class Flood {
  private let program: RunningProgram

  init(_ program: RunningProgram) { self.program = program }

  func hasEnded() throws -> Bool { !ProcessTable.isAlive(program.pid) }
}

/// What the surroundings ask of the tests.
enum Environment {
  static func has(_ name: String) -> Bool {
    ProcessInfo.processInfo.environment[name] != nil
  }
}
