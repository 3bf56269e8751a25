// Two real daemons of one group between two BIRDs, and what hello looks like from all sides.

import Foundation
import Hello
import Lab
import Linux
import Model
import Seal
import Testing

/// The virtual network with a group: a 10.0.2.10 and b 10.0.2.20 in one subnet, and the client in
/// another, from where strangers and forgers send.
final class Company {
  static let hosts = ["a", "b"]
  static let outsider = "client"
  static let port = Plan.Group.usualPort
  static let key = (0..<32).map { UInt8($0 * 7 + 3) }
  static let otherKey = (0..<32).map { UInt8($0 * 5 + 1) }
  static let thirdKey = (0..<32).map { UInt8($0 * 3 + 2) }

  let network: VirtualNetwork
  private(set) var appliances: [String: PlainAppliance] = [:]
  var lab: Lab { network.lab }

  /// Starts both daemons, each with its key, and waits for their sessions. With `owner` the VIP is
  /// on that host.
  init(owner: String? = nil, keys: [String: [UInt8]] = [:]) throws {
    network = try VirtualNetwork()
    do {
      if let owner { _ = try lab.addAddress(VirtualNetwork.vip, on: owner) }
      for host in Company.hosts { try start(host, key: keys[host] ?? Company.key) }
      try network.wait(forSessionsOf: Company.hosts, within: .seconds(30))
    } catch {
      network.lab.tearDown()
      throw error
    }
  }

  func tearDown() { network.lab.tearDown() }

  func address(_ host: String) throws(LabError) -> IPv4Address { try network.address(of: host) }

  /// The other host of the two.
  static func other(_ host: String) -> String { host == "a" ? "b" : "a" }

  /// The file with the key of a host; the answer is its path.
  @discardableResult
  func write(_ key: [UInt8], of host: String) throws(LabError) -> String {
    let digits = key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let file = try lab.write("\(host).key", digits + "\n", mode: 0o640)
    // As a package would have it: root's, and the daemon's group may read it.
    try lab.shell.run(["chown", "0:65534", file])
    return file
  }

  /// Has the daemon of a host read its file and its key again; the exit status and the words.
  func reload(_ host: String, _ words: [String] = []) throws(LabError) -> (Int32, String) {
    let answer = try lab.shell.attempt(
      [
        BuiltPrograms.path("hopshift"), "--socket", appliances[host]?.control ?? "", "reload",
      ] + words)
    return (answer.status, answer.output)
  }

  func start(_ host: String, key: [UInt8] = Company.key) throws(LabError) {
    let file = try write(key, of: host)
    let servers = try network.instances.map { bird throws(LabError) in
      try network.address(of: bird.name)
    }
    let text =
      ApplianceFiles.configuration(local: try address(host), servers: servers, settle: "0s")
      + "group: {peers: [\(try address(Company.other(host)))], key-file: \(file)}\n"
    appliances[host] = try PlainAppliance(
      lab, host: host, binary: BuiltPrograms.daemon, servers: servers, configuration: text)
  }

  // MARK: Asking

  /// What `status` says of this type, each record as a dictionary.
  func status(_ host: String, _ type: String) throws(LabError) -> [[String: Any]] {
    let answer = try lab.shell.attempt([
      BuiltPrograms.path("hopshift"), "--socket", appliances[host]?.control ?? "", "status",
      "--json",
    ])
    return answer.output.split(separator: "\n").compactMap { line in
      let record = Result { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      guard case .success(let value) = record, let fields = value as? [String: Any],
        fields["type"] as? String == type
      else { return nil }
      return fields
    }
  }

  /// Waits until what `host` says of the other speaker is so.
  func wait(
    _ what: String, at host: String, within limit: Nanoseconds = .seconds(20),
    _ condition: ([String: Any]) -> Bool
  ) throws(LabError) {
    try Waiting.until("\(host): \(what)", within: limit) { () throws(LabError) in
      try appliances[host]?.checkRunning()
      let records = try status(host, "speaker")
      guard let record = records.first, condition(record) else { return "\(records)" }
      return nil
    }
  }

  func waitUntilAllAreHeard() throws(LabError) {
    for host in Company.hosts {
      try wait("the other is heard", at: host) {
        $0["state"] as? String == "heard" && $0["received"] as? Int ?? 0 > 10
      }
    }
  }

  /// The lines of a daemon's log that hold `piece`.
  func said(_ host: String, _ piece: String) throws -> [String] {
    let bytes = try Files.read(path: "\(lab.directory)/\(host).hopshiftd.log", limit: 1 << 20)
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.contains(piece) }
  }

  // MARK: Forging

  /// A socket in the outsider's namespace with any address as its own.
  func socket(as address: IPv4Address) throws(LabError) -> DatagramSocket {
    if try !lab.run(["ip", "address", "show", "dev", "lo"], on: Company.outsider).contains(
      "\(address)/32")
    {
      try lab.run(
        ["ip", "address", "add", "\(address)/32", "dev", "lo"], on: Company.outsider)
    }
    let namespace = lab.namespace(of: Company.outsider)
    do throws(Errno) {
      return try NetworkNamespace.open(namespace).run { () throws(Errno) in
        try DatagramSocket(on: address, port: 0, receiveBuffer: 4_096)
      }
    } catch {
      throw .system(error, doing: "opening a socket as \(address)")
    }
  }

  func send(
    _ datagram: [UInt8], from socket: borrowing DatagramSocket, to host: String
  ) throws {
    try socket.send(datagram.span, to: try address(host), port: Company.port)
  }

  /// A hello of `host` that is right in everything but, perhaps, its key.
  func hello(of host: String, key: [UInt8], start: UInt64, sequence: UInt64) throws -> [UInt8] {
    var writer = HelloWriter()
    writer.begin(
      HelloHeader(
        sender: try address(host), start: start, sequence: sequence, pauses: 0))
    writer.add(
      HelloEntry(
        vip: VIPDigest("web"), epoch: .max, rung: .last, rank: 0, flags: .wants,
        nextHop: try address(host)))
    var datagram = writer.bytes
    SealKey(key).seal(&datagram)
    return datagram
  }
}

/// The hellos that pass a host, as a thief records them.
final class HelloTap {
  private let capture: PacketCapture
  private var buffer = ReceiveBuffer()

  init(_ company: Company, on host: String) throws {
    let namespace = try NetworkNamespace.open(company.lab.namespace(of: host))
    capture = try namespace.run { () throws(Errno) in
      try PacketCapture(interface: Lab.interface)
    }
  }

  /// The payloads of UDP datagrams from `source` since the last call.
  func recorded(from source: IPv4Address) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    while try capture.next(into: &buffer) != nil {
      let frame = buffer.withBytes { span in
        var copy: [UInt8] = []
        for index in span.indices { copy.append(span[index]) }
        return copy
      }
      // Ethernet, IPv4 without options, UDP.
      guard frame.count > 42, frame[12] == 8, frame[13] == 0, frame[14] == 0x45, frame[23] == 17
      else { continue }
      let sender = frame[26..<30].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let length = Int(frame[38]) << 8 | Int(frame[39])
      guard sender == source.bits, length >= 8, frame.count >= 34 + length else { continue }
      found.append(Array(frame[42..<34 + length]))
    }
    return found
  }
}
