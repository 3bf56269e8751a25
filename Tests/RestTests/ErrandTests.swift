// One table's machine over real TLS, through every mischief: the word is carried out in the end.

import Azure
import Foundation
import HTTPS
import Lab
import Model
import Testing

@Suite(.serialized) struct ErrandTests {
  @Test(arguments: [
    "busy times=2", "conflict times=2", "changed times=1", "failing times=2 value=502",
    "fails-afterwards times=1", "lost-request times=2", "lost-answer times=1", "silent times=1",
    "drip times=1", "truncated times=2", "cut times=2", "flood times=1", "redirect times=1",
    "operation-fails times=1", "operation-cancelled times=1", "operation-forgotten times=1",
    "down", "tls-name", "tls-expired", "tls-stranger", "tls-old",
  ])
  func nothingIsLost(_ mischief: String) throws {
    let errand = try Errand()
    try errand.want("10.0.2.10")
    #expect(try errand.run(until: errand.isDone))
    try errand.service.ask("cause rest \(mischief)")
    try errand.want("10.0.2.20")
    if mischief.contains("times=") {
      #expect(try errand.run(until: errand.isDone))
    } else {
      // It is told why it waits, and what stands is as it was.
      #expect(try errand.run(until: errand.waits))
      try errand.service.ask("mend")
      #expect(try errand.run(until: errand.isDone))
    }
    #expect(try errand.service.hop() == "10.0.2.20")
    let calls = try errand.service.calls()
    #expect(!calls.contains { $0.method == "DELETE" })
    // A route that stands is replaced under its tag, never written blindly.
    let changes = calls.filter { $0.method == "PUT" && $0.body.contains("10.0.2.20") }
    #expect(!changes.isEmpty || mischief.hasPrefix("tls") || mischief == "down")
    #expect(changes.allSatisfy { $0.ifMatch != nil })
  }

  @Test func whoIsThrottledWaits() throws {
    let errand = try Errand()
    try errand.want("10.0.2.10")
    #expect(try errand.run(until: errand.isDone))
    try errand.service.ask("cause rest throttled times=1 value=1")
    errand.followsTheClock = true
    try errand.want("10.0.2.20")
    #expect(try errand.run(until: errand.isDone))
    let refused = try errand.service.calls().filter { $0.status == 429 }
    #expect(refused.count == 1)
  }

  @Test func anExpiredTokenIsRenewedOnce() throws {
    let errand = try Errand()
    try errand.want("10.0.2.10")
    #expect(try errand.run(until: errand.isDone))
    try errand.service.ask("revoke-tokens")
    try errand.want("10.0.2.20")
    #expect(try errand.run(until: errand.isDone))
    #expect(try errand.service.hop() == "10.0.2.20")
    #expect(errand.renewals == 1)
  }

  @Test func whatAStrangerWroteIsMended() throws {
    let errand = try Errand()
    try errand.want("10.0.2.10")
    #expect(try errand.run(until: errand.isDone))
    try errand.service.ask("meddle udr vip 10.64.0.0/12 10.0.2.99")
    errand.forgetOutcome()
    #expect(try errand.run { try errand.service.hop() == "10.0.2.10" })
  }
}

/// A table's machine, its transport, and a daemon that answers every question with its last word.
private final class Errand {
  let service: Service
  private let transport: Transport
  private var token: String
  private var table: Table
  private var budget = Budget()
  private var now = Instant.zero
  private var word = Intent(.none, .notOurs)
  private var queue: [TableInput] = [.turn]
  private var outcome: Outcome?
  private(set) var renewals = 0
  /// Else its waits are over at once.
  var followsTheClock = false

  init() throws {
    service = try Service()
    // What is accepted is done by the next question.
    try service.ask("set lasts 0")
    transport = try service.transport()
    token = try service.token(transport)
    let id = try #require(ResourceID(Service.table))
    let prefix = try #require(Prefix("10.64.0.0/12"))
    let candidates = ["10.0.2.10", "10.0.2.20"].compactMap { IPAddress($0) }
    table = Table(
      id, at: service.management,
      [ManagedRoute(name: "vip", prefix: prefix, candidates: candidates)], policy: .repair,
      seed: 3, now: now)
  }

  func want(_ hop: String) throws {
    let generation = Generation(epoch: 1, counter: word.generation.counter + 1)
    word = Intent(generation, .hop(try #require(IPAddress(hop))))
    outcome = nil
    queue.append(.intent(RouteSlot(0), word))
  }

  func forgetOutcome() { outcome = nil }

  func isDone() throws -> Bool { outcome == .done }

  func waits() throws -> Bool {
    if case .waiting? = outcome { return true }
    return false
  }

  /// Runs until the condition holds; false when it does not within a number of turns that only an
  /// endless errand needs.
  func run(until holds: () throws -> Bool) throws -> Bool {
    for _ in 0..<500 {
      if queue.isEmpty {
        if try holds() { return true }
        guard let deadline = table.deadline else { return false }
        pass(until: deadline)
        queue.append(.turn)
      }
      var outputs: [TableOutput] = []
      table.handle(queue.removeFirst(), at: now, &budget, into: &outputs)
      for output in outputs { try carryOut(output) }
    }
    return false
  }

  private func pass(until deadline: Instant) {
    let wait = max(deadline - now, .zero)
    if followsTheClock { _ = poll(nil, 0, Int32(wait.milliseconds) + 1) }
    now = now + wait
  }

  private func carryOut(_ output: TableOutput) throws {
    switch output {
    case .call(let id, let request):
      switch try transport.ask(request, token: token, limit: .seconds(1)) {
      case .success(let incoming): queue.append(.answered(id, Answer(incoming)))
      case .failure(let failure): queue.append(.lost(id, Loss(failure)))
      }
    case .ask(let number, let slot): queue.append(.word(ask: number, slot, word))
    case .renewToken:
      renewals += 1
      token = try service.token(transport)
      queue.append(.tokenChanged)
    case .told(_, let generation, let outcome):
      if generation == word.generation { self.outcome = outcome }
    case .read: break
    }
  }
}
