// A new Plan takes the place of an old one: targets that stay are as well as they were.

package import Model

extension Probes {
  /// Goes on where another stood. A target that looks at the same thing keeps what is known of it,
  /// also when it is asked more or less often; if any differs, what was on its way is asked again.
  /// Answers whether the interfaces are known as far as they are needed.
  package mutating func succeed(
    _ old: inout Probes, _ succession: Succession, at now: Instant, into outputs: inout ProbeOutputs
  ) -> Bool {
    guard !succession.keepsProbes else {
      var writer = Keeper()
      old.keep(in: &writer)
      var reader = Keeper(reading: writer.finish())
      keep(in: &reader)
      let isWhole = reader.isComplete()
      precondition(isWhole, "the same targets have the same state")
      // Which addresses are VIPs' may be new.
      recogniseProxies(&outputs)
      return true
    }
    (pauses, lastPause, strayControls) = (old.pauses, old.lastPause, old.strayControls)
    (absence, heardUntil) = (old.absence, old.heardUntil)
    let isComplete = succeedPorts(&old, &outputs)
    isStarted = old.isStarted
    if isStarted { schedule.start(at: now) }
    for index in targets.indices {
      let slot = targets[index].slot
      if let former = succession.targets[slot.index],
        let before = old.place(of: TargetSlot(former))
      {
        succeed(index, &old, before, succession, at: now, into: &outputs)
      } else if isStarted, case .bfd(let session, _) = targets[index].method {
        sessions[session].start(at: now)
        targets[index].graceEnd = now + Probes.firstPatience
      }
      scheduleJudgement(index)
    }
    tellApart(succession)
    recogniseProxies(&outputs)
    // Whose answers count may hang on the Plan alone.
    for index in targets.indices { tell(index, into: &outputs) }
    return isComplete
  }

  private mutating func succeed(
    _ index: Int, _ old: inout Probes, _ before: Int, _ succession: Succession, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    Keeper.carry(from: old.targets[before], to: &targets[index]) { $0.keep(in: &$1) }
    targets[index].liveness.abandonFlights()
    targets[index].binding.probeLost()
    if case .shared(let host)? = targets[index].proxied {
      targets[index].proxied = succession.newHosts[host.index].map { .shared(with: HostSlot($0)) }
    }
    schedule.succeed(old.schedule, before, at: index)
    guard case .bfd(let session, _) = targets[index].method,
      case .bfd(let former, _) = old.targets[before].method
    else { return }
    let settings = sessions[session].settings
    Keeper.carry(from: old.sessions[former], to: &sessions[session]) { $0.keep(in: &$1) }
    guard settings != sessions[session].settings else { return }
    let step = sessions[session].change(settings, at: now)
    carryOut(step, index, session, at: now, into: &outputs)
  }

  /// A port whose socket still lets the right answers through keeps it.
  private mutating func succeedPorts(_ old: inout Probes, _ outputs: inout ProbeOutputs) -> Bool {
    var isComplete = true
    for port in openPorts.indices {
      guard let before = old.ports.names.firstIndex(of: ports.names[port]) else {
        isComplete = false
        continue
      }
      Keeper.carry(from: old.openPorts[before], to: &openPorts[port]) { $0.keep(in: &$1) }
      let isSame =
        addresses(askedOn: PortSlot(port)) == old.addresses(askedOn: PortSlot(before))
      guard !isSame, let index = openPorts[port].index else { continue }
      openPorts[port].isOpen = false
      outputs.add(.openPort(PortSlot(port), index))
    }
    return isComplete
  }

  /// Who is asked on a port, in the order of the Plan and each once.
  package func addresses(askedOn port: PortSlot) -> [IPv4Address] {
    var addresses: [IPv4Address] = []
    for target in targets where target.method == .arp(port) {
      if !addresses.contains(target.address) { addresses.append(target.address) }
    }
    return addresses
  }

  /// The same draw has given a new session the number of one that was at its place before.
  private mutating func tellApart(_ succession: Succession) {
    for index in bfdPlaces where succession.targets[targets[index].slot.index] == nil {
      guard case .bfd(let session, _) = targets[index].method else { continue }
      var number = sessions[session].discriminator
      while isTaken(number, besides: session) { number &+= Probes.placeMask + 1 }
      sessions[session].rename(to: number)
    }
  }

  private func isTaken(_ number: UInt32, besides session: Int) -> Bool {
    if number == 0 { return true }
    return sessions.indices.contains { $0 != session && sessions[$0].discriminator == number }
  }
}
