// A real kernel's routes in a route table: hopshiftd decides, the courier writes, both are killed.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct TableRouteTests {
  private static let configuration = """
    local: {address: \(Duel.appliance)}
    vips:
      web:
        prefixes: [\(VirtualNetwork.vipPrefix)]
        owner: {when: address, settle: 0s}
        udr: {mode: only}
    redistribute:
      branches: {protocols: [bird], allow: [10.64.0.0/12 le 28], udr: {mode: only}}
    azure:
      route-tables:
        - /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g\
    /providers/Microsoft.Network/routeTables/rt

    """

  /// Waits until so many routes are there, and all of these words besides.
  private func wait(
    _ courts: Courts, for count: Int, _ pieces: [String] = []
  ) throws(LabError) {
    let duel = courts.duel
    try Waiting.until("\(count) routes to be written", within: .seconds(300)) {
      () throws(LabError) in
      try duel.daemon?.checkRunning()
      let answer = try duel.ask(["routes", "--json"])
      let found = answer.split(separator: "\n").count { $0.contains(#""table":"done""#) }
      let isThere = pieces.allSatisfy { answer.contains($0) }
      return found == count && isThere ? nil : "\(found)\n\(answer.suffix(2_000))\n\(courts.log)"
    }
  }

  private static func name(_ number: UInt32) -> String {
    "hopshift_\(IPv4Address(bits: 0x0a40_0000 + number << 4))_28"
  }

  @Test func `a table is in step with the kernel, whoever is killed meanwhile`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try courts.set("polls 0")
    // Somebody else has a route for one of the prefixes.
    try courts.set(
      #"meddle {"name":"by-hand","properties":{"addressPrefix":"10.64.0.16/28","#
        + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.9.9.9"}}"#)
    let exports = ExportTests()
    try exports.addCable(duel)
    try duel.startDaemon(configuration: TableRouteTests.configuration)
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    try exports.change(duel, ExportTests.routes("add", 12))
    let taken = "route by-hand has this prefix, and it is not ours"
    try wait(courts, for: 11, [taken])
    try courts.wait(for: ["10.64.0.16/28: failed", taken], of: ["status"])
    try courts.wait(for: ["problem: the route to 10.64.0.16/28"], of: courts.doctor)
    // Refused in the middle, and an address comes meanwhile: it is written first of all.
    try courts.set("put_status 429")
    try exports.change(duel, ExportTests.routes("replace", 30))
    try wait(courts, for: 11, [#""table":"failed""#])
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try courts.wait(for: [#""voice":"ours""#], of: ["desired", "--json"])
    let before = courts.writes.count
    try courts.set("put_status 0")
    try wait(courts, for: 29)
    let after = courts.writes.dropFirst(before).filter { $0.contains(" PUT ") }
    let shift = try #require(after.firstIndex { $0.contains(Courts.route) })
    // One of a route may have been on its way already, with its repetition.
    #expect(shift - after.startIndex <= 2, "\(after)")
    // Six go while nobody writes.
    try courts.killCourier()
    try exports.change(duel, Array(ExportTests.routes("del", 6)))
    try courts.startCourier()
    try Waiting.until("the routes to be deleted", within: .seconds(60)) { () throws(LabError) in
      let deleted = courts.writes.filter { $0.contains(" DELETE ") }
      let isDone = ([0, 2, 3, 4, 5] as [UInt32]).allSatisfy { number in
        deleted.contains { $0.contains(" \(TableRouteTests.name(number)) ") }
      }
      return isDone ? nil : "\(deleted)"
    }
    try wait(courts, for: 24)
    // Another start of the daemon finds what it wants, and writes nothing.
    let puts = courts.writes.count { $0.contains(" PUT ") }
    try courts.kill(duel.daemon?.daemonProcess)
    try duel.daemon?.startAgain()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    try wait(courts, for: 24)
    #expect(courts.writes.count { $0.contains(" PUT ") } == puts)
    #expect(courts.writes.count { $0.contains(" DELETE ") } == 5)
    #expect(!courts.writes.contains { $0.contains("by-hand") })
    let page = try duel.ask(["routes"])
    #expect(page.contains("written by this machine"), "\(page)")
  }

  /// 300 routes, less the one of the VIP. The server of this test takes no time for a change, as
  /// Azure does for each: there the same is a matter of ten minutes.
  @Test(.enabled(if: Environment.has("HOPSHIFT_LONG")))
  func `a table gets as full as it may, and what has no room is shown and moves up`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try courts.set("polls 0")
    let exports = ExportTests()
    try exports.addCable(duel)
    try exports.change(duel, ExportTests.routes("add", 310))
    try duel.startDaemon(configuration: TableRouteTests.configuration)
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    try wait(courts, for: 299, [#""wanted":299,"left-out":11,"limit":299"#])
    try courts.wait(for: ["left out: no room"], of: ["routes", "--held"])
    #expect(try duel.log().contains { $0.contains("11 routes") }, "an alarm")
    // Whoever came last has no room, and gets that of whoever goes.
    let name = TableRouteTests.name(309)
    #expect(!courts.writes.contains { $0.contains(name) })
    try exports.change(duel, Array(ExportTests.routes("del", 20)))
    try wait(courts, for: 290, [#""wanted":290,"left-out":0,"limit":299"#])
    #expect(courts.writes.contains { $0.contains(name) })
    try wait(courts, toHaveDeleted: Array(0..<20))
    #expect(courts.writes.count { $0.contains(" PUT ") } == 310)
  }

  /// Rules come, change and go by a reload: their routes come and go, and nobody else's.
  @Test func `a table follows the rules of a reload`() throws {
    let courts = try Courts()
    let duel = courts.duel
    defer { duel.tearDown() }
    try courts.set("polls 0")
    try courts.set(
      #"meddle {"name":"by-hand","properties":{"addressPrefix":"10.64.0.16/28","#
        + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.9.9.9"}}"#)
    let exports = ExportTests()
    try exports.addCable(duel)
    try exports.change(duel, ExportTests.routes("add", 4))
    try exports.change(duel, ExportTests.routes("add", 3, block: 0x0a48_0000, proto: "4"))
    let text = TableRouteTests.configuration
    try duel.startDaemon(configuration: text)
    try courts.startCourier()
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
    try wait(courts, for: 3)

    let rule = text.split(separator: "\n").first { $0.hasPrefix("  branches:") } ?? ""
    let fixed = "  fixed: {protocols: [static], allow: [10.64.0.0/12 le 28], udr: {mode: only}}"
    try reload(courts, text.replacing(rule, with: "\(rule)\n\(fixed)"))
    try wait(courts, for: 6)
    #expect(!courts.writes.contains { $0.contains(" DELETE ") })

    // Of BIRD's two are left, one of which is somebody's by hand.
    let narrow = rule.replacing("10.64.0.0/12", with: "10.64.0.0/27")
    try reload(courts, text.replacing(rule, with: "\(narrow)\n\(fixed)"))
    try wait(courts, toHaveDeleted: [2, 3])
    try wait(courts, for: 4)

    // Under another name, and in another order, a rule writes what is there.
    let puts = courts.writes.count { $0.contains(" PUT ") }
    let renamed = fixed.replacing("fixed:", with: "stable:")
    try reload(courts, text.replacing(rule, with: "\(renamed)\n\(narrow)"))
    try wait(courts, for: 4, [#""rule":"stable""#])

    try reload(courts, text.replacing("redistribute:\n\(rule)\n", with: ""))
    let fixedNumbers: [UInt32] = [0x8000, 0x8001, 0x8002]
    try wait(courts, toHaveDeleted: [0, 2, 3] + fixedNumbers)
    #expect(courts.writes.count { $0.contains(" PUT ") } == puts)
    #expect(!courts.writes.contains { $0.contains("by-hand") })
    try courts.wait(for: [#""connected":true"#], of: ["status", "--json"])
  }

  private func reload(_ courts: Courts, _ text: String) throws(LabError) {
    _ = try courts.duel.lab.write("a.yaml", text)
    _ = try courts.duel.ask(["reload"])
  }

  private func wait(_ courts: Courts, toHaveDeleted numbers: [UInt32]) throws(LabError) {
    let names = Set(numbers.map(TableRouteTests.name))
    try Waiting.until("\(names) to be deleted", within: .seconds(60)) { () throws(LabError) in
      let deleted = courts.writes.filter { $0.contains(" DELETE ") }.compactMap { line in
        line.split(separator: " ").first { $0.hasPrefix("hopshift_") }.map(String.init)
      }
      return Set(deleted) == names ? nil : "\(deleted)\n\(courts.log)"
    }
  }
}
