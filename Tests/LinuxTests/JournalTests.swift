// The log and the journal: fields, who is asked when the journal does not take an entry, escapes.

import Glibc
import Linux
import Model
import Testing

@Suite struct JournalTests {
  /// A journal that is a socket in a directory of ours; standard error is a pipe that it knows.
  private struct Stage: ~Copyable {
    let scratch: Scratch
    let socket: Descriptor
    let pipe: Pipe
    let writer: Descriptor

    init() throws {
      let directory = try Scratch()
      let listening = Descriptor(adopting: Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
      try bindUnix(listening.raw, to: "\(directory.path)/journal")
      let ends = try Pipe()
      scratch = directory
      socket = listening
      writer = Descriptor(adopting: ends.writing)
      pipe = ends
    }

    func log(_ stream: String?) -> Log {
      Log(
        threshold: .info, descriptor: writer.raw, identifier: "test", stream: stream,
        journal: "\(scratch.path)/journal")
    }

    /// `device:inode` of the pipe.
    var stream: String {
      var status = stat()
      precondition(unsafe fstat(writer.raw, &status) == 0)
      return "\(status.st_dev):\(status.st_ino)"
    }

    /// The entry that waits, if one does.
    func entry() -> [String]? {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      let count = unsafe recv(socket.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      guard count >= 0 else { return nil }
      return String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n").map(
        String.init)
    }
  }

  @Test func anEntryHasItsFields() throws {
    let stage = try Stage()
    let log = stage.log(stage.stream)
    log.write(.warning, "vip web moved", [("VIP", "web"), ("SHIFT", "17")])
    #expect(
      stage.entry() == [
        "MESSAGE=vip web moved", "PRIORITY=4", "SYSLOG_IDENTIFIER=test", "VIP=web", "SHIFT=17",
      ])
    log.info("plain")
    #expect(stage.entry() == ["MESSAGE=plain", "PRIORITY=6", "SYSLOG_IDENTIFIER=test"])
    log.debug("never")
    #expect(stage.entry() == nil)
    stage.writer.close()
    #expect(stage.pipe.read().isEmpty)
  }

  /// What a peer says can begin no field and no entry, and order nothing from a terminal.
  @Test func nothingOfAPeerIsAField() throws {
    let stage = try Stage()
    stage.log(stage.stream).write(
      .notice, "it said \u{1b}[31m\nPRIORITY=0", [("PEER", "a\nSHIFT=9\u{202e}")])
    #expect(
      stage.entry() == [
        #"MESSAGE=it said \x{1b}[31m\x{a}PRIORITY=0"#, "PRIORITY=5", "SYSLOG_IDENTIFIER=test",
        #"PEER=a\x{a}SHIFT=9\x{202e}"#,
      ])
  }

  /// JOURNAL_STREAM is inherited; the descriptor may have been led elsewhere since.
  @Test(arguments: ["1:1", "", "x:y", "1", "1:2:3", "-1:-1"])
  func anotherStreamIsNotTheJournals(_ stream: String) throws {
    let stage = try Stage()
    stage.log(stream).notice("a line")
    #expect(stage.entry() == nil)
    stage.writer.close()
    #expect(String(decoding: stage.pipe.read(), as: UTF8.self) == "<5>a line\n")
  }

  @Test func aJournalThatIsGone() throws {
    let stage = try Stage()
    let log = stage.log(stage.stream)
    let path = "\(stage.scratch.path)/journal"
    try Files.removeIfPresent(path)
    log.notice("without")
    // Started anew, it is met again by its name.
    let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    let another = Descriptor(adopting: raw)
    try bindUnix(raw, to: path)
    log.notice("again")
    var bytes = [UInt8](repeating: 0, count: 1_000)
    let count = unsafe recv(another.raw, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).hasPrefix("MESSAGE=again"))
    stage.writer.close()
    #expect(String(decoding: stage.pipe.read(), as: UTF8.self) == "<5>without\n")
  }

  /// A journal that does not read is not waited for: the rest goes to standard error, and when
  /// that is full too, what is lost is counted.
  @Test func aJournalThatIsStuck() throws {
    let stage = try Stage()
    let log = stage.log(stage.stream)
    let text = String(repeating: "x", count: 2_000)
    // More than a socket's queue and a pipe (64 KiB) hold together.
    for _ in 0..<2_000 { log.info(text) }
    #expect(stage.entry() != nil)
    while stage.entry() != nil {}
    log.info("last")
    let last = try #require(stage.entry()?.first)
    #expect(last.hasPrefix("MESSAGE=last ("), "\(last)")
    #expect(last.hasSuffix(" messages before this one were dropped)"))
    stage.writer.close()
    #expect(!stage.pipe.read(limit: 1 << 20).isEmpty)
  }
}
