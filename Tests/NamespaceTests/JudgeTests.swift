// BIRD, FRR, GoBGP, OpenBGPD and ExaBGP as route servers: each must see the same.

import Lab
import Linux
import Model
import Platform
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct JudgeTests {
  /// Announced, replaced in one UPDATE, never withdrawn, told again when asked, and back after the
  /// judge was killed.
  @Test(arguments: Judge.allCases)
  func `a judge sees every claim`(judge: Judge) throws {
    try judge.require()
    let duel = try Duel()
    defer { duel.tearDown() }
    let tap = try Wiretap(duel.lab, on: "judge")
    let program = try judge.start(duel)
    try duel.startDaemon(servers: "  hold-time: 9s")
    try duel.wait(forStatus: [Duel.established, #""hold-ms":9000"#])
    try judge.wait(duel, for: .standby)

    let before = try tap.judge().updates(from: [Duel.appliance]).count
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try judge.wait(duel, for: .firstTakeover)
    let updates = try tap.judge().updates(from: [Duel.appliance])
    #expect(updates.count == before + 1)
    if try judge.askAgain(duel) {
      try Waiting.until("the answer to the refresh", within: .seconds(5)) { () throws(LabError) in
        let count = try tap.judge().updates(from: [Duel.appliance]).count
        return count == before + 2 ? nil : "\(count) UPDATEs"
      }
      try judge.wait(duel, for: .firstTakeover)
    }

    try signal(program, .kill)
    try Waiting.until("the session to end", within: .seconds(12)) { () throws(LabError) in
      let answer = try duel.ask(["status", "--json"])
      return answer.contains(Duel.established) ? answer : nil
    }
    // The judge may have several processes: the others must not outlive the one that was killed.
    try duel.killJudge()
    _ = try judge.start(duel)
    try duel.wait(forStatus: [Duel.established], within: .seconds(40))
    try judge.wait(duel, for: .firstTakeover)
    let withdrawals = try tap.judge().updates(from: [Duel.appliance]).filter {
      $0.update.withdraws
    }
    #expect(withdrawals.isEmpty)
  }

  private func signal(
    _ program: RunningProgram, _ signal: Processes.Signal
  ) throws(LabError) {
    do throws(Errno) {
      try Processes.signal(program.pid, signal)
    } catch {
      throw .system(error, doing: "a signal to the judge")
    }
  }
}
