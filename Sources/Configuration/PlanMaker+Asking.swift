// Makes the probes that ask over the network, and checks that they can prove something.
import Model

extension PlanMaker {
  mutating func arp(_ section: Section, of host: Section) -> Plan.Evidence? {
    let address = asked(section, of: host)
    let interface = section.value(.interface)?.interface
    if let address { refuseSelf(address, section) }
    guard let trustsProxy = section.isSet(.trustProxy) else { return nil }
    guard let interface, let address else { return nil }
    return probe(
      section, .arp(interface: interface, trustsProxy: trustsProxy), address,
      atOnce: ProbeTimes.datagramsAtOnce)
  }

  mutating func icmp(_ section: Section, of host: Section) -> Plan.Evidence? {
    guard let address = asked(section, of: host) else { return nil }
    return probe(section, .icmp, address, atOnce: ProbeTimes.datagramsAtOnce)
  }

  mutating func tcp(_ section: Section, of host: Section) -> Plan.Evidence? {
    guard let address = asked(section, of: host), let port = section.number(.port) else {
      return nil
    }
    return probe(
      section, .tcp(port: UInt16(truncatingIfNeeded: port)), address,
      atOnce: ProbeTimes.streamsAtOnce)
  }

  mutating func http(_ section: Section, of host: Section) -> Plan.Evidence? {
    guard let item = section.value(.url), case .url(let place) = item.scalar,
      let statuses = section.value(.status), case .statuses(let range) = statuses.scalar
    else { return nil }
    var text: String?
    if let field = section.field(.text) {
      guard case .value(let item) = field.content, case .text(let sought) = item.scalar else {
        return nil
      }
      text = sought
    }
    var address = place.address
    if section.field(.address) != nil {
      address = section.value(.address)?.ipv4Address
      if address == nil { return nil }
    }
    guard let address = address ?? self.address(ofHost: host) else { return nil }
    let fetch = Plan.Probe.Fetch(
      port: place.port, authority: place.authority, path: place.path, statuses: range, text: text)
    return probe(section, .http(fetch), address, atOnce: ProbeTimes.streamsAtOnce)
  }

  mutating func bfd(_ section: Section, of host: Section) -> Plan.Evidence? {
    guard let address = asked(section, of: host) else { return nil }
    refuseSelf(address, section)
    guard let isMultihop = section.isSet(.multihop),
      let interval = section.value(.interval)?.duration,
      let multiplier = section.number(.multiplier), let rise = section.number(.rise)
    else { return nil }
    return .probe(
      Plan.Probe(
        kind: .bfd(isMultihop: isMultihop), address: address, interval: interval,
        timeout: interval, fall: Int(multiplier), rise: Int(rise)))
  }

  private mutating func probe(
    _ section: Section, _ kind: Plan.Probe.Kind, _ address: IPv4Address, atOnce: Int64
  ) -> Plan.Evidence? {
    guard let interval = section.value(.interval)?.duration, let fall = section.number(.fall),
      let rise = section.number(.rise)
    else { return nil }
    var timeout = interval
    if let field = section.field(.timeout) {
      guard let item = section.value(.timeout), let written = item.duration else { return nil }
      timeout = written
      if written > interval * atOnce {
        problems.error(
          field.position, section.path(.timeout),
          "\(DurationText.text(written)) is more than \(atOnce) intervals: so many probes cannot "
            + "be on their way together",
          suggestion: "write \(DurationText.text(interval * atOnce)) or less, or a longer interval")
      }
    }
    return .probe(
      Plan.Probe(
        kind: kind, address: address, interval: interval, timeout: timeout, fall: Int(fall),
        rise: Int(rise)))
  }

  private mutating func refuseSelf(_ address: IPv4Address, _ section: Section) {
    guard address == localAddress else { return }
    problems.error(
      section.value(.address)?.position ?? section.position, section.path(.address),
      "\(address) is local.address: no machine is its own neighbour",
      suggestion: "write the address of another machine, such as the gateway")
  }

  /// In Azure the network answers ARP for every address, so that ARP and the kernel's neighbour
  /// entries say nothing of a host.
  mutating func checkFabric(_ evidence: [Plan.Evidence], of host: Section) {
    guard platform?.isAzure == true, host.isSet(.anchor) != true else { return }
    var hasARP = false
    for item in evidence {
      switch item {
      case .neighbour: continue
      case .probe(let probe):
        guard case .arp(_, trustsProxy: false) = probe.kind else { return }
        hasARP = true
      case .link, .address, .route: return
      }
    }
    guard hasARP else { return }
    problems.error(
      host.field(.probes)?.position ?? host.position, host.path(.probes),
      "Azure's network answers ARP for every address: these probes say nothing of the host",
      suggestion: "add icmp, tcp, http or bfd; or trust-proxy: true if your network is another")
  }

  /// Losses happen; how often they come so close together that a host seems dead.
  mutating func checkAlarms(_ probe: Plan.Probe, _ section: Section) {
    let alarms = Arithmetic.falseAlarms(probe, loss: Arithmetic.smallLoss)
    guard alarms >= Arithmetic.tolerated else { return }
    let count = Arithmetic.rounded(alarms)
    problems.warn(
      section.position, section.path,
      "\(DurationText.text(probe.interval)) x \(probe.fall) takes a host for dead about \(count) "
        + "times a year where one probe in a thousand is lost",
      suggestion: "write \(probe.isBFD ? "multiplier" : "fall"): \(probe.fall + 1)")
  }
}

extension Plan.Probe {
  var isBFD: Bool {
    if case .bfd = kind { return true }
    return false
  }
}
