// How each kind of target is asked.

import Bytes
package import Model

extension Probes {
  /// Sends one probe to a target, or finds out that it cannot be asked.
  mutating func ask(_ index: Int, at now: Instant, into outputs: inout ProbeOutputs) {
    switch targets[index].method {
    case .bfd, .neighbour: return
    case .arp(let port): askARP(index, port, at: now, into: &outputs)
    case .icmp: askEcho(index, at: now, into: &outputs)
    case .tcp, .http: askConnection(index, at: now, into: &outputs)
    }
  }

  private mutating func askARP(
    _ index: Int, _ slot: PortSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    let address = targets[index].address
    guard openPorts[slot.index].isUsable, let mac = openPorts[slot.index].mac,
      let source = openPorts[slot.index].source(for: address)
    else {
      targets[index].liveness.suspend(.noInterface, at: now)
      return settle(index, at: now, into: &outputs)
    }
    guard targets[index].liveness.mayLaunch else { return }
    // The last known MAC first; whoever did not answer is looked for by asking everybody.
    let known = targets[index].liveness.failures == 0 ? targets[index].binding.mac : nil
    targets[index].askedFrom = source
    targets[index].wasBroadcast = known == nil
    targets[index].binding.probeSent()
    _ = targets[index].liveness.launch(at: now)
    asked.append(index)
    writer.removeAll()
    ARPPacket(asking: address, known: known, from: mac, source).write(into: &writer)
    outputs.add(.frame(slot, targets[index].slot, outputs.keep(writer.bytes)))
  }

  private mutating func askEcho(
    _ index: Int, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    guard targets[index].liveness.mayLaunch else { return }
    let slot = targets[index].slot
    let number = targets[index].liveness.launch(at: now)
    asked.append(index)
    writer.removeAll()
    EchoPacket(
      identifier: identifier, target: slot, number: number,
      token: Draw.token(secret, slot, number)
    ).writeRequest(into: &writer)
    outputs.add(.echo(slot, outputs.keep(writer.bytes)))
  }

  private mutating func askConnection(
    _ index: Int, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    guard targets[index].liveness.mayLaunch,
      let lane = freeLane(index)
    else { return }
    let token = targets[index].liveness.launch(at: now)
    asked.append(index)
    lanes[index * ProbeConnection.lanes + lane] = Lane(token: token)
    outputs.add(.connect(ProbeConnection(targets[index].slot, lane: lane)))
  }

  private func freeLane(_ index: Int) -> Int? {
    let start = index * ProbeConnection.lanes
    var ending: Int?
    for lane in 0..<ProbeConnection.lanes where lanes[start + lane].token == nil {
      if !lanes[start + lane].isEnding { return lane }
      ending = ending ?? lane
    }
    // An answer that is still being read to its end is cut short only if there is no other place.
    return ending
  }

  /// The place in `lanes`, and the target's place, of a connection.
  func lane(of connection: ProbeConnection) -> (lane: Int, index: Int)? {
    guard let index = place(of: connection.target), targets[index].isConnection else { return nil }
    return (index * ProbeConnection.lanes + connection.lane, index)
  }

  /// Ends the connection that was made for a probe.
  mutating func hangUp(_ index: Int, _ token: UInt32, into outputs: inout ProbeOutputs) {
    guard targets[index].isConnection else { return }
    let start = index * ProbeConnection.lanes
    for lane in 0..<ProbeConnection.lanes where lanes[start + lane].token == token {
      lanes[start + lane].token = nil
      if lanes[start + lane].isEnding { continue }
      outputs.add(.hangUp(ProbeConnection(targets[index].slot, lane: lane)))
    }
  }

  mutating func hangUpAll(_ index: Int, into outputs: inout ProbeOutputs) {
    guard targets[index].isConnection else { return }
    let start = index * ProbeConnection.lanes
    for lane in 0..<ProbeConnection.lanes where lanes[start + lane].token != nil {
      lanes[start + lane].token = nil
      outputs.add(.hangUp(ProbeConnection(targets[index].slot, lane: lane)))
    }
  }

  // MARK: What cannot be asked

  /// The socket did not take the newest probe of a target: that says nothing about the host.
  package mutating func notSent(
    _ slot: TargetSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    guard let index = place(of: slot), !targets[index].isBFD else { return }
    if let token = targets[index].liveness.newestOpen(at: now) {
      targets[index].liveness.withdraw(token)
      hangUp(index, token, into: &outputs)
    }
    targets[index].unsent += 1
    if targets[index].unsent >= targets[index].liveness.cadence.fall {
      targets[index].liveness.suspend(.notSent, at: now)
    }
    settle(index, at: now, into: &outputs)
  }

  /// The sockets of these kinds of probes could not be opened: nothing can be said with them.
  package mutating func unavailable(
    _ isConcerned: (ProbeTarget.Method) -> Bool, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    for index in targets.indices where isConcerned(targets[index].method) {
      targets[index].liveness.suspend(.notSent, at: now)
      settle(index, at: now, into: &outputs)
    }
  }

  /// Datagrams were lost at a port's socket: what is on its way there says nothing. Bounded as a
  /// pause is.
  package mutating func overrun(_ port: PortSlot, at now: Instant) {
    for index in targets.indices where targets[index].method == .arp(port) {
      _ = targets[index].liveness.voidFlights()
      scheduleJudgement(index)
    }
  }
}
