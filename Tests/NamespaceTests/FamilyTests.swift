// IPv6 prefixes and VIPs of both families against real speakers: announced, replaced, told again,
// and left out where the other side does not want them.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct FamilyTests {
  private static let nextHop = "2001:db8:2::10"
  private static let ipv6Host = "2001:db8:1::5"

  private static let head = """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(Duel.appliance)
      address6: \(nextHop)
    route-servers:
      platform: generic
      asn: \(VirtualNetwork.serverASN)
      hold-time: 9s
      peers: [\(Duel.judge)]
    vips:

    """
  private static let six = """
      six:
        prefixes: [\(ipv6Host)]
        owner: {when: address, settle: 0s}

    """
  /// Two VIPs that follow the same address, one of both families, one of IPv6 only; and a third
  /// that follows an IPv6 address of its own.
  private static let configuration =
    head + """
        web:
          prefixes: [\(VirtualNetwork.vipPrefix), 2001:db8:5::/48]
          owner: {when: address, settle: 0s}
        net:
          prefixes: [2001:db8:8::/45]
          owner: {when: address, address: \(VirtualNetwork.vip), settle: 0s}

      """ + six
  private static let families = #""families":["ipv4-unicast","ipv6-unicast"]"#

  private func address(_ verb: String, _ duel: Duel) throws(LabError) {
    var words = ["ip", "-6", "address", verb, "\(FamilyTests.ipv6Host)/64", "dev", Lab.interface]
    if verb == "add" { words.append("nodad") }
    try duel.lab.run(words, on: "a")
  }

  private func updates(_ tap: Wiretap) throws(LabError) -> [WireUpdate] {
    try tap.judge().updates(from: [Duel.appliance]).map(\.update)
  }

  /// Waits for so many UPDATEs in all and gives those behind the first `known`.
  private func wait(_ tap: Wiretap, for count: Int, behind known: Int) throws(LabError)
    -> [WireUpdate]
  {
    try Waiting.until("\(count) UPDATEs", within: .seconds(10)) { () throws(LabError) in
      let found = try updates(tap)
      return found.count >= count ? nil : "\(found)"
    }
    return Array(try updates(tap).dropFirst(known))
  }

  private func prefixes(_ texts: String...) throws -> [Prefix] {
    try texts.map { try #require(Prefix($0)) }
  }

  // MARK: BIRD

  private func startBird(_ duel: Duel) throws(LabError) -> Bird {
    try duel.startBird(extra: "ipv6 { import all; export none; };")
  }

  private func wait(
    for bird: Bird, _ prefix: String, pathOf length: Int
  ) throws(LabError) {
    try Waiting.until("BIRD to have \(prefix)", within: .seconds(10)) { () throws(LabError) in
      guard let wanted = Prefix(prefix) else { return "\(prefix) is none" }
      let routes = try bird.routes(to: wanted)
      return routes.first?.path.count == length ? nil : "\(routes)"
    }
  }

  @Test func `BIRD holds both families and sees each shift once`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try startBird(duel)
    try duel.startDaemon(configuration: FamilyTests.configuration)
    try duel.wait(forStatus: [Duel.established, FamilyTests.families, #""families-missing":[]"#])
    let standby = Rung.standby.pathLength
    try wait(for: bird, "\(VirtualNetwork.vipPrefix)", pathOf: standby)
    for prefix in ["2001:db8:5::/48", "2001:db8:8::/45", "\(FamilyTests.ipv6Host)/128"] {
      try wait(for: bird, prefix, pathOf: standby)
      let route = try bird.ask(["show", "route", "for", prefix, "all"])
      #expect(route.contains("BGP.next_hop: \(FamilyTests.nextHop)"), "\(route)")
    }

    // Both families of one VIP, and the prefixes of another VIP with them: one UPDATE each.
    var known = try updates(tap).count
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(for: bird, "2001:db8:8::/45", pathOf: Rung.firstTakeover.pathLength)
    try wait(for: bird, "\(VirtualNetwork.vipPrefix)", pathOf: Rung.firstTakeover.pathLength)
    var told = try wait(tap, for: known + 2, behind: known)
    #expect(
      told.map(\.announced) == [
        [VirtualNetwork.vipPrefix], try prefixes("2001:db8:5::/48", "2001:db8:8::/45"),
      ])
    #expect(told.map(\.nextHop) == [Duel.appliance, nil])
    #expect(told.map(\.nextHop6) == [nil, IPv6Address(FamilyTests.nextHop)])

    // An IPv6 address moves its own VIP, there and back again, never by a withdrawal.
    for rung in [Rung.firstTakeover.pathLength, Rung.firstTakeover.pathLength - 2] {
      known = try updates(tap).count
      try address("add", duel)
      try wait(for: bird, "\(FamilyTests.ipv6Host)/128", pathOf: rung)
      told = try wait(tap, for: known + 1, behind: known)
      #expect(told.map(\.announced) == [try prefixes("\(FamilyTests.ipv6Host)/128")])
      try address("del", duel)
    }

    // BIRD asks for each of its channels: both are answered, each with all of its own.
    known = try updates(tap).count
    _ = try bird.ask(["reload", "in", "a"])
    told = try wait(tap, for: known + 3, behind: known)
    #expect(told.count { $0.announced.contains(VirtualNetwork.vipPrefix) } == 1)
    #expect(Set(told.flatMap(\.announced)).count == 4)
    #expect(try updates(tap).allSatisfy { !$0.withdraws })

    let armed = try duel.ask(["volleys", "web", "--json"])
    for piece in [
      #""next-hop6":"\#(FamilyTests.nextHop)""#, #""prefixes":2,"prefixes6":1"#,
      #""updates":2,"updates6":1"#,
    ] {
      #expect(armed.contains(piece), "\(armed)")
    }
    let page = try duel.ask(["volleys", "web"])
    #expect(page.contains("IPv6: 1 of the prefixes, in the last 1 of the UPDATEs"), "\(page)")
  }

  /// Without an IPv6 channel it gets the rest, and the daemon says what is missing.
  @Test func `a BIRD of one family gets that family`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    let bird = try duel.startBird()
    try duel.startDaemon(configuration: FamilyTests.configuration)
    try duel.wait(
      forStatus: [
        Duel.established, #""families":["ipv4-unicast"]"#,
        #""families-missing":["ipv6-unicast"]"#,
      ])
    try wait(for: bird, "\(VirtualNetwork.vipPrefix)", pathOf: Rung.standby.pathLength)
    let page = try duel.ask(["status"])
    let sentence = "route server \(Duel.judge) does not offer ipv6-unicast"
    #expect(page.contains(sentence), "\(page)")
    let check = try duel.lab.shell.attempt(
      ["ip", "netns", "exec", duel.lab.namespace(of: "a"), BuiltPrograms.path("hopshift")]
        + ["--socket", duel.daemon?.control ?? "", "status", "--check"])
    #expect(check.status == 5 && check.output.contains(sentence), "\(check)")
    #expect(duel.daemon?.diagnosis().contains("it does not offer ipv6-unicast") == true)

    let known = try updates(tap).count
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try wait(
      for: bird, "\(VirtualNetwork.vipPrefix)", pathOf: Rung.firstTakeover.pathLength)
    let told = try wait(tap, for: known + 1, behind: known)
    #expect(told.map(\.announced) == [[VirtualNetwork.vipPrefix]])
    #expect(try updates(tap).allSatisfy { $0.nextHop6 == nil && !$0.withdraws })
  }

  // MARK: The others

  @Test(arguments: Judge.allCases)
  func `a judge sees both families`(judge: Judge) throws {
    try judge.require()
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    _ = try judge.start(duel)
    try duel.startDaemon(configuration: FamilyTests.configuration)
    try duel.wait(forStatus: [Duel.established, FamilyTests.families])
    for ipv6 in [false, true] {
      try wait(for: judge, duel, ipv6: ipv6, Rung.standby.pathLength)
    }
    let table = try judge.table(duel, ipv6: true) ?? ""
    for text in [FamilyTests.nextHop, "2001:db8:5::/48", "2001:db8:8::/45", FamilyTests.ipv6Host] {
      #expect(table.contains(text), "\(table)")
    }

    var known = try updates(tap).count
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    let told = try wait(tap, for: known + 2, behind: known)
    #expect(told.map(\.announced.count) == [1, 2])
    try address("add", duel)
    // The last line of a table is of the highest prefix; only when all have moved it counts.
    for ipv6 in [false, true] {
      try wait(for: judge, duel, ipv6: ipv6, Rung.firstTakeover.pathLength)
    }

    known = try updates(tap).count
    if try judge.askAgain(duel, ipv6: true) {
      // Asked for both, IPv4 is told first.
      try Waiting.until("IPv6 once more", within: .seconds(10)) { () throws(LabError) in
        let found = try updates(tap).dropFirst(known)
        return found.contains { $0.nextHop6 != nil } ? nil : "\(found)"
      }
      let again = try updates(tap).dropFirst(known)
      // It can be told to ask for one family only.
      if judge == .frr { #expect(again.allSatisfy { $0.nextHop == nil }) }
    }
    #expect(try updates(tap).allSatisfy { !$0.withdraws })
    let faults = try tap.judge().faultsOfWholeRun(
      speakers: [Duel.appliance], until: Moment(nanoseconds: Clock.wall().nanoseconds))
    #expect(faults.isEmpty, "\(faults)")
    try takeBack(judge, duel, tap)
  }

  /// Two VIPs go from the file: the judge loses their routes of both families, and keeps the third.
  private func takeBack(_ judge: Judge, _ duel: Duel, _ tap: Wiretap) throws {
    let known = try updates(tap).count
    _ = try duel.lab.write("a.yaml", FamilyTests.head + FamilyTests.six)
    _ = try duel.ask(["reload"])
    let gone = ["\(VirtualNetwork.vip)", "2001:db8:5::/48", "2001:db8:8::/45"]
    for prefix in gone {
      try Waiting.until("\(judge) to lose \(prefix)", within: .seconds(15)) { () throws(LabError) in
        guard let table = try judge.table(duel, ipv6: prefix.contains(":")) else {
          return "no answer"
        }
        return judge.hasLost(prefix, table) ? nil : table
      }
    }
    let left = try judge.table(duel, ipv6: true) ?? ""
    #expect(!judge.hasLost(FamilyTests.ipv6Host, left), "\(left)")
    let told = try updates(tap).dropFirst(known)
    #expect(told.allSatisfy { $0.announced.isEmpty }, "\(told)")
    #expect(told.flatMap(\.withdrawn) == [VirtualNetwork.vipPrefix])
    #expect(
      Set(told.flatMap(\.withdrawn6)) == Set(try prefixes("2001:db8:5::/48", "2001:db8:8::/45")))
  }

  private func wait(
    for judge: Judge, _ duel: Duel, ipv6: Bool, _ length: Int
  ) throws(LabError) {
    let family = ipv6 ? "IPv6" : "IPv4"
    try Waiting.until("\(judge) to have \(family) of \(length)", within: .seconds(15)) {
      () throws(LabError) in
      let found = try judge.path(duel, ipv6: ipv6)?.count
      return found == length ? nil : "\(found.map { "\($0)" } ?? "no route")"
    }
  }
}
