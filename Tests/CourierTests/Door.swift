// A question at the program's own socket.

import Foundation
import Linux
import Model
import Testing

extension Scene {
  /// What the program answers, the daemon turned meanwhile.
  func answer(_ line: String = "1 me history since 0") throws -> String {
    let socket = try UnixStream.connect(path: door)
    _ = try socket.send(Array("\(line)\n".utf8).span)
    var buffer = ReceiveBuffer()
    var text: [UInt8] = []
    var isClosed = false
    try wait("the end of the answer") {
      while !isClosed, let count = try socket.receive(into: &buffer) {
        isClosed = count == 0
        buffer.withBytes { bytes in for index in bytes.indices { text.append(bytes[index]) } }
      }
      return isClosed
    }
    return String(decoding: text, as: UTF8.self)
  }
}
