// What the process keeps of the memory it no longer uses.

import CLinux

/// The C library's heap, and what is mapped of programs and libraries.
package enum Memory {
  /// What /proc/self/smaps may say. We chose it: some thousand mappings, each of which takes less
  /// than a kibibyte.
  private static let mapsLimit = 4_194_304

  /// Gives free pages back to the kernel, also those between pieces that are in use: the C library
  /// by itself gives back only what lies at the end of the heap (malloc_trim(3)).
  package static func giveBack() { _ = malloc_trim(0) }

  /// Lets go of all code, and of the constants beside it. What is still used is mapped again at the
  /// next fault, from the kernel's cache of files, sixteen pages at a time. So what only starting
  /// needed (reading a configuration, linking, asking for accounts) does not stay in memory.
  package static func releasePrograms() throws(Errno) {
    let maps = try Files.read(path: "/proc/self/smaps", limit: mapsLimit)
    for range in unwrittenFiles(in: maps) {
      try system { clinux_release_pages(range.lowerBound, range.count) }
    }
  }

  /// Where files are mapped that cannot be written and that nothing was written to: the linker
  /// writes its relocations first and protects them then, and a debugger writes into code. In the
  /// words of proc_pid_smaps(5): `r--p` or `r-xp`, with an inode, and no anonymous page.
  package static func unwrittenFiles(in maps: [UInt8]) -> [Range<UInt>] {
    var found: [Range<UInt>] = []
    var candidate: Range<UInt>?
    for line in maps.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
      if let range = range(words) {
        let isFixed = words[1].elementsEqual("r--p".utf8) || words[1].elementsEqual("r-xp".utf8)
        candidate = isFixed && !words[4].elementsEqual("0".utf8) ? range : nil
      } else if words.count > 1, words[0].elementsEqual("Anonymous:".utf8) {
        if let candidate, words[1].elementsEqual("0".utf8) { found.append(candidate) }
        candidate = nil
      }
    }
    return found
  }

  /// The addresses that the first line of a mapping begins with; nil for any other line.
  private static func range(_ words: [ArraySlice<UInt8>]) -> Range<UInt>? {
    guard words.count >= 5 else { return nil }
    let ends = words[0].split(separator: UInt8(ascii: "-")).map {
      UInt(String(decoding: $0, as: UTF8.self), radix: 16)
    }
    guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
    return start..<end
  }
}
