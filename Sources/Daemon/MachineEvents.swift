// What Azure is about to do to this machine, as whoever asks the metadata service tells it.

/// The events that are announced or under way.
struct MachineEvents: Equatable {
  struct Event: Equatable {
    var kind: String
    var hasStarted: Bool
    var id: String

    var words: String { "\(kind) \(id) \(hasStarted ? "has begun" : "is announced")" }
  }

  /// Events at once; a machine has one, seldom two.
  static let limit = 16

  private(set) var events: [Event] = []

  /// Takes the whole list: `none`, or `KIND:STATE:ID` for each. The answer is what is new, a line
  /// each, or what is wrong with the words; then nothing changes.
  mutating func take(_ words: [String]) -> Result<[String], UsageError> {
    var next: [Event] = []
    for word in words where words != ["none"] {
      guard let event = Event(word) else {
        return .failure(UsageError(text: "\(word) is no event: KIND:STATE:ID"))
      }
      next.append(event)
    }
    guard !words.isEmpty, next.count <= MachineEvents.limit else {
      return .failure(UsageError(text: "events takes none, or up to \(MachineEvents.limit) events"))
    }
    let over = events.filter { old in !next.contains { $0.id == old.id } }
    let lines =
      next.filter { !events.contains($0) }.map { "Azure: \($0.words)" }
      + over.map { "Azure: \($0.kind) \($0.id) is over" }
    events = next
    return .success(lines)
  }
}

extension MachineEvents.Event {
  init?(_ word: String) {
    let parts = word.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty,
      parts.allSatisfy({ $0.utf8.count <= 128 }), ["scheduled", "started"].contains(parts[1])
    else { return nil }
    self.init(kind: String(parts[0]), hasStarted: parts[1] == "started", id: String(parts[2]))
  }
}
