// A configuration file that does not answer: a FIFO in its place, which nobody writes.

import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct SlowDiskTests {
  private static let text = """
    local:
      asn: \(VirtualNetwork.applianceASN)
      address: \(Duel.appliance)
    route-servers:
      peers: [\(Duel.judge)]
    vips:
      web: {prefixes: [\(VirtualNetwork.vipPrefix)], owner: {when: address, settle: 0s}}

    """

  /// A daemon that has read its file, and stands beside a BIRD.
  private final class Scene {
    let duel: Duel
    let bird: Bird
    var file: String { "\(duel.lab.directory)/a.yaml" }

    init() throws(LabError) {
      duel = try Duel()
      bird = try duel.startBird()
      try duel.startDaemon(configuration: SlowDiskTests.text)
      try duel.wait(forStatus: [Duel.established])
    }

    /// Whoever opens the file waits from now on, as on a disk that does not answer.
    func stall() throws(LabError) {
      try duel.lab.shell.run(["rm", file])
      try duel.lab.shell.run(["mkfifo", "-m", "644", file])
    }

    /// Answers whoever waits, once.
    func feed() throws(LabError) {
      let words = "printf '%s' '\(SlowDiskTests.text)' >\(file)"
      try duel.lab.shell.run(["timeout", "20", "sh", "-c", words])
    }

    func hopshift(_ words: [String]) throws(LabError) -> (status: Int32, output: String) {
      let answer = try duel.lab.shell.attempt(
        ["timeout", "20", BuiltPrograms.path("hopshift"), "--socket", duel.daemon?.control ?? ""]
          + words)
      return (answer.status, answer.output)
    }

    func hangUp(_ times: Int) throws(LabError) {
      guard let process = duel.daemon?.daemonProcess else { return }
      for _ in 0..<times { try duel.lab.shell.run(["kill", "-HUP", "\(process)"]) }
    }

    func count(_ words: String) throws(LabError) -> Int {
      try duel.log().count { $0.contains(words) }
    }

    func wait(for words: String, times: Int) throws(LabError) {
      try Waiting.until("\(times) times '\(words)'", within: .seconds(30)) { () throws(LabError) in
        try count(words) >= times ? nil : "\(try count(words))"
      }
    }
  }

  @Test func `a disk that does not answer holds up nobody`() throws {
    let scene = try Scene()
    defer { scene.duel.tearDown() }
    try scene.stall()
    // Not the two seconds after which the command line gives up: the daemon has said it.
    let refused = try scene.hopshift(["reload"])
    #expect(refused.status == 78, "\(refused.output)")
    #expect(refused.output.contains("the disk does not answer"), "\(refused.output)")
    #expect(refused.output.contains("nothing has changed"), "\(refused.output)")
    // Meanwhile everything goes on, as long as the file hangs.
    _ = try scene.duel.lab.addAddress(VirtualNetwork.vip, on: "a")
    try scene.duel.wait(for: scene.bird, toHavePathOf: Rung.owner.pathLength - 1)
    #expect(try scene.hopshift(["status"]).status == 0)
    #expect(try scene.hopshift(["reload"]).output.contains("the disk does not answer"))
    // What was read for those who are gone is not followed; who asks now has the file read anew.
    try scene.feed()
    try scene.duel.lab.shell.run(["rm", scene.file])
    _ = try scene.duel.lab.write("a.yaml", Self.text)
    try Waiting.until("the disk to answer", within: .seconds(20)) { () throws(LabError) in
      let answer = try scene.hopshift(["reload"])
      return answer.status == 0 ? nil : answer.output
    }
    // One line for the one that was done; what was read in between was for nobody.
    #expect(try scene.count("configuration: reloaded") == 1)
    // And a daemon that waits for its disk ends when it is told to.
    try scene.stall()
    _ = try scene.hopshift(["reload"])
    try scene.duel.daemon?.stop()
  }

  /// The file is read once for the first, and once more for all that came while it was read.
  @Test func `signals that come together are one`() throws {
    let scene = try Scene()
    defer { scene.duel.tearDown() }
    try scene.stall()
    try scene.hangUp(1)
    // The reader has opened the file: whoever writes is not made to wait.
    try scene.hangUp(20)
    try scene.feed()
    try scene.wait(for: "configuration: reloaded", times: 1)
    try scene.feed()
    try scene.wait(for: "configuration: reloaded", times: 2)
    // A third reading would hang now, and nobody could reload.
    try scene.duel.lab.shell.run(["rm", scene.file])
    _ = try scene.duel.lab.write("a.yaml", Self.text)
    let answer = try scene.hopshift(["reload"])
    #expect(answer.status == 0, "\(answer.output)")
    #expect(try scene.count("configuration: reloaded") == 3)
  }
}
