// Two daemons that share a VIP, between a BIRD and an FRR: what both of them make of the claims.

import Foundation
import Lab
import Linux
import Model
import Testing

///      rs1 10.0.1.4 (BIRD) --- fabric --- a 10.0.2.10 (hopshiftd)
///      rs2 10.0.1.5 (FRR) -----+    '---- b 10.0.2.20 (hopshiftd)
///                                   '---- w1, w2, w3 10.0.2.31 to .33, which answer on a TCP port
final class Arena {
  static let hosts = ["a", "b"]
  static let servers = ["rs1", "rs2"]
  static let machines = ["w1", "w2", "w3"]
  static let port = 8080
  static let timeout = Nanoseconds.seconds(1)

  static let reason: String? =
    Lab.reasonNotToRun ?? (Judge.frr.isInstalled ? nil : "FRR is not installed")

  /// A route to the VIP as a route server has it.
  struct Held: Equatable {
    var nextHop: IPv4Address
    var length: Int
    var isBest: Bool
  }

  let lab: Lab
  private let bird: Bird
  private let frr: RunningProgram
  private(set) var appliances: [String: PlainAppliance] = [:]

  init() throws {
    lab = try Lab { topology in
      topology.subnet("servers", "10.0.1.0/24")
      topology.subnet("pair", "10.0.2.0/24")
      topology.host("rs1", "10.0.1.4")
      topology.host("rs2", "10.0.1.5")
      topology.host("a", "10.0.2.10")
      topology.host("b", "10.0.2.20")
      topology.host("w1", "10.0.2.31")
      topology.host("w2", "10.0.2.32")
      topology.host("w3", "10.0.2.33")
    }
    do {
      bird = try Arena.startBird(lab)
      frr = try Arena.startFRR(lab)
      let digits = Company.key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      let key = try lab.write("group.key", digits + "\n", mode: 0o640)
      try lab.shell.run(["chown", "0:65534", key])
    } catch {
      lab.tearDown()
      throw error
    }
  }

  func tearDown() { lab.tearDown() }

  // MARK: Route servers

  private static func startBird(_ lab: Lab) throws(LabError) -> Bird {
    let neighbours = hosts.compactMap { name in
      lab.topology.host(named: name).map {
        BirdConfiguration.Neighbour(
          name: name, address: $0.address, asn: VirtualNetwork.applianceASN)
      }
    }
    return try Bird(
      lab, on: "rs1",
      configuration: BirdConfiguration.routeServer(
        address: IPv4Address(10, 0, 1, 4), asn: VirtualNetwork.serverASN,
        gateway: lab.topology.subnets[0].gateway, reachable: [lab.topology.subnets[1].prefix],
        appliances: neighbours))
  }

  private static func startFRR(_ lab: Lab) throws(LabError) -> RunningProgram {
    var text = """
      hostname rs2
      router bgp \(VirtualNetwork.serverASN)
       bgp router-id 10.0.1.5
       no bgp ebgp-requires-policy

      """
    for address in ["10.0.2.10", "10.0.2.20"] {
      text += """
         neighbor \(address) remote-as \(VirtualNetwork.applianceASN)
         neighbor \(address) ebgp-multihop 5
         neighbor \(address) timers 60 180
         neighbor \(address) timers connect 2

        """
    }
    let path = try lab.write("rs2.conf", text)
    try lab.shell.run(["chmod", "0777", lab.directory])
    return try lab.start(
      "rs2.frr",
      [
        "/usr/lib/frr/bgpd", "-n", "-S", "-f", path, "-i", "\(lab.directory)/bgpd.pid",
        "--vty_socket", lab.directory, "-z", "\(lab.directory)/no-zebra", "-P", "0",
      ], on: "rs2")
  }

  /// What each route server has of the VIP; nil when it does not answer yet.
  func routes() throws(LabError) -> [[Held]?] {
    let ours = try bird.routes(to: VirtualNetwork.vipPrefix).compactMap { route in
      route.nextHop.map { Held(nextHop: $0, length: route.path.count, isBest: route.isBest) }
    }
    return [ours, try routesOfFRR()]
  }

  private func routesOfFRR() throws(LabError) -> [Held]? {
    let words = ["show bgp ipv4 unicast \(VirtualNetwork.vipPrefix) json"]
    guard let record = try askFRR(words[0]) else { return nil }
    let paths = record["paths"] as? [[String: Any]] ?? []
    return paths.compactMap { path in
      let hops = path["nexthops"] as? [[String: Any]]
      guard let text = hops?.first?["ip"] as? String, let hop = IPv4Address(text) else {
        return nil
      }
      let length = (path["aspath"] as? [String: Any])?["length"] as? Int ?? 0
      return Held(nextHop: hop, length: length, isBest: path["bestpath"] != nil)
    }
  }

  private func askFRR(_ words: String) throws(LabError) -> [String: Any]? {
    let answer = try lab.shell.attempt(
      ["vtysh", "--vty_socket", lab.directory, "-c", words], in: lab.namespace(of: "rs2"))
    guard answer.status == 0 else { return nil }
    let record = Result { try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) }
    guard case .success(let value) = record else { return nil }
    return value as? [String: Any]
  }

  /// Whether both route servers have an established session with a host.
  func isEstablished(_ host: String) throws(LabError) -> Bool {
    let peers = try askFRR("show bgp ipv4 unicast summary json")?["peers"] as? [String: Any]
    let peer = try peers?["\(address(host))"] as? [String: Any]
    return try bird.isEstablished(host) && peer?["state"] as? String == "Established"
  }

  /// Waits until what both have is so; `condition` says what is wrong, or nil.
  func wait(
    _ what: String, within limit: Nanoseconds = .seconds(20), _ condition: ([Held]) -> String?
  ) throws(LabError) {
    try Waiting.until(what, within: limit) { () throws(LabError) in
      for appliance in appliances.values { try appliance.checkRunning() }
      for (server, routes) in zip(Arena.servers, try routes()) {
        guard let routes else { return "\(server) does not answer" }
        if let wrong = condition(routes) { return "\(server): \(wrong) in \(routes)" }
      }
      return nil
    }
  }

  /// Waits until both send the VIP's traffic to one next hop.
  func wait(forBest nextHop: IPv4Address, within limit: Nanoseconds = .seconds(20))
    throws(LabError)
  {
    try wait("both to prefer \(nextHop)", within: limit) { routes in
      routes.filter(\.isBest).map(\.nextHop) == [nextHop] ? nil : "not the best"
    }
  }

  func wait(forBest host: String, within limit: Nanoseconds = .seconds(20)) throws(LabError) {
    try wait(forBest: address(host), within: limit)
  }

  /// Waits until one host alone claims, at this rung if one is named, and the other has resigned.
  func wait(forOnlyClaimOf host: String, length: Int? = nil) throws(LabError) {
    let own = try address(host)
    try wait("\(host) alone to claim", within: .seconds(30)) { routes in
      let claims = routes.filter { $0.length <= Rung.owner.pathLength }
      guard claims.count == 1, claims[0].nextHop == own, claims[0].isBest else {
        return "not the only claim"
      }
      return length == nil || claims[0].length == length ? nil : "not at \(length ?? 0)"
    }
  }

  // MARK: Appliances

  func address(_ host: String) throws(LabError) -> IPv4Address {
    guard let found = lab.topology.host(named: host) else { throw .topology(.badName(host)) }
    return found.address
  }

  /// Starts the daemon of a host; `vip` are the lines under the VIP and `hosts` those under
  /// `hosts`, indented as there.
  func start(
    _ host: String, vip: String, hosts: String = "", isInGroup: Bool = true, azure: String = ""
  ) throws(LabError) {
    let other = try address(host == "a" ? "b" : "a")
    let key = "\(lab.directory)/group.key"
    let text = """
      local:
        asn: \(VirtualNetwork.applianceASN)
        address: \(try address(host))
      route-servers:
        platform: generic
        asn: \(VirtualNetwork.serverASN)
        peers: [10.0.1.4, 10.0.1.5]
      \(hosts.isEmpty ? "" : "hosts:\n\(hosts)")
      vips:
        web:
          prefixes: [\(VirtualNetwork.vipPrefix)]
      \(vip)
      \(azure)
      \(isInGroup ? "group: {peers: [\(other)], key-file: \(key), timeout: 1s}" : "")

      """
    appliances[host] = try PlainAppliance(
      lab, host: host, binary: BuiltPrograms.daemon,
      servers: [IPv4Address(10, 0, 1, 4), IPv4Address(10, 0, 1, 5)], configuration: text)
  }

  /// Both daemons, each deciding by the address, with the VIP on one of them.
  func startOwners(holder: String) throws(LabError) {
    _ = try lab.addAddress(VirtualNetwork.vip, on: holder)
    for host in Arena.hosts {
      try start(host, vip: "    owner: {when: address, settle: 0s}")
    }
    try wait(forOnlyClaimOf: holder)
  }

  /// Lets w1, w2 and w3 answer, or others, and waits until they do.
  func startMachines(_ machines: [String] = Arena.machines) throws(LabError) {
    for machine in machines {
      _ = try lab.start(
        "\(machine).http", ["python3", "-m", "http.server", "\(Arena.port)"], on: machine)
      let door = "exec 3<>/dev/tcp/\(try address(machine))/\(Arena.port)"
      try Waiting.until("\(machine) to answer", within: .seconds(10)) { () throws(LabError) in
        let answer = try lab.shell.attempt(["bash", "-c", door], in: lab.namespace(of: "w2"))
        return answer.status == 0 ? nil : answer.output
      }
    }
  }

  func put(on host: String) throws(LabError) {
    _ = try lab.addAddress(VirtualNetwork.vip, on: host)
  }

  func take(from host: String) throws(LabError) {
    _ = try lab.removeAddress(VirtualNetwork.vip, on: host)
  }

  /// A machine that stands still: its sessions stay.
  func freeze(_ host: String) throws(LabError) {
    try lab.unplug(host)
    try appliances[host]?.freeze()
  }

  func thaw(_ host: String) throws(LabError) {
    try lab.plugIn(host)
    try appliances[host]?.thaw()
  }

  /// What one host sends another is lost from now on; everything else goes through.
  func cut(_ host: String, from others: [String]) throws(LabError) {
    for other in others {
      try lab.run(["ip", "route", "add", "blackhole", "\(try address(other))"], on: host)
    }
  }

  func mend(_ host: String, with others: [String]) throws(LabError) {
    for other in others {
      try lab.run(["ip", "route", "del", "blackhole", "\(try address(other))"], on: host)
    }
  }

  /// What `hopshift` answers on a host, whatever its exit code.
  func ask(_ host: String, _ words: [String]) throws(LabError) -> String {
    try lab.shell.attempt(
      [BuiltPrograms.path("hopshift"), "--socket", appliances[host]?.control ?? ""] + words
    ).output
  }

  func wait(for host: String, toAnswer words: [String], with piece: String) throws(LabError) {
    try Waiting.until("\(host) to say \(piece)", within: .seconds(20)) { () throws(LabError) in
      let answer = try ask(host, words)
      return answer.contains(piece) ? nil : answer
    }
  }

  /// The lines of a daemon's log that hold `piece`.
  func said(_ host: String, _ piece: String) throws -> [String] {
    let bytes = try Files.read(path: "\(lab.directory)/\(host).hopshiftd.log", limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.contains(piece) }
  }
}

extension Judge {
  var isInstalled: Bool { Programs.has(program) }
}
