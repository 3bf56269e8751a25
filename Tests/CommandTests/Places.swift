// Where the program under test lies, and directories for one test.
import Foundation
import Linux

/// The program that the same build made, beside the tests.
let programPath: String = {
  let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
  return tests.appending(path: "hopshift").path(percentEncoded: false)
}()

/// Below /tmp, because a socket's path holds 107 bytes.
func temporaryDirectory() throws -> String {
  let path = "/tmp/hopshift-test-\(UUID().uuidString.prefix(13))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  return path
}

func removeDirectory(_ path: String) {
  do {
    try FileManager.default.removeItem(atPath: path)
  } catch {
    print("\(path) stays behind: \(error)")
  }
}

/// A socket file whose listener was killed: bound under another name, which its owner removes.
func leaveDeadSocket(_ path: String) throws {
  let listener = try UnixListener(path: path + ".living", mode: 0o600)
  try FileManager.default.linkItem(atPath: path + ".living", toPath: path)
  _ = consume listener
}
