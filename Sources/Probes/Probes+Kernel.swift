// What the kernel says, as far as probes need it: the interfaces of ARP, and neighbour entries.

package import Model

extension Probes {
  // MARK: Interfaces

  package mutating func learned(
    _ link: Link, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    for index in openPorts.indices {
      apply(openPorts[index].learned(link), PortSlot(index), at: now, into: &outputs)
    }
  }

  package mutating func lost(
    _ gone: InterfaceIndex, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    for index in openPorts.indices {
      apply(openPorts[index].lost(gone), PortSlot(index), at: now, into: &outputs)
    }
  }

  package mutating func learned(_ address: InterfaceAddress) {
    for index in openPorts.indices { openPorts[index].learned(address) }
  }

  package mutating func lost(_ address: InterfaceAddress) {
    for index in openPorts.indices { openPorts[index].lost(address) }
  }

  /// Everything is listed anew; addresses that are not named are gone.
  package mutating func beginConfirming() {
    for index in openPorts.indices { openPorts[index].beginConfirming() }
  }

  package mutating func dropUnconfirmed() {
    for index in openPorts.indices { openPorts[index].dropUnconfirmed() }
  }

  /// Whether ARP is spoken on the interface.
  package func concerns(_ index: InterfaceIndex) -> Bool {
    openPorts.contains { $0.index == index }
  }

  /// The interface that a target is asked on, when it is known.
  package func interface(of slot: TargetSlot) -> InterfaceIndex? {
    guard let index = place(of: slot), case .arp(let port) = targets[index].method else {
      return nil
    }
    return openPorts[port.index].index
  }

  private mutating func apply(
    _ change: ProbePort.Change, _ port: PortSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    switch change {
    case .none: return
    case .bound:
      guard let index = openPorts[port.index].index else { return }
      forget(port, at: now, into: &outputs)
      outputs.add(.openPort(port, index))
    case .gone:
      forget(port, at: now, into: &outputs)
      outputs.add(.closePort(port))
    case .altered:
      // Frames that are on their way will not be answered; that is not the hosts' fault.
      suspend(port, at: now, into: &outputs)
    }
  }

  /// Another network may be behind the interface.
  private mutating func forget(
    _ port: PortSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    for index in targets.indices where targets[index].method == .arp(port) {
      targets[index].binding.forget()
    }
    suspend(port, at: now, into: &outputs)
    recogniseProxies(&outputs, isForgetting: true)
  }

  private mutating func suspend(
    _ port: PortSlot, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    for index in targets.indices where targets[index].method == .arp(port) {
      targets[index].liveness.suspend(.noInterface, at: now)
      settle(index, at: now, into: &outputs)
    }
  }

  /// The packet socket of a port stands.
  package mutating func opened(_ port: PortSlot) { openPorts[port.index].isOpen = true }

  // MARK: Neighbours

  /// An entry of the kernel's table shows who answers for a neighbour.
  package mutating func learned(_ neighbour: Neighbour, into outputs: inout ProbeOutputs) {
    guard !neighbour.isProxy, case .v4(let address) = neighbour.address,
      let mac = neighbour.hardwareAddress, !neighbour.state.hasFailed
    else { return }
    for index in targets.indices
    where targets[index].isNeighbour && targets[index].address == address
      && targets[index].neighbourMAC != mac
    {
      targets[index].neighbourMAC = mac
      recogniseProxies(&outputs)
    }
  }

  /// Whether the network, and not the host, answers for a target: then that says nothing of the
  /// host.
  package func isDiscounted(_ slot: TargetSlot) -> Bool {
    place(of: slot).map { targets[$0].isDiscounted } ?? false
  }

  // MARK: Proxies

  /// Looks at all bindings anew: one that has changed can clear or accuse others.
  mutating func recogniseProxies(_ outputs: inout ProbeOutputs, isForgetting: Bool = false) {
    let answers = targets.compactMap(\.answer)
    for index in targets.indices {
      let cause = targets[index].answer.flatMap { ProxiedARP.cause(of: $0, among: answers) }
      guard cause != targets[index].proxied else { continue }
      // That nobody is known any more who has its MAC makes the kernel's entry no better.
      if isForgetting, cause == nil, targets[index].isNeighbour { continue }
      targets[index].proxied = cause
      outputs.add(.note(.proxied(targets[index].slot, cause)))
      tell(index, into: &outputs)
    }
  }
}
