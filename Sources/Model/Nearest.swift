// Finds the known word that was probably meant, by edit distance.

/// Advice for misspelt words.
public enum Nearest {
  /// Longer texts are no misspelling of a key, and the work grows with the length.
  private static let lengthLimit = 64

  /// The known word at the smallest distance, if that is at most a third of its length (or one).
  public static func word(to text: String, among words: [String]) -> String? {
    guard text.utf8.count <= lengthLimit else { return nil }
    let written = Array(text.lowercased().utf8).map { $0 == 95 ? 45 : $0 }  // _ for -
    var best: (word: String, distance: Int)?
    for word in words {
      let known = Array(word.utf8)
      let found = distance(written, known)
      guard found <= max(1, known.count / 3) else { continue }
      if best.map({ found < $0.distance }) ?? true { best = (word, found) }
    }
    return best?.word
  }

  /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
