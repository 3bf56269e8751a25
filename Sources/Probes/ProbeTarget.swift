// What is known of one probed piece of evidence.

package import Model

/// The state of one target of the Plan that the probes look after.
package struct ProbeTarget: Sendable {
  /// How a target is asked, with everything looked up that the Plan names.
  package enum Method: Hashable, Sendable {
    case arp(PortSlot)
    case icmp
    case tcp(port: UInt16)
    /// A position in the requests.
    case http(port: UInt16, request: Int)
    /// A position in the sessions.
    case bfd(session: Int, isMultihop: Bool)
    /// The kernel's neighbour entry: who answered it shows a network that answers for all.
    case neighbour

    /// The socket that the target shares with others of its kind.
    package var socket: ProbeSocket? {
      switch self {
      case .icmp: .echo
      case .bfd(_, let isMultihop): isMultihop ? .bfdMultihop : .bfd
      case .arp, .tcp, .http, .neighbour: nil
      }
    }
  }

  package let slot: TargetSlot
  package let host: HostSlot
  package let address: IPv4Address
  package let method: Method
  /// What the network says for the host counts as well: the user wants it, or it is an anchor,
  /// which is there to prove that the network works.
  package let trustsProxy: Bool
  /// The address is a VIP's, and so on whichever machine carries it.
  let isOfVIP: Bool
  package internal(set) var liveness: Liveness
  /// ARP.
  package internal(set) var binding = Binding()
  var neighbourMAC: MACAddress?
  /// Why the answers are not the host's own.
  package internal(set) var proxied: ProxiedARP.Cause?
  /// What was told last.
  package internal(set) var told = Signal.unknown

  /// ARP: where the last probe was sent from, and whether to everybody.
  var askedFrom: IPv4Address?
  var wasBroadcast = false
  /// Probes in a row that the socket did not take.
  var unsent = 0
  /// When a dispute was told last.
  var disputeTold: Instant?
  /// BFD: silence was excused since something was heard.
  var isExcused = false
  /// BFD: until when a peer that does not hear us is given time to hear us again.
  var graceEnd: Instant?

  init(
    _ slot: TargetSlot, host: HostSlot, address: IPv4Address, method: Method, trustsProxy: Bool,
    isOfVIP: Bool, cadence: Cadence
  ) {
    self.slot = slot
    self.host = host
    self.address = address
    self.method = method
    self.trustsProxy = trustsProxy
    self.isOfVIP = isOfVIP
    liveness = Liveness(cadence)
  }

  /// What the target says of its host.
  package var signal: Signal { isDiscounted ? .neutral : liveness.state }

  /// Who answers for the address.
  package var mac: MACAddress? {
    switch method {
    case .arp: binding.mac
    case .neighbour: neighbourMAC
    default: nil
    }
  }

  /// What is compared with the answers of others.
  var answer: ProxiedARP.Answer? {
    mac.map { ProxiedARP.Answer(host: host, address: address, mac: $0, isOfVIP: isOfVIP) }
  }

  package var reason: LivenessReason { isDiscounted ? .localFabric : liveness.reason }

  /// The network answers for the host: neither its life nor its death can be seen.
  package var isDiscounted: Bool { proxied != nil && !trustsProxy }

  /// A reply for the address was read: the probe on its way that it may answer, and what can be
  /// believed of it. One call, since each question from outside copies the target.
  mutating func replied(
    _ packet: ARPPacket, _ stamp: ProbeStamp, readAt now: Instant
  ) -> (token: UInt32?, verdict: Binding.Verdict) {
    let token = liveness.newestOpen(at: stamp.origin == .kernel ? stamp.at : now)
    let verdict = binding.replied(
      packet.sender, isAsked: token != nil && packet.targetAddress == askedFrom,
      wasBroadcast: wasBroadcast, isUp: liveness.state.isUp, at: now)
    return (token, verdict)
  }

  package var isNeighbour: Bool { method == .neighbour }

  package var isBFD: Bool {
    if case .bfd = method { return true }
    return false
  }

  package var isConnection: Bool {
    switch method {
    case .tcp, .http: true
    default: false
    }
  }
}

extension ProbeTarget {
  mutating func keep(in keeper: inout Keeper) {
    liveness.keep(in: &keeper)
    binding.keep(in: &keeper)
    keeper.keep(&neighbourMAC)
    keeper.keep(&proxied, blank: .azure) { $0.keep(in: &$1) }
    keeper.keep(&told)
    keeper.keep(&askedFrom, blank: IPv4Address(bits: 0)) { $1.keep(&$0) }
    keeper.keep(&wasBroadcast)
    keeper.keep(&unsent)
    keeper.keep(&disputeTold)
    keeper.keep(&isExcused)
    keeper.keep(&graceEnd)
  }
}

extension ProxiedARP.Cause {
  fileprivate mutating func keep(in keeper: inout Keeper) {
    var host = -1
    if case .shared(let other) = self { host = other.index }
    keeper.keep(&host)
    self = host < 0 ? .azure : .shared(with: HostSlot(host))
  }
}
