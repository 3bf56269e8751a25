// The slow path whole: the kernel's news to hopshiftd, its wish to the courier, a PUT to a table.

import Foundation
import Lab
import Linux
import Model
import Testing

/// A duel whose appliance has no route server: its VIP is a route of a table.
final class Courts {
  static let route = "hopshift-web-10.1.0.5_32"
  let duel: Duel
  /// `nobody`, as the daemon's: it has the control socket in a directory of its own.
  private static let user = "65534"
  private static let confinement = [
    "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--no-new-privs",
    "--inh-caps=-all", "--bounding-set=-all", "--",
  ]

  private let place: String
  private var courier: RunningProgram?
  private var starts = 0
  private var ports: [Substring] = []

  init() throws {
    duel = try Duel()
    place = duel.lab.directory
    try make(certificate: place + "/certificate.pem", key: place + "/key.pem")
    try duel.lab.shell.run(
      ["install", "-d", "-m", "0700", "-o", Courts.user, "-g", Courts.user, place + "/courier"])
    // It obeys lines until they end, so it gets some that do not.
    let server = BuiltPrograms.source("Tests/CourierTests/azure.py")
    let words = "tail -n +1 -f commands | python3 \(server) certificate.pem key.pem calls"
    try Data().write(to: URL(fileURLWithPath: place + "/commands"))
    _ = try duel.lab.start("azure", ["sh", "-c", "cd \(place) && \(words)"], on: "a")
    try Waiting.until("the ports of the server", within: .seconds(20)) { () throws(LabError) in
      ports = text("azure.log").split(separator: "\n").last?.split(separator: " ") ?? []
      return ports.count == 2 ? nil : text("azure.log")
    }
  }

  private func make(certificate: String, key: String) throws {
    let maker = Process()
    maker.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    maker.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "2", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ]
    maker.standardError = FileHandle.nullDevice
    try maker.run()
    maker.waitUntilExit()
  }

  func text(_ name: String) -> String {
    String(
      decoding: FileManager.default.contents(atPath: "\(place)/\(name)") ?? Data(), as: UTF8.self)
  }

  /// Another configuration is followed from now on.
  func reload(_ text: String) throws {
    _ = try duel.lab.write("a.yaml", text)
    let answer = try duel.ask(["reload"])
    #expect(answer.contains("reloaded"), "\(answer)")
  }

  /// The server was asked this.
  func waitForCall(_ pieces: String...) throws {
    try Waiting.until("a call with \(pieces)", within: .seconds(40)) { () throws(LabError) in
      let isThere = text("calls").split(separator: "\n").contains { line in
        pieces.allSatisfy { line.contains($0) }
      }
      return isThere ? nil : text("courier\(starts).log")
    }
  }

  /// Tells the server something.
  func set(_ line: String) throws {
    let file = try #require(FileHandle(forWritingAtPath: place + "/commands"))
    try file.seekToEnd()
    try file.write(contentsOf: Data("\(line)\n".utf8))
    try file.close()
  }

  func waitForTrack(_ digit: String) throws {
    try Waiting.until("the track file to say \(digit)", within: .seconds(40)) {
      () throws(LabError) in
      let bytes = FileManager.default.contents(atPath: duel.daemon?.trackFile ?? "") ?? Data()
      return bytes == Data("\(digit)\n".utf8) ? nil : text("courier\(starts).log")
    }
  }

  func startCourier() throws(LabError) {
    starts += 1
    courier = try duel.lab.start(
      "courier\(starts)",
      Courts.confinement + [
        BuiltPrograms.path("hopshift-courier"), "--control", duel.daemon?.control ?? "",
        "--state", place + "/courier", "--listen", place + "/courier/socket", "--endpoint",
        "https://127.0.0.1:\(ports[0])",
        "--metadata", "http://127.0.0.1:\(ports[1])", "--ca-file", place + "/certificate.pem",
      ], on: "a")
  }

  /// What somebody on the appliance gets over HTTP.
  func scrape() throws(LabError) -> String {
    try duel.lab.run(
      [
        "python3", "-c",
        "import urllib.request as u; "
          + "print(u.urlopen('http://127.0.0.1:9469/metrics', timeout=30).read().decode(), end='')",
      ], on: "a")
  }

  /// What the courier has kept, once it holds all of these.
  func waitForPast(_ pieces: [String]) throws(LabError) {
    try wait(for: pieces, of: ["history", "--since", "1h", "--courier", place + "/courier/socket"])
  }

  /// The words that have Azure looked at too.
  var doctor: [String] { ["doctor", "--courier", place + "/courier/socket"] }

  func kill(_ pid: Int32?) throws {
    let pid = try #require(pid)
    try Processes.signal(pid, .kill)
    try Waiting.until("process \(pid) to end", within: .seconds(20)) {
      ProcessTable.isAlive(pid) ? "it lives" : nil
    }
  }

  /// The last words of the present courier.
  var log: Substring { text("courier\(starts).log").suffix(2_000) }

  func killCourier() throws { try kill(courier?.pid) }

  /// What was written to the table.
  var writes: [Substring] {
    text("calls").split(separator: "\n").filter { $0.contains(" PUT ") || $0.contains(" DELETE ") }
  }

  /// A courier that was held up for long gives up what it has on its way, and may write it again.
  var hasWrittenOnce: Bool {
    let logs = (1...starts).map { text("courier\($0).log") }
    return writes.count == 1 || logs.contains { $0.contains("stood still") }
  }

  func wait(for pieces: [String], of words: [String]) throws(LabError) {
    try Waiting.until("\(words) to hold \(pieces)", within: .seconds(40)) { () throws(LabError) in
      let answer = try duel.lab.shell.attempt(
        ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
          + ["--socket", duel.daemon?.control ?? ""] + words
      ).output
      return pieces.allSatisfy { answer.contains($0) }
        ? nil : answer + text("courier\(starts).log")
    }
  }
}

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct CourierTests {
  private static let configuration = """
    local: {address: \(Duel.appliance)}
    vips:
      web:
        prefixes: [\(VirtualNetwork.vipPrefix)]
        owner: {when: address, settle: 0s}
        udr: {mode: only}
    metrics: {listen: "127.0.0.1:9469"}
    azure:
      route-tables:
        - /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g\
    /providers/Microsoft.Network/routeTables/rt

    """

  @Test func `an address that comes is a route in the table, whoever is killed meanwhile`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try duel.startDaemon(configuration: CourierTests.configuration)
    try courts.wait(for: ["not connected"], of: ["status"])
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    let done = #""stage":"done","durable":true"#
    try courts.wait(for: [done, #""voice":"ours""#], of: ["desired", "--json"])
    #expect(courts.hasWrittenOnce)
    try courts.wait(for: ["this machine", "; in the route tables after "], of: ["history"])
    #expect(courts.writes.allSatisfy { $0.contains(Courts.route) && $0.contains("10.0.2.10") })
    let page = try duel.ask(["desired"])
    #expect(page.contains("done"), "\(page)")
    let numbers = try courts.scrape()
    for line in [
      "hopshift_up 1", "hopshift_courier_connected 1", "hopshift_courier_queue_depth 0",
      "hopshift_vips_routes_open 0", "hopshift_vip_active{vip=\"web\"} 1",
      "hopshift_stage_seconds_count{stage=\"udr-accepted\"} 1",
      "hopshift_stage_seconds_count{stage=\"udr-done\"} 1", "# EOF",
    ] { #expect(numbers.contains("\(line)\n"), "\(line) in \(numbers)") }
    let kept = [
      "#1 ", "because 10.1.0.5 came to this machine", "in the route tables after ", "P99",
    ]
    try courts.waitForPast(kept)
    // Nothing is written anew for a courier that starts again, nor for a daemon.
    try courts.killCourier()
    try courts.wait(for: [#""connected":false"#], of: ["status", "--json"])
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    try courts.kill(duel.daemon?.daemonProcess)
    try duel.daemon?.startAgain()
    try courts.wait(for: [done, #""voice":"ours""#], of: ["desired", "--json"])
    #expect(courts.hasWrittenOnce)
    // Another courier and another daemon know what was.
    try courts.waitForPast(kept)
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    try courts.wait(for: [#""voice":"others""#], of: ["desired", "--json"])
    #expect(courts.hasWrittenOnce)
    for name in ["courier1.log", "courier2.log"] {
      #expect(!courts.text(name).contains("planted-marker"))
    }
  }

  @Test func `a reboot that Azure announces empties the machine before`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    let shift = CourierTests.configuration + "  acknowledge-events: true\n"
    try duel.startDaemon(configuration: shift)
    try courts.startCourier()
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try courts.wait(for: [#""stage":"done","durable":true"#], of: ["desired", "--json"])
    try courts.waitForTrack("0")
    try courts.set(
      #"events {"DocumentIncarnation":2,"Events":[{"EventId":"E-1","EventType":"Reboot","#
        + #""Resources":["vm-a"],"EventStatus":"Scheduled"}]}"#)
    // Whoever places the address is asked to place it elsewhere.
    try courts.waitForTrack("1")
    try courts.wait(for: ["Azure: Reboot E-1 is announced"], of: ["status"])
    try courts.wait(for: ["Azure is about to do something"], of: ["explain", "web"])
    // Where events are only told, or not even that, none empties the machine.
    try courts.reload(CourierTests.configuration + "  scheduled-events: report\n")
    try courts.waitForTrack("0")
    try courts.wait(for: ["Azure: Reboot E-1 is announced"], of: ["status"])
    try courts.reload(CourierTests.configuration + "  scheduled-events: off\n")
    try courts.wait(for: [#""events":[]"#], of: ["status", "--json"])
    try courts.reload(shift)
    try courts.waitForTrack("1")
    // It may begin when the daemon says that nothing is carried here any more, not by itself.
    #expect(!courts.text("calls").contains("metadata POST"))
    _ = try duel.lab.removeAddress(VirtualNetwork.vip, on: "a")
    try courts.waitForCall("metadata POST", "E-1")
    try courts.set(#"events {"DocumentIncarnation":3,"Events":[]}"#)
    try courts.waitForTrack("0")
    #expect(try !duel.ask(["status"]).contains("Reboot"))
  }

  /// The address decides, and the VIP is a network: what of it is not here leaves by the next hop.
  private static let network = configuration.replacing(
    "prefixes: [\(VirtualNetwork.vipPrefix)]", with: "prefixes: [10.64.0.0/12]"
  ).replacing("settle: 0s", with: "settle: 0s, address: \(VirtualNetwork.vip)")

  @Test func `what is wrong in Azure is found, and so is a route that comes back`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try courts.set(#"address "\#(Duel.appliance)""#)
    try duel.startDaemon(configuration: CourierTests.network)
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    let loop = "the route 10.64.0.0/12 of table rt leads from this machine's own subnet to itself"
    let way = ["ip", "route", "replace", "10.64.0.0/12", "via", "10.0.2.1"]
    _ = try duel.lab.run(way + ["src", "\(Duel.appliance)"], on: "a")
    try courts.wait(for: ["remark: \(loop)"], of: courts.doctor)
    let page = try duel.lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", duel.daemon?.control ?? ""] + courts.doctor,
      in: duel.lab.namespace(of: "a"))
    let line = try #require(page.output.split(separator: "\n").first { $0.contains(loop) })
    // The command that it names is run as it stands; nothing else knows a way there then.
    let command = try #require(line.split(separator: "Mend it: ").last?.prefix { $0 != "," })
    _ = try duel.lab.run(["ip", "route", "del", "10.64.0.0/12"], on: "a")
    _ = try duel.lab.run(["sh", "-c", String(command)], on: "a")
    try courts.set("forwards false")
    try courts.set(#"missing ["Microsoft.Network/routeTables/routes/write"]"#)
    try courts.wait(
      for: [
        "problem: IP forwarding is off on network interface nic",
        "problem: the identity of this machine lacks the action "
          + "Microsoft.Network/routeTables/routes/write on rt",
      ], of: courts.doctor)
    let after = try duel.lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", duel.daemon?.control ?? ""] + courts.doctor,
      in: duel.lab.namespace(of: "a"))
    #expect(after.status == 5 && !after.output.contains(loop), "\(after.output)")
    try courts.killCourier()
    try courts.wait(for: ["remark: nobody has looked at Azure"], of: courts.doctor)
  }
}
