// The options of `up` and `run` that say who plays the route servers.

import Platform

/// `--platform KIND` and `--quirks azure|measuring`.
struct CastOptions {
  private var kind: InstanceKind?
  private var quirks = Quirks.measuring

  /// Nil when the simulated platform was not asked for.
  var cast: VirtualNetwork.Cast? {
    kind.map { VirtualNetwork.Cast(kind: $0, quirks: quirks) }
  }

  /// Takes an option and its value; false when it is none of ours, or its value is not understood.
  mutating func take(_ word: String, _ rest: inout ArraySlice<String>) -> Bool {
    switch (word, rest.first) {
    case ("--platform", let name?):
      guard let named = InstanceKind(rawValue: name) else { return false }
      kind = named
    case ("--quirks", "azure"?):
      quirks = .azure
      // Quirks without a platform would be nobody's.
      kind = kind ?? .simulated
    case ("--quirks", "measuring"?): quirks = .measuring
    default: return false
    }
    rest = rest.dropFirst()
    return true
  }
}
