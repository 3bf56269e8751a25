// Facts of recorded datagrams agree with pyroute2 and libmnl; mutated ones never trap.

import CMnl
import Model
import Rtnetlink
import Testing

struct FactCursorTests {
  /// Every step of a datagram up to the end; bounded, because a cursor that stands still is a
  /// defect.
  static func steps(_ bytes: [UInt8], port: UInt32 = 0) -> (steps: [Step], interrupted: Bool) {
    var cursor = FactCursor(port: port)
    var steps: [Step] = []
    while steps.count <= bytes.count {
      let step = cursor.next(in: bytes.span)
      if step == .end { return (steps, cursor.sawInterruption) }
      steps.append(step)
    }
    Issue.record("the cursor does not move")
    return (steps, cursor.sawInterruption)
  }

  @Test func theRecordingIsThere() {
    #expect(Recorded.all.count > 300)
    #expect(Recorded.all.contains { $0.decoded?.contains { $0.event == "RTM_NEWADDR" } ?? false })
  }

  @Test(arguments: Recorded.all.filter { $0.expected == "parse" && $0.decoded != nil })
  func agreesWithPyroute2(row: Recorded) throws {
    let decoded = try #require(row.decoded)
    let facts = FactCursorTests.steps(row.bytes).steps
    try #require(facts.count == decoded.count)
    for (step, theirs) in zip(facts, decoded) { check(step, theirs) }
  }

  private func check(_ step: Step, _ theirs: Recorded.Decoded) {
    switch theirs.event {
    case "RTM_NEWLINK" where theirs.family == 0 && theirs.index > 0:
      guard case .fact(.link(let link)) = step else {
        Issue.record("\(step) is no link")
        return
      }
      #expect(Int(link.index.value) == theirs.index)
      #expect(link.name.description == theirs.name ?? "")
      #expect(link.isUp == (theirs.flags & 1 != 0))
      #expect(link.hasCarrier == (theirs.flags & 1 << 16 != 0))
      #expect(link.isLoopback == (theirs.flags & 8 != 0))
      if let state = theirs.operationalState {
        #expect(link.operationalState.description.replacing("-", with: "") == state.lowercased())
      }
      #expect(link.mtu == UInt32(theirs.numbers["IFLA_MTU"] ?? 0))
      #expect(link.master.map { Int($0.value) } == theirs.numbers["IFLA_MASTER"])
      #expect(link.hardwareAddress?.description == theirs.texts["IFLA_ADDRESS"])
    case "RTM_DELLINK" where theirs.family == 0:
      #expect(step == .fact(.linkGone(InterfaceIndex(Int32(theirs.index)))))
    case "RTM_NEWADDR", "RTM_DELADDR": checkAddress(step, theirs)
    case "RTM_NEWROUTE" where theirs.numbers["flags", default: 0] & 0x200 == 0,
      "RTM_DELROUTE":
      Agreement.route(step, theirs)
    case "RTM_NEWNEIGH" where theirs.family != 7, "RTM_DELNEIGH" where theirs.family != 7:
      Agreement.neighbour(step, theirs)
    default:
      // A decoder error of pyroute2 stands as a bare number: it says nothing about the message.
      if Int(theirs.event) != nil { return }
      // Rules, bridge ports and the exception cache: nothing that a class tells.
      if case .fact(let fact) = step, case .dumpDone = fact { return }
      #expect(step == .skipped)
    }
  }

  private func checkAddress(_ step: Step, _ theirs: Recorded.Decoded) {
    let address: InterfaceAddress
    switch (step, theirs.event) {
    case (.fact(.address(let new)), "RTM_NEWADDR"): address = new
    case (.fact(.addressGone(let old)), "RTM_DELADDR"): address = old
    default:
      Issue.record("\(step) is no \(theirs.event)")
      return
    }
    #expect(Int(address.interface.value) == theirs.index)
    #expect(Int(address.prefixLength) == theirs.prefixLength)
    #expect(address.address.description == theirs.local ?? theirs.address)
    #expect(address.isTentative == (theirs.flags & 0x48 != 0))
    #expect(address.isDeprecated == (theirs.flags & 0x20 != 0))
    #expect(address.isSecondary == (theirs.flags & 1 != 0))
    #expect(address.label.description == theirs.texts["IFA_LABEL"] ?? "")
  }

  @Test(arguments: Recorded.all.filter { $0.expected == "parse" })
  func walksAsLibmnlDoes(row: Recorded) {
    var left = Int32(row.bytes.count)
    var expected = 0
    unsafe row.bytes.withUnsafeBytes { raw in
      var header = unsafe raw.baseAddress?.assumingMemoryBound(to: nlmsghdr.self)
      while let message = unsafe header, unsafe mnl_nlmsg_ok(message, left) {
        expected += 1
        unsafe header = UnsafePointer(mnl_nlmsg_next(message, &left))
      }
    }
    #expect(FactCursorTests.steps(row.bytes).steps.count == expected)
  }

  @Test(arguments: Recorded.all)
  func everyCutAndEveryFlipIsAnAnswer(row: Recorded) {
    for length in stride(from: 0, to: row.bytes.count, by: 7) {
      _ = FactCursorTests.steps(Array(row.bytes[..<length]))
    }
    var generator = SplitMix(state: 0x5eed ^ UInt64(row.bytes.count))
    for _ in 0..<50 where !row.bytes.isEmpty {
      var bytes = row.bytes
      for _ in 0..<(1 + generator.next() % 4) {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      _ = FactCursorTests.steps(bytes)
    }
  }

  @Test(arguments: Recorded.all.filter { $0.expected == "restart-dump" })
  func anInterruptedDumpIsSeen(row: Recorded) {
    #expect(FactCursorTests.steps(row.bytes, port: 0).interrupted)
    #expect(!FactCursorTests.steps(row.bytes, port: 77).interrupted)
  }

  @Test func aLengthThatCannotBeEndsTheWalk() {
    let short: [UInt8] = [15, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(FactCursorTests.steps(short).steps == [.malformed(offset: 0)])
    let long: [UInt8] = [17, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(FactCursorTests.steps(long).steps == [.malformed(offset: 0)])
  }

  /// nlmsghdr + NLMSG_DONE or NLMSG_ERROR with a 32-bit number.
  private func message(_ type: UInt8, port: UInt8, code: Int32) -> [UInt8] {
    let number = UInt32(bitPattern: code)
    let body = (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
    return [20, 0, 0, 0, type, 0, 2, 0, 9, 0, 0, 0, port, 0, 0, 0] + body
  }

  @Test func endsOfDumpsCountOnlyForOurPort() {
    let done = message(3, port: 7, code: 0)
    #expect(
      FactCursorTests.steps(done, port: 7).steps
        == [.fact(.dumpDone(sequence: 9, interrupted: false))])
    #expect(FactCursorTests.steps(done, port: 8).steps == [.skipped])
    #expect(
      FactCursorTests.steps(message(2, port: 7, code: -16), port: 7).steps
        == [.fact(.refused(sequence: 9, code: 16))])
    #expect(
      FactCursorTests.steps(message(3, port: 7, code: -2), port: 7).steps
        == [.fact(.dumpDone(sequence: 9, interrupted: false))],
      "ENOENT: no such table")
    #expect(
      FactCursorTests.steps(message(3, port: 7, code: -4), port: 7).steps
        == [.fact(.refused(sequence: 9, code: 4))])
    #expect(
      FactCursorTests.steps(message(2, port: 7, code: .min), port: 7).steps
        == [.fact(.refused(sequence: 9, code: .max))])
    #expect(FactCursorTests.steps(message(2, port: 7, code: 0), port: 7).steps == [.skipped])
  }

  @Test func aBridgePortThatLeavesIsNoLostLink() throws {
    var gone = try #require(
      Recorded.all.first { $0.decoded?.first?.event == "RTM_DELLINK" })
    let index = try #require(gone.decoded?.first?.index)
    #expect(
      FactCursorTests.steps(gone.bytes).steps
        == [.fact(.linkGone(InterfaceIndex(Int32(index))))])
    // ifi_family becomes AF_BRIDGE.
    gone.bytes[16] = 7
    #expect(FactCursorTests.steps(gone.bytes).steps == [.skipped])
  }
}

/// A small seeded generator, so that a failure repeats.
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
