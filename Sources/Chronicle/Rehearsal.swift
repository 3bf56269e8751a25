// What would be decided if something happened: a copy of the engine, and a world that goes on.

import BGP
import Engine
import Failover
package import Journal
package import Model
import Rtnetlink

/// An engine that goes on from a state of the daemon's, in a time of its own.
///
/// The world around it is assumed to go on as it was: route servers that are established send
/// their KEEPALIVEs, speakers that are alive repeat what they said last, and evidence stays as it
/// is. No new connection comes about.
package struct Rehearsal: ~Copyable {
  /// Something that came of the events.
  package struct Step: Equatable, Sendable {
    /// Since the first event.
    package let after: Nanoseconds
    package let what: What
  }

  package enum What: Equatable, Sendable {
    case supposed(String)
    case told(NoteSentence)
    /// UPDATEs that would be sent to a route server; `shift` 0: no next hop moves.
    case fired(VIPSlot, PeerSlot, shift: UInt32, bytes: [UInt8], lines: [String])
    /// More came of it than is shown.
    case cut
  }

  /// Steps that are kept. We chose it: more than a person reads.
  package static let stepLimit = 2_000
  /// Turns, datagrams and KEEPALIVEs in one rehearsal. We chose it: a minute of a group of eight.
  private static let workLimit = 100_000

  private let plan: Plan
  private var engine: Engine
  private var outputs: Outputs
  private var start = Instant.zero
  private var now = Instant.zero
  private var work = 0
  private var isSilent: [Bool]
  private var isLost: [Bool]
  private var nextHello = Instant.zero
  private var nextKeepalive: [Instant]
  package private(set) var steps: [Step] = []
  private let errno: (Int32) -> String

  /// Nil when the state is none of this version and Plan.
  package init?(_ plan: Plan, _ beginning: Beginning, errno: @escaping (Int32) -> String) {
    self.plan = plan
    self.errno = errno
    engine = Engine(plan, seed: beginning.seed, run: beginning.run)
    outputs = Outputs(for: plan)
    isSilent = Array(repeating: false, count: plan.group?.peers.count ?? 0)
    isLost = Array(repeating: false, count: plan.routeServers.peers.count)
    nextKeepalive = []
    guard engine.restore(beginning.state) else { return nil }
    start = engine.latest
    now = start
    nextHello = start
    nextKeepalive = Array(repeating: start, count: plan.routeServers.peers.count)
    engine.muteProbes()
    let nothing: [UInt8] = []
    engine.handle(.idle, nothing.span, at: now, into: &outputs)
  }

  /// Lets one event happen now.
  package mutating func happen(
    _ supposition: Supposition, as text: String
  ) throws(SuppositionError) {
    add(.supposed(text))
    switch supposition {
    case .wait(let length): pass(length)
    case .link(let name, let change): try happen(name, change)
    case .address(let address, let length, let isGone, let name):
      try happen(address, length, isGone, name)
    case .host(let host, let isUp):
      for target in plan.hosts[host.index].targets {
        engine.suppose(TargetSlot(target), isUp ? .up : .down, at: now, into: &outputs)
        carryOut()
      }
    case .speakerSilent(let fellow): isSilent[fellow.index] = true
    case .routeServerLost(let peer):
      isLost[peer.index] = true
      let side = engine.speaker.sessions[peer.index].side
      feed(.closed(ConnectionSlot(peer, side)), [])
    }
  }

  private mutating func happen(
    _ name: InterfaceName, _ change: Supposition.LinkChange
  ) throws(SuppositionError) {
    var link = try link(named: name)
    var news = NewsWriter()
    switch change {
    case .gone: news.add(link, isGone: true)
    case .up:
      (link.isUp, link.hasCarrier, link.operationalState) = (true, true, .up)
      news.add(link)
    case .down:
      (link.isUp, link.hasCarrier, link.operationalState) = (false, false, .down)
      news.add(link)
    case .noCarrier:
      (link.isUp, link.hasCarrier, link.operationalState) = (true, false, .down)
      news.add(link)
    }
    feed(.kernel(.interfaces), news.bytes)
  }

  private mutating func happen(
    _ address: IPAddress, _ length: UInt8?, _ isGone: Bool, _ name: InterfaceName
  ) throws(SuppositionError) {
    let link = try link(named: name)
    let slot = engine.failover.view.slot(of: address)
    let known = slot.flatMap { engine.failover.view.prefixLength(of: $0, on: link.index) }
    if isGone, slot != nil, known == nil {
      throw SuppositionError(text: "\(address) is not on \(name)")
    }
    var news = NewsWriter()
    news.add(
      InterfaceAddress(
        address: address, prefixLength: length ?? known ?? address.width, interface: link.index,
        isTentative: false, isDeprecated: false), isGone: isGone)
    feed(.kernel(.interfaces), news.bytes)
  }

  private func link(named name: InterfaceName) throws(SuppositionError) -> Link {
    if let link = engine.failover.view.link(named: name) { return link }
    let names = engine.failover.view.linkNames.prefix(16).map(\.description)
    throw SuppositionError(
      text: "there is no link '\(name)'; there are: \(names.joined(separator: ", "))")
  }

  // MARK: Time

  /// Lets time pass.
  package mutating func pass(_ length: Nanoseconds) {
    let end = now + length
    while let due = nextDue, due <= end, work < Rehearsal.workLimit {
      work += 1
      now = max(now, due)
      goOn()
      if let deadline = engine.deadline, now >= deadline { feed(.turn, []) }
    }
    now = max(now, end)
    if work == Rehearsal.workLimit { add(.cut) }
  }

  private var nextDue: Instant? {
    var earliest = engine.deadline
    if plan.group != nil { earliest = min(earliest ?? nextHello, nextHello) }
    for peer in plan.routeServers.peers.indices where isEstablished(peer) {
      earliest = min(earliest ?? nextKeepalive[peer], nextKeepalive[peer])
    }
    return earliest
  }

  private func isEstablished(_ peer: Int) -> Bool {
    !isLost[peer] && engine.speaker.sessions[peer].state == .established
  }

  /// The world says what it always says.
  private mutating func goOn() {
    if let group = plan.group, now >= nextHello {
      nextHello = now + group.interval
      for place in group.peers.indices where !isSilent[place] {
        guard engine.failover.fellows?.list[place].isAlive ?? false else { continue }
        engine.suppose(heard: FellowSlot(place), at: now, into: &outputs)
        carryOut()
      }
    }
    for peer in plan.routeServers.peers.indices where isEstablished(peer) {
      guard now >= nextKeepalive[peer] else { continue }
      let session = engine.speaker.sessions[peer]
      let interval = session.negotiated?.keepalive ?? .zero
      nextKeepalive[peer] = now + max(interval, .seconds(1))
      feed(.received(ConnectionSlot(PeerSlot(peer), session.side)), Rehearsal.keepalive)
    }
  }

  /// RFC 4271 section 4.4: a header alone.
  private static let keepalive = [UInt8](repeating: 0xff, count: 16) + [0, 19, 4]

  // MARK: The engine

  private mutating func feed(_ input: Input, _ bytes: [UInt8]) {
    engine.handle(input, bytes.span, at: now, into: &outputs)
    carryOut()
  }

  private mutating func carryOut() {
    for output in outputs.list {
      switch output {
      case .note(let note):
        guard let sentence = NoteSentence.of(note, plan, link: link(of: note), errno: errno) else {
          continue
        }
        add(.told(sentence))
      case .fire(let connection, let volley, let shift):
        guard engine.speaker.magazine.isArmed(volley) else { continue }
        let vip = engine.speaker.magazine.vip(of: volley)
        let negotiated = engine.speaker.sessions[connection.peer.index].negotiated
        let (bytes, lines) = engine.withBytes(of: volley) { span in
          (
            span.indices.map { span[$0] },
            UpdateText.lines(span, fourOctetAS: negotiated?.fourOctetAS ?? true)
          )
        }
        add(.fired(vip, connection.peer, shift: shift, bytes: bytes, lines: lines))
      case .subscribe, .unsubscribe, .askLink, .dump, .connect, .accept, .refuse, .close, .send,
        .hello:
        continue
      }
    }
    outputs.removeAll()
    let nothing: [UInt8] = []
    engine.handle(.idle, nothing.span, at: now, into: &outputs)
  }

  private func link(of note: Note) -> Link? {
    guard case .standing(_, _, _, _, .link(let index)) = note else { return nil }
    return engine.failover.view.link(index)
  }

  private mutating func add(_ what: What) {
    guard steps.count < Rehearsal.stepLimit else { return }
    let isLast = steps.count == Rehearsal.stepLimit - 1
    steps.append(Step(after: now - start, what: isLast ? .cut : what))
  }
}
