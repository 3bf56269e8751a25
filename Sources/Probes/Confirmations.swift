// Asks through a VIP whether its last shift has arrived, again and again until the new host answers.

package import Model

/// What came of asking.
package enum ConfirmationNews: Hashable, Sendable {
  case confirmed(VIPSlot, shift: UInt32)
  /// Nobody who may answer has answered in time. It is asked on.
  case overdue(VIPSlot, shift: UInt32)
}

/// How far the asking about a VIP's last shift has come.
package enum ConfirmationState: UInt8, Hashable, Sendable {
  /// Nothing has moved yet, or what moved was withdrawn.
  case idle
  case awaited
  case overdue
  case confirmed
}

/// One entry for each VIP that is to be confirmed. Its connections are numbered behind those of the
/// Plan's targets.
///
/// Only a connection that was begun after the shift can confirm it. Each time a new one is begun:
/// packets to a dead machine get no answer, and a connection that waits for one would notice the
/// new way late.
package struct Confirmations: Sendable {
  /// How often it is asked. We chose it: the stamp is that exact, and four connections a second
  /// for some seconds are nothing to a server.
  package static let interval = Nanoseconds.milliseconds(250)
  /// How long one answer may take; so no more connections are open than there are lanes.
  package static let timeout = Nanoseconds.milliseconds(750)
  /// How often it is asked when it has not been confirmed in time.
  package static let patientInterval = Nanoseconds.seconds(2)

  private struct Lane {
    /// When its connection is given up; nil: there is none.
    var deadline: Instant?
    var exchange = HTTPExchange()
  }

  private struct Entry {
    let vip: VIPSlot
    let address: IPv4Address
    let port: UInt16
    let within: Nanoseconds
    /// By candidate, or one for all.
    let checks: [HTTPCheck]
    var state = ConfirmationState.idle
    var shift: UInt32 = 0
    var candidate = 0
    /// When it is asked next; nil: not.
    var due: Instant?
    /// When it should have been confirmed.
    var end: Instant?
    var lanes = Array(repeating: Lane(), count: ProbeConnection.lanes)

    init(_ vip: VIPSlot, _ confirmation: Plan.Confirmation) {
      self.vip = vip
      address = confirmation.address
      port = confirmation.fetch.port
      within = confirmation.within
      let texts = confirmation.texts.map(Optional.some)
      checks = (texts.isEmpty ? [nil] : texts).map { text in
        var fetch = confirmation.fetch
        fetch.text = text
        return HTTPCheck(fetch)
      }
    }

    /// The next answer would say the same of the VIP.
    func asks(as other: Entry) -> Bool {
      address == other.address && port == other.port && within == other.within
        && checks == other.checks
    }

    var check: HTTPCheck { checks[checks.count == 1 ? 0 : candidate] }
  }

  private var entries: [Entry]
  /// By VIP: the place among the entries.
  private let places: [Int?]
  /// The number of the first connection's target.
  private let first: Int
  /// What has not been taken yet.
  private var news: [ConfirmationNews] = []
  private var isMuted = false

  package init(_ plan: Plan) {
    first = plan.targets.count
    var places: [Int?] = Array(repeating: nil, count: plan.vips.count)
    var entries: [Entry] = []
    for vip in plan.confirmedVIPs {
      guard let confirmation = plan.vips[vip.index].confirmation else { continue }
      places[vip.index] = entries.count
      entries.append(Entry(vip, confirmation))
    }
    self.entries = entries
    self.places = places
    news.reserveCapacity(entries.count)
  }

  /// Goes on where another stood, as far as a VIP is confirmed in the same way. What was asked is
  /// asked anew.
  package mutating func succeed(
    _ old: Confirmations, _ succession: Succession, at now: Instant
  ) {
    guard !succession.keepsConfirmations else {
      return Keeper.carry(from: old, to: &self) { $0.keep(in: &$1) }
    }
    for index in entries.indices {
      let vip = entries[index].vip
      guard let former = succession.vips[vip.index], let before = old.places[former],
        let candidate = succession.candidate(old.entries[before].candidate, of: vip),
        entries[index].asks(as: old.entries[before])
      else { continue }
      let entry = old.entries[before]
      (entries[index].state, entries[index].shift) = (entry.state, entry.shift)
      entries[index].candidate = candidate
      entries[index].end = entry.end
      entries[index].due = entry.due.map { max($0, now) }
    }
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// Whether a connection is one of ours, and not of a target of the Plan.
  package func owns(_ slot: TargetSlot) -> Bool { slot.index >= first }

  /// Who is asked on a connection.
  package func place(of slot: TargetSlot) -> (address: IPv4Address, port: UInt16)? {
    guard let index = index(of: slot) else { return nil }
    return (entries[index].address, entries[index].port)
  }

  package func state(of vip: VIPSlot) -> (state: ConfirmationState, shift: UInt32)? {
    guard let index = places[vip.index] else { return nil }
    return (entries[index].state, entries[index].shift)
  }

  private func index(of slot: TargetSlot) -> Int? {
    let index = slot.index - first
    return entries.indices.contains(index) ? index : nil
  }

  /// When to call `turn`; nil: never.
  package var deadline: Instant? {
    if isMuted { return nil }
    var earliest: Instant?
    for entry in entries where entry.due != nil {
      earliest = Instant.earlier(earliest, entry.due)
      if entry.state == .awaited { earliest = Instant.earlier(earliest, entry.end) }
      for lane in entry.lanes { earliest = Instant.earlier(earliest, lane.deadline) }
    }
    return earliest
  }

  // MARK: Shifts

  /// A shift has sent the traffic to a candidate; it is asked from the next turn on.
  package mutating func begin(
    _ vip: VIPSlot, shift: UInt32, candidate: Int, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard let index = places[vip.index], !isMuted else { return }
    hangUpAll(index, into: &outputs)
    entries[index].state = .awaited
    entries[index].shift = shift
    entries[index].candidate = candidate
    entries[index].due = now
    entries[index].end = now + entries[index].within
  }

  /// Traffic goes elsewhere by somebody else's shift, or nowhere: there is nothing to confirm.
  package mutating func drop(_ vip: VIPSlot, into outputs: inout ProbeOutputs) {
    guard let index = places[vip.index] else { return }
    finish(index, .idle, into: &outputs)
  }

  /// This process did not run for so long: that time is nobody's fault.
  package mutating func paused(for length: Nanoseconds) {
    for index in entries.indices {
      guard let end = entries[index].end else { continue }
      entries[index].end = end + length
    }
  }

  /// Nobody is asked from now on.
  package mutating func mute() { isMuted = true }

  package mutating func stop(into outputs: inout ProbeOutputs) {
    for index in entries.indices { finish(index, entries[index].state, into: &outputs) }
    isMuted = true
  }

  private mutating func finish(
    _ index: Int, _ state: ConfirmationState, into outputs: inout ProbeOutputs
  ) {
    hangUpAll(index, into: &outputs)
    entries[index].state = state
    entries[index].due = nil
    entries[index].end = nil
  }

  // MARK: Time

  package mutating func turn(at now: Instant, into outputs: inout ProbeOutputs) {
    if isMuted { return }
    for index in entries.indices where entries[index].due != nil {
      giveUp(index, at: now, into: &outputs)
      if entries[index].state == .awaited, let end = entries[index].end, now >= end {
        entries[index].state = .overdue
        news.append(.overdue(entries[index].vip, shift: entries[index].shift))
      }
      guard let due = entries[index].due, now >= due else { continue }
      entries[index].due =
        now
        + (entries[index].state == .overdue
          ? Confirmations.patientInterval : Confirmations.interval)
      ask(index, at: now, into: &outputs)
    }
  }

  private mutating func ask(_ index: Int, at now: Instant, into outputs: inout ProbeOutputs) {
    let free = entries[index].lanes.firstIndex { $0.deadline == nil }
    guard let lane = free else { return }
    entries[index].lanes[lane] = Lane(deadline: now + Confirmations.timeout)
    outputs.add(.connect(connection(index, lane)))
  }

  private mutating func giveUp(_ index: Int, at now: Instant, into outputs: inout ProbeOutputs) {
    for lane in entries[index].lanes.indices {
      guard let deadline = entries[index].lanes[lane].deadline, now >= deadline else { continue }
      hangUp(index, lane, into: &outputs)
    }
  }

  // MARK: Answers

  package mutating func handle(
    _ event: ProbeEvent, _ bytes: Span<UInt8>, into outputs: inout ProbeOutputs
  ) {
    switch event {
    case .connected(let connection):
      guard let (index, _) = open(connection) else { return }
      outputs.add(.write(connection, outputs.keep(entries[index].check.request)))
    case .received(let connection): received(bytes, connection, into: &outputs)
    case .closed(let connection, _):
      guard let (index, lane) = open(connection) else { return }
      entries[index].lanes[lane].deadline = nil
    case .notSent(let slot):
      // The newest is the one that could not be begun.
      guard let index = index(of: slot) else { return }
      let newest = entries[index].lanes.indices.max {
        let (left, right) = (entries[index].lanes[$0], entries[index].lanes[$1])
        return (left.deadline ?? .zero) < (right.deadline ?? .zero)
      }
      if let newest { entries[index].lanes[newest].deadline = nil }
    default: return
    }
  }

  /// An answer that is wrong, or of the host before, changes nothing: it is asked again.
  private mutating func received(
    _ bytes: Span<UInt8>, _ connection: ProbeConnection, into outputs: inout ProbeOutputs
  ) {
    guard let (index, lane) = open(connection) else { return }
    switch entries[index].lanes[lane].exchange.read(bytes, entries[index].check) {
    case .open: return
    case .bad: hangUp(index, lane, into: &outputs)
    case .good:
      news.append(.confirmed(entries[index].vip, shift: entries[index].shift))
      finish(index, .confirmed, into: &outputs)
    }
  }

  package var hasNews: Bool { !news.isEmpty }

  package mutating func takeNews(_ body: (ConfirmationNews) -> Void) {
    for one in news { body(one) }
    news.removeAll(keepingCapacity: true)
  }

  // MARK: Connections

  private func connection(_ index: Int, _ lane: Int) -> ProbeConnection {
    ProbeConnection(TargetSlot(first + index), lane: lane)
  }

  /// The places of a connection that is wanted.
  private func open(_ connection: ProbeConnection) -> (index: Int, lane: Int)? {
    guard let index = index(of: connection.target),
      entries[index].lanes[connection.lane].deadline != nil
    else { return nil }
    return (index, connection.lane)
  }

  private mutating func hangUp(_ index: Int, _ lane: Int, into outputs: inout ProbeOutputs) {
    guard entries[index].lanes[lane].deadline != nil else { return }
    entries[index].lanes[lane].deadline = nil
    outputs.add(.hangUp(connection(index, lane)))
  }

  private mutating func hangUpAll(_ index: Int, into outputs: inout ProbeOutputs) {
    for lane in entries[index].lanes.indices { hangUp(index, lane, into: &outputs) }
  }
}

extension Confirmations {
  package mutating func keep(in keeper: inout Keeper) {
    keeper.keep(each: &entries) {
      $1.keep(&$0.state)
      $1.keep(&$0.shift)
      $1.keep(place: &$0.candidate, below: PlanLimits.candidatesPerVIP)
      $1.keep(&$0.due)
      $1.keep(&$0.end)
      $1.keep(each: &$0.lanes) {
        $1.keep(&$0.deadline)
        $0.exchange.keep(in: &$1)
      }
    }
  }
}
