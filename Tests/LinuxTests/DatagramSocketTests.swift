// UDP on loopback: who sent what, what was too long, what could not leave, what was lost.

import Glibc
import Linux
import Model
import Testing

struct DatagramSocketTests {
  private static let here = IPv4Address(127, 0, 0, 1)
  private static let there = IPv4Address(127, 0, 0, 2)

  /// Room for a test's datagrams, unless it wants to lose some.
  private static func bound(
    on address: IPv4Address, receiveBuffer: Int = 65_536
  ) throws(Errno) -> DatagramSocket {
    try DatagramSocket(on: address, port: 0, receiveBuffer: receiveBuffer)
  }

  private func send(
    _ bytes: [UInt8], on socket: borrowing DatagramSocket, to address: IPv4Address, port: UInt16
  ) throws(Errno) {
    try socket.send(bytes.span, to: address, port: port)
  }

  @Test func datagramsKeepTheirSenderAndTheirBounds() throws {
    let receiver = try DatagramSocketTests.bound(on: DatagramSocketTests.here)
    let sender = try DatagramSocketTests.bound(on: DatagramSocketTests.there)
    let port = try receiver.port()
    var buffer = ReceiveBuffer(capacity: 8)
    #expect(try receiver.receive(into: &buffer) == .empty)
    for bytes in [[1, 2, 3], [], [4], Array(repeating: 9, count: 8)] as [[UInt8]] {
      try send(bytes, on: sender, to: DatagramSocketTests.here, port: port)
      try awaitReady(receiver.raw, .read)
      let received = try receiver.receive(into: &buffer)
      #expect(received == .datagram(from: DatagramSocketTests.there))
      #expect(bytes == LinuxTests.bytes(buffer))
    }
    try send(
      Array(repeating: 9, count: 9), on: sender, to: DatagramSocketTests.here, port: port)
    try awaitReady(receiver.raw, .read)
    let received = try receiver.receive(into: &buffer)
    #expect(received == .tooLong(from: DatagramSocketTests.there))
    #expect(LinuxTests.bytes(buffer).isEmpty)
    #expect(try receiver.receive(into: &buffer) == .empty)
  }

  /// An address that may come later is no reason not to start. Which error sending has then depends
  /// on the kernel.
  @Test func anAddressThatIsNotHere() throws {
    let socket = try DatagramSocketTests.bound(on: IPv4Address(192, 0, 2, 1))
    #expect(throws: Errno.self) {
      try send([1], on: socket, to: DatagramSocketTests.here, port: 9)
    }
  }

  @Test func aPortThatIsTaken() throws {
    let first = try DatagramSocketTests.bound(on: DatagramSocketTests.here)
    let port = try first.port()
    #expect(throws: Errno.addressInUse) {
      _ = try DatagramSocket(
        on: DatagramSocketTests.here, port: port, receiveBuffer: 4_096)
    }
  }

  /// Nobody listens, and the ICMP error that says so is no error of the next call.
  @Test func nobodyListens() throws {
    let port: UInt16
    do {
      let gone = try DatagramSocketTests.bound(on: DatagramSocketTests.here)
      port = try gone.port()
    }
    let socket = try DatagramSocketTests.bound(on: DatagramSocketTests.here)
    var buffer = ReceiveBuffer(capacity: 8)
    for _ in 0..<3 {
      try send([1], on: socket, to: DatagramSocketTests.here, port: port)
      #expect(try socket.receive(into: &buffer) == .empty)
    }
  }

  @Test func whatHasNoRoomIsCounted() throws {
    let receiver = try DatagramSocketTests.bound(
      on: DatagramSocketTests.here, receiveBuffer: 4_096)
    let sender = try DatagramSocketTests.bound(on: DatagramSocketTests.there)
    let port = try receiver.port()
    #expect(try receiver.drops() == 0)
    for _ in 0..<100 {
      try send(
        Array(repeating: 1, count: 1_000), on: sender, to: DatagramSocketTests.here, port: port)
    }
    var buffer = ReceiveBuffer(capacity: 2_000)
    var count = 0
    while try receiver.receive(into: &buffer) != .empty { count += 1 }
    #expect(count > 0 && count < 100)
    #expect(Int(try receiver.drops()) == 100 - count)
  }
}
