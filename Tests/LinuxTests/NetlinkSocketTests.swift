// The netlink socket against the real kernel, in namespaces of its own.

import Glibc
import Linux
import Model
import Testing

/// The fields of nlmsghdr that these tests look at (linux/netlink.h), in host order.
private struct Header: Equatable {
  var type: UInt16
  var sequence: UInt32

  static let done: UInt16 = 3
  static let newLink: UInt16 = 16
  static let newAddress: UInt16 = 20

  /// Every message of a datagram.
  static func all(in bytes: [UInt8]) -> [Header] {
    var result: [Header] = []
    var offset = 0
    while offset + 16 <= bytes.count {
      let length = Int(number(bytes, offset, 4))
      if length < 16 { break }
      result.append(
        Header(
          type: UInt16(number(bytes, offset + 4, 2)), sequence: number(bytes, offset + 8, 4)))
      offset += (length + 3) & ~3
    }
    return result
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt32 {
    let word = bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    return size == 4 ? UInt32(littleEndian: word) : UInt32(UInt16(littleEndian: UInt16(word)))
  }
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isRoot, rootReason)) struct NetlinkSocketTests {
  @Test func anAddressIsHeard() throws {
    let namespace = try NetworkNamespace.create(uniqueName("heard"))
    var socket = try namespace.run { try NetlinkSocket(groups: .interfaces) }
    var buffer = ReceiveBuffer()
    #expect(try socket.receive(into: &buffer) == .empty)
    #expect(buffer.count == 0)
    try run("ip", "address", "add", "192.0.2.7/32", "dev", "lo", in: namespace.name)
    try awaitReady(socket.raw, .read)
    #expect(try socket.receive(into: &buffer) == .datagram)
    let datagram = bytes(buffer)
    #expect(Header.all(in: datagram).map(\.type) == [Header.newAddress])
    // The address stands in the message as four bytes in network order.
    let address: [UInt8] = [192, 0, 2, 7]
    #expect((0...datagram.count - 4).contains { Array(datagram[$0..<$0 + 4]) == address })
    #expect(try socket.receive(into: &buffer) == .empty)
    #expect(try socket.drops() == 0)
  }

  @Test(arguments: [
    (NetlinkSocket.Dump.links, Header.newLink), (.addresses, Header.newAddress),
  ])
  func aDumpEndsWithDone(what: NetlinkSocket.Dump, type: UInt16) throws {
    let namespace = try NetworkNamespace.create(uniqueName("dump-\(type)"))
    try run("ip", "link", "set", "lo", "up", in: namespace.name)
    var socket = try namespace.run { try NetlinkSocket(groups: []) }
    #expect(socket.portID != 0)
    var buffer = ReceiveBuffer()
    for sequence in UInt32(7)...8 {
      try socket.requestDump(what, sequence: sequence)
      var headers: [Header] = []
      while headers.last?.type != Header.done {
        try awaitReady(socket.raw, .read)
        try #require(try socket.receive(into: &buffer) == .datagram)
        headers += Header.all(in: bytes(buffer))
      }
      #expect(headers.allSatisfy { $0.sequence == sequence })
      #expect(headers.dropLast().count > 0)
      #expect(headers.dropLast().allSatisfy { $0.type == type })
    }
  }

  @Test func aForgedDatagramIsDroppedAndCounted() throws {
    let namespace = try NetworkNamespace.create(uniqueName("forged"))
    var socket = try namespace.run { try NetlinkSocket(groups: .interfaces) }
    let forger = namespace.run { Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0) }
    try #require(forger >= 0)
    let owned = Descriptor(adopting: forger)
    // nlmsghdr of an RTM_NEWADDR without a body, as the kernel might send it.
    let message: [UInt8] = [16, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    // sockaddr_nl: family, padding, port id of the victim, no group.
    var target = [UInt8](repeating: 0, count: 12)
    target[0] = UInt8(AF_NETLINK)
    for index in 0..<4 {
      target[4 + index] = UInt8(truncatingIfNeeded: socket.portID.littleEndian >> (8 * index))
    }
    let sent = unsafe target.withUnsafeBytes { target in
      unsafe sendto(
        owned.raw, message, message.count, 0, target.bindMemory(to: sockaddr.self).baseAddress, 12)
    }
    try #require(sent == message.count)
    var buffer = ReceiveBuffer()
    try awaitReady(socket.raw, .read)
    #expect(try socket.receive(into: &buffer) == .foreign)
    #expect(socket.foreign == 1)
    #expect(buffer.count == 0)
    // The kernel is still heard afterwards.
    try run("ip", "address", "add", "192.0.2.8/32", "dev", "lo", in: namespace.name)
    try awaitReady(socket.raw, .read)
    #expect(try socket.receive(into: &buffer) == .datagram)
    #expect(socket.foreign == 1)
  }

  @Test func anotherProcessCannotPassForTheKernel() throws {
    let namespace = try NetworkNamespace.create(uniqueName("forger"))
    var socket = try namespace.run { try NetlinkSocket(groups: .interfaces) }
    // A whole RTM_NEWADDR of 192.0.2.9/32 on interface 1, sent to our port.
    let script = """
      import socket, struct
      body = struct.pack("=BBBBI", 2, 32, 128, 0, 1) + struct.pack("=HH4B", 8, 2, 192, 0, 2, 9)
      message = struct.pack("=IHHII", 16 + len(body), 20, 0, 0, 0) + body
      forger = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
      forger.sendto(message, (\(socket.portID), 0))
      """
    try run("python3", "-c", script, in: namespace.name)
    var buffer = ReceiveBuffer()
    try awaitReady(socket.raw, .read)
    #expect(try socket.receive(into: &buffer) == .foreign)
    #expect(socket.foreign == 1)
  }

  @Test func aFullSocketSaysOverrunOnceAndCounts() throws {
    let namespace = try NetworkNamespace.create(uniqueName("overrun"))
    var tiny = try namespace.run { try NetlinkSocket(groups: .interfaces, receiveBuffer: 1) }
    var usual = try namespace.run { try NetlinkSocket(groups: .interfaces) }
    #expect(tiny.receiveBufferSize < usual.receiveBufferSize)
    for number in 1...40 {
      try run("ip", "address", "add", "192.0.2.\(number)/32", "dev", "lo", in: namespace.name)
    }
    var buffer = ReceiveBuffer()
    var overruns = 0
    var datagrams = 0
    drain: while true {
      switch try tiny.receive(into: &buffer) {
      case .overrun: overruns += 1
      case .datagram: datagrams += 1
      case .empty: break drain
      case .foreign: Issue.record("nobody else sends here")
      }
    }
    #expect(overruns == 1)
    #expect(datagrams < 40)
    #expect(Int(try tiny.drops()) == 40 - datagrams)
    // The large socket lost nothing of the same events.
    for _ in 1...40 { #expect(try usual.receive(into: &buffer) == .datagram) }
    #expect(try usual.drops() == 0)
  }

  @Test func aDatagramThatDoesNotFitIsAnOverrun() throws {
    let namespace = try NetworkNamespace.create(uniqueName("truncated"))
    var socket = try namespace.run { try NetlinkSocket(groups: .interfaces) }
    var small = ReceiveBuffer(capacity: 20)
    try run("ip", "address", "add", "192.0.2.7/32", "dev", "lo", in: namespace.name)
    try awaitReady(socket.raw, .read)
    #expect(try socket.receive(into: &small) == .overrun)
    #expect(small.count == 0)
    #expect(try socket.receive(into: &small) == .empty)
  }
}
