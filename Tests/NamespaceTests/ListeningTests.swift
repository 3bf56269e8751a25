// Route servers that connect: accepted when configured, one session when both sides connect.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct ListeningTests {
  @Test func `a route server that nobody can connect to connects itself`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    // BIRD listens elsewhere: our own attempts are refused.
    let bird = try duel.startBird(port: 1790)
    try duel.startDaemon()
    try duel.wait(forStatus: [Duel.established, #""opened-by":"peer""#, #""listening":1"#])
    #expect(try bird.isEstablished("a"))
    _ = try duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    // The same again after the session was lost.
    _ = try bird.ask(["restart", "a"])
    try duel.wait(for: bird, toHavePathOf: Rung.firstTakeover.pathLength)
    #expect(try duel.connections() == 1)
  }

  /// Ours is the lower identifier, then the higher one.
  @Test(arguments: ["10.0.0.1", "10.0.9.9"])
  func `when both connect one session remains`(identifier: String) throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    let bird = try duel.startBird()
    try duel.startDaemon(identifier: identifier)
    for _ in 0..<3 {
      try duel.wait(forStatus: [Duel.established])
      try Waiting.until("one connection", within: .seconds(10)) { () throws(LabError) in
        let count = try duel.connections()
        let session = try bird.session("a")
        return count == 1 && session == "Established" ? nil : "\(count) connections, \(session)"
      }
      try duel.wait(for: bird, toHavePathOf: Rung.standby.pathLength)
      _ = try bird.ask(["disable", "a"])
      try Waiting.until("the session to end", within: .seconds(5)) { () throws(LabError) in
        let answer = try duel.ask(["status", "--json"])
        return answer.contains(Duel.established) ? answer : nil
      }
      _ = try bird.ask(["enable", "a"])
    }
  }

  @Test func `a stranger is let go at once and counted`() throws {
    let duel = try Duel()
    defer { duel.tearDown() }
    try duel.startDaemon()
    try duel.wait(forStatus: [#""strangers":0"#])
    let script = """
      import socket
      caller = socket.create_connection(("\(Duel.appliance)", 179), 5)
      caller.settimeout(5)
      print("heard", len(caller.recv(4096)))
      """
    #expect(try duel.lab.run(["python3", "-c", script], on: "stranger") == "heard 0\n")
    try duel.wait(forStatus: [#""strangers":1"#])
  }
}
