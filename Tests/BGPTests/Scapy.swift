// scapy beside us: hands it our messages, takes its own.

import Foundation

/// What Tests/Peers/scapy_judge.py answers.
enum Scapy {
  /// Debian's Python, which Debian's scapy belongs to.
  private static let python = "/usr/bin/python3"

  private static let script =
    "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    + "/Peers/scapy_judge.py"

  /// Why there is no scapy here, or nil.
  static let reasonNotToRun: String? = {
    do {
      let answer = try run(["-c", "import scapy.contrib.bgp; print('here')"])
      return answer.contains("here") ? nil : "scapy is not installed"
    } catch {
      return "scapy is not installed: \(error)"
    }
  }()

  /// What it reads in these messages, a line for each.
  static func decode(_ messages: [(fourOctets: Bool, bytes: [UInt8])]) throws -> [String] {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "hopshift-scapy-\(UUID().uuidString)")
    let text = messages.map { "\($0.fourOctets ? 4 : 2) \(Wire.text($0.bytes))\n" }
    try Data(text.joined().utf8).write(to: file)
    defer {
      do {
        try FileManager.default.removeItem(at: file)
      } catch {
        print("\(file.path()) stays behind: \(error)")
      }
    }
    return try lines(of: run([script, "decode", file.path()]))
  }

  /// A message that scapy wrote, and what it says of it.
  struct Written {
    var kind: String
    var fourOctets: Bool
    var bytes: [UInt8]
    var says: String
  }

  static func encode() throws -> [Written] {
    try lines(of: run([script, "encode"])).map { line in
      let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
      guard words.count == 4 else { throw Failure(output: line) }
      return Written(
        kind: String(words[0]), fourOctets: words[1] == "4", bytes: Wire.hex(String(words[2])),
        says: String(words[3]))
    }
  }

  /// The script ended badly, or said what it should not.
  struct Failure: Error {
    var output: String
  }

  private static func lines(of text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
  }

  private static func run(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = words
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self)
    guard process.terminationStatus == 0 else { throw Failure(output: text) }
    return text
  }
}
