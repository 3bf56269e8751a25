// A tap device whose carrier can be switched, for tests of what the kernel tells and when; root only.

import CLab
import CLinux

/// A tap interface in the network namespace in which it was made. It goes with this value, unless
/// it was there before.
package struct TapDevice: ~Copyable {
  private let descriptor: Descriptor

  /// To be watched for frames that the machine sends.
  package var raw: Int32 { descriptor.raw }

  /// Makes the interface, or takes over one that is there; a new one is down, and has carrier once
  /// it is up. `withHeaders`: frames stand behind a header as those of a `FrameSocket`.
  package init(name: String, withHeaders: Bool = false) throws(Errno) {
    guard name.utf8.count < Int(IFNAMSIZ) else { throw .invalidArgument }
    let opened = try Files.open("/dev/net/tun", O_RDWR | O_NONBLOCK)
    let raw = opened.raw
    var request = unsafe ifreq()
    if withHeaders { unsafe request.ifr_ifru.ifru_flags = Int16(IFF_VNET_HDR) }
    unsafe withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { bytes in
      for (index, byte) in name.utf8.enumerated() { unsafe bytes[index] = byte }
    }
    try system { unsafe clab_tap_create(raw, &request) }
    descriptor = opened
  }

  /// Gives the interface its carrier or takes it, as a cable would (TUNSETCARRIER).
  package borrowing func setCarrier(_ carries: Bool) throws(Errno) {
    let raw = descriptor.raw
    try system { clab_tap_carrier(raw, carries ? 1 : 0) }
  }

  /// The next frame that the machine has sent; false when none waits.
  package borrowing func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Bool {
    let raw = descriptor.raw
    do throws(Errno) {
      try unsafe buffer.fill { unsafe clinux_read(raw, $0, $1) }
    } catch .again {
      return false
    }
    return true
  }

  /// Gives the machine a frame; false when the interface is down.
  package borrowing func send(_ frame: Span<UInt8>) throws(Errno) -> Bool {
    let raw = descriptor.raw
    do throws(Errno) {
      let count = try system {
        unsafe frame.withUnsafeBufferPointer { bytes in
          unsafe clinux_write(raw, bytes.baseAddress, bytes.count)
        }
      }
      return count > 0
    } catch .inputOutput {
      return false
    }
  }
}
