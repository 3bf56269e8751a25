// Numbers for what is said, so that a mass shift need not compare all of it for every volley.

/// Gives what is said the same number as long as it is said again soon; two of the same number say
/// the same. What was not said for long gets another number when it comes again.
struct Voices {
  /// 0 is the number of nobody.
  static let none: UInt32 = 0
  /// Remembered at once. We chose it: VIPs that move together say few things, and each of them is
  /// armed in what stands and in what may come next.
  private static let memory = 16

  private var known: [(key: AnnouncementKey, number: UInt32)] = []
  private var oldest = 0
  private var last = Voices.none

  init() { known.reserveCapacity(Voices.memory) }

  mutating func number(of key: AnnouncementKey) -> UInt32 {
    for one in known where one.key == key { return one.number }
    // Armed so often that the numbers are used up: from now on what is new has none.
    guard last < .max else { return Voices.none }
    last += 1
    if known.count < Voices.memory {
      known.append((key, last))
    } else {
      known[oldest] = (key, last)
      oldest = (oldest + 1) % Voices.memory
    }
    return last
  }
}
