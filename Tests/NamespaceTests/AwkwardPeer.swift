// A route server that behaves badly on demand: Tests/Peers/awkward.py in the judge's namespace.

import Foundation
import Lab
import Linux
import Model

/// Runs the script and reads what it saw.
final class AwkwardPeer {
  /// How it behaves; the script says what each word means.
  enum Mood: String {
    case well, deaf, refuse, shout, drop, reset, besiege, odd
  }

  /// What it saw, as it writes it down.
  struct State: Decodable {
    /// When each connection was accepted, in seconds of its clock.
    var accepted: [Double]
    var established: Int
    var opens: Int
    /// Connections that it opened itself.
    var besieged: Int
    /// Prefixes that came with the newest path, and the length of that.
    var prefixes: Int
    var path: Int
    var withdrawn: Int
    /// The NOTIFICATIONs and errors of the socket that it was told last.
    var told: [String]
  }

  private let duel: Duel
  private let program: RunningProgram
  private let statePath: String

  init(_ duel: Duel, _ mood: Mood) throws(LabError) {
    self.duel = duel
    let script = BuiltPrograms.source("Tests/Peers/awkward.py")
    let file = try duel.lab.write("awkward.mood", mood.rawValue)
    let state = "\(duel.lab.directory)/awkward.state"
    statePath = state
    program = try duel.lab.start(
      "awkward",
      [
        "python3", script, "\(Duel.judge)", "\(Duel.appliance)",
        "\(VirtualNetwork.serverASN)", file, state,
      ], on: "judge")
    try wait(for: "to listen") { _ in true }
  }

  func turn(_ mood: Mood) throws(LabError) {
    _ = try duel.lab.write("awkward.mood", mood.rawValue)
  }

  /// What it has seen so far; nil before it has begun.
  func state() throws(LabError) -> State? {
    try program.checkRunning()
    let text = try duel.lab.shell.attempt(["cat", statePath])
    guard text.status == 0 else { return nil }
    do {
      return try JSONDecoder().decode(State.self, from: Data(text.output.utf8))
    } catch {
      throw .unsuitable("\(statePath): \(error)")
    }
  }

  @discardableResult
  func wait(
    for what: String, within limit: Nanoseconds = .seconds(20), _ holds: (State) -> Bool
  ) throws(LabError) -> State {
    var last: State?
    try Waiting.until("the awkward peer \(what)", within: limit) { () throws(LabError) in
      last = try state()
      guard let last else { return "no state yet" }
      return holds(last) ? nil : "\(last)"
    }
    guard let last else { throw .unsuitable("no state of the awkward peer") }
    return last
  }
}
