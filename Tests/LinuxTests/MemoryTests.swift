// What is let go of after the start, and what must not be.

import Linux
import Testing

@Suite struct MemoryTests {
  // Recorded on Linux 6.18 and cut down to the lines that are looked at: code, constants,
  // relocations that the linker has protected, data, the heap, and the kernel's own page.
  private static let smaps = """
    55700000-55800000 r-xp 00000000 fe:00 1323 /usr/sbin/a program
    Rss:                1024 kB
    Anonymous:             0 kB
    55800000-55810000 r--p 00100000 fe:00 1323 /usr/sbin/a program
    Anonymous:            64 kB
    55810000-55820000 rw-p 00110000 fe:00 1323 /usr/sbin/a program
    Anonymous:             0 kB
    55820000-55830000 rw-p 00000000 00:00 0 [heap]
    Anonymous:             0 kB
    7f000000-7f001000 r--p 00000000 fe:00 77 /usr/lib/libc.so.6
    Anonymous:             0 kB
    7f001000-7f002000 r--s 00000000 fe:00 78 /usr/share/a cache
    Anonymous:             0 kB
    7f002000-7f003000 r-xp 00000000 fe:00 79 /usr/lib/one with a breakpoint
    Anonymous:             4 kB
    7fff0000-7fff2000 r-xp 00000000 00:00 0 [vdso]
    Anonymous:             0 kB
    """

  @Test func onlyWhatNothingWasWrittenToIsReleased() {
    #expect(
      Memory.unwrittenFiles(in: Array(Self.smaps.utf8))
        == [0x5570_0000..<0x5580_0000, 0x7f00_0000..<0x7f00_1000])
    #expect(Memory.unwrittenFiles(in: []) == [])
    #expect(Memory.unwrittenFiles(in: Array("5-4 r-xp 0 fe:00 1 /a\nAnonymous: 0 kB".utf8)) == [])
  }

  @Test func everythingStillRunsAfterwards() throws {
    let before = try Files.read(path: "/proc/self/smaps", limit: 16_777_216)
    #expect(!Memory.unwrittenFiles(in: before).isEmpty)
    try Memory.releasePrograms()
    Memory.giveBack()
    // Code and constants of several libraries, ours among them.
    #expect(String(-3.5).count + "\(Errno.timedOut)".count > 4)
    #expect(Memory.unwrittenFiles(in: Array(Self.smaps.utf8)).count == 2)
  }
}
