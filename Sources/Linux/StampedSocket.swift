// A datagram or packet socket whose arrivals carry the kernel's time stamp: how neighbours are asked.

import CLinux
package import Model

/// Sends and receives without waiting. What kind of socket it is, its maker says.
@safe
package struct StampedSocket: ~Copyable {
  /// Something that arrived; its bytes are in the buffer.
  package struct Arrival: Equatable, Sendable {
    /// When the kernel took it in, on CLOCK_REALTIME.
    package var wall: Instant
    /// Who sent it, where the socket speaks IPv4.
    package var source: IPv4Address
    /// The TTL that was left, where that was asked for.
    package var hopLimit: UInt8?
  }

  /// We chose it: answers of 256 targets for some seconds, and a flood for some milliseconds.
  static let receiveBuffer: Int32 = 1 << 20

  private let descriptor: Descriptor
  private var lastDrops: UInt32 = 0

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// Takes over a socket and asks for stamps.
  init(adopting descriptor: consuming Descriptor) throws(Errno) {
    let raw = descriptor.raw
    try SocketOptions.set(raw, SOL_SOCKET, SO_TIMESTAMPNS, 1)
    try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUF, StampedSocket.receiveBuffer)
    self.descriptor = descriptor
  }

  /// Takes over a socket that is not read.
  init(sendingOn descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Takes what has arrived, as far as the batch has room. An ICMP error that an earlier datagram
  /// brought is thrown. Nothing is allocated.
  package borrowing func receive(into batch: inout ArrivalBatch) throws(Errno) {
    try batch.take(from: descriptor.raw)
  }

  /// Sends what the batch has from the `first` on and answers how many have left: one at least.
  /// What keeps the `first` back is thrown.
  package borrowing func send(
    _ batch: borrowing DepartureBatch, of bytes: Span<UInt8>, from first: Int
  ) throws(Errno) -> Int {
    try batch.send(of: bytes, from: first, through: descriptor.raw)
  }

  /// Sends a datagram.
  package borrowing func send(
    _ bytes: Span<UInt8>, to remote: IPv4Address, port: UInt16
  ) throws(Errno) {
    let raw = descriptor.raw
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    var address = SocketAddress.ipv4(remote, port: port)
    let size = UInt32(MemoryLayout<sockaddr_in>.size)
    try system {
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe clinux_sendto(raw, bytes.baseAddress, bytes.count, flags, &address, size)
      }
    }
  }

  /// Whether something was lost for want of room since the last time this was asked.
  package mutating func dropsMoved() throws(Errno) -> Bool {
    let drops = try SocketOptions.drops(descriptor.raw)
    defer { lastDrops = drops }
    return drops != lastDrops
  }
}
