// What comes out of the machine: things to do, in order, and things worth telling.

package import BGP
package import Failover
package import Model
package import Probes

/// One thing to do.
package enum Output: Equatable, Sendable {
  /// Open the socket of a class and subscribe; `.opened` or `.openFailed` answers.
  case subscribe(KernelClass)
  /// Nobody needs the class any more.
  case unsubscribe(KernelClass)
  /// Ask the kernel for one link now (RTM_GETLINK): it may hold the event back for a second
  /// (net/core/link_watch.c, linkwatch_run_queue).
  case askLink(InterfaceIndex, sequence: UInt32)
  case dump(DumpRequest, sequence: UInt32)
  case connect(PeerSlot)
  /// Take the connection that this peer has opened: it is the incoming one from now on.
  case accept(PeerSlot)
  /// Send these bytes of `Outputs.bytes` on the connection that this peer has opened, and end it.
  case refuse(PeerSlot, Range<Int>)
  case close(ConnectionSlot)
  /// Bytes of `Outputs.bytes`.
  case send(ConnectionSlot, Range<Int>)
  /// A volley from the magazine; `shift` is 0 when it moves nothing.
  case fire(ConnectionSlot, VolleyID, shift: UInt32)
  /// Bytes of `Outputs.bytes`: the body of a datagram for every speaker of the group.
  case hello(Range<Int>)
  /// Nothing to do: told to whoever listens, after everything else was carried out.
  case note(Note)
}

/// Something worth telling.
package enum Note: Equatable, Sendable {
  /// A link is new (`before` is nil) or has changed.
  case link(Link, before: Link?)
  case linkGone(InterfaceIndex, before: Link?)
  case address(InterfaceAddress)
  case addressGone(InterfaceAddress)
  /// A change of a route, next hop object or neighbour.
  case heard(Fact)
  /// What a repeated dump says of an address, route, next hop object or neighbour: whoever keeps a
  /// copy compares. It comes between `.stale` and `.current`.
  case listed(Fact)
  case session(PeerSlot, SessionState, DownReason?)
  /// What stands for a VIP has changed. `shift` is 0 when no next hop moves by it.
  case standing(VIPSlot, from: Standing?, to: Standing, shift: UInt32, Trigger)
  /// A candidate of a VIP of which none was up is up again, and carries it.
  case recovered(VIPSlot)
  case health(HostSlot, Health)
  case ownNetwork(OwnNetwork)
  /// Another speaker is heard, or is not any more.
  case fellow(FellowSlot, isAlive: Bool)
  case probe(ProbeNote)
  /// An operator took a VIP out of service on this machine, or back.
  case outOfService(VIPSlot, Bool)
  /// What became of an address that an operator gave away.
  case placement(VIPSlot, Placement)
  /// What a VIP's routes should be has changed; the number tells which wish of this run it is.
  case wish(VIPSlot, RouteWish, generation: UInt64)
  /// What was kept by the run before could not be used.
  case forgotten
  /// This process did not run for so much longer than it meant to.
  case paused(Nanoseconds)
  /// Nothing is decided on this class until a complete dump was read.
  case stale(KernelClass, StaleReason)
  case current(KernelClass)
  /// A class that was opened is complete for the first time.
  case complete(KernelClass)
  case alarm(Alarm)
  /// A stop was asked for; the sessions stay for so long, the VIPs resigned.
  case draining(Nanoseconds)
  /// A probe through the VIP has reached the host that the shift led to.
  case confirmed(VIPSlot, shift: UInt32)
}

/// Why a class of kernel news cannot be trusted for the moment.
package enum StaleReason: UInt8, Equatable, Sendable {
  case overrun
  case malformed
  case interruptedDump
  case refusedDump
  /// The kernel removes IPv4 routes with a link, an address or a next hop object and tells of none
  /// (net/ipv4/fib_trie.c, fib_table_flush).
  case silentChange
}

/// What an operator must know.
package enum Alarm: Equatable, Sendable {
  /// The last rung was taken: the next takeover by the other side cannot be beaten.
  case lastRung(VIPSlot)
  /// The address came back and no rung is left to claim it with.
  case outOfRungs(VIPSlot)
  /// No candidate is up: what stands is kept.
  case allDown(VIPSlot)
  /// The kernel refused a dump with this errno.
  case dumpRefused(KernelClass, code: Int32)
  /// Dumps of this class failed this many times in a row.
  case dumpsFailing(KernelClass, times: Int)
  /// There is no end to the losses: this class has been stale for `KernelFeed.stalePatience`.
  case staleForLong(KernelClass)
  /// A route server did not offer these families, and there are prefixes of them.
  case notSpoken(PeerSlot, Families)
  /// The socket of this class could not be opened.
  case notOpened(KernelClass, code: Int32)
  /// ARP cannot be spoken on this interface.
  case portNotOpened(InterfaceName, code: Int32)
  /// Probes of this kind cannot be sent.
  case probesNotOpened(ProbeSocket, code: Int32)
  /// So many routes match a rule and are not announced, since there is no room for them.
  case routesLeftOut(RuleSlot, count: Int)
  /// So many routes are to stand in route tables and have no room there.
  case tableRoutesLeftOut(count: Int)
  /// More of the kernel's routes match than are kept at all.
  case routesNotKept
  /// No probe through the VIP has reached the new host in time.
  case unconfirmed(VIPSlot, shift: UInt32)
}

/// Collects what the machine puts out during one call. Reserved once, emptied after use.
///
/// A mass shift is thousands of `fire` and of changes of what stands, and an `Output` is as large
/// as its largest note: those are kept small, and other notes by themselves, so that all of it
/// stays in the cache.
package struct Outputs: ~Copyable {
  /// What stands at a position, without what is only to be told.
  package enum Slot {
    case fire(VolleyID, shift: UInt32, connection: UInt16)
    /// A place in `notes`.
    case note(UInt32)
    /// A place in `changes`; it is a note too.
    case change(UInt32)
    /// A place in `others`.
    case other(UInt32)
  }

  package private(set) var slots: [Slot]
  /// Everything that is only to be told, but for changes of what stands.
  package private(set) var notes: [Note]
  private var changes: [StandingChange]
  /// What led to the changes, each once as long as it is the same.
  private var triggers: [Trigger]
  package private(set) var others: [Output]
  package private(set) var bytes: [UInt8]
  /// What the probes want done: after everything in `list`, since volleys go first.
  package var probes: ProbeOutputs

  /// `plan` sizes it: a whole mass shift fits without growing.
  package init(for plan: Plan) {
    slots = []
    slots.reserveCapacity(
      Outputs.datagramFacts + plan.vips.count * (plan.routeServers.peers.count + 1))
    notes = []
    notes.reserveCapacity(Outputs.datagramFacts + plan.vips.count)
    changes = []
    changes.reserveCapacity(Outputs.datagramFacts + plan.vips.count)
    triggers = []
    triggers.reserveCapacity(Outputs.datagramFacts)
    others = []
    others.reserveCapacity(Outputs.otherReserve)
    bytes = []
    bytes.reserveCapacity(Outputs.byteReserve)
    probes = ProbeOutputs(targets: plan.targets.count + plan.confirmedVIPs.count)
  }

  /// Facts that one 64 KiB datagram can hold: the shortest message that is one takes 24 bytes.
  private static let datagramFacts = 2_731
  private static let byteReserve = 65_536
  /// What is neither a shift nor a note: some for each session and each class of kernel news.
  private static let otherReserve = 256

  package var count: Int { slots.count }

  package subscript(index: Int) -> Output {
    switch slots[index] {
    case .fire(let volley, let shift, let connection):
      .fire(ConnectionSlot(index: Int(connection)), volley, shift: shift)
    case .note(let place): .note(notes[Int(place)])
    case .change(let place): .note(changes[Int(place)].note(triggers))
    case .other(let place): others[Int(place)]
    }
  }

  /// All of it, in order.
  package var list: [Output] { slots.indices.map { self[$0] } }

  package mutating func removeAll() {
    slots.removeAll(keepingCapacity: true)
    notes.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
    triggers.removeAll(keepingCapacity: true)
    others.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    probes.removeAll()
  }

  mutating func add(_ output: Output) {
    switch output {
    case .note(let note): self.note(note)
    case .fire(let connection, let volley, let shift): fire(volley, connection, shift: shift)
    default:
      slots.append(.other(UInt32(others.count)))
      others.append(output)
    }
  }

  /// What the changes that follow come of; the answer names it.
  mutating func keep(_ trigger: Trigger) -> Int {
    if triggers.last != trigger { triggers.append(trigger) }
    return triggers.count - 1
  }

  /// The same as `.note(.standing)`.
  mutating func change(
    _ vip: VIPSlot, from before: Standing?, to now: Standing, shift: UInt32, trigger: Int
  ) {
    slots.append(.change(UInt32(changes.count)))
    changes.append(StandingChange(vip, from: before, to: now, shift: shift, trigger: trigger))
  }

  /// The same as `.note`.
  mutating func note(_ note: Note) {
    if case .standing(let vip, let before, let now, let shift, let trigger) = note {
      return change(vip, from: before, to: now, shift: shift, trigger: keep(trigger))
    }
    slots.append(.note(UInt32(notes.count)))
    notes.append(note)
  }

  /// The same as `.fire`.
  mutating func fire(_ volley: VolleyID, _ connection: ConnectionSlot, shift: UInt32) {
    slots.append(.fire(volley, shift: shift, connection: UInt16(connection.index)))
  }

  mutating func send(
    _ piece: Range<Int>, of source: [UInt8], to connection: ConnectionSlot
  ) {
    add(.send(connection, keep(piece, of: source)))
  }

  mutating func sendHello(_ body: [UInt8]) { add(.hello(keep(body.indices, of: body))) }

  mutating func refuse(
    _ piece: Range<Int>, of source: [UInt8], to peer: PeerSlot
  ) {
    add(.refuse(peer, keep(piece, of: source)))
  }

  private mutating func keep(_ piece: Range<Int>, of source: [UInt8]) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: source[piece])
    return start..<bytes.count
  }
}
