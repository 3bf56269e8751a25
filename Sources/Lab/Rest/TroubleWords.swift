// A mischief as words: on the command line, in scenarios, and on the way to the process.

import Management

/// `DOOR NAME [calls=WHICH] [times=N] [value=TEXT]`.
enum TroubleWords {
  static func trouble(_ words: [String]) throws(LabError) -> Trouble {
    guard let door = words.first.flatMap({ Door(rawValue: $0) }) else {
      throw .unsuitable("a mischief happens to: \(list(Door.allCases.map(\.rawValue)))")
    }
    let known = Mischief.allCases.filter { $0.doors.contains(door) }
    guard words.count > 1, let mischief = known.first(where: { $0.rawValue == words[1] }) else {
      throw .unsuitable(
        "what can happen to \(door.rawValue): \(list(known.map(\.rawValue)))")
    }
    var trouble = Trouble(mischief, at: door)
    for word in words.dropFirst(2) { try take(word, into: &trouble) }
    return trouble
  }

  private static func take(_ word: String, into trouble: inout Trouble) throws(LabError) {
    let sides = word.split(separator: "=", maxSplits: 1).map(String.init)
    switch (sides[0], sides.count) {
    case ("calls", 2):
      guard let calls = Mischief.Calls(rawValue: sides[1]) else {
        throw .unsuitable("calls are: \(list(Mischief.Calls.allCases.map(\.rawValue)))")
      }
      trouble.calls = calls
    case ("times", 2):
      guard let times = Int(sides[1]), times > 0 else {
        throw .unsuitable("'\(sides[1])' is no number of times")
      }
      trouble.times = times
    case ("value", 2): trouble.value = sides[1]
    default: throw .unsuitable("'\(word)' is none of calls=, times= and value=")
    }
  }

  /// `DOOR [NAME]`, what is to be mended; nil when it is about something else.
  static func mending(_ words: [String]) -> (door: Door, mischief: Mischief?)? {
    guard let door = words.first.flatMap({ Door(rawValue: $0) }), words.count <= 2 else {
      return nil
    }
    guard words.count == 2 else { return (door, nil) }
    return Mischief(rawValue: words[1]).map { (door, $0) }
  }

  static func words(for trouble: Trouble) -> [String] {
    var words = [
      trouble.door.rawValue, trouble.mischief.rawValue, "calls=\(trouble.calls.rawValue)",
    ]
    if let times = trouble.times { words.append("times=\(times)") }
    if let value = trouble.value { words.append("value=\(value)") }
    return words
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: " ") }
}
