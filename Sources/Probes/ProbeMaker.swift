// From the Plan to the targets that are probed, with their sessions and requests.

package import Model

/// Builds what the Plan names.
struct ProbeMaker {
  var draw: Draw
  /// Who is asked, of the addresses that are VIPs'.
  let vipAddresses: Set<IPv4Address>
  var ports = ProbePorts()
  var targets: [ProbeTarget] = []
  var sessions: [BFDSession] = []
  var checks: [HTTPCheck] = []
  var places: [Int?] = []

  init(_ plan: Plan, draw: Draw) {
    self.draw = draw
    let asked = Set(plan.targets.compactMap { ProbeMaker.address(of: $0.evidence) })
    var found: Set<IPv4Address> = []
    for vip in plan.vips {
      for prefix in vip.prefixes where prefix.isHost {
        if case .v4(let address) = prefix.address, asked.contains(address) { found.insert(address) }
      }
      if case .address(let owner) = vip.role, case .v4(let address) = owner.address {
        found.insert(address)
      }
    }
    vipAddresses = found
  }

  /// Where somebody is asked on the LAN.
  private static func address(of evidence: Plan.Evidence) -> IPv4Address? {
    switch evidence {
    case .probe(let probe): probe.address
    case .neighbour(let address): address
    case .link, .address, .route: nil
    }
  }

  mutating func add(_ slot: TargetSlot, _ target: Plan.Target, isAnchor: Bool) {
    switch target.evidence {
    case .link, .address, .route: places.append(nil)
    case .neighbour(let address):
      let cadence = Cadence(
        interval: .seconds(1), timeout: .seconds(1), fall: 1, rise: 1)
      append(
        ProbeTarget(
          slot, host: target.host, address: address, method: .neighbour, trustsProxy: isAnchor,
          isOfVIP: vipAddresses.contains(address), cadence: cadence))
    case .probe(let probe): add(slot, target.host, probe, isAnchor)
    }
  }

  private mutating func append(_ target: ProbeTarget) {
    places.append(targets.count)
    targets.append(target)
  }

  private mutating func add(
    _ slot: TargetSlot, _ host: HostSlot, _ probe: Plan.Probe, _ isAnchor: Bool
  ) {
    var cadence = Cadence(
      interval: probe.interval, timeout: probe.timeout, fall: probe.fall, rise: probe.rise)
    var trustsProxy = isAnchor
    let method: ProbeTarget.Method
    switch probe.kind {
    case .arp(let interface, let insists):
      cadence.rise = max(cadence.rise, Binding.leastRise)
      trustsProxy = isAnchor || insists
      method = .arp(ports.slot(interface))
    case .icmp: method = .icmp
    case .tcp(let port): method = .tcp(port: port)
    case .http(let fetch):
      method = .http(port: fetch.port, request: checks.count)
      checks.append(HTTPCheck(fetch))
    case .bfd(let isMultihop):
      method = .bfd(session: sessions.count, isMultihop: isMultihop)
      let settings = BFDSettings(
        interval: probe.interval, multiplier: UInt8(clamping: probe.fall))
      sessions.append(
        BFDSession(
          settings, discriminator: discriminator(targets.count), seed: draw.next()))
    }
    append(
      ProbeTarget(
        slot, host: host, address: probe.address, method: method, trustsProxy: trustsProxy,
        isOfVIP: vipAddresses.contains(probe.address), cadence: cadence))
  }

  /// The lower bits say which target it is, so that a packet finds its session at once.
  private mutating func discriminator(_ place: Int) -> UInt32 {
    while true {
      let drawn = draw.discriminator() & ~Probes.placeMask | UInt32(place)
      if drawn != 0 { return drawn }
    }
  }
}

/// The interfaces that ARP probes name, in the order in which the Plan does.
package struct ProbePorts: Sendable {
  package fileprivate(set) var names: [InterfaceName] = []

  package var count: Int { names.count }

  fileprivate mutating func slot(_ name: InterfaceName) -> PortSlot {
    if let index = names.firstIndex(of: name) { return PortSlot(index) }
    names.append(name)
    return PortSlot(names.count - 1)
  }
}
