// The machines that can carry a VIP's traffic, and what tells whether they can.

extension Plan {
  /// A machine that can carry traffic.
  public struct Host: Equatable, Sendable {
    public var name: String
    /// What its probes ask for unless they name another; the next hop announced for it.
    public var address: IPv4Address
    public var isSelf: Bool
    /// Its targets stand together in `Plan.targets`.
    public var targets: Range<Int>
    public var requirement: Requirement
    /// Its probes prove that our own network works: while every anchor is down, the probes of other
    /// hosts say nothing.
    public var isAnchor: Bool

    public init(
      name: String, address: IPv4Address, isSelf: Bool = false, targets: Range<Int> = 0..<0,
      requirement: Requirement = .all, isAnchor: Bool = false
    ) {
      self.name = name
      self.address = address
      self.isSelf = isSelf
      self.targets = targets
      self.requirement = requirement
      self.isAnchor = isAnchor
    }
  }

  /// How the evidence for a host is combined.
  public enum Requirement: Hashable, Sendable {
    case all
    case any
    case atLeast(Int)
  }

  /// One thing that is looked at to judge a host; `TargetSlot` is its position.
  public struct Target: Equatable, Sendable {
    public var host: HostSlot
    public var evidence: Evidence

    public init(host: HostSlot, evidence: Evidence) {
      self.host = host
      self.evidence = evidence
    }
  }

  /// A kind of evidence. All but the probes come from the kernel.
  public enum Evidence: Hashable, Sendable {
    /// The interface exists and its link runs.
    case link(InterfaceName)
    /// The address is usable on this machine.
    case address(IPAddress)
    /// The kernel has a unicast route for exactly this prefix.
    case route(Prefix)
    /// The kernel's neighbour entry. It can say that a host is gone, never that it is well.
    case neighbour(IPv4Address)
    case probe(Probe)
  }

  /// One probe, asked again and again.
  public struct Probe: Hashable, Sendable {
    public var kind: Kind
    public var address: IPv4Address
    public var interval: Nanoseconds
    public var timeout: Nanoseconds
    /// Failures in a row that make the target down, and answers in a row that make it up.
    public var fall: Int
    public var rise: Int

    public init(
      kind: Kind, address: IPv4Address, interval: Nanoseconds, timeout: Nanoseconds, fall: Int,
      rise: Int
    ) {
      self.kind = kind
      self.address = address
      self.interval = interval
      self.timeout = timeout
      self.fall = fall
      self.rise = rise
    }

    public enum Kind: Hashable, Sendable {
      /// `trustsProxy`: an answer that the fabric gives for the host counts as well.
      case arp(interface: InterfaceName, trustsProxy: Bool)
      case icmp
      case tcp(port: UInt16)
      case http(Fetch)
      /// `interval` is both the desired transmit and the required receive interval, `fall` the
      /// detection multiplier.
      case bfd(isMultihop: Bool)
    }

    /// What is fetched, and what the answer must be.
    public struct Fetch: Hashable, Sendable {
      public var port: UInt16
      /// The Host header.
      public var authority: String
      public var path: String
      public var statuses: ClosedRange<UInt16>
      /// A text that the body has to contain.
      public var text: String?

      public init(
        port: UInt16, authority: String, path: String, statuses: ClosedRange<UInt16>,
        text: String? = nil
      ) {
        self.port = port
        self.authority = authority
        self.path = path
        self.statuses = statuses
        self.text = text
      }
    }
  }

  /// The speakers that announce the same VIPs and tell each other of it (hello).
  public struct Group: Equatable, Sendable {
    /// The other speakers, in the order of the file; `FellowSlot` is the position.
    public var peers: [IPv4Address]
    /// Hello leaves from here.
    public var address: IPv4Address
    public var port: UInt16
    public var keyFile: String
    public var interval: Nanoseconds
    /// A speaker that was not heard for so long is taken as gone.
    public var timeout: Nanoseconds

    public init(
      peers: [IPv4Address], address: IPv4Address, port: UInt16 = Group.usualPort, keyFile: String,
      interval: Nanoseconds = Group.usualInterval, timeout: Nanoseconds = Group.usualTimeout
    ) {
      self.peers = peers
      self.address = address
      self.port = port
      self.keyFile = keyFile
      self.interval = interval
      self.timeout = timeout
    }

    /// We chose it: in the range that IANA leaves to private use.
    public static let usualPort: UInt16 = 50_179
    public static let usualInterval = Nanoseconds.milliseconds(100)
    /// Five datagrams: at 1 % loss, once in three years all of them are lost.
    public static let usualTimeout = Nanoseconds.milliseconds(500)

    /// How many speakers there are, this one included.
    public var count: Int { peers.count + 1 }
    /// This speaker's place among all by address: everybody counts alike.
    public var lane: Int { peers.count { $0 < address } }
  }

  /// How long after a change of a VIP the platform may not act on the next one.
  public struct Damping: Equatable, Sendable {
    public var window: Nanoseconds
    /// One change holds back the next of every VIP, not only of its own.
    public var isShared: Bool

    public init(window: Nanoseconds, isShared: Bool = false) {
      self.window = window
      self.isShared = isShared
    }

    public static let none = Damping(window: .zero)
    /// From two field reports; Azure documents no number.
    public static let azure = Damping(window: .seconds(30))
  }

  /// The next hops that a VIP can have, by candidate; never empty.
  public func nextHops(of vip: VIPSlot) -> [IPv4Address] {
    let candidates = vips[vip.index].candidates
    return candidates.isEmpty ? [local.address] : candidates.map(\.nextHop)
  }

  /// The same, for both families.
  public func nextHopAddresses(of vip: VIPSlot) -> [NextHopAddresses] {
    let candidates = vips[vip.index].candidates
    if candidates.isEmpty { return [local.nextHops] }
    return candidates.map { candidate in
      let isSelf = hosts[candidate.host.index].isSelf
      return NextHopAddresses(
        candidate.nextHop, candidate.nextHop6 ?? (isSelf ? local.address6 : nil))
    }
  }

  /// Where traffic for a VIP goes when it comes to this machine; nil when it never does.
  public func ownNextHops(of vip: VIPSlot) -> NextHopAddresses? {
    let candidates = vips[vip.index].candidates
    if candidates.isEmpty { return local.nextHops }
    let own = candidates.firstIndex { hosts[$0.host.index].isSelf }
    return own.map { nextHopAddresses(of: vip)[$0] }
  }

  /// How long it takes at most until something is known of each of these hosts.
  public func longestDetection(of hosts: [HostSlot]) -> Nanoseconds {
    var longest = Nanoseconds.zero
    for slot in hosts {
      for target in self.hosts[slot.index].targets {
        guard case .probe(let probe) = targets[target].evidence else { continue }
        let rounds = Int64(max(probe.fall, probe.rise))
        longest = max(longest, probe.interval * rounds + probe.timeout)
      }
    }
    return longest
  }

  /// Addresses on this machine that say something of a host.
  public var evidentAddresses: [IPAddress] {
    targets.compactMap { target in
      if case .address(let address) = target.evidence { address } else { nil }
    }
  }
}
