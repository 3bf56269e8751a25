// What a datagram holds, and how digests find their VIPs again.

import Hello
import Model
import Testing

struct WriterTests {
  @Test func aFullBodyAndItsTagFitADatagram() {
    var writer = HelloWriter()
    writer.begin(Sample.header)
    var count = 0
    while writer.hasRoom {
      writer.add(Sample.entry)
      count += 1
    }
    #expect(count == HelloLimits.entries)
    let room = writer.trailerRoom
    #expect(room == HelloLimits.trailers - HelloLimits.trailerHeader)
    // A relayed event has a number, two moments and some flags.
    #expect(room >= 48)
    let value = [UInt8](repeating: 1, count: room)
    writer.addTrailer(kind: 1, value.span)
    let bytes = writer.bytes
    let rest = writer.trailerRoom
    #expect(bytes.count + HelloLimits.tag == HelloLimits.datagram)
    #expect(rest < 0)
    #expect(throws: Never.self) { try Sample.read(bytes).get() }
  }

  @Test func entriesComeBackInTheirOrder() throws {
    let entries = try Sample.read(Sample.body(entries: 64)).get()
    #expect(entries.map(\.epoch) == Array(0..<64))
  }

  @Test func theBufferIsUsedAgain() {
    var writer = HelloWriter()
    writer.begin(Sample.header)
    writer.add(Sample.entry)
    writer.addTrailer(kind: 1, Span())
    let isClosed = !writer.hasRoom
    #expect(isClosed)
    writer.begin(Sample.header)
    let isOpen = writer.hasRoom
    let bytes = writer.bytes
    #expect(isOpen)
    #expect(bytes == Sample.body(entries: 0))
  }

  @Test func everyVIPIsFoundByItsDigest() {
    let names = (0..<500).map { "vip-\($0)" }
    let directory = VIPDirectory(Sample.plan(names))
    for (index, name) in names.enumerated() {
      #expect(directory.slot(of: VIPDigest(name)) == VIPSlot(index))
      #expect(directory.digests[index] == VIPDigest(name))
    }
    #expect(directory.slot(of: VIPDigest("vip-500")) == nil)
    #expect(directory.slot(of: VIPDigest(bits: 0)) == nil)
    #expect(directory.slot(of: VIPDigest(bits: .max)) == nil)
    #expect(VIPDirectory(Sample.plan([])).slot(of: VIPDigest("web")) == nil)
  }

  @Test func namesThatCollideAreFound() {
    #expect(VIPDigest.firstCollision(in: ["a", "b", "c"]) == nil)
    let found = VIPDigest.firstCollision(in: ["a", "b", "c", "b", "a"])
    #expect(found?.earlier == 1 && found?.later == 3)
  }
}

struct ReplayGuardTests {
  /// Which of the moments, in this order, are accepted.
  private func accepted(_ moments: [(UInt64, UInt64)]) -> [Bool] {
    var replay = ReplayGuard()
    return moments.map { replay.accept(HelloMoment(start: $0, sequence: $1)) }
  }

  @Test func onlyWhatIsNewerIsAccepted() {
    #expect(
      accepted([(5, 10), (5, 10), (5, 9), (5, 12), (5, 11)]) == [true, false, false, true, false])
    // A run that began earlier is over, however far it came.
    #expect(accepted([(5, 12), (4, .max), (6, 0), (5, 13)]) == [true, false, true, false])
    #expect(accepted([(.max, .max), (.max, .max), (0, 0)]) == [true, false, false])
  }

  @Test func theVeryFirstMayBeZero() { #expect(accepted([(0, 0), (0, 0)]) == [true, false]) }

  @Test func whatIsRefusedChangesNothing() {
    var replay = ReplayGuard()
    let none = replay.last
    #expect(none == nil)
    let answers = [(5, 5), (5, 4), (4, 9)].map {
      replay.accept(HelloMoment(start: $0, sequence: $1))
    }
    #expect(answers == [true, false, false])
    #expect(replay.last == HelloMoment(start: 5, sequence: 5))
  }
}
