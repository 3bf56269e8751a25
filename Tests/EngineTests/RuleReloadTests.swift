// Other rules for the kernel's routes by a reload: what is listed, said and left alone.

import BGP
import Engine
import Model
import Testing
import World

struct RuleReloadTests {
  private func ready(allow: String) throws -> Exporting {
    let exporting = try Exporting(allow: allow)
    exporting.establish(PeerSlot(0))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64, 65, 66])
    _ = exporting.pass(.milliseconds(100))
    return exporting
  }

  private func filter(_ allow: String) throws -> Plan.PrefixFilter {
    .init(try #require(Prefix(allow)), 9...24)
  }

  private func texts(_ prefixes: [Prefix]) -> [String] { prefixes.map(\.description) }

  @Test func aWiderFilterListsTheKernelAndSaysWhatIsNew() throws {
    let exporting = try ready(allow: "10.64.0.0/15")
    let wider = try filter("10.0.0.0/8")
    let narrow = try filter("10.65.0.0/16")
    #expect(exporting.reload { $0.redistributions[0].allow = [wider] }.isEmpty)
    try exporting.list([64, 65, 66])
    let more = exporting.pass(.milliseconds(100))
    #expect(more.map { texts($0.announced) } == [["10.66.0.0/16"]])
    #expect(more.allSatisfy { $0.withdrawn.isEmpty })
    #expect(exporting.reload { $0.redistributions[0].allow = [narrow] }.isEmpty)
    try exporting.list([64, 65, 66])
    let less = exporting.pass(.milliseconds(100))
    #expect(less.map { texts($0.withdrawn) } == [["10.64.0.0/16", "10.66.0.0/16"]])
    #expect(exporting.volleys == 0)
  }

  @Test func anotherWayToSayItIsOneUPDATE() throws {
    let exporting = try ready(allow: "10.0.0.0/8")
    let said = exporting.reload { $0.redistributions[0].prepend = 2 }
    #expect(said.map(\.announced.count) == [3])
    #expect(said.first?.path == [65001, 65001, 65001])
    #expect(exporting.pass(.seconds(1)).isEmpty)
    // A route server that comes later hears the same, and asking again tells no more.
    exporting.establish(PeerSlot(1))
    exporting.give(.turn)
    #expect(exporting.told(PeerSlot(1)).first?.path.count == 3)
  }

  @Test func theLastRuleGoesAndOneComesAgain() throws {
    let exporting = try ready(allow: "10.0.0.0/8")
    let rules = exporting.plan.redistributions
    let said = exporting.reload { $0.redistributions = [] }
    #expect(said.flatMap { texts($0.withdrawn) }.count == 3)
    #expect(exporting.total == 0)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    // Nobody listens to routes any more, and whoever comes is told the end of what there is.
    exporting.route(67)
    #expect(exporting.pass(.seconds(1)).isEmpty)
    #expect(exporting.transplant())
    #expect(exporting.reload { $0.redistributions = rules }.isEmpty)
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64, 67])
    let back = exporting.pass(.milliseconds(100))
    #expect(back.map { texts($0.announced) } == [["10.64.0.0/16", "10.67.0.0/16"]])
    #expect(back.allSatisfy { !$0.isEndOfRIB }, "this session was told its end long ago")
  }

  /// What stands is not said to whoever asks before it is known what follows.
  @Test func aStateInTheMiddleGoesOnElsewhere() throws {
    let exporting = try ready(allow: "10.0.0.0/8")
    let narrow = try filter("10.65.0.0/16")
    _ = exporting.reload { $0.redistributions[0].allow = [narrow] }
    try exporting.list([65])
    #expect(exporting.transplant())
    let less = exporting.pass(.milliseconds(100))
    #expect(less.map { texts($0.withdrawn) } == [["10.64.0.0/16", "10.66.0.0/16"]])
  }
}
