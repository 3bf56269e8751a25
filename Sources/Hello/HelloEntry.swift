// What a hello says of one VIP.

package import Model

/// One VIP as its sender sees it.
///
///      0               1               2               3
///     +---------------+---------------+---------------+---------------+
///     |                     digest of the VIP's name, 64 bits         |
///     |                                                               |
///     +---------------+---------------+---------------+---------------+
///     |                     epoch                                     |
///     +---------------+---------------+---------------+---------------+
///     |                     next hop, 0.0.0.0 for none                |
///     +---------------+---------------+---------------+---------------+
///     |     rung      |     rank      |     flags     |  0, not read  |
///     +---------------+---------------+---------------+---------------+
package struct HelloEntry: Equatable, Sendable {
  /// What is true of the VIP at the sender. Flags that this version does not know are ignored.
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sender would carry the VIP: the address is there, or it is well.
    package static let wants = Flags(rawValue: 1 << 0)
    /// An operator has taken the sender out of service for it.
    package static let maintenance = Flags(rawValue: 1 << 1)
    /// The address that decides is on the sender.
    package static let holdsAddress = Flags(rawValue: 1 << 2)
    static let known: Flags = [.wants, .maintenance, .holdsAddress]
  }

  package var vip: VIPDigest
  package var epoch: UInt32
  package var rung: Rung
  package var rank: UInt8
  package var flags: Flags
  /// The next hop that the sender announces; nil: none.
  package var nextHop: IPv4Address?

  package init(
    vip: VIPDigest, epoch: UInt32, rung: Rung, rank: UInt8, flags: Flags,
    nextHop: IPv4Address? = nil
  ) {
    self.vip = vip
    self.epoch = epoch
    self.rung = rung
    self.rank = rank
    self.flags = flags
    self.nextHop = nextHop
  }
}
