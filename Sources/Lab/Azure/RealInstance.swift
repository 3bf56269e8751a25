// Real BGP speakers in the place of a simulated route server instance: FRR and GoBGP.

import Control
package import Model
package import Platform

/// One daemon on a host, asked through its own command line. It hands what it chose to the fabric
/// over a session of its own AS, tells the peers nothing, and has no quirks.
package final class RealInstance: RouteServerInstance {
  package let name: String
  private let kind: InstanceKind
  private let lab: Lab
  private let settings: ServerSettings
  private var program: RunningProgram
  private let words: [String]
  /// Where FRR's own sockets are.
  private var scratch: String { "\(lab.directory)/\(name).vty" }

  /// Starts FRR or GoBGP with the peers of `settings`; the fabric is at `gateway`.
  package init(
    _ lab: Lab, _ settings: ServerSettings, _ kind: InstanceKind, gateway: IPv4Address
  ) throws(LabError) {
    name = settings.name
    self.lab = lab
    self.settings = settings
    self.kind = kind
    let text =
      kind == .frr
      ? RealConfiguration.frr(settings, gateway) : RealConfiguration.goBGP(settings, gateway)
    let path = try lab.write("\(settings.name).conf", text)
    let directory = "\(lab.directory)/\(settings.name).vty"
    // FRR's daemon gives its root rights away before it makes its socket.
    try lab.shell.run(["install", "-d", "-m", "0777", directory])
    try lab.shell.run(["chmod", "0755", lab.directory])
    words =
      kind == .frr
      ? [
        "/usr/lib/frr/bgpd", "-n", "-S", "-f", path, "-i", "\(directory)/bgpd.pid",
        "--vty_socket", directory, "-z", "\(directory)/no-zebra", "-P", "0",
      ] : ["gobgpd", "-f", path, "--api-hosts", "127.0.0.1:50051"]
    program = try lab.start(settings.name, words, on: settings.name)
    try waitForAnswer()
  }

  private func waitForAnswer() throws(LabError) {
    try Waiting.until("\(kind.rawValue) on \(name) to answer", within: .seconds(20)) {
      () throws(LabError) in
      try program.checkRunning()
      let answer = try attempt(RealInstance.opening(kind))
      return answer.status == 0 ? nil : answer.output.trimmed
    }
  }

  package func checkRunning() throws(LabError) { try program.checkRunning() }

  package var processID: Int32 { program.pid }

  package func leave() throws(LabError) { try program.endAsked() }

  package func startAgain() throws(LabError) {
    if isRunning { return }
    program = try lab.start(name, words, on: name)
    try waitForAnswer()
  }

  package func answers(within limit: Nanoseconds) throws(LabError) -> Bool {
    try attempt(RealInstance.opening(kind), within: limit).status == 0
  }

  /// What each of them answers as soon as it runs.
  private static func opening(_ kind: InstanceKind) -> String {
    kind == .frr ? "show version" : "global"
  }

  private func attempt(
    _ question: String, within limit: Nanoseconds = Shell.usualLimit
  ) throws(LabError) -> Shell.Outcome {
    let words =
      kind == .frr
      ? ["vtysh", "--vty_socket", scratch, "-c", question]
      : ["gobgp", "-p", "50051"] + question.split(separator: " ").map(String.init)
    return try lab.shell.attempt(words, in: lab.namespace(of: name), within: limit)
  }

  private func ask(_ question: String) throws(LabError) -> String {
    let answer = try attempt(question)
    guard answer.status == 0 else {
      throw .command(words: [name, question], status: answer.status, output: answer.output.trimmed)
    }
    return answer.output
  }

  private func address(of peer: String) throws(LabError) -> IPv4Address {
    guard let found = settings.peers.first(where: { $0.name == peer }) else {
      throw .unsuitable("\(name) has no peer '\(peer)'")
    }
    return found.address
  }

  private func peer(at address: String?) -> String {
    settings.peers.first { "\($0.address)" == address }?.name ?? address ?? ""
  }

  package func session(_ peer: String) throws(LabError) -> String {
    let address = try address(of: peer)
    let answer = try ask(kind == .frr ? "show bgp neighbors \(address) json" : "neighbor")
    if kind == .frr {
      guard case .object(let fields)? = try record(answer)["\(address)"],
        case .string(let state)? = fields.first(where: { $0.name == "bgpState" })?.value
      else { return "no such neighbour" }
      return state
    }
    // `10.0.2.10 65001 00:00:07 Establ | 1 1`
    let lines = answer.split(separator: "\n").map { $0.split(separator: " ") }
    guard let line = lines.first(where: { $0.first == "\(address)" }), line.count > 3 else {
      return "no such neighbour"
    }
    return String(line[3])
  }

  package func isEstablished(_ peer: String) throws(LabError) -> Bool {
    try session(peer).hasPrefix("Establ")
  }

  package func askAgain(_ peer: String? = nil) throws(LabError) {
    guard kind == .frr else {
      throw .unsuitable("GoBGP keeps what it heard and asks itself instead of its peers")
    }
    let whom = try peer.map { peer throws(LabError) in "\(try address(of: peer))" } ?? "*"
    _ = try ask("clear bgp ipv4 unicast \(whom) soft in")
  }

  private func record(_ text: String) throws(LabError) -> Record {
    do throws(RecordError) {
      return try Record(line: Array(text.utf8).span)
    } catch {
      throw .unsuitable("\(name) answered what is no JSON: \(error)")
    }
  }

  package func paths(to prefix: Prefix) throws(LabError) -> [InstancePath] {
    let question =
      kind == .frr ? "show bgp ipv4 unicast \(prefix) json" : "-j global rib \(prefix)"
    let answer = try attempt(question)
    // GoBGP answers an unknown network with an error.
    guard answer.status == 0, answer.output.trimmed.hasPrefix("{") else { return [] }
    let whole = try record(answer.output)
    guard case .array(let list)? = whole[kind == .frr ? "paths" : "\(prefix)"] else { return [] }
    return list.map { kind == .frr ? frr($0) : goBGP($0) }
  }

  private func frr(_ path: JSONValue) -> InstancePath {
    let hop = path["nexthops"]?.items.first?["ip"]?.text
    let numbers = path["aspath"]?["segments"]?.items.flatMap { $0["list"]?.items ?? [] } ?? []
    return InstancePath(
      peer: peer(at: path["peer"]?["peerId"]?.text), nextHop: hop.flatMap { IPAddress($0) },
      path: numbers.compactMap(\.number), isBest: path["bestpath"]?["overall"] == .boolean(true))
  }

  private func goBGP(_ path: JSONValue) -> InstancePath {
    let attributes = path["attrs"]?.items ?? []
    let hop = attributes.compactMap { $0["nexthop"]?.text }.first
    let segments = attributes.flatMap { $0["as_paths"]?.items ?? [] }
    return InstancePath(
      peer: peer(at: path["neighbor-ip"]?.text), nextHop: hop.flatMap { IPAddress($0) },
      path: segments.flatMap { $0["asns"]?.items ?? [] }.compactMap(\.number),
      isBest: path["best"] == .boolean(true))
  }
}

extension JSONValue {
  /// The value of a field of an object.
  fileprivate subscript(name: String) -> JSONValue? {
    if case .object(let fields) = self { fields.first { $0.name == name }?.value } else { nil }
  }

  /// The values of an array; none when it is something else.
  fileprivate var items: [JSONValue] { if case .array(let values) = self { values } else { [] } }

  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }

  fileprivate var number: UInt32? {
    if case .integer(let number) = self { UInt32(exactly: number) } else { nil }
  }
}
