// A note of the engine as a sentence for people: in the log, and in the story that a replay tells.

package import BGP
package import Engine
import Failover
package import Model

/// What a note says, and how much it matters.
package struct NoteSentence: Equatable, Sendable {
  package enum Weight: Equatable, Sendable {
    case notice, warning, error
  }

  package let weight: Weight
  package let text: String

  init(_ weight: Weight, _ text: String) {
    self.weight = weight
    self.text = text
  }

  /// Nil for what only monitors are told. `detail`: what the socket said of a route server, which
  /// is more than what the session knows. `name`: how the system calls an errno.
  package static func of(
    _ note: Note, _ plan: Plan, link: Link? = nil,
    detail: (PeerSlot, DownReason) -> String? = { _, _ in nil }, errno name: (Int32) -> String
  ) -> NoteSentence? {
    switch note {
    case .link, .linkGone, .address, .addressGone, .heard, .listed, .complete: return nil
    case .stale(_, .silentChange), .current(.routes): return nil
    case .session(let slot, let state, let reason):
      let server = plan.routeServers.peers[slot.index]
      if let reason {
        return NoteSentence(
          .warning,
          "route server \(server): \(reason.words(socket: detail(slot, reason))), now \(state)")
      }
      guard state == .established else { return nil }
      return NoteSentence(.notice, "route server \(server): established")
    case .standing(let slot, let before, let standing, let shift, let trigger):
      let from = before.map { VIPWords.words(slot, $0, plan) } ?? "nothing"
      let number = shift == 0 ? "" : " (shift \(shift))"
      return NoteSentence(
        .notice,
        "vip \(plan.vips[slot.index].name): \(from) -> \(VIPWords.words(slot, standing, plan))"
          + "\(number): \(Because.of(trigger, plan, link: link))")
    case .recovered(let slot):
      return NoteSentence(.notice, "vip \(plan.vips[slot.index].name): somebody can carry it again")
    case .health(let host, let health):
      return NoteSentence(
        health == .down ? .warning : .notice, "host \(plan.hosts[host.index].name) is \(health)")
    case .ownNetwork(let state):
      return NoteSentence(
        state == .working ? .notice : .warning, "our own network is \(state)")
    case .fellow(let fellow, let isAlive):
      let name = VIPWords.speaker(fellow, plan)
      return isAlive
        ? NoteSentence(.notice, "speaker \(name) is heard")
        : NoteSentence(.warning, "speaker \(name) is silent")
    case .probe(let note): return ProbeWords.sentence(note, plan)
    case .outOfService(let slot, let isOut):
      let words = isOut ? "out of service here" : "back in service here"
      return NoteSentence(.notice, "vip \(plan.vips[slot.index].name): \(words)")
    case .placement(let slot, let placement):
      return NoteSentence(
        placement == .refused ? .warning : .notice,
        "vip \(plan.vips[slot.index].name): \(words(placement))")
    case .wish(let slot, let wish, _):
      // Whose word it is changes with each hello that is missed; where the route leads does not.
      guard wish.voice == .ours, let candidate = wish.candidate else { return nil }
      let name = plan.vips[slot.index].name
      guard wish.isWanted else {
        return NoteSentence(.notice, "vip \(name): no route is wanted in the route tables")
      }
      let hop = plan.nextHopAddresses(of: slot)[candidate].ipv4
      return NoteSentence(.notice, "vip \(name): its routes should lead to \(hop)")
    case .confirmed(let slot, let shift):
      return NoteSentence(
        .notice,
        "vip \(plan.vips[slot.index].name): shift \(shift) is confirmed, its new host answers")
    case .draining(let length):
      return NoteSentence(
        .notice,
        "the route servers were told that the VIPs are about to go; their sessions end in "
          + "\(length.milliseconds) ms")
    case .forgotten:
      return NoteSentence(.warning, "the state file could not be used; starting without it")
    case .paused(let length):
      return NoteSentence(
        .warning,
        "this process stood still for \(length.milliseconds) ms: nobody is blamed for it")
    case .stale(let kernelClass, let reason):
      return NoteSentence(
        .warning, "kernel: \(kernelClass): \(words(reason)); reading everything again")
    case .current(.interfaces):
      return NoteSentence(.notice, "kernel: links and addresses are current")
    case .current(let kernelClass):
      return NoteSentence(.notice, "kernel: \(kernelClass) are current")
    case .alarm(let alarm): return NoteSentence(.error, words(alarm, plan, errno: name))
    }
  }

  private static func words(_ placement: Placement) -> String {
    switch placement {
    case .asked: "given away: whoever places the address is asked to place it elsewhere"
    case .gone: "given away: the address has gone"
    case .returned: "not given away any more: the address is here, so nobody else has it"
    case .refused:
      "not given away any more: nobody took the address in "
        + "\(Failover.placementPatience.milliseconds / 1000) s"
    case .recalled: "not given away any more: an operator wants the address to be here"
    }
  }

  package static func words(_ reason: StaleReason) -> String {
    switch reason {
    case .overrun: "messages were lost (receive buffer overrun)"
    case .malformed: "a message could not be understood"
    case .interruptedDump: "its state changed while it was being listed"
    case .refusedDump: "it refused to list its state"
    case .silentChange: "it may have removed routes without a word"
    }
  }

  package static func words(
    _ alarm: Alarm, _ plan: Plan, errno name: (Int32) -> String
  ) -> String {
    switch alarm {
    case .lastRung(let slot):
      "vip \(plan.vips[slot.index].name): the last takeover rung is taken; "
        + "restart hopshiftd on the machine that does not hold the address"
    case .outOfRungs(let slot):
      "vip \(plan.vips[slot.index].name): no takeover rung is left; the last announcement stands"
    case .allDown(let slot):
      "vip \(plan.vips[slot.index].name): nobody can carry it; "
        + (plan.vips[slot.index].allDown == .hold
          ? "the last announcement stands" : "its routes are withdrawn")
    case .dumpRefused(let kernelClass, let code):
      "kernel: \(kernelClass): dump refused: \(name(code))"
    case .dumpsFailing(let kernelClass, let times):
      "kernel: \(kernelClass): \(times) dumps failed in a row; nothing is decided on them"
    case .staleForLong(let kernelClass):
      "kernel: \(kernelClass): messages have been lost for "
        + "\(KernelFeed.stalePatience.seconds) s and more; nothing is decided on them"
    case .notSpoken(let slot, let families):
      "route server \(plan.routeServers.peers[slot.index]): it does not offer "
        + "\(families.names.joined(separator: ", ")), so such prefixes are not announced to it"
    case .notOpened(let kernelClass, let code):
      "kernel: \(kernelClass): no netlink socket: \(name(code))"
    case .portNotOpened(let port, let code): ProbeWords.sentence(port, code, errno: name)
    case .probesNotOpened(let socket, let code): ProbeWords.sentence(socket, code, errno: name)
    case .routesLeftOut(let rule, let count):
      "redistribute \(plan.redistributions[rule.index].name): there is no room for "
        + "\(count) of its routes; see hopshift routes"
    case .tableRoutesLeftOut(let count):
      "redistribute: there is no room for \(count) routes in route tables, which get "
        + "\(plan.tableLimit) at most; see hopshift routes"
    case .routesNotKept:
      "redistribute: more routes of the kernel match than are kept; the rest is not looked at"
    case .unconfirmed(let slot, let shift):
      "vip \(plan.vips[slot.index].name): shift \(shift) is not confirmed after "
        + "\((plan.vips[slot.index].confirmation?.within ?? .zero).seconds) s: "
        + "its new host does not answer through the VIP"
    }
  }
}
