// BFD sessions as evidence: which packet is whose, and what a session's state says of its host.

import Bytes
package import Model

/// What the kernel says of a BFD packet beside its bytes.
package struct BFDArrival: Hashable, Sendable {
  package var source: IPv4Address
  package var hopLimit: UInt8
  package var isMultihop: Bool
  package var stamp: Instant

  package init(source: IPv4Address, hopLimit: UInt8, isMultihop: Bool, stamp: Instant) {
    self.source = source
    self.hopLimit = hopLimit
    self.isMultihop = isMultihop
    self.stamp = stamp
  }
}

extension Probes {
  /// How long a peer that we did not hear because we were away may take to bring the session up
  /// again: it, too, sends a packet a second meanwhile.
  static let graceAfterPause = Nanoseconds.seconds(4)

  /// A datagram on a BFD port.
  package mutating func control(
    _ bytes: Span<UInt8>, _ arrival: BFDArrival, readAt now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    // RFC 5881 section 5. Over several hops there is no such rule (RFC 5883 section 5).
    guard arrival.isMultihop || arrival.hopLimit == BFDTransport.hopLimit,
      let packet = BFDPacket(bytes), let index = place(of: packet, arrival),
      case .bfd(let session, _) = targets[index].method
    else {
      strayControls += 1
      return
    }
    let step = sessions[session].receive(packet, at: arrival.stamp, readAt: now)
    if step.contains(.discarded) { return }
    targets[index].isExcused = false
    carryOut(step, index, session, at: now, into: &outputs)
    if sessions[session].state == .up {
      targets[index].graceEnd = nil
      targets[index].liveness.witnessed(at: arrival.stamp, readAt: now)
    } else if step.contains(.stateChanged), sessions[session].state == .down {
      signalledDown(index, session, at: now)
    }
    settle(index, at: now, into: &outputs)
  }

  /// RFC 5880 section 6.8.6: by our discriminator, or by the sender while the peer knows none.
  private func place(of packet: BFDPacket, _ arrival: BFDArrival) -> Int? {
    if packet.yours != 0 {
      let place = Int(packet.yours & Probes.placeMask)
      if isOf(place, packet.yours, arrival) { return place }
      // A session that is older than the Plan has kept the number of the place it had.
      return bfdPlaces.first { isOf($0, packet.yours, arrival) }
    }
    return targets.firstIndex { target in
      guard case .bfd(_, let isMultihop) = target.method else { return false }
      return isMultihop == arrival.isMultihop && target.address == arrival.source
    }
  }

  private func isOf(_ place: Int, _ discriminator: UInt32, _ arrival: BFDArrival) -> Bool {
    guard targets.indices.contains(place),
      case .bfd(let session, let isMultihop) = targets[place].method
    else { return false }
    return sessions[session].discriminator == discriminator
      && isMultihop == arrival.isMultihop && targets[place].address == arrival.source
  }

  /// The peer has ended the session: by its administrator, or because it does not hear us.
  private mutating func signalledDown(_ index: Int, _ session: Int, at now: Instant) {
    if sessions[session].remote.state == .adminDown {
      // RFC 5882 section 3.2: it says nothing about the path.
      targets[index].graceEnd = nil
      targets[index].liveness.suspend(.administrative, at: now)
    } else if let lastPause = absence(at: now), now - lastPause < Probes.graceAfterPause {
      // It did not hear us because we were away: that is no fault of its own.
      targets[index].graceEnd = lastPause + Probes.graceAfterPause
    } else {
      targets[index].liveness.condemned(.notHeard, at: now)
    }
  }

  /// When we were away last: perhaps until this moment, in which what came meanwhile is read.
  private mutating func absence(at now: Instant) -> Instant? {
    if let deadline, now - deadline > Liveness.lateness { lastPause = now }
    return lastPause
  }

  /// The time to come up, for the first time or again, may be over.
  mutating func judgeGrace(_ index: Int, _ heard: Instant, at now: Instant) {
    guard case .bfd(let session, _) = targets[index].method,
      let graceEnd = targets[index].graceEnd, graceEnd <= heard
    else { return }
    targets[index].graceEnd = nil
    guard sessions[session].state != .up else { return }
    let isHeard = sessions[session].remote.discriminator != 0
    if isHeard, sessions[session].remote.state == .adminDown {
      targets[index].liveness.suspend(.administrative, at: now)
    } else {
      targets[index].liveness.condemned(isHeard ? .notHeard : .expired, at: now)
    }
  }

  /// We were away: silence counts from now, but only once until something is heard.
  mutating func excuse(_ index: Int, at now: Instant) {
    guard case .bfd(let session, _) = targets[index].method, !targets[index].isExcused else {
      return
    }
    targets[index].isExcused = true
    sessions[session].excuse(at: now)
    if let graceEnd = targets[index].graceEnd {
      targets[index].graceEnd = max(graceEnd, now + Probes.graceAfterPause)
      scheduleJudgement(index)
    }
  }

  mutating func turnSessions(
    _ heard: Instant, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    for index in bfdPlaces {
      guard case .bfd(let session, _) = targets[index].method,
        let deadline = sessions[session].deadline, deadline <= now
      else { continue }
      let before = sessions[session].state
      let step = sessions[session].turn(heardUntil: heard, at: now)
      carryOut(step, index, session, at: now, into: &outputs)
      if step.contains(.stateChanged), before == .up {
        targets[index].graceEnd = nil
        targets[index].liveness.condemned(.expired, at: now)
        settle(index, at: now, into: &outputs)
      }
    }
  }

  mutating func carryOut(
    _ step: BFDSession.Step, _ index: Int, _ session: Int, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard step.contains(.transmit) else { return }
    writer.removeAll()
    sessions[session].write(final: step.contains(.final), at: now, into: &writer)
    outputs.add(.control(targets[index].slot, outputs.keep(writer.bytes)))
  }

  /// Leaves in order: peers are told that the sessions end on purpose.
  package mutating func stop(at now: Instant, into outputs: inout ProbeOutputs) {
    guard isStarted else { return }
    schedule.stop()
    for index in targets.indices {
      hangUpAll(index, into: &outputs)
      judgements[index] = ProbeSchedule.never
      guard case .bfd(let session, _) = targets[index].method else { continue }
      carryOut(sessions[session].shutDown(at: now), index, session, at: now, into: &outputs)
    }
  }
}
