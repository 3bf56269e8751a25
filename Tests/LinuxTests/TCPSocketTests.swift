// TCP over loopback: connecting, refusal, short writes, resets and what goes out on the wire.

import Glibc
import Linux
import Model
import Testing

private let loopback = IPv4Address(127, 0, 0, 1)

/// Both ends of a standing connection.
private struct Connection: ~Copyable {
  let near: TCPSocket
  let far: TCPSocket

  init() throws {
    let listener = try TCPListener(on: loopback, port: 0)
    let near = try TCPSocket.connect(
      from: loopback, to: loopback, port: listener.port, userTimeout: .seconds(10))
    try awaitReady(near.raw, .write)
    #expect(near.connectResult() == nil)
    try awaitReady(listener.raw, .read)
    let accepted = try listener.accept()
    guard let accepted else { throw Errno.notConnected }
    self.near = near
    far = accepted
  }
}

@Suite(.timeLimit(.minutes(1))) struct TCPSocketTests {
  @Test func bytesArriveAndTheStreamEnds() throws {
    let connection = try Connection()
    var buffer = ReceiveBuffer()
    #expect(try connection.far.receive(into: &buffer) == nil)
    #expect(try send([1, 2, 3], on: connection.near) == 3)
    try awaitReady(connection.far.raw, .read)
    #expect(try connection.far.receive(into: &buffer) == 3)
    #expect(bytes(buffer) == [1, 2, 3])
    try connection.near.shutdownWrite()
    try awaitReady(connection.far.raw, .read)
    #expect(try connection.far.receive(into: &buffer) == 0)
    #expect(bytes(buffer) == [])
    // The other direction still works.
    #expect(try send([4], on: connection.far) == 1)
    try awaitReady(connection.near.raw, .read)
    #expect(try connection.near.receive(into: &buffer) == 1)
  }

  @Test func nobodyListening() throws {
    let listener = try TCPListener(on: loopback, port: 0)
    let port = listener.port
    _ = consume listener
    var refusal: Errno?
    do throws(Errno) {
      let socket = try TCPSocket.connect(
        from: loopback, to: loopback, port: port, userTimeout: .seconds(10))
      do { try awaitReady(socket.raw, .write) } catch { Issue.record(error) }
      refusal = socket.connectResult()
    } catch {
      // Over loopback the refusal may be there before connect returns.
      refusal = error
    }
    #expect(refusal == .connectionRefused)
  }

  @Test func anAddressThatIsNotOursIsRefused() {
    #expect(throws: Errno.addressNotAvailable) {
      _ = try TCPSocket.connect(
        from: IPv4Address(192, 0, 2, 1), to: loopback, port: 179, userTimeout: .seconds(10))
    }
  }

  @Test func aFullSocketTakesLessAndThenNothing() throws {
    let connection = try Connection()
    let block = [UInt8](repeating: 0xff, count: 1 << 20)
    var sent = 0
    var short = false
    while true {
      let count = try send(block, on: connection.near)
      sent += count
      if count == 0 { break }
      if count < block.count { short = true }
    }
    #expect(short)
    #expect(try connection.near.unacknowledged() > 0)
    var buffer = ReceiveBuffer()
    var received = 0
    while received < sent {
      try awaitReady(connection.far.raw, .read)
      received += try connection.far.receive(into: &buffer) ?? 0
    }
    #expect(received == sent)
    try awaitReady(connection.near.raw, .write)
    #expect(try send([1], on: connection.near) == 1)
  }

  @Test func acknowledgedBytesAreNotCounted() throws {
    let connection = try Connection()
    #expect(try connection.near.unacknowledged() == 0)
    #expect(try send([1, 2, 3], on: connection.near) == 3)
    var buffer = ReceiveBuffer()
    try awaitReady(connection.far.raw, .read)
    #expect(try connection.far.receive(into: &buffer) == 3)
    // An answer carries the acknowledgement with it.
    #expect(try send([4], on: connection.far) == 1)
    try awaitReady(connection.near.raw, .read)
    #expect(try connection.near.unacknowledged() == 0)
  }

  @Test func aResetIsFeltAtOnce() throws {
    let connection = try Connection()
    try connection.near.reset()
    try awaitReady(connection.far.raw, .read)
    var buffer = ReceiveBuffer()
    var failure: Errno?
    do throws(Errno) {
      _ = try connection.far.receive(into: &buffer)
    } catch { failure = error }
    #expect(failure == .connectionReset)
  }

  @Test func sendingToAClosedEndIsAnErrorAndNoSignal() throws {
    let connection = try Connection()
    try connection.far.reset()
    try awaitReady(connection.near.raw, .read)
    #expect(connection.near.connectResult() == .connectionReset)
    #expect(throws: Errno.brokenPipe) { _ = try send([1], on: connection.near) }
  }

  /// Ethernet header 14 bytes, then IPv4: byte 1 is the type of service, byte 9 the protocol.
  @Test(.enabled(if: isRoot, rootReason)) func thePacketsAreMarkedAsNetworkControl() throws {
    let namespace = try NetworkNamespace.create(uniqueName("tos"))
    try run("ip", "link", "set", "lo", "up", in: namespace.name)
    let before = Clock.wall()
    let capture = try namespace.run { try PacketCapture(interface: "lo") }
    try namespace.run {
      let connection = try Connection()
      #expect(try send([1], on: connection.near) == 1)
    }
    let after = Clock.wall()
    var buffer = ReceiveBuffer()
    var outgoing = 0
    var incoming = 0
    while let frame = try capture.next(into: &buffer) {
      let packet = bytes(buffer)
      #expect(frame.length == packet.count)
      #expect(frame.stamp >= before && frame.stamp <= after + .seconds(1))
      guard packet.count > 40, packet[12...13] == [0x08, 0x00], packet[23] == 6 else { continue }
      // The first packet of the side that connects: SYN without ACK (RFC 9293 section 3.1).
      guard packet[14 + 20 + 13] & 0x12 == 0x02 else { continue }
      #expect(packet[15] == 0xc0)
      if frame.outgoing { outgoing += 1 } else { incoming += 1 }
    }
    #expect(outgoing == 1)
    #expect(incoming == 1)
    #expect(try capture.drops() == 0)
  }
}
