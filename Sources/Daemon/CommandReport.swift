// Operators' commands: their words understood, and what became of them.

import Control
import Engine
import Failover
import Linux
import Model

/// A request that asks for a change.
struct CommandRequest {
  var commands: [OperatorCommand]
  var isDryRun: Bool

  /// Understands the words, or says in one sentence what is wrong with them.
  static func parse(_ request: Request, _ plan: Plan) -> Result<CommandRequest, UsageError> {
    request.verb == .switch
      ? parseSwitch(request.words, plan) : parseMaintenance(request.words, plan)
  }

  private static func parseSwitch(
    _ words: [String], _ plan: Plan
  ) -> Result<CommandRequest, UsageError> {
    guard words.count >= 2 else {
      return .failure(UsageError(text: "switch takes a VIP and a host"))
    }
    var (isDryRun, isForced) = (false, false)
    for word in words[2...] {
      switch word {
      case "dry-run": isDryRun = true
      case "force": isForced = true
      default: return .failure(UsageError(text: "switch knows no \(word)"))
      }
    }
    guard let vip = slot(words[0], plan) else { return .failure(unknown(words[0], plan)) }
    let command: OperatorCommand
    switch words[1] {
    case "auto": command = .release(vip)
    case "self" where !isWatched(vip, plan): command = .take(vip, isForced: isForced)
    case "other" where !isWatched(vip, plan): command = .give(vip, isForced: isForced)
    default:
      guard let host = plan.hosts.firstIndex(where: { $0.name == words[1] }) else {
        let names = plan.hosts.map(\.name)
        let text = UnknownName.text("host", words[1], among: names)
        return .failure(UsageError(text: text, code: .failure))
      }
      command = .move(vip, to: HostSlot(host), isForced: isForced)
    }
    return .success(CommandRequest(commands: [command], isDryRun: isDryRun))
  }

  private static func parseMaintenance(
    _ words: [String], _ plan: Plan
  ) -> Result<CommandRequest, UsageError> {
    guard let state = words.first, ["on", "off"].contains(state) else {
      return .failure(UsageError(text: "maintenance takes on or off"))
    }
    var vips = plan.vips.indices.map(VIPSlot.init)
    if words.count > 1 {
      vips = []
      for name in words[1...] {
        guard let vip = slot(name, plan) else { return .failure(unknown(name, plan)) }
        vips.append(vip)
      }
    }
    let commands = vips.map { OperatorCommand.outOfService($0, state == "on") }
    return .success(CommandRequest(commands: commands, isDryRun: false))
  }

  private static func slot(_ name: String, _ plan: Plan) -> VIPSlot? {
    plan.vips.firstIndex { $0.name == name }.map(VIPSlot.init)
  }

  private static func unknown(_ name: String, _ plan: Plan) -> UsageError {
    UsageError(text: UnknownName.vip(name, plan), code: .failure)
  }

  private static func isWatched(_ vip: VIPSlot, _ plan: Plan) -> Bool {
    if case .watcher = plan.vips[vip.index].role { return true }
    return false
  }
}

/// The record for one command.
enum CommandReport {
  static func record(
    _ id: String, _ command: OperatorCommand, _ answer: OperatorAnswer, isDryRun: Bool,
    _ engine: borrowing Engine, _ now: Instant
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "answer")
    line.add("vip", engine.plan.vips[command.vip.index].name)
    line.add("result", word(answer))
    line.add("dry-run", isDryRun)
    if case .damped(let end) = answer { line.add("free-in-ms", (end - now).milliseconds) }
    line.add("message", sentence(command, answer, isDryRun: isDryRun, engine.plan, now))
    return line.finish()
  }

  /// Whether the wish was fulfilled, or was fulfilled before.
  static func isGood(_ answer: OperatorAnswer) -> Bool { answer == .done || answer == .unchanged }

  private static func word(_ answer: OperatorAnswer) -> String {
    switch answer {
    case .done: "done"
    case .unchanged: "unchanged"
    case .damped: "damped"
    case .notWell: "not-well"
    case .wouldNotStay: "down"
    case .nobodyToTakeOver: "nobody"
    case .decidedByAddress: "address"
    case .inShadow: "shadow"
    case .balanced: "balanced"
    case .notWatched: "not-watched"
    case .notLeading: "not-leading"
    case .notACandidate: "no-candidate"
    }
  }

  private static func sentence(
    _ command: OperatorCommand, _ answer: OperatorAnswer, isDryRun: Bool, _ plan: Plan,
    _ now: Instant
  ) -> String {
    switch answer {
    case .done: isDryRun ? "would be done: \(wish(command, plan))" : wish(command, plan)
    case .unchanged: "it is so already"
    case .damped(let end):
      "refused: the platform may not act on a change for another "
        + "\((end - now).milliseconds / 1_000 + 1) s; --force does it all the same"
    case .notWell: "refused: it is not known to be well; --force does it all the same"
    case .wouldNotStay:
      "refused: it is down and another host is up, so the traffic would leave it at once; "
        + "in maintenance it stays where it is sent"
    case .nobodyToTakeOver:
      isPlaced(command.vip, plan)
        ? "refused: no other speaker is heard; --force does it all the same"
        : "refused: no other speaker would carry it"
    case .decidedByAddress:
      "refused: it is carried by whoever has the address; there, switch it to other"
    case .inShadow: "refused: in shadow mode nobody is asked to place its address elsewhere"
    case .balanced: "refused: every owner that is well carries it; use maintenance"
    case .notWatched: "refused: this VIP has no hosts to choose from"
    case .notLeading: "refused: another watcher leads; ask that one"
    case .notACandidate: "refused: that host is no candidate of this VIP"
    }
  }

  private static func isPlaced(_ vip: VIPSlot, _ plan: Plan) -> Bool {
    if case .address = plan.vips[vip.index].role { return true }
    return false
  }

  private static func wish(_ command: OperatorCommand, _ plan: Plan) -> String {
    switch command {
    case .move(_, let host, _): "traffic goes to \(plan.hosts[host.index].name)"
    case .take(let vip, _):
      isPlaced(vip, plan) ? "its address may come here again" : "claimed by this machine"
    case .give(let vip, _):
      isPlaced(vip, plan)
        ? "whoever places its address is asked to place it elsewhere, for "
          + "\(Failover.placementPatience.milliseconds / 1000) s"
        : "given to whoever claims it next"
    case .release: "chosen by preference again"
    case .outOfService(_, let isOut): isOut ? "out of service here" : "back in service here"
    }
  }
}
