// Route tables: every key set, the defaults, and a file without route servers.
import Configuration
import Model
import Testing

struct AzureTests {
  private static let table =
    "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups/rg-1/providers/"
    + "Microsoft.Network/routeTables/rt"

  /// Files that together have every key about route tables.
  static let texts = [
    file(
      vips: """
        a: {prefixes: [10.1.0.4/31], owner: {when: address, address: 10.1.0.5},
            udr: {mode: floor, prefixes: [10.1.0.0/24]}}
          b: {prefixes: [10.2.0.5], owner: {when: address}, udr: {mode: fallback, after: 500ms}}
          c: {prefixes: [10.3.0.5], owner: {when: address}, udr: {mode: mirror}}
          d: {prefixes: [10.4.0.5], owner: {when: address}, udr: {mode: only}}
        """) + """
        azure:
          route-tables: [\(table)]
          identity: 01234567-89ab-cdef-0123-456789abcdef
          drift: report
          scheduled-events: shift
          freeze-events: true
          acknowledge-events: true
          writer: b
        metrics: {listen: "127.0.0.1:9469"}

        """,
    """
    local: {address: 10.0.2.10}
    vips:
      web: {prefixes: [10.1.0.5], owner: {when: address}, udr: {mode: only}}

    """,
  ]

  @Test func everyKeyIsTaken() throws {
    let plan = try #require(check(AzureTests.texts[0]).plan)
    #expect(
      plan.azure
        == Plan.Azure(
          routeTables: [AzureTests.table], identity: "01234567-89ab-cdef-0123-456789abcdef",
          repairsDrift: false, scheduledEvents: .shift, dodgesFreezes: true,
          acknowledgesEvents: true, writer: VIPSlot(1)))
    #expect(plan.metrics == "127.0.0.1:9469")
    let floor = try #require(Prefix("10.1.0.0/24"))
    #expect(
      plan.vips.map(\.udr) == [
        Plan.UDR(mode: .floor, prefixes: [floor]),
        Plan.UDR(mode: .fallback, prefixes: plan.vips[1].prefixes, after: .milliseconds(500)),
        Plan.UDR(mode: .mirror, prefixes: plan.vips[2].prefixes),
        Plan.UDR(mode: .only, prefixes: plan.vips[3].prefixes),
      ])
    #expect(plan.vips.map(\.isAnnounced) == [true, true, true, false])
  }

  /// Beside BGP the mode that never hides a route of it; alone, the one that is left.
  @Test func aModeNeedNotBeNamed() throws {
    let beside = try #require(
      check(
        file(
          vips: """
            a: {prefixes: [10.1.0.5], owner: {when: address}, udr: {prefixes: [10.1.0.4/31]}}
            """)
      ).plan)
    #expect(beside.vips[0].udr?.mode == .floor)
    let alone = try #require(check(AzureTests.texts[1].replacing("{mode: only}", with: "{}")).plan)
    #expect(alone.vips[0].udr == Plan.UDR(mode: .only, prefixes: alone.vips[0].prefixes))
    #expect(!alone.vips[0].isAnnounced)
  }

  @Test(arguments: [(107, true), (108, false)])
  func theKernelTakesNoLongerPathOfASocket(_ length: Int, _ isGood: Bool) {
    let path = "/" + String(repeating: "x", count: length - 1)
    let report = check(AzureTests.texts[1] + "metrics: {listen: \(path)}\n")
    #expect((report.plan?.metrics == path) == isGood)
    let errors = report.problems.filter { $0.severity == .error }
    #expect(errors.allSatisfy { $0.message.contains("at most 107 bytes") })
    #expect(errors.isEmpty == isGood)
  }

  @Test func withoutRouteServersThereIsNoNumber() throws {
    let plan = try #require(check(AzureTests.texts[1]).plan)
    #expect(plan.routeServers == .absent && plan.local.asn == Plan.Local.withoutSessions)
    #expect(plan.azure == Plan.Azure() && plan.metrics == nil)
    #expect(plan.vips[0].udr?.after == Plan.UDR.usualAfter)
    #expect(try #require(check(file()).plan).azure == nil)
  }

  @Test(arguments: texts)
  func effectiveReadsBackAsTheSamePlan(text: String) throws {
    let plan = try #require(check(text).plan)
    let printed = Configuration.effective(plan)
    #expect(check(printed).plan == plan, "\(printed)")
  }
}
