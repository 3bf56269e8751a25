// Makes the hosts of the Plan and checks what holds across them.
import Model

extension PlanMaker {
  /// The hosts and their targets; nil when what is wrong with one is among the problems.
  mutating func hosts() -> (hosts: [Plan.Host], targets: [Plan.Target])? {
    let sections = root.named(.hosts) ?? []
    var hosts: [Plan.Host] = []
    var targets: [Plan.Target] = []
    for section in sections {
      let first = targets.count
      let evidence = probes(of: section)
      for item in evidence ?? [] {
        targets.append(Plan.Target(host: HostSlot(hosts.count), evidence: item))
      }
      checkAddress(section)
      guard let address = address(ofHost: section), evidence != nil,
        let requirement = requirement(section)
      else { continue }
      hosts.append(
        Plan.Host(
          name: section.name, address: address, isSelf: isSelf(section),
          targets: first..<targets.count, requirement: requirement,
          isAnchor: section.isSet(.anchor) ?? false))
    }
    checkAddresses(sections)
    checkTotal(targets.count)
    return hosts.count == root.names(.hosts)?.count ? (hosts, targets) : nil
  }

  func isSelf(_ host: Section) -> Bool { host.name == Schema.selfName }

  /// Nil when it is missing or wrong.
  func address(ofHost host: Section) -> IPv4Address? {
    if let item = host.value(.address) { return item.ipv4Address }
    guard isSelf(host), host.field(.address) == nil else { return nil }
    return localAddress
  }

  var localAddress: IPv4Address? {
    guard let item = root.section(.local)?.value(.address) else { return nil }
    return item.ipv4Address
  }

  private mutating func checkAddress(_ host: Section) {
    if isSelf(host) { return }
    guard let field = host.field(.address) else {
      problems.error(
        host.position, host.path(.address),
        "missing: only the host \(Schema.selfName) has an address without it",
        suggestion: "add address: ADDRESS")
      return
    }
    guard let address = address(ofHost: host), address == localAddress else { return }
    problems.error(
      field.position, host.path(.address), "\(address) is local.address: that is this machine",
      suggestion: "call the host \(Schema.selfName)")
  }

  /// Two hosts may share an address, but hardly ever on purpose.
  private mutating func checkAddresses(_ hosts: [Section]) {
    var first: [IPv4Address: String] = [:]
    for host in hosts {
      guard let address = address(ofHost: host) else { continue }
      if let other = first[address] {
        problems.warn(
          host.field(.address)?.position ?? host.position, host.path(.address),
          "\(address) is the address of host \(other) too")
      } else {
        first[address] = host.name
      }
    }
  }

  private mutating func requirement(_ host: Section) -> Plan.Requirement? {
    guard let item = host.value(.require) else { return nil }
    guard let count = host.number(.require) else {
      return item.scalar == .word("any") ? .any : .all
    }
    if let probes = host.choices(.probes), probes.count < count {
      problems.error(
        item.position, host.path(.require),
        "\(count) of its probes must say that it is well, but it has \(probes.count)",
        suggestion: probes.isEmpty ? nil : "write \(probes.count) or less")
    }
    return .atLeast(Int(count))
  }

  private mutating func checkTotal(_ targets: Int) {
    guard targets > PlanLimits.targets else { return }
    problems.error(
      root.field(.hosts)?.position ?? root.position, KeyName.hosts.rawValue,
      "\(targets) probes; a plan holds at most \(PlanLimits.targets)")
  }
}
