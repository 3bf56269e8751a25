// keepalived on both hosts of a group: who holds the VIP is its decision, as on a real appliance.

import Lab
import Linux
import Model
import Platform
import Testing

/// Two appliances with hello between them, and a keepalived on each.
final class KeepalivedPair {
  let company: Company
  private var keepalived: [String: RunningProgram] = [:]
  /// In seconds. We chose it: a takeover takes three of them and a little.
  private static let interval = "0.2"

  var network: VirtualNetwork { company.network }
  var lab: Lab { company.lab }

  /// Waits until the VIP is on `a`, which has the higher priority, and both route servers know it.
  init() throws {
    company = try Company()
    do {
      try company.waitUntilAllAreHeard()
      for host in Company.hosts {
        try Waiting.until("\(host): the file that is tracked", within: .seconds(10)) {
          () throws(LabError) in try tracked(host) == "0" ? nil : "not there"
        }
      }
      for host in Company.hosts { try start(host) }
      // Before it is there the route servers may prefer the same one on standby.
      try wait(for: "a")
      try wait("claims", of: "a") { KeepalivedPair.isClaim($0) }
    } catch {
      company.tearDown()
      throw error
    }
  }

  func tearDown() { company.tearDown() }

  /// Starts keepalived on a host, when one before it has ended: it refuses to be two.
  func start(_ host: String) throws(LabError) {
    if let before = keepalived[host] {
      try Waiting.until("keepalived on \(host) to end", within: .seconds(10)) {
        () throws(LabError) in ProcessTable.isAlive(before.pid) ? "it runs" : nil
      }
    }
    let file = try configuration(host)
    keepalived[host] = try lab.start(
      "\(host).keepalived",
      [
        "keepalived", "-n", "-l", "-P", "-f", file, "-p", "\(lab.directory)/\(host).kp",
        "-r", "\(lab.directory)/\(host).kr",
      ], on: host)
  }

  /// Gives the running keepalived of a host another priority, as its operator would.
  func reload(_ host: String, priority: Int) throws {
    _ = try configuration(host, priority: priority)
    try lab.shell.run(["kill", "-HUP", "\(try #require(keepalived[host]).pid)"])
  }

  private func configuration(_ host: String, priority: Int? = nil) throws(LabError) -> String {
    try lab.write(
      "\(host).keepalived.conf",
      """
      global_defs {
        router_id \(host)
        vrrp_version 3
      }
      track_file hopshift {
        file "\(company.appliances[host]?.trackFile ?? "")"
        weight -100
      }
      vrrp_instance web {
        interface \(Lab.interface)
        virtual_router_id 51
        priority \(priority ?? (host == "a" ? 150 : 100))
        advert_int \(KeepalivedPair.interval)
        virtual_ipaddress {
          \(VirtualNetwork.vipPrefix) dev \(Lab.interface)
        }
        track_file {
          hopshift
        }
      }

      """)
  }

  /// What the tracked file of a host says.
  func tracked(_ host: String) throws(LabError) -> String {
    try lab.shell.attempt(["cat", company.appliances[host]?.trackFile ?? ""]).output.trimmed
  }

  /// Signals keepalived, the parent and the one that speaks VRRP, as its operator or a fault would.
  func signal(_ host: String, _ signal: Processes.Signal) throws {
    let parent = try #require(keepalived[host]).pid
    for pid in ProcessTable.children(of: parent) + [parent] {
      try Processes.signal(pid, signal)
    }
  }

  /// The whole machine stands still: nothing reaches it, nothing comes from it, nothing runs.
  func freeze(_ host: String) throws {
    try lab.unplug(host)
    try signal(host, .stop)
    try company.appliances[host]?.freeze()
  }

  func thaw(_ host: String) throws {
    try lab.plugIn(host)
    try company.appliances[host]?.thaw()
    try signal(host, .proceed)
  }

  /// The daemon of a host is killed, and nothing else.
  func killDaemon(_ host: String) throws {
    let daemon = try #require(company.appliances[host]).daemonProcess
    try Processes.signal(daemon, .kill)
    try Waiting.until("the daemon of \(host) to end", within: .seconds(20)) {
      () throws(LabError) in ProcessTable.isAlive(daemon) ? "it runs" : nil
    }
  }

  func isHolding(_ host: String) throws(LabError) -> Bool {
    try lab.run(["ip", "-o", "address", "show"], on: host).contains("\(VirtualNetwork.vip)/")
  }

  /// Waits until the VIP is on `host` and both route servers prefer it.
  func wait(for host: String) throws(LabError) {
    try Waiting.until("the VIP to be on \(host)", within: .seconds(20)) { () throws(LabError) in
      try isHolding(host) ? nil : "it is not"
    }
    try network.wait(forBest: host, within: .seconds(20))
  }

  /// Waits until a host's route stands at a rung of this kind at both route servers.
  func wait(_ what: String, of host: String, _ isRight: (Int) -> Bool) throws(LabError) {
    let address = try company.address(host)
    try Waiting.until("\(host): \(what)", within: .seconds(20)) { () throws(LabError) in
      for (instance, routes) in try network.routes() {
        guard let route = routes.first(where: { $0.nextHop == address }) else {
          return "\(instance.name) has no route"
        }
        if !isRight(route.path.count) { return "\(instance.name): \(route.path.count)" }
      }
      return nil
    }
  }

  /// A path of this length is a claim.
  static func isClaim(_ length: Int) -> Bool { length <= Rung.owner.pathLength }

  /// Nothing that may never be seen was seen, at either route server.
  func faults() throws(LabError) -> [String] {
    var addresses: [IPv4Address] = []
    for host in Company.hosts { addresses.append(try company.address(host)) }
    let now = Moment(nanoseconds: Clock.wall().nanoseconds)
    var faults: [String] = []
    for tap in network.taps {
      faults += try tap.judge().faultsOfWholeRun(speakers: addresses, until: now)
    }
    return faults
  }

  /// Now, as the taps write it.
  static func moment() -> Moment { Moment(nanoseconds: Clock.wall().nanoseconds) }

  /// Who has claimed since, once for each UPDATE at each route server; a withdrawal has no name.
  func changes(since start: Moment) throws(LabError) -> [String] {
    var names: [IPv4Address: String] = [:]
    for host in Company.hosts { names[try company.address(host)] = host }
    var found: [String] = []
    for tap in network.taps {
      for (record, update) in try tap.judge().updates(from: Array(names.keys))
      where record.moment >= start {
        // Who is beaten resigns behind it: no best path moves by that.
        if update.withdraws { found.append("withdrawal") }
        if KeepalivedPair.isClaim(update.path.count) {
          found.append(names[record.source.address] ?? "nobody")
        }
      }
    }
    return found
  }

  /// Runs the command line against a host's daemon.
  func hopshift(_ host: String, _ words: [String]) throws(LabError) -> (Int32, String) {
    let answer = try lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", company.appliances[host]?.control ?? ""] + words)
    return (answer.status, answer.output)
  }
}
