// A simulated Route Server instance in a namespace: start it, follow it, tell it what to do.

import Control
package import Model
package import Platform

/// One instance, `hopshift-lab route-server` on its host:
///
///     var settings = ServerSettings(name: "rs1", address: ..., peers: ...)
///     settings.quirks = .measuring
///     let server = try RouteServerProcess(lab, settings, program: path, fabric: fabric)
///     try server.wait(forSessionsOf: ["a", "b"], within: .seconds(20))
///     try server.restart(away: .seconds(5))
///     for told in try server.events() { ... }
///
/// Its name is that of its host.
package final class RouteServerProcess: RouteServerInstance {
  /// How long it is away when it leaves. We chose it: long enough to be seen.
  private static let maintenance = Nanoseconds.seconds(1)

  package private(set) var settings: ServerSettings
  package let process: AzureProcess
  private let fabric: Fabric?
  private var told: [ToldEvent] = []

  /// Starts the instance on the host of its name, or another, and waits until it answers. What it
  /// programs goes to `fabric`, when there is one.
  package init(
    _ lab: Lab, _ settings: ServerSettings, on host: String? = nil,
    program: String = AzureProcess.ownProgram, fabric: Fabric? = nil
  ) throws(LabError) {
    self.settings = settings
    self.fabric = fabric
    process = try AzureProcess(
      lab, name: settings.name, on: host ?? settings.name, program: program,
      RouteServerProcess.words(settings, fabric))
  }

  private static func words(_ settings: ServerSettings, _ fabric: Fabric?) -> [String] {
    ["route-server"] + ServerWords.words(for: settings)
      + (fabric.map { ["--fabric", $0.process.control] } ?? [])
  }

  package var name: String { settings.name }

  /// Everything it has told since its start, oldest first.
  package func events() throws(LabError) -> [ToldEvent] {
    for record in try process.news() {
      guard let event = EventLine.event(record) else {
        throw .unsuitable("\(name) told of \(record.type), which nobody knows")
      }
      told.append(event)
    }
    return told
  }

  // MARK: Questions

  package func answers(within limit: Nanoseconds) throws(LabError) -> Bool {
    try process.answers(within: limit)
  }

  package func paths(to prefix: Prefix) throws(LabError) -> [InstancePath] {
    try process.ask(["paths", "\(prefix)"]).map { record in
      InstancePath(
        peer: record.string("peer") ?? "",
        nextHop: record.string("hop").flatMap { IPAddress($0) },
        path: record.strings("path").compactMap { UInt32($0) },
        isBest: record.boolean("best") ?? false)
    }
  }

  package func session(_ peer: String) throws(LabError) -> String {
    let records = try process.ask(["sessions"])
    guard let record = records.first(where: { $0.string("peer") == peer }) else {
      return "no such peer"
    }
    return record.string("state") ?? ""
  }

  package func isEstablished(_ peer: String) throws(LabError) -> Bool {
    try session(peer) == "established"
  }

  /// The next hops that the platform forwards a prefix to, as far as this instance goes.
  package func programmed(_ prefix: Prefix) throws(LabError) -> [IPAddress] {
    try process.ask(["programmed", "\(prefix)"]).first?.addresses("hops") ?? []
  }

  package func checkRunning() throws(LabError) { try process.checkRunning() }

  package var processID: Int32 { process.pid }

  package func leave() throws(LabError) {
    try restart(away: RouteServerProcess.maintenance)
  }

  /// With the quirks that it had.
  package func startAgain() throws(LabError) {
    try process.startAgain(RouteServerProcess.words(settings, fabric))
  }

  // MARK: Commands

  package func askAgain(_ peer: String? = nil) throws(LabError) {
    try process.ask(["refresh"] + (peer.map { [$0] } ?? []))
  }

  /// Ends every session and is away for a while, as during maintenance; then it comes back by
  /// itself.
  package func restart(away length: Nanoseconds) throws(LabError) {
    try process.ask(["restart", "\(length.milliseconds)ms"])
  }

  /// Ends the session with one peer.
  package func close(_ peer: String, _ manner: Closing) throws(LabError) {
    try process.ask(["close", peer, manner.rawValue])
  }

  /// How a session is ended.
  package enum Closing: String, CaseIterable, Sendable {
    /// With a NOTIFICATION: Cease, Administrative Reset.
    case cease
    /// With an RST.
    case reset
    /// With a FIN and nothing said.
    case finish
  }

  /// Changes one quirk, by the names in `Quirks.names`. Sessions keep what they have negotiated.
  package func set(_ quirk: String, _ value: String) throws(LabError) {
    try process.ask(["set", quirk, value])
    precondition(settings.quirks.set(quirk, value), "the process has understood it")
  }

  package func freeze() throws(LabError) { try process.freeze() }
  package func thaw() throws(LabError) { try process.thaw() }
  package func kill() throws(LabError) { try process.kill() }

  // MARK: Waiting

  /// Waits until its sessions with all of `peers` are up.
  package func wait(forSessionsOf peers: [String], within limit: Nanoseconds) throws(LabError) {
    try Waiting.until("\(name) to have its sessions", within: limit) { () throws(LabError) in
      for peer in peers where try !isEstablished(peer) {
        return "\(peer): \(try session(peer))"
      }
      return nil
    }
  }

  /// Waits until it forwards a prefix to exactly these.
  package func wait(
    forProgrammed hops: [IPAddress], to prefix: Prefix, within limit: Nanoseconds
  ) throws(LabError) {
    try Waiting.until("\(name) to program \(hops)", within: limit) { () throws(LabError) in
      let now = try programmed(prefix)
      return now == hops.sorted() ? nil : "it has \(now)"
    }
  }
}
