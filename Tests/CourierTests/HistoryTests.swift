// The past: what the daemon has told outlives it and the courier, for those who may know.

import Foundation
import Linux
import Model
import Testing

/// A shift as the script of a daemon tells it.
struct PastShift {
  var run: UInt64
  var number: Int
  var stages: [String]

  func text(_ id: String) -> String {
    let wall = Clock.wall().nanoseconds - 1_000_000_000
    let shift =
      "{\"v\":1,\"id\":\"\(id)\",\"type\":\"history\",\"shift\":\(number),\"run\":\"\(run)\","
      + "\"at-ns\":1,\"unix-ns\":\(wall),\"vip\":\"web\",\"from\":null,\"confirmable\":true}\n"
    return stages.reduce(shift) { text, stage in
      text + "{\"v\":1,\"id\":\"\(id)\",\"type\":\"stage\",\"shift\":\(number),"
        + "\"stage\":\"\(stage)\",\"after-us\":31}\n"
    }
  }
}

@Suite(.serialized, .timeLimit(.minutes(4))) struct HistoryTests {
  /// The shifts of an answer, as run, number and stages.
  private func shifts(_ text: String) -> [String] {
    var result: [String] = []
    for line in text.split(separator: "\n") {
      #expect(line.hasPrefix("{\"v\":1,\"id\":\"me\","), "\(line)")
      func value(_ name: String) -> Substring {
        line.firstRange(of: "\"\(name)\":").map { line[$0.upperBound...].prefix { $0 != "," } }
          ?? ""
      }
      if line.contains("\"type\":\"history\"") {
        #expect(line.contains("\"from\":null") && line.contains("\"confirmable\":true"))
        result.append("\(value("run").filter(\.isNumber)).\(value("shift"))")
      } else if line.contains("\"type\":\"stage\""), !result.isEmpty {
        result[result.count - 1] += " " + value("stage").filter { $0 != "\"" }
      }
    }
    return result
  }

  private func wait(_ scene: Scene, _ wanted: [String]) throws {
    var last = ""
    do {
      try scene.wait("\(wanted)") {
        last = try scene.answer()
        return shifts(last) == wanted
      }
    } catch {
      Issue.record("only \(last)")
      throw error
    }
  }

  @Test func itOutlivesTheDaemonAndTheCourier() throws {
    let scene = try Scene()
    scene.past = [PastShift(run: 7, number: 1, stages: ["seen", "written"])]
    try scene.start()
    try scene.settle()
    try wait(scene, ["7.1 seen written"])
    // It comes further, and another one follows.
    scene.past[0].stages.append("acknowledged")
    scene.past.append(PastShift(run: 7, number: 2, stages: ["seen"]))
    try wait(scene, ["7.1 seen written acknowledged", "7.2 seen"])
    #expect(scene.pastQuestions.contains(["from", "3"]))
    #expect(scene.pastQuestions.contains(["1"]))
    scene.close()
    try wait(scene, ["7.1 seen written acknowledged", "7.2 seen"])
    try scene.kill()
    try scene.start()
    try scene.wait("the door") { FileManager.default.fileExists(atPath: scene.door) }
    try scene.wait("somebody behind it") {
      do throws(Errno) {
        _ = try UnixStream.connect(path: scene.door)
        return true
      } catch {
        if error == .connectionRefused || error == .noSuchFile { return false }
        throw error
      }
    }
    try wait(scene, ["7.1 seen written acknowledged", "7.2 seen"])
    // The next start of the daemon counts from one again.
    scene.past = [PastShift(run: 8, number: 1, stages: ["seen"])]
    try scene.listen()
    try wait(scene, ["7.1 seen written acknowledged", "7.2 seen", "8.1 seen"])
    let late = Clock.wall().nanoseconds / 1_000_000 + 60_000
    #expect(try shifts(scene.answer("1 me history since \(late)")).isEmpty)
    #expect(try scene.finish() == 0)
  }

  @Test(arguments: [
    ("1 me status", 2, "answers history since"), ("1 me inspect all", 2, "answers history since"),
    ("1 me history", 2, "answers history since"),
    ("1 me history since soon", 2, "answers history since"), ("2 me history since 0", 2, "version"),
  ])
  func otherQuestionsAreRefused(_ line: String, _ code: Int, _ reason: String) throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    let text = try scene.answer(line)
    #expect(text.contains("\"code\":\(code)") && text.contains(reason), "\(text)")
  }

  /// A question that is not answered moves nothing: routes are written meanwhile, and the program
  /// sleeps, where it once turned without end and took each turn for a pause of its own.
  @Test func aDaemonThatIsSilentAboutThePast() throws {
    let scene = try Scene()
    scene.isSilentAboutThePast = true
    try scene.start()
    try scene.settle()
    try scene.wait("the question") { !scene.pastQuestions.isEmpty }
    try scene.pass(.seconds(1))
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    #expect(scene.log.split(separator: "\n").count { $0.contains("stood still") } < 20)
    #expect(try scene.finish() == 0)
  }

  /// A client that says nothing and one that sends without end hold nobody up.
  @Test func badClientsAreLeft() throws {
    let scene = try Scene()
    scene.past = [PastShift(run: 7, number: 1, stages: ["seen"])]
    try scene.start()
    try scene.settle()
    try wait(scene, ["7.1 seen"])
    let silent = try UnixStream.connect(path: scene.door)
    let long = try UnixStream.connect(path: scene.door)
    let noise = [UInt8](repeating: 0x61, count: 65_536)
    var isLeft = false
    try scene.wait("the end of the noise") {
      do throws(Errno) {
        _ = try long.send(noise.span)
      } catch {
        isLeft = error == .brokenPipe || error == .connectionReset
        if !isLeft { throw error }
      }
      return isLeft
    }
    try wait(scene, ["7.1 seen"])
    // Nobody has told it to go: it has its place for as long as patience lasts.
    var buffer = ReceiveBuffer()
    #expect(try silent.receive(into: &buffer) == nil)
    #expect(try scene.finish() == 0)
  }

  @Test(.enabled(if: Accounts.userID() == 0, "only root can be somebody else"))
  func strangersAreToldNothing() throws {
    let scene = try Scene()
    scene.past = [PastShift(run: 7, number: 1, stages: ["seen"])]
    try scene.start()
    try scene.settle()
    try wait(scene, ["7.1 seen"])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
    let program = URL(fileURLWithPath: programPath).deletingLastPathComponent()
      .appending(path: "hopshift").path(percentEncoded: false)
    process.arguments = [
      "--reuid=65534", "--regid=65534", "--clear-groups", "--", program, "history", "--since",
      "1h", "--courier", scene.door,
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try scene.wait("its end") { !process.isRunning }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(process.terminationStatus == 4, "\(text)")
    #expect(text.contains("not allowed") && !text.contains("web"), "\(text)")
  }
}
