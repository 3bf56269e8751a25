// Small files and log lines.

import Glibc
import Linux
import Model
import Testing

@Suite(.timeLimit(.minutes(1))) struct FilesTests {
  @Test(arguments: [0, 1, 65_535, 65_536, 200_000])
  func whatIsWrittenIsRead(count: Int) throws {
    let scratch = try Scratch()
    let path = "\(scratch.path)/state"
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    try Files.writeAtomically(path: path, bytes: content.span, mode: 0o640)
    #expect(try Files.read(path: path, limit: count) == content)
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o640)
    // Nothing but the file is left, also when an earlier writer had left its half.
    try Files.writeAtomically(path: "\(path).new", bytes: content.span, mode: 0o600)
    try Files.writeAtomically(path: path, bytes: [7].span, mode: 0o600)
    #expect(try Files.read(path: path, limit: 1) == [7])
    #expect(throws: Errno.noSuchFile) { _ = try Files.read(path: "\(path).new", limit: 1) }
    if count > 0 {
      try Files.writeAtomically(path: path, bytes: content.span, mode: 0o600)
      #expect(throws: Errno.fileTooLarge) { _ = try Files.read(path: path, limit: count - 1) }
    }
  }

  @Test func filesWithoutALengthAreRead() throws {
    // The kernel says 0 for the length of this one.
    let bytes = try Files.read(path: "/proc/self/status", limit: 65_536)
    #expect(bytes.starts(with: Array("Name:".utf8)))
  }

  @Test func whatIsNotThereIsSaid() throws {
    let scratch = try Scratch()
    #expect(throws: Errno.noSuchFile) {
      _ = try Files.read(path: "\(scratch.path)/none", limit: 1)
    }
    let empty: [UInt8] = []
    #expect(throws: Errno.noSuchFile) {
      try Files.writeAtomically(path: "\(scratch.path)/none/file", bytes: empty.span, mode: 0o600)
    }
    try Files.removeIfPresent("\(scratch.path)/none")
  }

  @Test func aLogLineCarriesItsLevel() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    let log = Log(threshold: .info, descriptor: writer.raw)
    log.error("one")
    log.warning("two")
    log.notice("three\nfour\u{7f}\u{9b}five")
    log.info("six")
    log.debug("never")
    writer.close()
    let text = String(decoding: pipe.read(), as: UTF8.self)
    #expect(text == "<3>one\n<4>two\n<5>three\\x{a}four\\x{7f}\\x{9b}five\n<6>six\n")
  }

  @Test func aLogLineIsBounded() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    // Two bytes a scalar, after one: the limit falls into a scalar, which is then left out whole.
    let long = "x" + String(repeating: "é", count: Log.lineLimit)
    Log(threshold: .debug, descriptor: writer.raw).debug(long)
    writer.close()
    let bytes = pipe.read()
    #expect(bytes.count == 3 + Log.lineLimit - 1 + 1)
    #expect(bytes.last == UInt8(ascii: "\n"))
    #expect(String(validating: bytes, as: UTF8.self) != nil)
  }

  @Test func aLogThatNobodyReadsIsNotWaitedFor() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    let log = Log(threshold: .info, descriptor: writer.raw)
    // Far more than a pipe holds (64 KiB): without the look before, the third dozen would block.
    let written = 200
    let text = String(repeating: "x", count: 2_000)
    for _ in 0..<written { log.info(text) }
    let held = pipe.read(limit: 4 * 4_096)
    #expect(held.count == 4 * 4_096)
    log.info("last")
    writer.close()
    let rest = pipe.read(limit: 1 << 20)
    let lines = String(decoding: held + rest, as: UTF8.self).split(separator: "\n")
    let last = try #require(lines.last)
    #expect(last.hasPrefix("<6>last ("))
    let dropped = try #require(last.split(separator: "(").last?.split(separator: " ").first)
    #expect(try #require(Int(dropped)) == written - (lines.count - 1))
  }
}
