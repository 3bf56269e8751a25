// Whether ARP answers come from the hosts themselves, or from a network that answers for all.

package import Model

/// Azure's fabric answers ARP for every address with one MAC; a router with proxy ARP does the same
/// with its own. Such an answer proves that our NIC and its network work, and nothing about the
/// host.
package enum ProxiedARP {
  /// What Azure's virtual networks answer.
  package static let azure = MACAddress(bits: 0x1234_5678_9abc)

  /// A host's address and who answers for it.
  package struct Answer: Hashable, Sendable {
    package var host: HostSlot
    package var address: IPv4Address
    package var mac: MACAddress
    /// The address is a VIP's: whoever carries the VIP answers for it.
    package var isOfVIP: Bool

    package init(host: HostSlot, address: IPv4Address, mac: MACAddress, isOfVIP: Bool = false) {
      self.host = host
      self.address = address
      self.mac = mac
      self.isOfVIP = isOfVIP
    }
  }

  package enum Cause: Hashable, Sendable {
    case azure
    /// This other host's address has the same MAC.
    case shared(with: HostSlot)
  }

  /// Why the answer is not the host's own; nil: nothing speaks against it. Two addresses of one
  /// host may well have one MAC, and so do a VIP and the host that carries it, whosever target the
  /// VIP is: that makes this host no proxy.
  package static func cause(
    of answer: Answer, among answers: some Sequence<Answer>
  ) -> Cause? {
    if answer.mac == azure { return .azure }
    for other in answers
    where other.mac == answer.mac && other.host != answer.host
      && other.address != answer.address && !other.isOfVIP
    {
      return .shared(with: other.host)
    }
    return nil
  }
}
