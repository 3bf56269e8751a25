// The options of `up` and `run` that say who plays the route servers.

import Platform

/// `--platform KIND`, `--quirks azure|measuring` and, as often as wanted, `--quirk NAME=VALUE`.
struct CastOptions {
  private var kind: InstanceKind?
  private var quirks = Quirks.measuring
  /// What stands above `quirks`, wherever it was said.
  private var changes: [QuirkRequest] = []

  /// Nil when the simulated platform was not asked for.
  var cast: VirtualNetwork.Cast? {
    var quirks = quirks
    for change in changes {
      precondition(quirks.set(change.name, change.value), "it was understood when it was taken")
    }
    return kind.map { VirtualNetwork.Cast(kind: $0, quirks: quirks) }
  }

  /// Takes an option and its value; false when it is none of ours, or its value is not understood.
  mutating func take(
    _ word: String, _ rest: inout ArraySlice<String>
  ) throws(LabError) -> Bool {
    switch (word, rest.first) {
    case ("--platform", let name?):
      guard let named = InstanceKind(rawValue: name) else { return false }
      kind = named
    case ("--quirks", "azure"?):
      quirks = .azure
      // Quirks without a platform would be nobody's.
      kind = kind ?? .simulated
    case ("--quirks", "measuring"?): quirks = .measuring
    case ("--quirk", let text?):
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return false }
      changes.append(try QuirkRequest(parts.map(String.init)))
      kind = kind ?? .simulated
    default: return false
    }
    rest = rest.dropFirst()
    return true
  }
}
