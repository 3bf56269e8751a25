// The three classes of kernel news: opened on need, each stale for itself, and every known trap.

import BGP
import Engine
import Failover
import Model
import Testing

/// An engine with one VIP, driven by hand.
private final class Driven {
  static let vip = IPv4Address(10, 1, 0, 5)
  static let local = IPv4Address(10, 0, 2, 10)

  private var engine: Engine
  private var outputs: Outputs
  private(set) var now = Instant(nanoseconds: 1_000_000_000)

  init() throws {
    let address = IPAddress.v4(Driven.vip)
    let plan = Plan(
      local: .init(asn: ASNumber(65001), address: Driven.local, identifier: Driven.local),
      routeServers: .init(
        platform: .generic, asn: ASNumber(65515), holdTime: .seconds(30),
        peers: [IPv4Address(10, 0, 1, 4)]),
      vips: [
        Plan.VIP(
          name: "web", prefixes: [try #require(Prefix(address, length: 32))],
          owner: .init(address: address, interfaces: []))
      ])
    engine = Engine(plan, seed: 1)
    outputs = Outputs(for: plan)
  }

  /// Gives one input and answers everything that comes out of it.
  @discardableResult
  func give(_ input: Input, _ bytes: [UInt8] = []) -> [Output] {
    outputs.removeAll()
    engine.handle(input, bytes.span, at: now, into: &outputs)
    return outputs.list
  }

  func pass(_ length: Nanoseconds) { now = now + length }

  /// The number of the dump that is asked for in `outputs`.
  func dump(_ what: DumpRequest) throws -> UInt32 {
    for case .dump(what, let sequence) in outputs.list { return sequence }
    throw Missing.dump(what)
  }

  enum Missing: Error { case dump(DumpRequest) }

  func notes() -> [Note] {
    outputs.list.compactMap { if case .note(let note) = $0 { note } else { nil } }
  }

  func feed(_ kernelClass: KernelClass) -> KernelFeed { engine.feed(kernelClass) }
  var isDeciding: Bool { engine.failover.isCurrent }
  var claim: Claim { engine.failover.claims[0] }
  var shifts: UInt32 { engine.shifts }
  var deadline: Instant? { engine.deadline }
  func link(_ index: Int32) -> Link? { engine.failover.view.link(InterfaceIndex(index)) }
  var list: [Output] { outputs.list }

  /// Opens the main class, with eth0 that runs and carries our own address.
  func start() throws {
    give(.opened(.interfaces, port: KernelMessages.port))
    let links = try dump(.links)
    give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try dump(.addresses)
    give(
      .kernel(.interfaces), KernelMessages.address(Driven.local, on: 2, .dump(addresses)))
    give(.kernel(.interfaces), KernelMessages.done(addresses))
    #expect(feed(.interfaces).isCurrent)
  }

  /// Lets a monitor open the routes and reads their first, empty round.
  func watchRoutes() throws {
    #expect(give(.watched(.routes)) == [.subscribe(.routes)])
    give(.opened(.routes, port: KernelMessages.port))
    try finishRoutes()
    #expect(notes() == [.complete(.routes)])
  }

  func finishRoutes() throws {
    for what in [DumpRequest.nextHops, .ipv4Routes, .ipv6Routes] {
      give(.kernel(.routes), KernelMessages.done(try dump(what)))
    }
  }
}

@Suite struct KernelNewsTests {
  // MARK: Need

  @Test func aClassIsOpenOnlyWhileSomebodyNeedsIt() throws {
    let driven = try Driven()
    try driven.start()
    #expect(driven.feed(.routes).needs == [])
    try driven.watchRoutes()
    #expect(driven.feed(.routes).isCurrent)
    #expect(driven.feed(.routes).needs == .monitor)
    #expect(driven.give(.watched(.routes)).isEmpty, "it is open already")
    #expect(driven.give(.unwatched(.routes)) == [.unsubscribe(.routes)])
    #expect(!driven.feed(.routes).isOpen)
    // The Plan keeps links and addresses whether somebody watches or not.
    #expect(driven.give(.watched(.interfaces)).isEmpty)
    #expect(driven.give(.unwatched(.interfaces)).isEmpty)
    #expect(driven.feed(.interfaces).isCurrent)
  }

  @Test func whatCannotBeOpenedIsTriedAgain() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.watched(.neighbours))
    #expect(
      driven.give(.openFailed(.neighbours, code: 24))
        == [.note(.alarm(.notOpened(.neighbours, code: 24)))])
    #expect(driven.give(.turn).isEmpty)
    driven.pass(KernelFeed.longestPause)
    let deadline = driven.deadline
    let due = try #require(deadline)
    #expect(due <= driven.now)
    #expect(driven.give(.turn).contains(.subscribe(.neighbours)))
  }

  @Test func theFirstRoundIsNoNewsAndChangesAre() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.watched(.routes))
    driven.give(.opened(.routes, port: KernelMessages.port))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    let sequence = try driven.dump(.ipv4Routes)
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(sequence))).isEmpty)
    // What happens while the dump runs is told at once: large tables need not say that they
    // changed.
    #expect(driven.give(.kernel(.routes), KernelMessages.route(2)).count == 1)
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, isGone: true)).count == 1)
  }

  // MARK: Loss

  @Test func aLossIsAnsweredWhenTheSocketIsEmptyAndNotBefore() throws {
    let driven = try Driven()
    try driven.start()
    #expect(driven.give(.overrun(.interfaces)) == [.note(.stale(.interfaces, .overrun))])
    #expect(!driven.isDeciding)
    // Later losses are silent; what is still in the socket is read and decides nothing.
    let address = KernelMessages.address(Driven.vip, on: 2)
    #expect(
      driven.give(.kernel(.interfaces), address).allSatisfy {
        if case .note(.address) = $0 { true } else { false }
      })
    #expect(driven.give(.overrun(.interfaces)).isEmpty)
    #expect(driven.give(.turn).isEmpty)
    driven.give(.drained(.interfaces))
    let links = try driven.dump(.links)
    driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    driven.give(.kernel(.interfaces), KernelMessages.done(links))
    let addresses = try driven.dump(.addresses)
    // The dump does not mention the VIP: it went while nobody was told.
    driven.give(.kernel(.interfaces), KernelMessages.done(addresses))
    #expect(driven.claim.presence == .absent)
    #expect(driven.notes().contains(.current(.interfaces)))
  }

  @Test func aLinkThatWentUnheardIsTold() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.kernel(.interfaces), KernelMessages.link(3, "eth1"))
    driven.give(.overrun(.interfaces))
    driven.give(.drained(.interfaces))
    let links = try driven.dump(.links)
    driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    driven.give(.kernel(.interfaces), KernelMessages.done(links))
    driven.give(.kernel(.interfaces), KernelMessages.done(try driven.dump(.addresses)))
    let gone = driven.notes().contains {
      if case .linkGone(InterfaceIndex(3), .some) = $0 { true } else { false }
    }
    #expect(gone)
  }

  @Test func whatHappensDuringADumpCountsOnTopOfIt() throws {
    for (isThere, comes) in [(true, false), (false, true)] {
      let driven = try Driven()
      try driven.start()
      driven.give(.overrun(.interfaces))
      driven.give(.drained(.interfaces))
      let links = try driven.dump(.links)
      driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
      driven.give(.kernel(.interfaces), KernelMessages.done(links))
      let addresses = try driven.dump(.addresses)
      if isThere {
        driven.give(
          .kernel(.interfaces), KernelMessages.address(Driven.vip, on: 2, .dump(addresses)))
      }
      driven.give(
        .kernel(.interfaces), KernelMessages.address(Driven.vip, on: 2, isGone: !comes))
      driven.give(.kernel(.interfaces), KernelMessages.done(addresses))
      #expect(driven.claim.isHeld == comes)
    }
  }

  /// The kernel builds a part while it changes, and queues the change first.
  @Test func aPartOfADumpThatIsOlderThanTheNewsBeforeItIsNotBelieved() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    for kernelClass in [KernelClass.interfaces, .routes] {
      driven.give(.overrun(kernelClass))
      driven.give(.drained(kernelClass))
      guard kernelClass == .interfaces else { continue }
      let links = try driven.dump(.links)
      driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
      driven.give(.kernel(.interfaces), KernelMessages.done(links))
      let addresses = try driven.dump(.addresses)
      driven.give(.kernel(.interfaces), KernelMessages.address(Driven.vip, on: 2, isGone: true))
      driven.give(
        .kernel(.interfaces), KernelMessages.address(Driven.vip, on: 2, .dump(addresses)))
      driven.give(.kernel(.interfaces), KernelMessages.done(addresses))
    }
    #expect(!driven.claim.isHeld)
    // Gone before the part that lists it, and gone long before one that lists it again.
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    let sequence = try driven.dump(.ipv4Routes)
    driven.give(.kernel(.routes), KernelMessages.route(1, isGone: true))
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(sequence))).isEmpty)
    driven.give(.kernel(.routes), KernelMessages.route(2))
    driven.give(.kernel(.routes), KernelMessages.route(3, .dump(sequence)))
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(sequence))).count == 1)
  }

  /// The kernel says that an IPv4 route goes before it takes it out, with nothing in between that
  /// the reader waits for: the next part, begun after the news was read, may have it still.
  @Test func aRouteThatIsToldToGoIsInNoLaterPartUntilThereIsOtherNews() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    driven.give(.overrun(.routes))
    driven.give(.drained(.routes))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    let sequence = try driven.dump(.ipv4Routes)
    driven.give(.kernel(.routes), KernelMessages.route(2, isGone: true))
    driven.give(.kernel(.routes), KernelMessages.route(1, isGone: true))
    for number in 3..<6 {
      let listed = KernelMessages.route(UInt8(number), .dump(sequence))
      #expect(driven.give(.kernel(.routes), listed).count == 1)
    }
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(sequence))).isEmpty)
    // Who told of the last one has done what was told before it: this one is new.
    #expect(driven.give(.kernel(.routes), KernelMessages.route(2, .dump(sequence))).count == 1)
    driven.give(.kernel(.routes), KernelMessages.done(sequence))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.ipv6Routes)))
    #expect(driven.feed(.routes).isCurrent)
  }

  @Test func moreNewsThanCanBeRememberedRepeatsTheDump() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.watched(.neighbours))
    driven.give(.opened(.neighbours, port: KernelMessages.port))
    let sequence = try driven.dump(.neighbours)
    for number in 0..<600 {
      driven.give(.kernel(.neighbours), KernelMessages.neighbour(UInt8(number % 250)))
    }
    driven.give(.kernel(.neighbours), KernelMessages.neighbour(251, .dump(sequence)))
    driven.give(.kernel(.neighbours), KernelMessages.done(sequence))
    #expect(driven.notes() == [.stale(.neighbours, .interruptedDump)])
    driven.pass(KernelFeed.firstPause)
    driven.give(.turn)
    driven.give(.kernel(.neighbours), KernelMessages.done(try driven.dump(.neighbours)))
    #expect(driven.notes() == [.complete(.neighbours)])
  }

  /// A dump that was given up is still sent to its end, and what it lists is older than the news
  /// that came behind the loss.
  @Test func theRestOfADumpThatWasGivenUpSaysNothing() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    driven.give(.overrun(.routes))
    driven.give(.drained(.routes))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    let old = try driven.dump(.ipv4Routes)
    driven.give(.overrun(.routes))
    driven.give(.kernel(.routes), KernelMessages.route(1, isGone: true))
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(old))).isEmpty)
    // The next one is asked for although parts of the first are still on their way.
    driven.give(.drained(.routes))
    driven.pass(KernelFeed.longestPause)
    driven.give(.turn)
    let next = try driven.dump(.nextHops)
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(old))).isEmpty)
    #expect(driven.give(.kernel(.routes), KernelMessages.done(old)).isEmpty)
    driven.give(.kernel(.routes), KernelMessages.done(next))
    let routes = try driven.dump(.ipv4Routes)
    #expect(driven.give(.kernel(.routes), KernelMessages.route(1, .dump(old))).isEmpty)
    #expect(driven.give(.kernel(.routes), KernelMessages.route(2, .dump(routes))).count == 1)
  }

  /// What was lost may have been an address that took routes along, or a link that was down for a
  /// moment.
  @Test func aLossOfInterfacesPutsRoutesInDoubt() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    driven.give(.overrun(.interfaces))
    driven.give(.drained(.interfaces))
    let links = try driven.dump(.links)
    driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", .dump(links)))
    driven.give(.kernel(.interfaces), KernelMessages.done(links))
    driven.give(.kernel(.interfaces), KernelMessages.done(try driven.dump(.addresses)))
    #expect(driven.notes() == [.stale(.routes, .silentChange), .current(.interfaces)])
    driven.pass(KernelFeed.longestPause)
    driven.give(.turn)
    try driven.finishRoutes()
    #expect(driven.notes() == [.current(.routes)])
  }

  @Test func aLossInOneClassBlindsNoOther() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    driven.give(.overrun(.routes))
    driven.give(.kernel(.routes), [1, 2, 3])
    #expect(!driven.feed(.routes).isCurrent)
    #expect(driven.feed(.interfaces).isCurrent)
    driven.give(.kernel(.interfaces), KernelMessages.address(Driven.vip, on: 2))
    #expect(driven.claim.isHeld)
    #expect(driven.shifts == 1)
  }

  @Test func anInterruptedDumpIsRepeatedAfterAPause() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.overrun(.interfaces))
    driven.give(.drained(.interfaces))
    let first = try driven.dump(.links)
    driven.give(.kernel(.interfaces), KernelMessages.done(first, isInterrupted: true))
    #expect(driven.notes() == [.stale(.interfaces, .interruptedDump)])
    #expect(driven.give(.turn).isEmpty)
    driven.pass(KernelFeed.firstPause)
    driven.give(.turn)
    #expect(try driven.dump(.links) != first)
  }

  @Test func aTableThatIsAbsentIsListedAsEmpty() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.watched(.routes))
    driven.give(.opened(.routes, port: KernelMessages.port))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.ipv4Routes), code: -2))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.ipv6Routes)))
    #expect(driven.feed(.routes).isCurrent)
    #expect(driven.feed(.routes).failures == 0)
  }

  @Test func aKernelWithoutNextHopObjectsHasNone() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.watched(.routes))
    driven.give(.opened(.routes, port: KernelMessages.port))
    driven.give(.kernel(.routes), KernelMessages.error(try driven.dump(.nextHops), code: 95))
    driven.give(.kernel(.routes), KernelMessages.error(try driven.dump(.ipv4Routes), code: 95))
    #expect(driven.notes().contains(.alarm(.dumpRefused(.routes, code: 95))))
  }

  @Test func aStormWithoutEndIsReportedAgainAndAgain() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.overrun(.neighbours))
    #expect(driven.list.isEmpty, "a class that is closed loses nothing")
    driven.give(.watched(.neighbours))
    driven.give(.opened(.neighbours, port: KernelMessages.port))
    driven.give(.overrun(.neighbours))
    var alarms = 0
    // The socket never runs empty.
    for _ in 0..<30 {
      driven.pass(.seconds(1))
      driven.give(.kernel(.neighbours), KernelMessages.neighbour(1))
      driven.give(.overrun(.neighbours))
      driven.give(.turn)
      alarms += driven.notes().count { $0 == .alarm(.staleForLong(.neighbours)) }
    }
    #expect(alarms == 6)
    #expect(driven.feed(.interfaces).isCurrent)
  }

  @Test func dumpsThatFailAreSpacedOut() throws {
    let driven = try Driven()
    try driven.start()
    var dumps = 0
    driven.give(.overrun(.interfaces))
    for _ in 0..<10_000 {
      driven.pass(.milliseconds(1))
      let asked = driven.give(.drained(.interfaces)) + driven.give(.turn)
      guard asked.contains(where: { if case .dump = $0 { true } else { false } }) else { continue }
      dumps += 1
      driven.give(.overrun(.interfaces))
    }
    // 5 ms doubled up to a second: eight dumps in the first second, one in each of the others.
    #expect((10...20).contains(dumps))
    #expect(driven.feed(.interfaces).overruns == UInt64(dumps + 1))
  }

  @Test func aDumpThatCannotBeAskedForIsAskedForAgain() throws {
    let driven = try Driven()
    try driven.start()
    driven.give(.overrun(.interfaces))
    driven.give(.drained(.interfaces))
    driven.give(.dumpFailed(.interfaces, code: 105))
    #expect(driven.notes().contains(.alarm(.dumpRefused(.interfaces, code: 105))))
    driven.pass(KernelFeed.firstPause)
    driven.give(.turn)
    _ = try driven.dump(.links)
  }

  // MARK: What the kernel does not say

  @Test(arguments: ["down", "gone", "address"])
  func routesThatGoWithoutAWordAreListed(trigger: String) throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    switch trigger {
    case "down":
      driven.give(.kernel(.interfaces), KernelMessages.link(2, "eth0", up: false, carrier: false))
    case "gone": driven.give(.kernel(.interfaces), KernelMessages.linkGone(2))
    default:
      driven.give(
        .kernel(.interfaces), KernelMessages.address(Driven.local, on: 2, isGone: true))
    }
    #expect(driven.notes().contains(.stale(.routes, .silentChange)))
    driven.pass(KernelFeed.longestPause)
    driven.give(.turn)
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.nextHops)))
    let sequence = try driven.dump(.ipv4Routes)
    driven.give(.kernel(.routes), KernelMessages.route(7, .dump(sequence)))
    let isListed = driven.notes().contains {
      if case .listed(.route) = $0 { true } else { false }
    }
    #expect(isListed)
    driven.give(.kernel(.routes), KernelMessages.done(sequence))
    driven.give(.kernel(.routes), KernelMessages.done(try driven.dump(.ipv6Routes)))
    #expect(driven.notes() == [.current(.routes)])
  }

  @Test func aLossDoesNotWaitForTheSpacingOfSilentChanges() throws {
    let driven = try Driven()
    try driven.start()
    try driven.watchRoutes()
    driven.give(.kernel(.interfaces), KernelMessages.linkGone(2))
    #expect(driven.give(.drained(.routes)).isEmpty, "a dump was just complete")
    #expect(driven.give(.overrun(.routes)) == [.note(.stale(.routes, .overrun))])
    driven.give(.drained(.routes))
    _ = try driven.dump(.nextHops)
  }

  @Test func aLostCarrierIsAskedForWhenSomethingFails() throws {
    let driven = try Driven()
    try driven.start()
    let outputs = driven.give(.doubted(InterfaceIndex(3)))
    guard case .askLink(InterfaceIndex(3), let first)? = outputs.first else {
      Issue.record("no question: \(outputs)")
      return
    }
    // A route server that cannot be reached puts the link of our own address in doubt.
    let asked = driven.give(.connectFailed(PeerSlot(0))).compactMap { output -> UInt32? in
      if case .askLink(InterfaceIndex(2), let sequence) = output { sequence } else { nil }
    }
    let sequence = try #require(asked.first)
    #expect(asked.count == 1)
    #expect(sequence != first)
    driven.give(
      .kernel(.interfaces), KernelMessages.link(2, "eth0", carrier: false, .answer(sequence)))
    #expect(driven.link(2)?.isRunning == false)
    #expect(driven.feed(.interfaces).isCurrent)
    // The kernel may not know the link any more: that is no failed dump.
    #expect(driven.give(.kernel(.interfaces), KernelMessages.error(first, code: 19)).isEmpty)
    #expect(driven.feed(.interfaces).isCurrent)
  }
}
