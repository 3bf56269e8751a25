// Known traps of netlink, shown on the real kernel: filters, absent tables, silent losses.

import Glibc
import Linux
import Model
import Testing

/// type, flags, sequence of every message of a datagram (struct nlmsghdr).
private func headers(_ bytes: [UInt8]) -> [(type: UInt16, flags: UInt16, code: Int32)] {
  func number(_ offset: Int, _ size: Int) -> UInt32 {
    (0..<size).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
  }
  var result: [(type: UInt16, flags: UInt16, code: Int32)] = []
  var offset = 0
  while offset + 16 <= bytes.count {
    let length = Int(number(offset, 4))
    if length < 16 { break }
    let code = length >= 20 ? Int32(bitPattern: number(offset + 16, 4)) : 0
    result.append((UInt16(number(offset + 4, 2)), UInt16(number(offset + 6, 2)), code))
    offset += (length + 3) & ~3
  }
  return result
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isRoot, rootReason)) struct NetlinkTrapTests {
  private static let done: UInt16 = 3
  private static let newAddress: UInt16 = 20
  private static let newRoute: UInt16 = 24
  private static let multi: UInt16 = 2

  /// A classic BPF program: a 16-bit load at `offset`, and the datagram passes if it equals
  /// `value`; with `mask`, if one of its bits is set. Values are compared in network order.
  private func attach(_ raw: Int32, _ tests: [(offset: UInt32, value: UInt32, isMask: Bool)]) {
    var program: [Instruction] = []
    for (position, test) in tests.enumerated() {
      // Two instructions for each test after this one, then "drop", then "pass".
      let toPass = UInt8(2 * (tests.count - position - 1) + 1)
      program.append(Instruction(code: 0x28, yes: 0, no: 0, operand: test.offset))
      program.append(
        Instruction(code: test.isMask ? 0x45 : 0x15, yes: toPass, no: 0, operand: test.value))
    }
    program.append(Instruction(code: 0x06, yes: 0, no: 0, operand: 0))
    program.append(Instruction(code: 0x06, yes: 0, no: 0, operand: .max))
    let count = UInt16(program.count)
    unsafe program.withUnsafeBufferPointer { filter in
      guard let first = filter.baseAddress else { return }
      var attached = unsafe Program(length: count, first: first)
      let size = unsafe UInt32(MemoryLayout<Program>.size)
      let result = unsafe setsockopt(
        raw, SOL_SOCKET, SO_ATTACH_FILTER, &attached, size)
      #expect(result == 0)
    }
  }

  /// struct sock_filter of linux/filter.h.
  private struct Instruction {
    var code: UInt16
    var yes: UInt8
    var no: UInt8
    var operand: UInt32
  }

  /// struct sock_fprog.
  @unsafe private struct Program {
    var length: UInt16
    var first: UnsafePointer<Instruction>
  }

  /// Reads until nothing comes any more for a while that a dump never takes.
  private func dump(
    _ socket: inout NetlinkSocket, _ what: NetlinkSocket.Dump
  ) throws -> [(type: UInt16, flags: UInt16, code: Int32)] {
    var buffer = ReceiveBuffer()
    var all: [(type: UInt16, flags: UInt16, code: Int32)] = []
    try socket.requestDump(what, sequence: 1)
    var epoll = try Epoll(capacity: 1)
    try epoll.add(
      socket.raw, token: EventToken(kind: 1, slot: 0, generation: 0), interest: .read)
    while all.last?.type != NetlinkTrapTests.done {
      guard try epoll.wait(until: Clock.monotonic() + .milliseconds(300)) == 1 else { return all }
      guard case .datagram = try socket.receive(into: &buffer) else { continue }
      all += headers(bytes(buffer))
    }
    return all
  }

  /// Why no filter is attached to the daemon's sockets.
  @Test func aFilterOnMessageTypesSwallowsTheEndOfADump() throws {
    let namespace = try NetworkNamespace.create(uniqueName("filter"))
    try run("ip", "link", "set", "lo", "up", in: namespace.name)
    // nlmsg_type lies at offset 4 in host order; BPF loads in network order.
    let wanted = UInt32(NetlinkTrapTests.newRoute.bigEndian)
    var strict = try namespace.run { try NetlinkSocket(groups: []) }
    attach(strict.raw, [(4, wanted, false)])
    let swallowed = try dump(&strict, .ipv4Routes(table: 0))
    #expect(swallowed.contains { $0.type == NetlinkTrapTests.newRoute })
    #expect(!swallowed.contains { $0.type == NetlinkTrapTests.done })
    // NLM_F_MULTI, at offset 6, is set on every part of a dump and on its end.
    var careful = try namespace.run { try NetlinkSocket(groups: []) }
    attach(
      careful.raw, [(4, wanted, false), (6, UInt32(NetlinkTrapTests.multi.bigEndian), true)])
    #expect(try dump(&careful, .ipv4Routes(table: 0)).last?.type == NetlinkTrapTests.done)
  }

  @Test func aFilterSeesOnlyTheFirstMessageOfADatagram() throws {
    let namespace = try NetworkNamespace.create(uniqueName("first"))
    for number in 1...3 {
      try run("ip", "address", "add", "192.0.2.\(number)/32", "dev", "lo", in: namespace.name)
    }
    // All three come in one datagram; what the filter says of the first it says of all.
    var socket = try namespace.run { try NetlinkSocket(groups: []) }
    attach(socket.raw, [(4, UInt32(NetlinkTrapTests.newAddress.bigEndian), false)])
    let seen = try dump(&socket, .addresses)
    #expect(seen.count { $0.type == NetlinkTrapTests.newAddress } == 3)
  }

  @Test(arguments: [UInt32(0), 4_242]) func aTableThatIsAbsentEndsInDone(table: UInt32) throws {
    let namespace = try NetworkNamespace.create(uniqueName("absent-\(table)"))
    try run("ip", "link", "set", "lo", "up", in: namespace.name)
    var socket = try namespace.run { try NetlinkSocket(groups: []) }
    for what in [NetlinkSocket.Dump.ipv4Routes(table: table), .ipv6Routes(table: table)] {
      let last = try #require(try dump(&socket, what).last)
      #expect(last.type == NetlinkTrapTests.done)
      #expect(last.code == (table == 0 ? 0 : -ENOENT))
    }
  }

  @Test func afterOneENOBUFSLossesAreSilentUntilTheSocketIsEmpty() throws {
    let namespace = try NetworkNamespace.create(uniqueName("silent"))
    var socket = try namespace.run {
      try NetlinkSocket(groups: .interfaces, receiveBuffer: 1)
    }
    func change(_ numbers: ClosedRange<Int>) throws {
      for number in numbers {
        try run("ip", "address", "add", "192.0.2.\(number)/32", "dev", "lo", in: namespace.name)
      }
    }
    var buffer = ReceiveBuffer()
    try change(1...20)
    #expect(try socket.receive(into: &buffer) == .overrun)
    let drops = try socket.drops()
    // The queue is still full: more is lost, and nothing but the counter says so.
    try change(21...30)
    #expect(try socket.receive(into: &buffer) == .datagram)
    #expect(try socket.drops() == drops + 10)
    while try socket.receive(into: &buffer) == .datagram {}
    #expect(try socket.receive(into: &buffer) == .empty)
    // Empty once, it says so again.
    try change(31...50)
    #expect(try socket.receive(into: &buffer) == .overrun)
  }

  @Test(arguments: [
    (NetlinkSocket.Dump.nextHops, UInt16(104)), (.ipv4Routes(table: 0), 24),
    (.ipv6Routes(table: 0), 24), (.neighbours, 28),
  ])
  func everyClassIsListedUnderStrictChecking(what: NetlinkSocket.Dump, type: UInt16) throws {
    let namespace = try NetworkNamespace.create(
      uniqueName("strict-\(type)-\(what)".filter { $0 != " " }))
    try run("ip", "link", "set", "lo", "up", in: namespace.name)
    try run("ip", "nexthop", "add", "id", "7", "blackhole", in: namespace.name)
    try run(
      "ip", "neighbour", "add", "192.0.2.9", "lladdr", "02:00:00:00:00:09", "dev", "lo",
      in: namespace.name)
    var socket = try namespace.run { try NetlinkSocket(groups: []) }
    let seen = try dump(&socket, what)
    #expect(seen.contains { $0.type == type })
    #expect(seen.last?.type == NetlinkTrapTests.done)
    #expect(seen.allSatisfy { $0.flags & NetlinkTrapTests.multi != 0 })
  }

  @Test func oneLinkIsAnsweredAtOnceAndIsNoDump() throws {
    let namespace = try NetworkNamespace.create(uniqueName("one"))
    var socket = try namespace.run { try NetlinkSocket(groups: []) }
    var buffer = ReceiveBuffer()
    try socket.requestLink(1, sequence: 5)
    #expect(try socket.receive(into: &buffer) == .datagram)
    let answer = headers(bytes(buffer))
    #expect(answer.map(\.type) == [16])
    #expect(answer.allSatisfy { $0.flags & NetlinkTrapTests.multi == 0 })
    // No such link: ENODEV, in a message.
    try socket.requestLink(4_242, sequence: 6)
    #expect(try socket.receive(into: &buffer) == .datagram)
    #expect(headers(bytes(buffer)).map(\.code) == [-ENODEV])
  }
}
