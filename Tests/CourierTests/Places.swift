// The simulated Azure of one test: a server with a certificate of its own, in a directory that goes.

import Foundation
import Linux
import Testing

/// The program that the same build made, beside the tests; HOPSHIFT_COURIER names another.
let programPath: String = {
  if let other = ProcessInfo.processInfo.environment["HOPSHIFT_COURIER"] { return other }
  let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
  return tests.appending(path: "hopshift-courier").path(percentEncoded: false)
}()

/// The server, told what to do by lines.
final class Azure {
  static let table =
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g"
    + "/providers/Microsoft.Network/routeTables/rt"
  /// What stands in tokens, and nowhere else.
  static let marker = "planted-marker"

  let place: String
  let certificate: String
  let manager: Int
  let metadata: Int
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init() throws {
    // Below /tmp, because a socket's path holds 107 bytes.
    place = "/tmp/hopshift-courier-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    certificate = place + "/certificate.pem"
    let maker = Process()
    maker.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    maker.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
      "-keyout", place + "/key.pem", "-out", certificate,
    ]
    maker.standardError = FileHandle.nullDevice
    try maker.run()
    maker.waitUntilExit()
    let script = try #require(Bundle.module.url(forResource: "azure", withExtension: "py"))
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script.path, certificate, place + "/key.pem", place + "/calls"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let ports = try Azure.line(output).split(separator: " ").compactMap { Int($0) }
    try #require(ports.count == 2)
    manager = ports[0]
    metadata = ports[1]
  }

  deinit {
    do {
      try input.fileHandleForWriting.close()
      process.waitUntilExit()
      try FileManager.default.removeItem(atPath: place)
    } catch { Issue.record(error) }
  }

  private static func line(_ pipe: Pipe) throws -> String {
    var line = Data()
    while line.last != 0x0a {
      let next = pipe.fileHandleForReading.readData(ofLength: 1)
      try #require(!next.isEmpty, "the server has ended")
      line += next
    }
    return String(decoding: line.dropLast(), as: UTF8.self)
  }

  /// Sets something; it holds for every call from then on.
  @discardableResult
  func set(_ name: String, _ value: String = "") throws -> String {
    try input.fileHandleForWriting.write(contentsOf: Data("\(name) \(value)\n".utf8))
    return try Azure.line(output)
  }

  /// Where the route leads, if it is there.
  func hop(_ route: String) throws -> String? {
    let text = try set("routes")
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return (value?[route] as? [String: Any])?["nextHopIpAddress"] as? String
  }

  /// What was asked of it: the moment on the monotonic clock, and the words.
  func calls() throws -> [(at: Int64, words: String)] {
    let text = try String(contentsOfFile: place + "/calls", encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let at = Int64(parts[0]) else { return nil }
      return (at, String(parts[1]))
    }
  }

  func writes() throws -> [(at: Int64, words: String)] {
    try calls().filter { $0.words.hasPrefix("PUT") || $0.words.hasPrefix("DELETE") }
  }
}
