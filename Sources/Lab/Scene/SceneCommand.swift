// The verbs that start a scene, and those that reach a running one from another terminal.

import Linux
import Model

/// What `up`, `down`, `list`, `exec`, `status`, `move`, `fault` and `mend` do.
enum SceneCommand {
  /// The most that a scene answers.
  private static let answerLimit = 1 << 20

  /// Starts a scene and stays; nil when the words are not understood.
  static func up(_ words: [String]) throws(LabError) -> Int32? {
    var rest = words[...]
    var layout = Layout.pair
    var daemon: String?
    var casting = CastOptions()
    var options: [String] = []
    while let word = rest.popFirst() {
      if word == "--daemon", let file = rest.popFirst() {
        daemon = file
      } else if try casting.take(word, &rest) {
        continue
      } else if word.hasPrefix("--"), Layout.words.contains(String(word.dropFirst(2))) {
        options.append(String(word.dropFirst(2)))
      } else if let named = Layout.named(word) {
        layout = named
      } else {
        return nil
      }
    }
    let program: String
    if let daemon { program = daemon } else { program = try OwnPrograms.daemon() }
    layout = try Layout.read(layout.name, options)
    let scene = try Scene(layout, daemon: program, cast: casting.cast)
    defer { scene.tearDown() }
    try scene.open()
    print(SceneStatus.introduction(scene))
    try SceneDoor(scene).serve()
    return 0
  }

  static func list() throws(LabError) -> Int32 {
    for (tag, isOwned) in try Registry.all() where isOwned {
      print("\(tag)  \(try layout(of: tag) ?? "-")")
    }
    return 0
  }

  /// Sends a request to a running scene and prints its answer.
  static func ask(_ verb: String, _ words: [String]) throws(LabError) -> Int32 {
    let (rest, named) = try tag(in: words)
    let tag = try chosen(named)
    let request = ([verb] + rest).joined(separator: " ")
    guard request.utf8.count <= SceneDoor.requestLimit else {
      throw .unsuitable("that is too long")
    }
    let reply: String?
    do throws(Errno) {
      let stream = try UnixStream.connect(path: SceneDoor.path(of: tag))
      let isTaken = try SceneDoor.write(Array(request.utf8), to: stream)
      try stream.shutdownWrite()
      reply =
        isTaken
        ? try SceneDoor.read(stream, limit: answerLimit, within: Shell.usualLimit) : nil
    } catch {
      throw .system(error, doing: "asking lab \(tag)")
    }
    guard let answer = reply else { throw .unsuitable("lab \(tag) did not answer") }
    let head = answer.prefix { $0 != "\n" }
    let body = String(answer.dropFirst(head.count)).trimmed
    guard head == "ok" else { throw .unsuitable(body.isEmpty ? "no answer" : body) }
    if !body.isEmpty { print(body) }
    if verb == "down" { try waitForEnd(of: tag) }
    return 0
  }

  /// Becomes a program in a host's namespace.
  static func exec(_ words: [String]) throws(LabError) -> Int32 {
    var rest = words[...]
    var named: String?
    if rest.first == "--lab", rest.count > 1 {
      rest = rest.dropFirst()
      named = rest.popFirst()
    }
    guard rest.count > 1, let host = rest.popFirst() else {
      throw .unsuitable("exec [--lab TAG] HOST PROGRAM [WORD...]")
    }
    let namespace = "\(try chosen(named))-\(host)"
    do throws(Errno) {
      if try Directories.exists("/run/netns/\(namespace)") {
        try Processes.become(["ip", "netns", "exec", namespace] + Array(rest))
      }
    } catch {
      throw .system(error, doing: "running \(rest.joined(separator: " "))")
    }
    throw .unsuitable("there is no host \(host)")
  }

  // MARK: Which scene

  private static func tag(in words: [String]) throws(LabError) -> (rest: [String], tag: String?) {
    guard let place = words.firstIndex(of: "--lab") else { return (words, nil) }
    guard place + 1 < words.count else { throw .unsuitable("--lab needs the tag of a laboratory") }
    return (Array(words[..<place] + words[(place + 2)...]), words[place + 1])
  }

  private static func chosen(_ tag: String?) throws(LabError) -> String {
    if let tag { return tag }
    return try onlyScene()
  }

  private static func onlyScene() throws(LabError) -> String {
    var tags: [String] = []
    for (tag, isOwned) in try Registry.all() where isOwned {
      if try layout(of: tag) != nil { tags.append(tag) }
    }
    guard let tag = tags.first else { throw .unsuitable("no laboratory is up") }
    guard tags.count == 1 else {
      throw .unsuitable("several are up, choose with --lab: \(tags.joined(separator: " "))")
    }
    return tag
  }

  private static func layout(of tag: String) throws(LabError) -> String? {
    let file = "\(Registry.directory(of: tag))/\(Scene.layoutFile)"
    do throws(Errno) {
      guard try Directories.exists(file) else { return nil }
      return String(decoding: try Files.read(path: file, limit: 64), as: UTF8.self).trimmed
    } catch {
      throw .system(error, doing: "reading \(file)")
    }
  }

  private static func waitForEnd(of tag: String) throws(LabError) {
    try Waiting.until("lab \(tag) to be gone", within: .seconds(30)) { () throws(LabError) in
      do throws(Errno) {
        return try Directories.exists(Registry.directory(of: tag)) ? "it is there" : nil
      } catch {
        throw .system(error, doing: "looking for lab \(tag)")
      }
    }
  }
}

/// The programs that were built or installed together with this one.
enum OwnPrograms {
  /// hopshiftd: beside this program in a built tree, in /usr/sbin where it is installed.
  static func daemon() throws(LabError) -> String {
    do throws(Errno) {
      let own = try Processes.ownProgram()
      for path in ["\(Files.directory(of: own))/hopshiftd", "/usr/sbin/hopshiftd"]
      where try Directories.exists(path) {
        return path
      }
    } catch {
      throw .system(error, doing: "looking for hopshiftd")
    }
    throw .unsuitable("there is no hopshiftd beside this program or in /usr/sbin: --daemon FILE")
  }
}
