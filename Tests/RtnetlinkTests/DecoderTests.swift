// What the recording lacks: next hop objects, foreign gateways, many next hops, VFs, lifetimes.

import Model
import Rtnetlink
import Testing

struct DecoderTests {
  private static func only(_ message: Message, port: UInt32 = 0) throws -> Step {
    let steps = FactCursorTests.steps(message.bytes, port: port).steps
    try #require(steps.count == 1)
    return steps[0]
  }

  /// rtmsg of 10.64.0.0/16, table 100 in its byte, protocol bird, unicast.
  private static func route(_ type: UInt16 = 24, flags: UInt16 = 0) -> Message {
    Message(type, flags: flags).fixed([2, 16, 0, 0, 100, 12, 0, 1, 0, 0, 0, 0])
      .attribute(1, [10, 64, 0, 0])
  }

  private static func route(of step: Step) throws -> Route {
    guard case .fact(.route(let route, _)) = step else {
      throw Refused.other(step)
    }
    return route
  }

  private enum Refused: Error { case other(Step) }

  @Test func aRouteMayNameAnObjectAndATableBeyondAByte() throws {
    let message = Self.route().attribute(15, Message.native32(70_000))
      .attribute(30, Message.native32(7)).attribute(6, Message.native32(20))
    let route = try Self.route(of: Self.only(message))
    #expect(route.destination == Prefix("10.64.0.0/16"))
    #expect(route.table == 70_000)
    #expect(route.nextHopID == 7)
    #expect(route.metric == 20)
    #expect(route.nextHops.count == 0)
    #expect(route.origin.description == "bird")
    #expect(route.kind.description == "unicast")
  }

  @Test func aReplacementIsToldAsOne() throws {
    for (flags, expected) in [
      (UInt16(0x100), RouteArrival.instead), (0x600, .alone), (0x400, .beside), (0xc00, .beside),
      (0, .beside),
    ] {
      guard case .fact(.route(_, let arrival)) = try Self.only(Self.route(flags: flags)) else {
        Issue.record("no route")
        return
      }
      #expect(arrival == expected, "flags \(flags)")
    }
    guard case .fact(.routeGone) = try Self.only(Self.route(25)) else {
      Issue.record("RTM_DELROUTE is no loss")
      return
    }
  }

  @Test func aGatewayMayBeOfTheOtherFamily() throws {
    let gateway: [UInt8] = [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
    let message = Self.route().attribute(18, Message.native16(10) + gateway)
      .attribute(4, Message.native32(3))
    let route = try Self.route(of: Self.only(message))
    #expect(route.nextHops.count == 1)
    #expect(route.nextHops[0].gateway?.description == "fe80::1")
    #expect(route.nextHops[0].interface == InterfaceIndex(3))
  }

  @Test func nextHopsBeyondTheLimitAreCounted() throws {
    var several: [UInt8] = []
    for number in UInt8(1)...7 {
      let gateway = Message.attribute(5, [10, 0, 0, number])
      several += Message.native16(UInt16(8 + gateway.count)) + [0, number - 1]
      several += Message.native32(UInt32(number)) + gateway
    }
    let route = try Self.route(of: Self.only(Self.route().attribute(9, several)))
    #expect(route.nextHops.count == NextHops.limit)
    #expect(route.nextHops.leftOut == 7 - NextHops.limit)
    for index in 0..<NextHops.limit {
      #expect(route.nextHops[index].gateway?.description == "10.0.0.\(index + 1)")
      #expect(route.nextHops[index].interface == InterfaceIndex(Int32(index + 1)))
      #expect(route.nextHops[index].weight == UInt16(index + 1))
    }
    // A hop longer than the attribute that holds it.
    several[0] = 200
    #expect(try Self.only(Self.route().attribute(9, several)) == .malformed(offset: 0))
  }

  @Test func whatIsNoTableEntryIsSkipped() throws {
    let cloned = Message(24).fixed([2, 32, 0, 0, 254, 0, 0, 1] + Message.native32(0x200))
      .attribute(1, [10, 0, 0, 1])
    #expect(try Self.only(cloned) == .skipped)
    let multicast = Message(24).fixed([128, 32, 0, 0, 254, 0, 0, 5, 0, 0, 0, 0])
    #expect(try Self.only(multicast) == .skipped)
    let bridged = Message(28).fixed([7, 0, 0, 0, 3, 0, 0, 0, 0x80, 0, 0, 0])
    #expect(try Self.only(bridged) == .skipped)
  }

  @Test func nextHopObjects() throws {
    let single = Message(104).fixed([2, 0, 4, 0, 0, 0, 0, 0])
      .attribute(1, Message.native32(7)).attribute(5, Message.native32(3))
      .attribute(6, [10, 0, 0, 1])
    #expect(
      try Self.only(single)
        == .fact(
          .nextHop(
            NextHopObject(
              id: 7, origin: Route.Origin(4),
              nextHop: NextHop(
                gateway: .v4(IPv4Address(10, 0, 0, 1)), interface: InterfaceIndex(3)),
              isBlackhole: false, groupSize: 0))))
    let group = Message(105).fixed([0, 0, 4, 0, 0, 0, 0, 0])
      .attribute(1, Message.native32(9)).attribute(2, [UInt8](repeating: 0, count: 16))
    guard case .fact(.nextHopGone(let gone)) = try Self.only(group) else {
      Issue.record("RTM_DELNEXTHOP is no loss")
      return
    }
    #expect(gone.id == 9)
    #expect(gone.groupSize == 2)
    let nameless = Message(104).fixed([2, 0, 4, 0, 0, 0, 0, 0])
    #expect(try Self.only(nameless) == .malformed(offset: 0))
  }

  /// ifinfomsg of link 5, up and running, with IFF_SLAVE or not; master 2.
  private static func link(slave: Bool, info: [UInt8]?) -> Message {
    let flags: UInt32 = 0x1_0043 | (slave ? 0x800 : 0)
    var message = Message(16).fixed(
      [0, 0, 1, 0] + Message.native32(5) + Message.native32(flags) + Message.native32(0)
    ).attribute(3, Array("enP1\0".utf8)).attribute(10, Message.native32(2))
      .attribute(1, [2, 0, 0, 0, 0, 9])
    if let info { message = message.attribute(18 | 0x8000, info) }
    return message
  }

  @Test func aVFIsASlaveWhoseMasterNamesNoKind() throws {
    func isVF(_ message: Message) throws -> Bool? {
      guard case .fact(.link(let link)) = try Self.only(message) else { return nil }
      #expect(link.master == InterfaceIndex(2))
      #expect(link.hardwareAddress?.description == "02:00:00:00:00:09")
      return link.isVirtualFunction
    }
    #expect(try isVF(Self.link(slave: true, info: nil)) == true)
    let kind = Message.attribute(1, Array("vlan\0".utf8))
    #expect(try isVF(Self.link(slave: true, info: kind)) == true)
    let bond = Message.attribute(4, Array("bond\0".utf8))
    #expect(try isVF(Self.link(slave: true, info: bond)) == false)
    #expect(try isVF(Self.link(slave: false, info: nil)) == false)
    #expect(
      try Self.only(Self.link(slave: true, info: [9, 0, 4, 0, 1])) == .malformed(offset: 0))
  }

  @Test func lifetimesOfAnAddress() throws {
    let message = Message(20).fixed([10, 64, 1, 0] + Message.native32(4))
      .attribute(1, [0xfd] + [UInt8](repeating: 0, count: 14) + [7])
      .attribute(6, Message.native32(60) + Message.native32(120) + Message.native32(0))
    guard case .fact(.address(let address)) = try Self.only(message) else {
      Issue.record("no address")
      return
    }
    #expect(address.preferredLifetime == Lifetime(seconds: 60))
    #expect(address.lifetime == Lifetime(seconds: 120))
    #expect(address.isSecondary, "IPv6: temporary")
    #expect(address.label == .none)
  }

  /// A dump's messages carry our port and NLM_F_MULTI; a change that another process asked for
  /// carries that process's port.
  @Test(arguments: [(UInt16(2), UInt32(7), true), (2, 8, false), (0, 7, false), (0, 0, false)])
  func listedIsWhatWeAskedFor(flags: UInt16, port: UInt32, isListed: Bool) {
    var message = Self.route(flags: flags)
    message.port = port
    var cursor = FactCursor(port: 7)
    _ = cursor.next(in: message.bytes.span)
    #expect(cursor.isListed == isListed)
  }
}
