// The verb `run`: plays scenario files one after the other and tells how each ended.

import Linux
import Model

/// Every file is read before the first is played, so that a slip of the pen costs no time.
enum ScenarioCommand {
  /// A scenario is a page or two.
  static let fileLimit = 65_536

  /// 0 when everything was seen, 1 when not, nil when the words are not understood.
  static func run(_ words: [String]) throws(LabError) -> Int32? {
    var rest = words[...]
    var files: [String] = []
    var named: String?
    var casting = CastOptions()
    while let word = rest.popFirst() {
      if word == "--daemon" {
        guard let file = rest.popFirst() else { return nil }
        named = file
      } else if try casting.take(word, &rest) {
        continue
      } else if word.hasPrefix("-") {
        return nil
      } else {
        files.append(word)
      }
    }
    if files.isEmpty { return nil }
    var scenarios: [Scenario] = []
    for file in files { scenarios.append(try read(file)) }
    let daemon: String
    if let named { daemon = named } else { daemon = try OwnPrograms.daemon() }
    var failed = 0
    for (file, scenario) in zip(files, scenarios) {
      print(file)
      let player = try ScenarioPlayer.play(scenario, daemon: daemon, cast: casting.cast) { line in
        print(line)
        Termination.flush()
      }
      print(player.faults.isEmpty ? "passed" : "FAILED: \(player.faults.count) of its steps")
      if !player.faults.isEmpty { failed += 1 }
    }
    if files.count > 1 { print("\(files.count - failed) of \(files.count) scenarios passed") }
    return failed == 0 ? 0 : 1
  }

  static func read(_ file: String) throws(LabError) -> Scenario {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try Files.read(path: file, limit: fileLimit)
    } catch {
      throw .system(error, doing: "reading \(file)")
    }
    do throws(ScenarioError) {
      return try ScenarioReader.read(String(decoding: bytes, as: UTF8.self), name: file)
    } catch {
      throw .unsuitable(error.description)
    }
  }
}
