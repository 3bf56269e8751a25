// The hosts of a Plan and their evidence as sections.
import Model

extension PlanSections {
  static func host(_ host: Plan.Host, of plan: Plan) -> Section {
    section(
      host.name,
      [
        (.address, value(.ipv4Address(host.address))),
        (.require, value(requirement(host.requirement))),
        (.anchor, value(.flag(host.isAnchor))),
        (.probes, .choices(plan.targets[host.targets].map { probe($0.evidence) })),
      ])
  }

  private static func requirement(_ requirement: Plan.Requirement) -> Scalar {
    switch requirement {
    case .all: .word("all")
    case .any: .word("any")
    case .atLeast(let count): .number(UInt32(count))
    }
  }

  /// One entry of the list; one case for each kind in `Schema.probes`.
  private static func probe(_ evidence: Plan.Evidence) -> Section {
    switch evidence {
    case .link(let interface):
      choice(.link, [(.interface, value(.interface(interface)))])
    case .address(let address): choice(.address, [(.address, value(.address(address)))])
    case .route(let prefix): choice(.route, [(.prefix, value(.prefix(prefix)))])
    case .neighbour(let address):
      choice(.neighbour, [(.address, value(.ipv4Address(address)))])
    case .probe(let probe): self.probe(probe)
    }
  }

  private static func probe(_ probe: Plan.Probe) -> Section {
    let address = [(key: KeyName.address, content: value(.ipv4Address(probe.address)))]
    switch probe.kind {
    case .arp(let interface, let trustsProxy):
      return choice(
        .arp,
        [(.interface, value(.interface(interface)))] + address
          + [(.trustProxy, value(.flag(trustsProxy)))] + cadence(probe))
    case .icmp: return choice(.icmp, address + cadence(probe))
    case .tcp(let port):
      return choice(.tcp, [(.port, value(.number(UInt32(port))))] + address + cadence(probe))
    case .http(let fetch):
      let place = WebPlace(
        authority: fetch.authority, address: nil, port: fetch.port, path: fetch.path)
      return choice(
        .http,
        [(.url, value(.url(place)))] + address + [(.status, value(.statuses(fetch.statuses)))]
          + given(.text, fetch.text.map(Scalar.text)) + cadence(probe))
    case .bfd(let isMultihop):
      return choice(
        .bfd,
        address + [
          (.interval, value(.duration(probe.interval))),
          (.multiplier, value(.number(UInt32(probe.fall)))),
          (.rise, value(.number(UInt32(probe.rise)))), (.multihop, value(.flag(isMultihop))),
        ])
    }
  }

  private static func cadence(_ probe: Plan.Probe) -> [(key: KeyName, content: Section.Content)] {
    [
      (.interval, value(.duration(probe.interval))), (.timeout, value(.duration(probe.timeout))),
      (.fall, value(.number(UInt32(probe.fall)))), (.rise, value(.number(UInt32(probe.rise)))),
    ]
  }

  private static func choice(
    _ kind: KeyName, _ contents: [(key: KeyName, content: Section.Content)]
  ) -> Section {
    section(kind.rawValue, contents)
  }
}
