// One hopshiftd that watches its neighbours on a LAN, and what can happen to them.

import Control
import Lab
import Linux
import Model

///      a 10.0.2.10 (hopshiftd)   ws1 10.0.2.11   ws2 10.0.2.12   forger 10.0.2.66
///           '-------------------------+---------------+---------------'
///                                 fabric (bridge)
///
/// Nobody is a route server: sessions do not come up, and deciding goes on all the same.
final class Neighbourhood {
  static let port = 8_080

  let lab: Lab
  private(set) var daemons: [PlainAppliance] = []

  init() throws(LabError) {
    lab = try Lab { topology in
      topology.subnet("lan", "10.0.2.0/24")
      topology.host("a", "10.0.2.10")
      topology.host("ws1", "10.0.2.11")
      topology.host("ws2", "10.0.2.12")
      topology.host("forger", "10.0.2.66")
    }
  }

  func tearDown() { lab.tearDown() }

  var daemon: PlainAppliance? { daemons.first }

  /// Starts a daemon on `host` with the probes of its hosts, each a line of flow style; `vip` is
  /// one key of the VIP.
  func startDaemon(
    on host: String = "a", _ hosts: [String], vip: String? = nil, withRawSockets: Bool = true
  ) throws(LabError) {
    guard let address = lab.topology.host(named: host)?.address else {
      throw .topology(.badName(host))
    }
    let key = vip.map { ", \($0)" } ?? ""
    let names = hosts.compactMap { $0.split(separator: ":").first.map(String.init) }
    let text = """
      local: {asn: 65001, address: \(address)}
      route-servers: {platform: generic, asn: 65515, peers: [10.0.2.201, 10.0.2.202]}
      hosts:
        \(hosts.joined(separator: "\n  "))
      vips:
        web: {prefixes: [10.1.0.5/32], hosts: [\(names.joined(separator: ", "))]\(key)}

      """
    daemons.append(
      try PlainAppliance(
        lab, host: host, binary: BuiltPrograms.daemon, servers: [], withRawSockets: withRawSockets,
        configuration: text))
  }

  /// Lets every group open ping sockets, as systemd does with a whole machine.
  func allowPing(on host: String = "a") throws(LabError) {
    try lab.run(
      ["sh", "-c", "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range"], on: host)
  }

  /// A web server with this body for an answer.
  func startWebServer(
    on host: String, saying text: String = "all is ready"
  ) throws(LabError) -> RunningProgram {
    let script = """
      import http.server
      class Page(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              self.send_response(200); self.end_headers(); self.wfile.write(b"\(text)")
          def log_message(self, *words): pass
      # Five are soon too few for two who ask each 20 ms: what comes then waits a second.
      http.server.ThreadingHTTPServer.request_queue_size = 128
      http.server.ThreadingHTTPServer(("", \(Neighbourhood.port)), Page).serve_forever()
      """
    let program = try lab.start("\(host).web", ["python3", "-c", script], on: host)
    try Waiting.until("the web server of \(host)", within: .seconds(10)) { () throws(LabError) in
      let open = try lab.run(["ss", "-Hltn"], on: host)
      return open.contains(":\(Neighbourhood.port)") ? nil : open
    }
    return program
  }

  // MARK: What the daemon says

  /// The targets in the answer to `status`.
  func targets(of index: Int = 0) throws(LabError) -> [Record] {
    let answer = try lab.shell.attempt([
      BuiltPrograms.path("hopshift"), "--socket", daemons[index].control, "status", "--json",
    ])
    // It has not opened its socket yet.
    guard answer.status == 0 else { return [] }
    var records: [Record] = []
    for line in answer.output.split(separator: "\n") {
      do throws(RecordError) {
        let record = try Record(line: Array(line.utf8).span)
        if record.type == "target" { records.append(record) }
      } catch {
        throw .unsuitable("status answered \(line)")
      }
    }
    return records
  }

  /// Waits until each target is in its state, in the order of the configuration.
  func wait(
    for states: [String], of index: Int = 0, within limit: Nanoseconds = .seconds(20)
  ) throws(LabError) {
    try Waiting.until("targets to be \(states)", within: limit) { () throws(LabError) in
      try daemons[index].checkRunning()
      let targets = try targets(of: index)
      let seen = targets.map { $0.string("state") ?? "nothing" }
      return seen == states
        ? nil : "\(targets.map { "\($0.string("state") ?? ""): \($0.string("reason") ?? "")" })"
    }
  }

  /// What the daemon has logged.
  func log(of host: String = "a") throws(LabError) -> [String] {
    try lab.shell.run(["cat", "\(lab.directory)/\(host).hopshiftd.log"]).split(separator: "\n")
      .map(String.init)
  }

  /// Lines of the log that call somebody dead.
  func deaths(on host: String = "a") throws(LabError) -> [String] {
    try log(of: host).filter { $0.contains(" is down") }
  }

  /// Waits for a line of the log that has all these words.
  func wait(forLine words: [String], within limit: Nanoseconds = .seconds(10)) throws(LabError) {
    try Waiting.until("a line with \(words)", within: limit) { () throws(LabError) in
      let lines = try log()
      let isThere = lines.contains { line in words.allSatisfy { line.contains($0) } }
      return isThere ? nil : lines.suffix(5).joined(separator: "\n")
    }
  }

  /// Lets a while pass: in it nothing may happen.
  func pass(_ length: Nanoseconds) throws(LabError) {
    try Waiting.until(Moment(nanoseconds: Clock.wall().nanoseconds + length.count))
  }

  // MARK: What happens

  /// Floods the daemon with replies that name `victim`, addressed to it, `rate` a second.
  func startForger(
    victim: String, mac: String, rate: Int = 10_000, gratuitous: Bool = false
  ) throws(LabError) -> RunningProgram {
    let ours = try self.mac(of: "a")
    let script = """
      import socket, sys, time
      raw = lambda mac: bytes.fromhex(mac.replace(":", ""))
      ip = socket.inet_aton
      door = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
      door.bind(("eth0", 0x0806))
      us, forged = raw("\(ours)"), raw("\(mac)")
      target = ip("\(victim)") if \(gratuitous ? "True" : "False") else ip("10.0.2.10")
      head = us + forged + bytes.fromhex("08060001080006040002")
      frame = head + forged + ip("\(victim)") + us + target
      start = time.monotonic(); sent = 0
      while True:
          due = int((time.monotonic() - start) * \(rate))
          while sent < due:
              door.send(frame); sent += 1
              if sent == 1: print("begun", flush=True)
          time.sleep(0.0005)
      """
    let program = try lab.start("forger", ["python3", "-c", script], on: "forger")
    try Waiting.until("the forger to begin", within: .seconds(10)) { () throws(LabError) in
      try program.checkRunning()
      return program.tail().contains("begun") ? nil : program.tail()
    }
    return program
  }

  func end(_ program: RunningProgram) throws(LabError) {
    do throws(Errno) { try Processes.signal(program.pid, .kill) } catch {
      throw .system(error, doing: "ending \(program.name)")
    }
    try Waiting.until("\(program.name) to end", within: .seconds(5)) { () throws(LabError) in
      ProcessTable.isAlive(program.pid) ? "it runs" : nil
    }
  }

  func mac(of host: String) throws(LabError) -> String {
    // Not from /sys, which shows the namespace that mounted it.
    let words = try lab.run(["ip", "-brief", "link", "show", "eth0"], on: host).split {
      $0.isWhitespace
    }
    guard words.count > 2 else { throw .unsuitable("eth0 of \(host) has no address") }
    return String(words[2])
  }

  /// Stops the daemon where it stands, for a while.
  func freeze(_ length: Nanoseconds) throws(LabError) {
    guard let daemon else { return }
    try daemon.freeze()
    try pass(length)
    try daemon.thaw()
  }
}
