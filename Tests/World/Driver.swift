// One run of the daemon's inner part: an Engine driven exactly as the loop of the daemon drives it.

package import BGP
import Chronicle
import Configuration
package import Engine
import Failover
import Journal
package import Model
package import Probes

/// What the machine wanted done, with its bytes.
package enum Effect: Equatable, Sendable {
  case dump(DumpRequest, sequence: UInt32)
  /// A class of kernel news is needed.
  case subscribe(KernelClass)
  case ask(InterfaceIndex, sequence: UInt32)
  case connect(PeerSlot)
  case accept(PeerSlot)
  case refuse(PeerSlot, [UInt8])
  case close(ConnectionSlot)
  case send(ConnectionSlot, [UInt8])
  case fire(ConnectionSlot, [UInt8], shift: UInt32)
  case hello([UInt8])
  /// What the probes want done, with the bytes that leave.
  case probe(ProbeOutput, [UInt8])
  case note(Note)
}

/// An Engine, its outputs, and what was armed in it.
package final class Driver {
  package private(set) var engine: Engine
  private var outputs: Outputs
  private var plan: Plan
  /// The bytes of each volley at the moment when it was armed.
  private var armed: [VolleyID: [UInt8]] = [:]
  /// Volleys whose bytes had changed between arming and firing.
  package private(set) var alteredVolleys = 0
  /// The most outputs and bytes that one input led to.
  package private(set) var mostOutputs = 0
  package private(set) var mostBytes = 0

  /// After every so many inputs the engine's state goes into a new engine, which goes on.
  package var transplantEvery: Int?
  package private(set) var transplants = 0
  /// After every so many inputs another Plan takes over that says the same in what is announced.
  package var reloadEvery: Int?
  package private(set) var reloads = 0
  private var inputs = 0
  private let seed: UInt64
  private let run: UInt64
  private var recorder: Recorder?
  private var position: RecorderPosition?
  /// The journal of this run so far; empty unless it is recorded.
  package private(set) var journal: [UInt8] = []

  package init(
    _ plan: Plan, seed: UInt64, run: UInt64 = 1, recordedFrom start: Instant? = nil
  ) {
    self.plan = plan
    self.seed = seed
    self.run = run
    engine = Engine(plan, seed: seed, run: run)
    outputs = Outputs(for: plan)
    if let start { beginJournal(at: start, state: []) }
  }

  package var deadline: Instant? { engine.deadline }

  /// What is to be kept, when that has changed.
  package func takeMemory() -> [UInt8]? {
    guard engine.hasUnsavedMemory else { return nil }
    engine.memoryWasTaken()
    return engine.memory(isEnding: false)
  }

  /// One input, its outputs in order, then `.idle`.
  package func feed(_ input: Input, _ bytes: [UInt8] = [], at now: Instant) -> [Effect] {
    engine.handle(input, bytes.span, at: now, into: &outputs)
    record(input, bytes, at: now)
    mostOutputs = max(mostOutputs, outputs.count)
    mostBytes = max(mostBytes, outputs.bytes.count)
    let effects = collect()
    let wasBusy = outputs.count > 0
    outputs.removeAll()
    engine.handle(.idle, [UInt8]().span, at: now, into: &outputs)
    precondition(outputs.count == 0, "idle has nothing to say")
    record(.idle, [], at: now)
    inputs += 1
    if let transplantEvery, inputs % transplantEvery == 0 { transplant(at: now) }
    // Arming follows what was announced or established, and both are told.
    if wasBusy { rememberArmed() }
    guard let reloadEvery, inputs % reloadEvery == 0 else { return effects }
    return effects + reloadOften(at: now)
  }

  /// Where metrics are served is nothing that anybody hears of, and neither is what a rule is
  /// called, which place it has, and what it lets through that the kernel never has.
  private func reloadOften(at now: Instant) -> [Effect] {
    var next = plan
    next.metrics = plan.metrics == nil ? "127.0.0.1:9108" : nil
    if !plan.redistributions.isEmpty { Driver.rename(&next.redistributions, reloads) }
    guard let (retired, begun, kept) = reload(next, at: now) else { return [] }
    precondition(retired.isEmpty, "no session ends")
    precondition(kept.enumerated().allSatisfy { $0.offset == $0.element?.index })
    reloads += 1
    return begun
  }

  /// A rule that matches nothing comes and goes in front of the others, which get other names. It
  /// asks for another table, so the kernel is listed; not each time, or nothing else would be done.
  private static func rename(_ rules: inout [Plan.Redistribution], _ count: Int) {
    if count % 8 == 3 {
      let idle = Plan.Redistribution(name: "idle", tables: [77])
      if rules.count > 2 { rules.removeFirst() } else { rules.insert(idle, at: 0) }
    }
    guard count % 3 == 1 else { return }
    for place in rules.indices where rules[place].name != "idle" {
      let name = rules[place].name
      rules[place].name = name.hasSuffix("-x") ? String(name.dropLast(2)) : name + "-x"
    }
  }

  /// Every socket of the probes was read, and nothing had come.
  package func hearProbes(at now: Instant) { _ = feed(.probe(.heard(until: now)), at: now) }

  /// Another Plan takes over, as the daemon's loop does it; nil: not at this moment.
  package func reload(
    _ next: Plan, hasSamePassword: Bool = true, at now: Instant
  ) -> (retired: [Effect], begun: [Effect], kept: [PeerSlot?])? {
    guard engine.canBeSucceeded else { return nil }
    let kept = engine.sessionsKept(for: next, hasSamePassword: hasSamePassword)
    engine.retire(for: next, keeping: kept, at: now, into: &outputs)
    let retired = collect()
    outputs = Outputs(for: next)
    var successor = Engine(next, succeeding: &engine, keeping: kept, at: now, into: &outputs)
    precondition(successor.isQuiet, "a journal can begin here")
    swap(&engine, &successor)
    plan = next
    armed = [:]
    if recorder != nil { beginJournal(at: now, state: engine.state()) }
    let begun = collect()
    outputs.removeAll()
    engine.handle(.idle, [UInt8]().span, at: now, into: &outputs)
    record(.idle, [], at: now)
    rememberArmed()
    return (retired, begun, kept)
  }

  private func beginJournal(at start: Instant, state: [UInt8]) {
    let beginning = Beginning(
      of: plan, release: "simulation", seed: seed, run: run, wallOffset: 0,
      configuration: Array(Configuration.effective(plan).utf8))
    recorder = Recorder(beginning, at: start, state: state)
    position = recorder?.attachOldest()
    journal = []
  }

  /// The outputs with their bytes.
  private func collect() -> [Effect] {
    var effects: [Effect] = []
    for output in outputs.list {
      switch output {
      case .dump(let what, let sequence): effects.append(.dump(what, sequence: sequence))
      case .askLink(let index, let sequence): effects.append(.ask(index, sequence: sequence))
      case .subscribe(let kernelClass): effects.append(.subscribe(kernelClass))
      // A kernel that goes on talking is not listened to.
      case .unsubscribe: continue
      case .connect(let peer): effects.append(.connect(peer))
      case .accept(let peer): effects.append(.accept(peer))
      case .refuse(let peer, let piece): effects.append(.refuse(peer, Array(outputs.bytes[piece])))
      case .close(let peer): effects.append(.close(peer))
      case .send(let peer, let piece): effects.append(.send(peer, Array(outputs.bytes[piece])))
      case .fire(let peer, let volley, let shift):
        effects.append(.fire(peer, fired(volley), shift: shift))
      case .hello(let piece): effects.append(.hello(Array(outputs.bytes[piece])))
      case .note(let note): effects.append(.note(note))
      }
    }
    return effects + probing
  }

  /// What the probes have put out; what they found out is among the notes.
  private var probing: [Effect] {
    outputs.probes.list.compactMap { output in
      switch output {
      case .note: nil
      case .frame(_, _, let piece), .echo(_, let piece), .write(_, let piece),
        .control(_, let piece):
        .probe(output, Array(outputs.probes.bytes[piece]))
      case .openPort, .closePort, .connect, .hangUp: .probe(output, [])
      }
    }
  }

  /// The engine's state, from which another can go on.
  package var state: [UInt8] { engine.state() }

  private func transplant(at now: Instant) {
    guard engine.isQuiet else { return }
    var successor = Engine(plan, seed: seed, run: run)
    precondition(successor.restore(engine.state()), "a state of this Plan")
    engine = successor
    // Its volleys have names of their own.
    engine.handle(.idle, [UInt8]().span, at: now, into: &outputs)
    armed = [:]
    rememberArmed()
    transplants += 1
  }

  private func record(_ input: Input, _ bytes: [UInt8], at now: Instant) {
    guard recorder != nil, var position else { return }
    recorder?.record(input, bytes.span, at: now, OutputSum(outputs, from: 0, engine))
    while let piece = recorder?.read(&position, limit: 65_536), !piece.isEmpty { journal += piece }
    self.position = position
  }

  private func fired(_ volley: VolleyID) -> [UInt8] {
    let whole = volley.only(.all)
    if let before = armed[whole], before != copy(whole) { alteredVolleys += 1 }
    return copy(volley)
  }

  private func copy(_ volley: VolleyID) -> [UInt8] {
    engine.withBytes(of: volley) { span in span.indices.map { span[$0] } }
  }

  private func rememberArmed() {
    for vip in plan.vips.indices {
      let slot = VIPSlot(vip)
      var standings = [engine.speaker.standing(slot)]
      for next in 0..<engine.failover.upcomingCount(slot) {
        standings.append(engine.failover.upcoming(slot, next))
      }
      for case let standing? in standings {
        let announcement = engine.speaker.announcement(slot, standing)
        for peer in plan.routeServers.peers.indices {
          let volley = engine.speaker.magazine.volley(
            slot, for: PeerSlot(peer), announcement, epoch: engine.speaker.sessions[peer].epoch)
          guard let volley, armed[volley] == nil else { continue }
          armed[volley] = copy(volley)
        }
      }
    }
  }
}
