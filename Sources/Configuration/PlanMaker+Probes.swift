// Makes the evidence for a host from the entries of its list of probes.
import Model

extension PlanMaker {
  /// Nil when something about them is wrong, and that has been said.
  mutating func probes(of host: Section) -> [Plan.Evidence]? {
    guard host.field(.probes) != nil else { return noProbes(of: host) }
    guard let sections = host.choices(.probes) else { return nil }
    if sections.isEmpty { return noProbes(of: host) }
    var evidence: [Plan.Evidence] = []
    for section in sections {
      guard let item = self.evidence(section, of: host) else { continue }
      if evidence.contains(item) {
        problems.error(
          section.position, section.path, "the same probe stands here twice",
          suggestion: "remove one of the two")
      }
      evidence.append(item)
    }
    guard evidence.count == sections.count else { return nil }
    checkVoices(evidence, sections, of: host)
    checkFabric(evidence, of: host)
    for (item, section) in zip(evidence, sections) {
      if case .probe(let probe) = item { checkAlarms(probe, section) }
    }
    return evidence
  }

  /// A host without evidence is allowed while nothing depends on it.
  private mutating func noProbes(of host: Section) -> [Plan.Evidence] {
    if let item = host.value(.anchor), host.isSet(.anchor) == true {
      problems.error(
        item.position, host.path(.anchor),
        "an anchor proves that our own network works, and this one has no probes",
        suggestion: "add probes, or remove the key")
    }
    return []
  }

  /// Something has to be able to say that the host is well, and each entry has to count.
  private mutating func checkVoices(
    _ evidence: [Plan.Evidence], _ sections: [Section], of host: Section
  ) {
    var neighbours: [Section] = []
    for (item, section) in zip(evidence, sections) {
      if case .neighbour = item { neighbours.append(section) }
    }
    let voices = evidence.count - neighbours.count
    if voices == 0 {
      problems.error(
        host.field(.probes)?.position ?? host.position, host.path(.probes),
        "a neighbour entry can say that a host is gone, never that it is well",
        suggestion: "add a probe of another kind")
      return
    }
    guard let item = host.value(.require), item.scalar != .word("all") else { return }
    if let count = host.number(.require), count <= evidence.count, count > voices {
      problems.error(
        item.position, host.path(.require),
        "\(count) of its probes must say that it is well, and a neighbour entry never does: "
          + "that leaves \(voices)",
        suggestion: "write \(voices) or less")
    }
    for section in neighbours {
      problems.warn(
        section.position, section.path,
        "decides nothing: what a neighbour entry can say counts with require: all only")
    }
  }

  /// One case for each kind in `Schema.probes`; nil when a value is missing or wrong.
  private mutating func evidence(_ section: Section, of host: Section) -> Plan.Evidence? {
    switch KeyName(rawValue: section.name) {
    case .link: return link(section)
    case .address: return address(section)
    case .route: return route(section)
    case .neighbour: return neighbour(section, of: host)
    case .arp: return arp(section, of: host)
    case .icmp: return icmp(section, of: host)
    case .tcp: return tcp(section, of: host)
    case .http: return http(section, of: host)
    case .bfd: return bfd(section, of: host)
    default: preconditionFailure("the table has a kind of evidence that is not known here")
    }
  }

  private func link(_ section: Section) -> Plan.Evidence? {
    guard let interface = section.value(.interface)?.interface else { return nil }
    return .link(interface)
  }

  private func address(_ section: Section) -> Plan.Evidence? {
    guard let address = section.value(.address)?.address else { return nil }
    return .address(address)
  }

  private func route(_ section: Section) -> Plan.Evidence? {
    guard let prefix = section.value(.prefix)?.prefix else { return nil }
    return .route(prefix)
  }

  private mutating func neighbour(_ section: Section, of host: Section) -> Plan.Evidence? {
    guard let address = asked(section, of: host) else { return nil }
    if address == localAddress {
      problems.error(
        section.value(.address)?.position ?? section.position, section.path(.address),
        "\(address) is local.address: no machine is its own neighbour",
        suggestion: "write the address of another machine, such as the gateway")
    }
    return .neighbour(address)
  }

  /// Whom a probe asks: the host, unless it names another.
  func asked(_ section: Section, of host: Section) -> IPv4Address? {
    if section.field(.address) != nil { return section.value(.address)?.ipv4Address }
    return address(ofHost: host)
  }
}
