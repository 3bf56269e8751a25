// Whole frames in and out of one interface, as they are; for the laboratory's relay, root only.

import CLinux
import Model

/// A packet socket that takes every frame which comes in on an interface, and sends frames there.
package struct FrameSocket: ~Copyable {
  /// Each frame stands behind the kernel's `struct virtio_net_hdr`: what is still to be done to it,
  /// checksums and segments, is handed on instead of being done.
  package static let headerSize = 10
  /// The largest frame: 64 KiB of segments yet to be cut, with Ethernet's own header and room for
  /// a VLAN.
  package static let capacity = headerSize + 65_536 + 18
  /// Root may exceed net.core.rmem_max.
  private static let receiveBuffer: Int32 = 16 << 20

  private let descriptor: Descriptor

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// ENODEV when this thread's namespace has no interface of that name.
  package init(interface: String) throws(Errno) {
    let index = try RouteSocket.interface(interface)
    // Protocol 0 receives nothing until bind says where from.
    let type = Int32(clinux_sock_raw)
    let descriptor = Descriptor(adopting: Int32(try system { clinux_socket(AF_PACKET, type, 0) }))
    let raw = descriptor.raw
    try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUFFORCE, FrameSocket.receiveBuffer)
    try SocketOptions.set(raw, SOL_PACKET, PACKET_VNET_HDR, 1)
    try SocketOptions.set(raw, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETH_P_ALL).bigEndian
    address.sll_ifindex = index
    let size = UInt32(MemoryLayout<sockaddr_ll>.size)
    try system { unsafe clinux_bind(raw, &address, size) }
    self.descriptor = descriptor
  }

  /// The next frame with its header; false when none waits.
  package func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Bool {
    try StreamSocket.receive(raw, into: &buffer) != nil
  }

  /// Sends a frame with its header; false when the kernel has no room for it now.
  package func send(_ frame: Span<UInt8>) throws(Errno) -> Bool {
    do throws(Errno) {
      return try StreamSocket.send(raw, frame) > 0
    } catch .noBuffers {
      return false
    }
  }
}
