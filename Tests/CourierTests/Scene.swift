// A daemon as a script, a simulated Azure, and the real program between them.

import Control
import Foundation
import Linux
import Model
import Testing

/// The daemon's end of the control socket, turned by the test's own thread.
final class Scene {
  /// Nothing takes so long unless it hangs, on a machine however busy.
  static let patience = Nanoseconds.seconds(60)
  /// How long it waits for news before it looks again.
  private static let pace = Nanoseconds.milliseconds(5)
  static let route = "hopshift-web-100.64.0.0_31"

  struct Told: Equatable {
    var generation: String
    var stage: String
    var durability: String
    var detail: String
  }

  let azure: Azure
  private let socket: String
  let state: String
  /// Where the program answers for the past.
  let door: String
  private var listener: UnixListener?
  private var stream: UnixStream?
  private var lines = LineBuffer(limit: ControlLimits.requestLine)
  private var buffer = ReceiveBuffer()
  private var follower: String?
  private var courier: Process?

  /// Proxies that nobody is: whoever uses one reaches nothing.
  private static let proxies = Dictionary(
    uniqueKeysWithValues: ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
      .map { ($0, "http://127.0.0.1:9") })

  // What the daemon says.
  var epoch: UInt64 = 7
  var counter: UInt64 = 1
  var voice = "others"
  var hop = "10.0.0.4"
  var wanted = true
  var mode = "floor"
  var events = "shift"
  var acknowledges = false
  var isShadow = false
  /// Where metrics are to be served.
  var metrics: String?
  /// A daemon that does not answer says nothing at all.
  var counts = true
  /// Options of a tmpfs that is the program's state directory; nil: a directory as it is.
  var disk: String?
  /// A file with a file system that is the program's state directory.
  var image: String?
  /// What holds the disk frozen for as long as its input is open.
  private var ice: (process: Process, input: Pipe)?
  var metricsQuestions = 0
  /// Shifts that it remembers.
  var past: [PastShift] = []
  var tables = "[\"\(Azure.table)\"]"

  // What it was told.
  var told: [Told] = []
  var eventWords: [[String]] = []
  var questions = 0
  var pastQuestions: [[String]] = []
  var isSilentAboutThePast = false
  var connections = 0

  init() throws {
    azure = try Azure()
    socket = azure.place + "/control.sock"
    state = azure.place + "/state"
    door = azure.place + "/door.sock"
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
    try listen()
  }

  deinit { stop() }

  func listen() throws { listener = try UnixListener(path: socket, mode: 0o600) }

  /// The daemon is gone, with its connection.
  func close() {
    stream = nil
    follower = nil
    listener = nil
  }

  // MARK: The program

  var log: String {
    let bytes = FileManager.default.contents(atPath: azure.place + "/log") ?? Data()
    return String(decoding: bytes, as: UTF8.self)
  }

  /// It was never held up for so long that it gave up what it had on its way: on a machine that is
  /// busy enough that happens, and then a write may be made again.
  var wasAwake: Bool { !log.contains("stood still") }

  func start(_ more: [String] = []) throws {
    let path = azure.place + "/log"
    let isThere =
      FileManager.default.fileExists(atPath: path)
      || FileManager.default.createFile(atPath: path, contents: nil)
    try #require(isThere)
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Whoever starts these tests may ignore the signal, and that would be inherited.
    process.arguments =
      ["--default-signal=PIPE"] + mounting
      + [
        programPath, "--control", socket, "--state", state, "--endpoint",
        "https://localhost:\(azure.manager)", "--listen", door,
        "--metadata", "http://127.0.0.1:\(azure.metadata)", "--ca-file", azure.certificate,
      ] + more
    process.standardError = file
    process.environment = ProcessInfo.processInfo.environment.merging(Scene.proxies) { $1 }
    try process.run()
    courier = process
  }

  /// What gives the program a disk of its own, which nobody else sees.
  private var mounting: [String] {
    let arguments =
      image.map { "-o loop '\($0)'" } ?? disk.map { "-t tmpfs -o \($0) none" }
    guard let arguments else { return [] }
    return [
      "unshare", "--mount", "--propagation", "private", "sh", "-c",
      "mount \(arguments) \"$0\" && exec \"$@\"", state,
    ]
  }

  /// Changes the disk under the program.
  func remount(_ options: String) throws {
    let process = try onItsDisk(["mount", "-o", "remount,\(options)"])
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  /// From now on every write to the program's disk waits, as on one whose cable was pulled. It
  /// thaws when this process ends, whatever becomes of the program: who waits for a disk cannot
  /// even be killed.
  func freeze() throws {
    let words = "fsfreeze --freeze \"$0\" && echo frozen && { read -r line; true; }"
    let process = try onItsDisk(["sh", "-c", words + " && fsfreeze --unfreeze \"$0\""])
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    ice = (process, input)
    try #require(!output.fileHandleForReading.availableData.isEmpty)
  }

  func thaw() throws {
    guard let ice else { return }
    self.ice = nil
    try ice.input.fileHandleForWriting.close()
    ice.process.waitUntilExit()
    try #require(ice.process.terminationStatus == 0)
  }

  private func onItsDisk(_ words: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
    process.arguments = ["--target", "\(try #require(pid))", "--mount"] + words + [state]
    return process
  }

  var pid: Int32? { courier?.processIdentifier }

  func signal(_ signal: Processes.Signal) throws {
    // To signal process 0 would be to signal ourselves.
    try Processes.signal(#require(pid), signal)
  }

  /// Kills it and waits for its end.
  func kill() throws {
    try signal(.kill)
    courier?.waitUntilExit()
    courier = nil
    stream = nil
    follower = nil
  }

  /// Asks it to end; the exit status, or the negative number of the signal that ended it.
  func finish() throws -> Int32 {
    let courier = try #require(courier)
    try signal(.terminate)
    courier.waitUntilExit()
    self.courier = nil
    let status = courier.terminationStatus
    return courier.terminationReason == .uncaughtSignal ? -status : status
  }

  private func stop() {
    guard courier != nil else { return }
    do {
      // Who waits for a disk cannot be killed.
      try thaw()
      try signal(.proceed)
      try signal(.kill)
      courier?.waitUntilExit()
    } catch { Issue.record(error) }
  }

  // MARK: Time

  /// Turns the daemon until something holds.
  func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    until holds: () throws -> Bool
  ) throws {
    let end = Clock.monotonic() + Scene.patience
    while try !holds() {
      guard Clock.monotonic() < end else {
        Issue.record("\(what) never came: \(log)", sourceLocation: sourceLocation)
        throw CancellationError()
      }
      try turn()
    }
  }

  /// Turns the daemon for a while in which something must not happen.
  func pass(_ length: Nanoseconds) throws {
    let end = Clock.monotonic() + length
    while Clock.monotonic() < end { try turn() }
  }

  private func turn() throws {
    if stream == nil, let next = try accept() {
      connections += 1
      stream = consume next
      lines = LineBuffer(limit: ControlLimits.requestLine)
    }
    _ = stream?.wait(.read, for: Scene.pace)
    guard stream != nil else {
      try Processes.pause(nanoseconds: Scene.pace.count)
      return
    }
    try receive()
  }

  private func accept() throws -> UnixStream? { try listener?.accept() }

  private func receive() throws {
    guard let count = try stream?.receive(into: &buffer) else { return }
    guard count > 0 else {
      stream = nil
      follower = nil
      return
    }
    for index in stride(from: 0, to: count, by: 1_024) {
      let end = min(count, index + 1_024)
      try buffer.withBytes { bytes in try lines.append(bytes.extracting(index..<end)) }
      while let line = try lines.next() { try answer(Request(line: line.span)) }
    }
  }

  // MARK: The daemon

  private func answer(_ request: Request) throws {
    switch request.verb {
    case .desired:
      let place = metrics.map {
        "{\"v\":1,\"id\":\"\(request.id)\",\"type\":\"metrics\",\"listen\":\"\($0)\"}\n"
      }
      send(settings(request.id) + (place ?? "") + carriage(request.id) + record(request.id))
      if request.words == ["follow", "courier"] {
        send("{\"v\":1,\"id\":\"\(request.id)\",\"type\":\"complete\"}\n")
        follower = request.id
      } else {
        questions += 1
        end(request.id)
      }
    case .report:
      told.append(
        Told(
          generation: request.words[1], stage: request.words[2], durability: request.words[3],
          detail: request.words.count > 4 ? request.words[4] : ""))
      end(request.id)
    case .events:
      eventWords.append(request.words)
      end(request.id)
    case .metrics:
      metricsQuestions += 1
      guard counts else { return }
      send("{\"v\":1,\"id\":\"\(request.id)\",\"type\":\"daemon\",\"version\":\"9.9\"}\n")
      end(request.id)
    case .history:
      pastQuestions.append(request.words)
      if isSilentAboutThePast { return }
      let number = try #require(request.words.last.flatMap(Int.init))
      let isPage = request.words.first == "from"
      for shift in past where isPage ? shift.number >= number : shift.number == number {
        send(shift.text(request.id))
      }
      end(request.id)
    default: Issue.record("\(request.verb) was asked")
    }
  }

  private func end(_ id: String) {
    send(String(decoding: JSONLine.end(id: id, code: .ok, message: ""), as: UTF8.self))
  }

  private func send(_ text: String) {
    let bytes = Array(text.utf8)
    do {
      var sent = 0
      while sent < bytes.count {
        let count = try stream?.send(bytes.span.extracting(sent..<bytes.count)) ?? bytes.count
        sent += count
        if count == 0 { _ = stream?.wait(.write, for: Scene.pace) }
      }
    } catch {
      // The program was killed while it was told something.
      stream = nil
      follower = nil
    }
  }

  private func settings(_ id: String) -> String {
    "{\"v\":1,\"id\":\"\(id)\",\"type\":\"azure\",\"route-tables\":\(tables),\"identity\":null,"
      + "\"repair\":true,\"scheduled-events\":\"\(events)\",\"freeze-events\":false,"
      + "\"acknowledge-events\":\(acknowledges),\"address\":\"10.0.0.4\",\"shadow\":\(isShadow)}\n"
  }

  private func carriage(_ id: String) -> String {
    "{\"v\":1,\"id\":\"\(id)\",\"type\":\"vip\",\"vip\":\"web\",\"prefixes\":"
      + "[\"100.64.0.1/32\"],\"announced\":true,\"own-hop\":\"10.0.0.4\",\"own-hop6\":null}\n"
  }

  private func record(_ id: String) -> String {
    "{\"v\":1,\"id\":\"\(id)\",\"type\":\"desired\",\"vip\":\"web\",\"generation\":"
      + "\"\(epoch).\(counter)\",\"voice\":\"\(voice)\",\"wanted\":\(wanted),\"mode\":\"\(mode)\","
      + "\"routes\":[\"100.64.0.0/31\"],\"next-hop\":\"\(hop)\"}\n"
  }

  /// A new word; whoever follows hears it. Answers the moment before it was said.
  @discardableResult
  func want(_ voice: String, _ hop: String) -> Int64 {
    counter += 1
    self.voice = voice
    self.hop = hop
    let now = Clock.monotonic().nanoseconds
    if let follower { send(record(follower)) }
    return now
  }

  func sayVacated(_ event: String) {
    guard let follower else { return }
    let head = "{\"v\":1,\"id\":\"\(follower)\",\"type\":\"vacated\""
    send("\(head),\"events\":[\"\(event)\"]}\n")
  }

  var generation: String { "\(epoch).\(counter)" }

  func isDone(durable: Bool = true) -> Bool {
    told.last
      == Told(
        generation: generation, stage: "done", durability: durable ? "durable" : "volatile",
        detail: "")
  }

  /// What was told, without what was told anew because a slow disk had taken it by then.
  var stages: [String] {
    var result: [String] = []
    for told in told where told.stage != result.last { result.append(told.stage) }
    return result
  }

  /// The program runs, knows the table, and has nothing to do.
  func settle() throws {
    try wait("the first read") {
      try azure.calls().contains { $0.words.hasPrefix("GET \(Azure.table)?") } && questions > 0
    }
  }
}
