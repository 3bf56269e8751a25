// Rehearses events: fetches the engine's state, and plays what is supposed into a copy of it.

import Chronicle
import Console
import Control
import Journal
import Linux
import Model

extension Program {
  mutating func simulate(
    _ command: SimulateCommand, _ socket: String, _ style: Style
  ) throws(Trouble) -> ExitCode {
    let beginning = try Program.open(fetchState(socket), name: "the daemon's answer").beginning
    let plan = try plan(of: beginning.configuration, "the configuration of the daemon")
    // Everything is understood before anything is shown.
    var suppositions: [(text: String, value: Supposition)] = []
    for text in command.events {
      do throws(SuppositionError) {
        suppositions.append((text, try Supposition(text, plan, length: LengthOfTime.read)))
      } catch {
        output.complain(Printable.clean(error.text))
        return .usage
      }
    }
    guard var rehearsal = Rehearsal(plan, beginning, errno: Program.errno) else {
      throw .local(
        "the daemon is of another version (\(beginning.release)): its state cannot be read here")
    }
    do throws(SuppositionError) {
      for (text, value) in suppositions { try rehearsal.happen(value, as: text) }
    } catch {
      output.complain(Printable.clean(error.text))
      return .usage
    }
    rehearsal.pass(command.length)
    let assumptions = Program.assumptions(plan, command.length)
    if command.json {
      for step in rehearsal.steps { write(step, plan) }
      for assumption in assumptions {
        var record = JSONLine(id: "simulate", type: "assumption")
        record.add("sentence", assumption)
        write(record)
      }
      return .ok
    }
    for step in rehearsal.steps { output.write(Program.text(step, plan, style)) }
    let isIdle = !rehearsal.steps.contains {
      if case .supposed = $0.what { false } else { true }
    }
    if isIdle { output.write("nothing would be decided, and nothing sent\n") }
    for assumption in assumptions { output.write(assumption + "\n") }
    return .ok
  }

  private mutating func write(_ step: Rehearsal.Step, _ plan: Plan) {
    var record = JSONLine(id: "simulate", type: "step")
    record.add("after-us", step.after.microseconds)
    switch step.what {
    case .supposed(let text):
      record.add("what", "supposed")
      record.add("sentence", text)
    case .told(let sentence):
      record.add("what", "told")
      record.add("sentence", sentence.text)
    case .cut: record.add("what", "cut")
    case .fired(let vip, let peer, let shift, let bytes, let lines):
      record.add("what", "fired")
      record.add("vip", plan.vips[vip.index].name)
      record.add("route-server", plan.routeServers.peers[peer.index].description)
      record.add("shift", shift)
      record.add("lines", lines)
      record.add("hex", hexadecimal: bytes[...])
    }
    write(record)
  }

  /// A journal that ends with its beginning: the state of this moment.
  private func fetchState(_ socket: String) throws(Trouble) -> [UInt8] {
    var client = try Client(socket: socket, verb: .record, words: ["now"])
    var journal: [UInt8] = []
    while client.end == nil, let answers = try client.next() {
      for answer in answers where !answer.record.isEnd {
        guard let piece = answer.record.bytes("hex") else {
          throw .garbled("a piece of a journal that is none")
        }
        journal += piece
      }
    }
    try Program.accept(client.end)
    return journal
  }

  private static func assumptions(_ plan: Plan, _ length: Nanoseconds) -> [String] {
    var texts = ["assumed: route servers that are established stay so, and no other connects"]
    if plan.group != nil {
      texts.append("assumed: the other speakers go on saying what they said last")
    }
    if !plan.targets.isEmpty { texts.append("assumed: all other evidence stays as it is") }
    let time = LengthOfTime.text(milliseconds: length.milliseconds)
    texts.append("looked at: \(time) behind the last event")
    return texts
  }

  /// Bytes of an UPDATE in one line.
  private static let lineWidth = 32

  private static func text(_ step: Rehearsal.Step, _ plan: Plan, _ style: Style) -> String {
    let time = "+" + LengthOfTime.text(microseconds: step.after.microseconds)
    let lead = time + String(repeating: " ", count: max(1, 12 - time.count))
    switch step.what {
    case .supposed(let text):
      return lead + style.paint("suppose \(Printable.clean(text))", .heading) + "\n"
    case .told(let sentence):
      return lead + style.paint(Printable.clean(sentence.text), tone(sentence.weight)) + "\n"
    case .cut: return lead + "and more, which is not shown\n"
    case .fired(let vip, let peer, let shift, let bytes, let lines):
      let server = plan.routeServers.peers[peer.index]
      let number = shift == 0 ? "" : ", shift \(shift)"
      var text = lead + "vip \(plan.vips[vip.index].name) to \(server)\(number):\n"
      for line in lines { text += "              \(line)\n" }
      for start in stride(from: 0, to: bytes.count, by: lineWidth) {
        let piece = bytes[start..<min(bytes.count, start + lineWidth)]
        text += "              \(Hexadecimal.text(piece))\n"
      }
      return text
    }
  }
}
