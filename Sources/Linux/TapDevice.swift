// A tap device whose carrier can be switched, for tests of what the kernel tells and when; root only.

import CLab

/// A tap interface in the network namespace in which it was made; it goes with this value.
package struct TapDevice: ~Copyable {
  private let descriptor: Descriptor

  /// Makes the interface; it is down, and has carrier once it is up.
  package init(name: String) throws(Errno) {
    guard name.utf8.count < Int(IFNAMSIZ) else { throw .invalidArgument }
    let opened = try Files.open("/dev/net/tun", O_RDWR)
    let raw = opened.raw
    var request = unsafe ifreq()
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
}
