// A machine in shadow mode beside an active one: it hears the same, decides the same, and says nothing.

import Engine
import Model
import Probes

/// One run of it, as long as the run of the active machine.
struct Shadow {
  private let driver: Driver
  private var isStopping = false
  /// The number of the last dump, and what the active machine calls it: that one also asks for
  /// links when a session is lost.
  private var dump: (own: UInt32, theirs: UInt32)?

  init(_ plan: Plan, seed: UInt64, run: Int) {
    driver = Driver(plan, seed: seed, run: UInt64(run))
  }

  /// Hears what the active machine has heard; the answer is what is wrong with what it did.
  mutating func judge(
    _ input: Input, _ bytes: [UInt8], _ effects: [Effect], at now: Instant
  ) -> String? {
    if isOfSessions(input) { return nil }
    isStopping = isStopping || input == .stop
    let own = driver.feed(input, renumbered(bytes, input), at: now)
    if let loud = own.first(where: isLoud) { return "the shadow wants to \(loud)" }
    let (left, right) = (own.filter(isDecision), effects.filter(isDecision))
    if let own = asked(own), let theirs = asked(effects) { dump = (own.number, theirs.number) }
    // Whoever is leaving says nothing new; there is nobody whom the shadow could leave.
    guard left == right && asked(own)?.what == asked(effects)?.what || isStopping else {
      return "decided \(right), its shadow \(left)"
    }
    return nil
  }

  private func asked(_ effects: [Effect]) -> (what: DumpRequest, number: UInt32)? {
    for case .dump(let what, let number) in effects { return (what, number) }
    return nil
  }

  /// What answers the active machine's dump, as an answer to our own: the number is in each
  /// message's header (struct nlmsghdr).
  private func renumbered(_ bytes: [UInt8], _ input: Input) -> [UInt8] {
    guard case .kernel = input, let dump else { return bytes }
    var bytes = bytes
    var start = 0
    while start + 16 <= bytes.count {
      let length = Int(number(bytes, start))
      if number(bytes, start + 8) == dump.theirs {
        for place in 0..<4 {
          bytes[start + 8 + place] = UInt8(truncatingIfNeeded: dump.own >> (8 * UInt32(place)))
        }
      }
      guard length >= 16 else { break }
      start += (length + 3) & ~3
    }
    return bytes
  }

  private func number(_ bytes: [UInt8], _ start: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
  }

  /// It has none.
  private func isOfSessions(_ input: Input) -> Bool {
    switch input {
    case .connected, .connectFailed, .accepted, .received, .closed, .held, .taken, .acknowledged:
      true
    default: false
    }
  }

  /// What others would notice. Hosts are asked: that changes nothing.
  private func isLoud(_ effect: Effect) -> Bool {
    switch effect {
    case .connect, .accept, .refuse, .close, .send, .fire, .hello: true
    case .probe(let output, _):
      switch output {
      case .connect, .write: true
      default: false
      }
    case .dump, .subscribe, .ask, .note: false
    }
  }

  /// What is to be the same. Sessions that come and go make an active machine ask for its link.
  private func isDecision(_ effect: Effect) -> Bool {
    switch effect {
    case .note(.standing), .note(.health), .note(.ownNetwork), .note(.fellow),
      .note(.recovered), .note(.outOfService), .note(.alarm(.allDown)), .note(.alarm(.lastRung)),
      .note(.alarm(.outOfRungs)):
      true
    default: false
    }
  }
}
