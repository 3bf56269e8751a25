// Faults made to happen, and mended.

import Linux
package import Management
import Model
import Platform

extension Scene {
  /// Makes a fault happen; `amount` as its measure has it.
  package func cause(
    _ fault: Fault, on host: String?, amount: Int? = nil
  ) throws(LabError) {
    guard fault.needsHost else {
      // All are away before the first comes back.
      for instance in network.servers { try instance.leave() }
      for instance in network.servers { try instance.startAgain() }
      return
    }
    guard let host, lab.topology.host(named: host) != nil else {
      throw .unsuitable("\(fault.rawValue) needs one of: \(hostNames)")
    }
    guard fault.isBrief || !faults.contains(Harm(fault: fault, host: host)) else {
      throw .unsuitable("\(fault.rawValue) has happened to \(host) already")
    }
    try harm(fault, host, amount ?? fault.measure?.usual ?? 0)
    if !fault.isBrief { faults.append(Harm(fault: fault, host: host)) }
  }

  /// Undoes what was done to a host, or everything.
  package func mend(_ fault: Fault? = nil, on host: String? = nil) throws(LabError) {
    let chosen = faults.filter {
      (fault == nil || $0.fault == fault) && (host == nil || $0.host == host)
    }
    if chosen.isEmpty { throw .unsuitable("there is nothing to mend") }
    for harm in chosen.reversed() {
      try heal(harm.fault, harm.host)
      faults.removeAll { $0 == harm }
    }
  }

  /// Lets the resource manager or the metadata service misbehave.
  package func cause(_ trouble: Trouble) throws(LabError) { try rest().cause(trouble) }

  package func mend(_ door: Door, _ mischief: Mischief?) throws(LabError) {
    try rest().mend(door, mischief)
  }

  private func rest() throws(LabError) -> RestProcess {
    guard let rest = network.rest else {
      throw .unsuitable("the layout \(layout.name) has no resource manager")
    }
    return rest
  }

  /// Whether nothing of a host reaches anybody.
  func isSilent(_ host: String) -> Bool { faults.contains { $0.host == host && $0.fault.silences } }

  private var hostNames: String { lab.topology.hosts.map(\.name).joined(separator: " ") }

  private func harm(_ fault: Fault, _ host: String, _ amount: Int) throws(LabError) {
    switch fault {
    case .hostDies:
      // The cable first: a process that is killed closes its connections, and that would be told.
      try lab.unplug(host)
      try lab.endProcesses(on: host)
    case .hostFreezes:
      try lab.unplug(host)
      try stopProcesses(of: host)
    case .processesPause: try stopProcesses(of: host)
    case .processKilled:
      guard let process = mainProcess(of: host) else {
        throw .unsuitable("\(host) has no program that could be killed")
      }
      try send(process, .kill, host)
    case .carrierLost: try setCarrier(of: host, false)
    case .linkDown:
      try lab.run(["ip", "link", "set", "dev", Lab.interface, "down"], on: host)
    case .cableCut: try lab.unplug(host)
    case .lossTo: try lose(host, "egress", amount)
    case .lossFrom: try lose(host, "ingress", amount)
    case .instanceRestarts, .bothRestart:
      guard let instance = instance(named: host) else {
        throw .unsuitable("\(host) is no route server instance")
      }
      try instance.leave()
      try instance.startAgain()
    case .maintenance: try maintain(host, "on")
    case .rebootAnnounced: try rest().announceReboot(of: host)
    case .routeLost: try setRoute(.delete, behind: host)
    case .late:
      // What is lost is lost at the end of the cable, which a relay would take away.
      guard !faults.contains(where: { $0.host == host && [.lossTo, .lossFrom].contains($0.fault) })
      else { throw .unsuitable("\(host) loses packets: mend that first") }
      let relay = try network.relay(of: host)
      for way in RelayDirection.allCases { try relay.set(way, delay: .milliseconds(Int64(amount))) }
    }
  }

  private func maintain(_ host: String, _ word: String) throws(LabError) {
    guard let speaker = speakers.first(where: { $0.host == host }) else {
      throw .unsuitable("no hopshiftd runs on \(host)")
    }
    _ = try speaker.ask(["maintenance", word])
  }

  private func heal(_ fault: Fault, _ host: String) throws(LabError) {
    switch fault {
    case .hostDies:
      try lab.plugIn(host)
      try revive(host)
    case .hostFreezes:
      try lab.plugIn(host)
      try continueProcesses(of: host)
    case .processesPause: try continueProcesses(of: host)
    case .processKilled: try revive(host)
    case .carrierLost: try setCarrier(of: host, true)
    case .linkDown:
      try lab.run(["ip", "link", "set", "dev", Lab.interface, "up"], on: host)
      // The kernel has removed it together with the link.
      try lab.run(["ip", "route", "replace", "default", "via", gateway(of: host)], on: host)
    case .cableCut: try lab.plugIn(host)
    case .lossTo: try lossless(host, "egress")
    case .lossFrom: try lossless(host, "ingress")
    case .maintenance: try maintain(host, "off")
    case .rebootAnnounced: try rest().endEvents(of: host)
    case .routeLost: try setRoute(.add, behind: host)
    case .late: try network.relay(of: host).clear()
    case .instanceRestarts, .bothRestart: preconditionFailure("a restart is over at once")
    }
  }

  private func gateway(of host: String) -> String {
    guard let found = lab.topology.host(named: host) else { preconditionFailure("no such host") }
    return "\(lab.topology.subnets[found.subnet].gateway)"
  }

  /// The links of a host lose their carrier with the other end of their cables, a tap by itself.
  private func setCarrier(of host: String, _ carries: Bool) throws(LabError) {
    guard let found = lab.topology.host(named: host) else { throw .topology(.badName(host)) }
    if found.isOnTap { try network.relay(of: host).setCarrier(carries) }
    for cable in found.interfaces.dropFirst(found.isOnTap ? 1 : 0) {
      try lab.run(
        ["ip", "link", "set", "dev", cable.port, carries ? "up" : "down"], on: Topology.fabric)
    }
  }

  /// `hook` is seen from the fabric: what leaves it goes to the host.
  private func lose(_ host: String, _ hook: String, _ percent: Int) throws(LabError) {
    for cable in try lab.cables(of: host) {
      let shown = try lab.run(["tc", "qdisc", "show", "dev", cable.port], on: Topology.fabric)
      if !shown.contains("clsact") {
        try lab.run(["tc", "qdisc", "add", "dev", cable.port, "clsact"], on: Topology.fabric)
      }
      try lab.run(
        [
          "tc", "filter", "add", "dev", cable.port, hook, "bpf", "direct-action", "bytecode",
          LossFilter.bytecode(percent: percent),
        ], on: Topology.fabric)
    }
  }

  private func lossless(_ host: String, _ hook: String) throws(LabError) {
    for cable in try lab.cables(of: host) {
      try lab.run(["tc", "filter", "del", "dev", cable.port, hook], on: Topology.fabric)
    }
  }

  private func stopProcesses(of host: String) throws(LabError) {
    // Repeated, because a process that was not yet stopped may have started another.
    try wait("\(host) to stand still", within: .seconds(5)) { () throws(LabError) in
      let all = try ProcessTable.inside(lab.namespace(of: host), lab.shell)
      let moving = all.filter { ProcessTable.state(of: $0).map { !"TZX".contains($0) } ?? false }
      for pid in moving { try send(pid, .stop, host) }
      return moving.isEmpty ? nil : "\(moving.count) of \(all.count) processes move"
    }
  }

  private func continueProcesses(of host: String) throws(LabError) {
    for pid in try ProcessTable.inside(lab.namespace(of: host), lab.shell) {
      try send(pid, .proceed, host)
    }
  }

  private func send(_ pid: Int32, _ signal: Processes.Signal, _ host: String) throws(LabError) {
    do throws(Errno) {
      try Processes.signal(pid, signal)
    } catch {
      throw .system(error, doing: "a signal to \(pid) of \(host)")
    }
  }
}
