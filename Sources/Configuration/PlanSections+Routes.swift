// The rules of redistribution of a Plan as sections.
import Model

extension PlanSections {
  static func redistribute(_ plan: Plan) -> [(key: KeyName, content: Section.Content)] {
    if plan.redistributions.isEmpty { return [] }
    return [(.redistribute, .named(plan.redistributions.map { rule($0, of: plan) }))]
  }

  private static func rule(_ rule: Plan.Redistribution, of plan: Plan) -> Section {
    let tables = rule.tables.map { table -> Scalar in
      table == Plan.Redistribution.mainTable ? .word(Schema.mainTable) : .number(table)
    }
    let attributes = rule.attributes
    return section(
      rule.name,
      [
        (.tables, list(tables)), (.protocols, list(rule.origins.map(Scalar.origin))),
        (.types, list(rule.kinds.map { .word($0.description) })),
        (.allow, list(rule.allow.map(Scalar.filter))),
        (.deny, list(rule.deny.map(Scalar.filter))), (.metric, value(.metrics(rule.metrics))),
        (.defaultRoute, value(.flag(rule.includesDefault))),
        (.nextHop, value(.name(nextHop(rule, of: plan)))),
        (.prepend, value(.number(UInt32(rule.prepend)))),
      ] + given(.med, attributes.med.map(Scalar.number)) + [
        (.communities, list(attributes.communities.map(Scalar.community))),
        (.largeCommunities, list(attributes.largeCommunities.map(Scalar.largeCommunity))),
        (.limit, value(.number(UInt32(rule.limit)))), (.grace, value(.duration(rule.grace))),
        (.delay, value(.duration(rule.delay))),
      ] + udr(rule.tablesMode))
  }

  private static func udr(
    _ mode: Plan.TableMode?
  ) -> [(key: KeyName, content: Section.Content)] {
    guard let mode else { return [] }
    let section = section("udr", [(.mode, value(.word(mode.rawValue)))])
    return [(.udr, .section(section))]
  }

  private static func nextHop(_ rule: Plan.Redistribution, of plan: Plan) -> String {
    guard let nextHop = rule.nextHop,
      let host = plan.hosts.first(where: { $0.address == nextHop.ipv4 && !$0.isSelf })
    else { return Schema.selfName }
    return host.name
  }
}
