// How another terminal reaches a running scene: one line in, an answer out, over a UNIX socket.

import Linux
import Management
import Model

/// Listens in the scene's directory and carries requests out, one after the other, until somebody
/// asks for the end.
struct SceneDoor {
  /// One line of words.
  static let requestLimit = 1024
  /// How long a caller may take to say it, and to read the answer. We chose it: callers are our own
  /// program, and it speaks at once.
  static let patience = Nanoseconds.seconds(2)

  private let scene: Scene

  init(_ scene: Scene) { self.scene = scene }

  static func path(of tag: String) -> String { "\(Registry.directory(of: tag))/scene" }

  /// Serves until `down` is asked or the program is to end.
  func serve() throws(LabError) {
    do throws(Errno) {
      let listener = try UnixListener(path: SceneDoor.path(of: scene.lab.tag), mode: 0o600)
      print("lab \(scene.lab.tag) is up")
      Termination.flush()
      var isOver = false
      while !isOver, !Termination.isRequested {
        while let stream = try listener.accept() {
          isOver = try serve(stream) || isOver
        }
        try Processes.pause(nanoseconds: Waiting.pause.count)
      }
    } catch {
      throw .system(error, doing: "serving \(SceneDoor.path(of: scene.lab.tag))")
    }
  }

  /// Answers one caller; true when the scene is to end. A caller that went away is its own fault.
  private func serve(_ stream: borrowing UnixStream) throws(Errno) -> Bool {
    guard let line = try SceneDoor.read(stream, limit: SceneDoor.requestLimit) else { return false }
    let words = line.split(separator: " ").map(String.init)
    var isOver = false
    var text: String
    do throws(LabError) {
      if words == ["down"] {
        isOver = true
        text = "ok\n"
      } else {
        text = "ok\n" + (try answer(words))
      }
    } catch {
      text = "failed\n\(error)\n"
    }
    _ = try SceneDoor.write(Array(text.utf8), to: stream)
    try stream.shutdownWrite()
    return isOver
  }

  private func answer(_ words: [String]) throws(LabError) -> String {
    let rest = Array(words.dropFirst())
    switch words.first {
    case "status": return try SceneStatus(scene).text
    case "move":
      guard rest.count == 1 else { throw .unsuitable("move HOST") }
      try scene.move(to: rest[0])
      return ""
    case "fault" where rest.first.flatMap({ Door(rawValue: $0) }) != nil:
      try scene.cause(try TroubleWords.trouble(rest))
      return ""
    case "fault":
      let request = try FaultRequest(rest)
      try scene.cause(request.fault, on: request.host, amount: request.amount)
      return ""
    case "quirk":
      try scene.change(try QuirkRequest(rest))
      return ""
    case "mend":
      if let (door, mischief) = TroubleWords.mending(rest) {
        try scene.mend(door, mischief)
        return ""
      }
      // Either word may be missing: a fault's name is no host's.
      let fault = rest.first.flatMap { Fault(rawValue: $0) }
      let others = rest.dropFirst(fault == nil ? 0 : 1)
      guard others.count <= 1 else { throw .unsuitable("mend [NAME] [HOST]") }
      try scene.mend(fault, on: others.first)
      return ""
    default: throw .unsuitable("a scene does not understand '\(words.joined(separator: " "))'")
    }
  }

  // MARK: Both sides

  /// Everything up to the end of the stream; nil when it did not come, or was too much.
  static func read(
    _ stream: borrowing UnixStream, limit: Int, within patience: Nanoseconds = SceneDoor.patience
  ) throws(Errno) -> String? {
    var buffer = ReceiveBuffer(capacity: 4096)
    var bytes: [UInt8] = []
    let deadline = Clock.monotonic() + patience
    while Clock.monotonic() < deadline, bytes.count <= limit {
      guard let count = try stream.receive(into: &buffer) else {
        _ = stream.wait(.read, for: max(deadline - Clock.monotonic(), .zero))
        continue
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self).trimmed }
      buffer.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
    }
    return nil
  }

  /// False when the other side did not take it in time.
  static func write(_ bytes: [UInt8], to stream: borrowing UnixStream) throws(Errno) -> Bool {
    let deadline = Clock.monotonic() + patience
    var sent = 0
    while sent < bytes.count, Clock.monotonic() < deadline {
      let count = try stream.send(bytes.span.extracting(sent...))
      sent += count
      if count == 0 { _ = stream.wait(.write, for: max(deadline - Clock.monotonic(), .zero)) }
    }
    return sent == bytes.count
  }
}

/// `NAME [HOST] [AMOUNT]`, as the command line and scenarios have it.
struct FaultRequest: Equatable {
  var fault: Fault
  var host: String?
  var amount: Int?

  init(_ words: [String]) throws(LabError) {
    let names = Fault.allCases.map(\.rawValue).joined(separator: " ")
    guard let first = words.first, let fault = Fault(rawValue: first) else {
      throw .unsuitable("'\(words.first ?? "")' is no fault; there are: \(names)")
    }
    self.fault = fault
    var rest = words.dropFirst()
    if fault.needsHost {
      guard let host = rest.popFirst() else {
        throw .unsuitable("\(fault.rawValue) needs the name of a host")
      }
      self.host = host
    }
    if let measure = fault.measure, let word = rest.popFirst() {
      let unit = ["%", "ms"].first { word.hasSuffix($0) } ?? ""
      let digits = word.dropLast(unit.count)
      guard let number = Int(digits), measure.values.contains(number) else {
        let values = "\(measure.values.lowerBound) to \(measure.values.upperBound)"
        throw .unsuitable("'\(word)' is not \(measure.what) from \(values)")
      }
      amount = number
    }
    guard rest.isEmpty else { throw .unsuitable("'\(rest.joined(separator: " "))' is too much") }
  }
}
