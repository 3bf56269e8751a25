// Every frame that passes one interface, stamped by the kernel; for the laboratory, root only.

import CLinux
package import Model

/// A packet socket on one interface of the namespace it is opened in.
@safe
package struct PacketCapture: ~Copyable {
  /// One captured frame; its bytes are in the buffer.
  package struct Frame: Equatable, Sendable {
    /// When the kernel saw it, on the wall clock.
    package var stamp: Instant
    /// How long it was; the buffer holds less when it was longer than that.
    package var length: Int
    /// This machine sent it.
    package var outgoing: Bool
  }

  /// Frames wait here when the reader is late. Root may exceed net.core.rmem_max.
  private static let receiveBuffer: Int32 = 16 << 20
  /// Room for one control message: header and time stamp are 32 bytes.
  private static let controlSize = 64

  private let descriptor: Descriptor
  private let control: UnsafeMutableRawPointer

  /// The descriptor, to be watched for reading.
  package var raw: Int32 { descriptor.raw }

  /// Captures everything on the interface. ENODEV when this thread's namespace has none of that
  /// name.
  package init(interface: String) throws(Errno) {
    let index = unsafe if_nametoindex(interface)
    guard index != 0 else { throw Errno(code: ENODEV) }
    // Protocol 0 receives nothing until bind says where from.
    let type = Int32(clinux_sock_raw)
    let descriptor = Descriptor(adopting: Int32(try system { clinux_socket(AF_PACKET, type, 0) }))
    let raw = descriptor.raw
    try SocketOptions.set(raw, SOL_SOCKET, SO_RCVBUFFORCE, PacketCapture.receiveBuffer)
    try SocketOptions.set(raw, SOL_SOCKET, SO_TIMESTAMPNS, 1)
    var address = sockaddr_ll()
    address.sll_family = UInt16(AF_PACKET)
    address.sll_protocol = UInt16(ETH_P_ALL).bigEndian
    address.sll_ifindex = Int32(index)
    let size = UInt32(MemoryLayout<sockaddr_ll>.size)
    try system { unsafe clinux_bind(raw, &address, size) }
    self.descriptor = descriptor
    unsafe control = .allocate(byteCount: PacketCapture.controlSize, alignment: 8)
  }

  deinit { unsafe control.deallocate() }

  /// The next frame, or nil when none waits.
  package func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Frame? {
    var sender = sockaddr_ll()
    var length = 0
    var controlLength = 0
    do throws(Errno) {
      try unsafe buffer.fill { memory, capacity in
        length = unsafe receive(memory, capacity, &sender, &controlLength)
        return length
      }
    } catch {
      if error == .again { return nil }
      throw error
    }
    return Frame(
      stamp: stamp(controlLength), length: length,
      outgoing: sender.sll_pkttype == UInt8(PACKET_OUTGOING))
  }

  /// How many frames were lost for want of room, since the last time this was asked
  /// (PACKET_STATISTICS).
  package func drops() throws(Errno) -> UInt32 {
    var statistics = tpacket_stats()
    var length = UInt32(MemoryLayout<tpacket_stats>.size)
    try system {
      unsafe clinux_getsockopt(raw, SOL_PACKET, PACKET_STATISTICS, &statistics, &length)
    }
    return statistics.tp_drops
  }

  private func receive(
    _ memory: UnsafeMutableRawPointer, _ capacity: Int,
    _ sender: UnsafeMutablePointer<sockaddr_ll>, _ controlLength: UnsafeMutablePointer<Int>
  ) -> Int {
    var piece = unsafe iovec(iov_base: memory, iov_len: capacity)
    return unsafe withUnsafeMutablePointer(to: &piece) { piece in
      var message = unsafe msghdr()
      unsafe message.msg_name = UnsafeMutableRawPointer(sender)
      unsafe message.msg_namelen = UInt32(MemoryLayout<sockaddr_ll>.size)
      unsafe message.msg_iov = piece
      unsafe message.msg_iovlen = 1
      unsafe message.msg_control = control
      unsafe message.msg_controllen = PacketCapture.controlSize
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
      let result = unsafe clinux_recvmsg(raw, &message, flags)
      unsafe controlLength.pointee = message.msg_controllen
      return result
    }
  }

  /// The time stamp is the only control message we asked for: a header, then a timespec.
  private func stamp(_ length: Int) -> Instant {
    let start = Int(clinux_cmsg_hdrlen)
    precondition(length >= start + MemoryLayout<timespec>.size, "a frame without a time stamp")
    let header = unsafe control.load(as: cmsghdr.self)
    precondition(header.cmsg_level == SOL_SOCKET && header.cmsg_type == SO_TIMESTAMPNS)
    let time = unsafe control.load(fromByteOffset: start, as: timespec.self)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
