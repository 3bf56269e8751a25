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
    case .probe: preconditionFailure("no key makes a probe yet")
    }
  }

  private static func choice(
    _ kind: KeyName, _ contents: [(key: KeyName, content: Section.Content)]
  ) -> Section {
    section(kind.rawValue, contents)
  }
}
