// The kernel of one appliance: links, addresses, one rtnetlink socket, and the ways in which that
// socket fails.

package import Engine
package import Model

/// What the socket gives when it is read.
package enum KernelRead: Equatable, Sendable {
  case datagram([UInt8], Told)
  /// ENOBUFS.
  case overrun
  case empty
}

/// What a datagram says, for those who check and must not decode it again.
package enum Told: Equatable, Sendable {
  case link(UInt32, isRunning: Bool)
  case address(isHeld: Bool)
  /// A route came or went; `instead` is the one whose place it took.
  case route(KernelRoute, isGone: Bool, instead: KernelRoute?)
  /// Part of a dump that is not its end.
  case part(isInterrupted: Bool)
  case end(DumpRequest, DumpEnd)
  case refusal
  /// Nothing that can be read.
  case garbage
}

/// The end of a dump, and what the kernel had then: every link that runs, every address.
package struct DumpEnd: Equatable, Sendable {
  package var sequence: UInt32
  package var isInterrupted: Bool
  package var running: [UInt32]
  package var addresses: [IPv4Address]
  package var routes: [KernelRoute] = []
}

/// State and one socket: of links and addresses, or of routes. One address is watched: the one that
/// moves.
package struct FakeKernel: Sendable {
  package private(set) var links: [KernelLink] = []
  package private(set) var addresses: [KernelAddress] = []
  /// In the order in which they are listed.
  package internal(set) var routes: [KernelRoute] = []
  package let port: UInt32
  /// Entries of a dump that share a datagram. Small, so that a dump has several parts.
  package var entriesPerPart = 2
  /// So many of the next dumps are interrupted or refused.
  package var interruptions = 0
  package var refusals = 0

  struct Entry {
    var bytes: [UInt8]
    var told: Told
  }

  struct Dump {
    var what: DumpRequest
    var context: KernelDatagram.Context
    /// The change counter when it began.
    var generation: Int
    var next = 0
    /// Of routes: the last that was listed.
    var last: KernelRoute?
    var isForced: Bool
  }

  var queue: [Entry] = []
  var dump: Dump?
  /// A part that was built, behind which news is queued before it.
  var late: Entry?
  private var isOpen = false
  /// Raised by each change of links or addresses: a dump that sees it move is interrupted.
  private var generation = 0
  /// A loss was noticed and not yet reported.
  private var isLossUntold = false
  /// NETLINK_S_CONGESTED: all news is dropped until the queue was read empty.
  private var isCongested = false

  package init(port: UInt32) { self.port = port }

  /// A socket is opened: what an earlier one had is gone with it.
  package mutating func open() {
    queue.removeAll()
    dump = nil
    late = nil
    isOpen = true
    isLossUntold = false
    isCongested = false
  }

  package mutating func close() {
    open()
    isOpen = false
  }

  package var isReadable: Bool { !queue.isEmpty || isLossUntold }
  package var hasDumpRunning: Bool { dump != nil }

  // MARK: State

  package func isHeld(_ address: IPv4Address) -> Bool {
    addresses.contains { $0.address == address }
  }

  /// On a link that runs.
  package func isUsable(_ address: IPv4Address) -> Bool {
    addresses.contains { entry in
      entry.address == address
        && links.contains { $0.index == entry.interface && $0.isRunning && !$0.isLoopback }
    }
  }

  /// A link is new or has changed.
  package mutating func set(_ link: KernelLink) {
    generation += 1
    if let place = links.firstIndex(where: { $0.index == link.index }) {
      links[place] = link
    } else {
      links.append(link)
    }
    var datagram = KernelDatagram()
    datagram.add(link, .event)
    tell(datagram, .link(link.index, isRunning: link.isRunning))
  }

  package mutating func remove(link index: UInt32) {
    guard let place = links.firstIndex(where: { $0.index == index }) else { return }
    for entry in addresses where entry.interface == index { remove(entry) }
    generation += 1
    var datagram = KernelDatagram()
    datagram.add(links.remove(at: place), isGone: true, .event)
    tell(datagram, .link(index, isRunning: false))
  }

  package mutating func add(_ address: KernelAddress) {
    guard !addresses.contains(address) else { return }
    generation += 1
    addresses.append(address)
    var datagram = KernelDatagram()
    datagram.add(address, .event)
    tell(datagram, .address(isHeld: true))
  }

  package mutating func remove(_ address: KernelAddress) {
    guard let place = addresses.firstIndex(of: address) else { return }
    generation += 1
    addresses.remove(at: place)
    var datagram = KernelDatagram()
    datagram.add(address, isGone: true, .event)
    tell(datagram, .address(isHeld: false))
  }

  /// Bytes put together by the caller.
  package mutating func tell(_ datagram: KernelDatagram, _ told: Told) {
    guard isOpen, !isCongested else { return }
    queue.append(Entry(bytes: datagram.bytes, told: told))
  }

  /// The receive buffer is full: the news from now on is lost, and the next read says so.
  package mutating func overrun() {
    guard isOpen, !isCongested else { return }
    isLossUntold = true
    isCongested = true
  }

  // MARK: Socket

  /// An error is reported before what is queued, as skb_recv_datagram does it.
  package mutating func read() -> KernelRead {
    if isLossUntold {
      isLossUntold = false
      return .overrun
    }
    guard !queue.isEmpty else {
      isCongested = false
      return .empty
    }
    let entry = queue.removeFirst()
    if queue.isEmpty { isCongested = false }
    return .datagram(entry.bytes, entry.told)
  }

  /// Takes a dump request; while another dump runs, or when told so, it is refused with EBUSY.
  package mutating func request(_ what: DumpRequest, sequence: UInt32) {
    let context = KernelDatagram.Context(sequence: sequence, port: port)
    if refusals > 0 || dump != nil {
      refusals = max(0, refusals - 1)
      var datagram = KernelDatagram()
      datagram.addError(16, context)
      queue.append(Entry(bytes: datagram.bytes, told: .refusal))
      return
    }
    let isForced = interruptions > 0
    if isForced { interruptions -= 1 }
    dump = Dump(what: what, context: context, generation: generation, isForced: isForced)
  }

  /// Answers a request for one link (RTM_GETLINK), or refuses it with ENODEV.
  package mutating func request(link index: InterfaceIndex, sequence: UInt32) {
    let context = KernelDatagram.Context(sequence: sequence, port: port)
    var datagram = KernelDatagram()
    guard let link = links.first(where: { $0.index == UInt32(index.value) }) else {
      datagram.addError(19, context)
      queue.append(Entry(bytes: datagram.bytes, told: .refusal))
      return
    }
    datagram.add(link, context)
    queue.append(
      Entry(bytes: datagram.bytes, told: .link(link.index, isRunning: link.isRunning)))
  }

  /// Writes the next part of the dump that runs.
  package mutating func continueDump() {
    guard var running = dump else { return }
    if running.what.kernelClass == .routes { return continueRoutes(&running) }
    if running.generation != generation || (running.isForced && running.next > 0) {
      running.context.isInterrupted = true
    }
    let count = running.what == .links ? links.count : addresses.count
    let end = min(count, running.next + entriesPerPart)
    var datagram = KernelDatagram()
    if running.next >= count {
      if running.isForced { running.context.isInterrupted = true }
      datagram.addDone(running.context)
      dump = nil
      let end = DumpEnd(
        sequence: running.context.sequence, isInterrupted: running.context.isInterrupted,
        running: links.filter { $0.isRunning && !$0.isLoopback }.map(\.index),
        addresses: addresses.map(\.address))
      queue.append(Entry(bytes: datagram.bytes, told: .end(running.what, end)))
      return
    }
    for place in running.next..<end {
      switch running.what {
      case .links: datagram.add(links[place], running.context)
      case .addresses: datagram.add(addresses[place], running.context)
      case .nextHops, .ipv4Routes, .ipv6Routes, .neighbours:
        preconditionFailure("nobody listens to this class here")
      }
    }
    running.next = end
    dump = running
    let told = Told.part(isInterrupted: running.context.isInterrupted)
    queue.append(Entry(bytes: datagram.bytes, told: told))
  }
}
