// A connected UDP socket whose arrivals carry the kernel's time stamp: how the lab's client asks.

import CLab
package import Model

/// Asks one peer, without blocking.
package struct Datagrams: ~Copyable {
  /// The longest answer that is read whole. We chose it; a question or an answer of the lab has
  /// tens of bytes.
  package static let longest = 512

  private let descriptor: Descriptor

  /// An answer, and when the kernel took it in on CLOCK_REALTIME.
  package struct Arrival: Sendable {
    package var bytes: [UInt8]
    package var wall: Instant
  }

  /// Opens the socket in the calling thread's network namespace.
  package init(to address: IPv4Address, port: UInt16) throws(Errno) {
    let opened = Descriptor(adopting: Int32(try system { clab_datagram_socket() }))
    let raw = opened.raw
    try system { clab_stamp_arrivals(raw) }
    try system { clab_connect_ipv4(raw, address.bits, port) }
    descriptor = opened
  }

  /// Sends one datagram. An ICMP error that an earlier one brought is reported here: the caller
  /// counts it.
  package borrowing func send(_ bytes: [UInt8]) throws(Errno) {
    let raw = descriptor.raw
    try system { unsafe clab_send(raw, bytes, bytes.count) }
  }

  /// What has arrived, or nil when nothing has.
  package borrowing func receive() throws(Errno) -> Arrival? {
    let raw = descriptor.raw
    var bytes = [UInt8](repeating: 0, count: Datagrams.longest)
    var stamp: Int64 = 0
    do throws(Errno) {
      let count = try system { unsafe clab_receive_stamped(raw, &bytes, bytes.count, &stamp) }
      return Arrival(bytes: Array(bytes[..<count]), wall: Instant(nanoseconds: stamp))
    } catch .again {
      return nil
    }
  }

  /// Waits until something has arrived, or `length` has passed.
  package borrowing func wait(_ length: Nanoseconds) throws(Errno) {
    let raw = descriptor.raw
    try system { clab_wait(raw, max(length.count, 0)) }
  }
}
