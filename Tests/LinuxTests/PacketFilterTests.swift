// What the filters of packet and raw sockets let through, on real interfaces.

import Glibc
import Linux
import Model
import Testing

@Suite(.timeLimit(.minutes(1))) struct PacketFilterTests {
  private static let target = IPv4Address(10, 0, 0, 2)
  private static let ours: [UInt8] = [2, 0, 0, 0, 0, 1]
  private static let theirs: [UInt8] = [2, 0, 0, 0, 0, 2]
  private static let everybody = [UInt8](repeating: 0xff, count: 6)

  /// A socket that closures hand out.
  private final class Keep {
    let socket: StampedSocket
    init(_ socket: consuming StampedSocket) { self.socket = socket }

    func send(_ bytes: [UInt8], to remote: IPv4Address? = nil) throws {
      var batch = DepartureBatch()
      batch.add(bytes.indices, to: remote)
      let sent = try socket.send(batch, of: bytes.span, from: 0)
      #expect(sent == 1)
    }

    /// Reads until so many have come, and then whatever else is there.
    func receive(_ count: Int) throws -> [[UInt8]] {
      var batch = ArrivalBatch()
      var found: [[UInt8]] = []
      while found.count < count {
        try awaitReady(socket.raw, .read)
        try socket.receive(into: &batch)
        for place in 0..<batch.count {
          found.append(batch.withBytes(at: place) { span in span.indices.map { span[$0] } })
        }
      }
      return found
    }
  }

  /// A whole frame: an ARP message of `sender`.
  private func frame(to mac: [UInt8], operation: UInt8 = 2, from sender: IPv4Address) -> [UInt8] {
    let address = (0..<4).map { UInt8(truncatingIfNeeded: sender.bits >> UInt32(24 - 8 * $0)) }
    return mac + Self.theirs + [8, 6, 0, 1, 8, 0, 6, 4, 0, operation]
      + Self.theirs + address + Self.ours + [10, 0, 0, 1]
  }

  @Test(.enabled(if: isRoot, rootReason)) func onlyRepliesOfTargetsToUsOnThatInterface() throws {
    let name = uniqueName("filter")
    let namespace = try NetworkNamespace.create(name)
    for (near, far) in [("near", "far"), ("aside", "beyond")] {
      try run(
        "ip", "link", "add", near, "address", "02:00:00:00:00:01", "type", "veth",
        "peer", "name", far, "address", "02:00:00:00:00:02", in: name)
      for link in [near, far] { try run("ip", "link", "set", link, "up", in: name) }
    }
    func open(_ interface: String, _ targets: [IPv4Address]) throws -> Keep {
      try namespace.run {
        let index = unsafe if_nametoindex(interface)
        return Keep(
          try StampedSocket.arp(
            on: InterfaceIndex(Int32(bitPattern: index)), from: targets))
      }
    }
    let receiver = try open("near", [IPv4Address(10, 0, 0, 9), Self.target])
    let (far, beyond) = (try open("far", []), try open("beyond", []))
    let good = frame(to: Self.ours, from: Self.target)
    for _ in 0..<2 {
      try beyond.send(good)
      for bad in [
        frame(to: Self.ours, from: IPv4Address(10, 0, 0, 3)),
        frame(to: Self.ours, operation: 1, from: Self.target),
        frame(to: Self.everybody, from: Self.target),
        frame(to: [2, 0, 0, 0, 0, 7], from: Self.target),
      ] {
        try far.send(bad)
      }
      try far.send(good)
    }
    #expect(try receiver.receive(2) == [good, good])
    let other = frame(to: Self.ours, from: IPv4Address(10, 0, 0, 9))
    try far.send(other)
    #expect(try receiver.receive(1) == [other], "each of the targets")
  }

  /// An echo request with a right checksum.
  private func request(_ identifier: UInt8) -> [UInt8] {
    let sum = 0x0800 + Int(identifier) + 1
    return [8, 0, UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff), 0, identifier, 0, 1]
  }

  @Test(.enabled(if: isRoot, rootReason)) func onlyEchoRepliesOfOurOwnIdentifier() throws {
    let name = uniqueName("echo")
    let namespace = try NetworkNamespace.create(name)
    try run("ip", "link", "set", "lo", "up", in: name)
    let here = IPv4Address(127, 0, 0, 1)
    let sockets = try [7, 8].map { (identifier: UInt16) in
      try namespace.run { Keep(try StampedSocket.rawEcho(identifier: identifier)) }
    }
    // Raw sockets see everything that arrives, requests and the replies to others among it.
    try sockets[1].send(request(8), to: here)
    try sockets[0].send(request(7), to: here)
    for (socket, identifier) in zip(sockets, [7, 8] as [UInt8]) {
      let found = try socket.receive(1)
      #expect(found.count == 1)
      // The IPv4 header has no options: type, code, checksum and identifier follow.
      let message = Array(found[0].dropFirst(20))
      #expect(message[0] == 0 && message[5] == identifier, "\(message)")
    }
  }
}
