// A BIRD that runs in a host's namespace, and what it answers.

package import Model

/// One BIRD of a lab: started from a checked configuration, asked over its control socket.
package final class Bird: RouteServerInstance {
  package let name: String
  private let lab: Lab
  private var program: RunningProgram
  private let configuration: String
  private let socket: String

  /// Checks the configuration, starts BIRD on `host` and waits until it answers.
  package init(_ lab: Lab, on host: String, configuration text: String) throws(LabError) {
    name = host
    self.lab = lab
    configuration = try lab.write("\(host).conf", text)
    socket = "\(lab.directory)/\(host).ctl"
    try lab.shell.run(["bird", "-p", "-c", configuration])
    program = try Bird.start(lab, host, configuration, socket)
    try waitForAnswer()
  }

  private static func start(
    _ lab: Lab, _ host: String, _ configuration: String, _ socket: String
  ) throws(LabError) -> RunningProgram {
    try lab.start(
      "\(host).bird", ["bird", "-f", "-c", configuration, "-s", socket], on: host)
  }

  package var processID: Int32 { program.pid }

  /// Ends it as an operator would: it takes leave of its neighbours.
  package func endAsked() throws(LabError) { try program.endAsked() }

  package func leave() throws(LabError) { try endAsked() }

  package func startAgain() throws(LabError) {
    if isRunning { return }
    program = try Bird.start(lab, name, configuration, socket)
    try waitForAnswer()
  }

  private func waitForAnswer() throws(LabError) {
    try Waiting.until("BIRD on \(name) to answer", within: .seconds(10)) { () throws(LabError) in
      try program.checkRunning()
      let answer = try lab.shell.attempt(["birdc", "-s", socket, "show", "status"])
      return answer.status == 0 && answer.output.contains("is up and running")
        ? nil : answer.output.trimmed
    }
  }

  /// What `birdc` prints.
  package func ask(_ words: [String]) throws(LabError) -> String {
    try program.checkRunning()
    return try lab.shell.run(["birdc", "-s", socket] + words)
  }

  /// Gives BIRD another configuration, softly: sessions stay.
  package func reconfigure(_ text: String) throws(LabError) {
    _ = try lab.write("\(name).conf", text)
    try lab.shell.run(["bird", "-p", "-c", configuration])
    _ = try ask(["configure", "soft"])
    _ = try ask(["reload", "out", "all"])
  }

  /// All routes to exactly this prefix.
  package func routes(to prefix: Prefix) throws(LabError) -> [BirdRoute] {
    let answer = try lab.shell.attempt(
      ["birdc", "-s", socket, "show", "route", "for", "\(prefix)", "all"])
    // BIRD answers an unknown network with an error.
    if answer.output.contains("Network not found") { return [] }
    guard answer.status == 0 else {
      throw .command(words: ["birdc", name], status: answer.status, output: answer.output.trimmed)
    }
    return BirdRoute.all(in: answer.output).filter { $0.prefix == prefix }
  }

  /// What BIRD says of a session, `Established` when it is.
  package func session(_ neighbour: String) throws(LabError) -> String {
    let lines = try ask(["show", "protocols"]).split(separator: "\n")
    let line = lines.first { $0.split(separator: " ").first == neighbour[...] }
    guard let line else { return "no such protocol" }
    return line.split(separator: " ").dropFirst(6).joined(separator: " ")
  }

  /// Whether a session is established.
  package func isEstablished(_ neighbour: String) throws(LabError) -> Bool {
    try session(neighbour) == "Established"
  }

  // MARK: As a route server instance

  package func answers(within limit: Nanoseconds) throws(LabError) -> Bool {
    try lab.shell.attempt(["birdc", "-s", socket, "show", "status"], within: limit).status == 0
  }

  package func paths(to prefix: Prefix) throws(LabError) -> [InstancePath] {
    try routes(to: prefix).map { route in
      InstancePath(
        peer: route.origin, nextHop: route.nextHop.map { .v4($0) }, path: route.path,
        isBest: route.isBest)
    }
  }

  package func askAgain(_ peer: String? = nil) throws(LabError) {
    _ = try ask(["reload", "in", peer ?? "all"])
  }

  package func checkRunning() throws(LabError) { try program.checkRunning() }
}
