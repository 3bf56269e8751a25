// Errors, tokens, clocks, randomness and descriptors.

import Glibc
import Linux
import Model
import Testing

@Suite struct ValueTests {
  @Test(arguments: [
    (Errno.noBuffers, "ENOBUFS (No buffer space available)"),
    (.connectionRefused, "ECONNREFUSED (Connection refused)"),
    (.again, "EAGAIN (Resource temporarily unavailable)"),
    (.inProgress, "EINPROGRESS (Operation now in progress)"),
    (Errno(code: 4095), "errno 4095 (Unknown error 4095)"),
  ])
  func errorsNameThemselves(error: Errno, text: String) {
    #expect(error.description == text)
  }

  @Test(
    arguments: [
      (EventToken(kind: 0, slot: 0, generation: 0), 0),
      (EventToken(kind: 255, slot: 0, generation: 0), 0x00ff_0000_0000_0000),
      (EventToken(kind: 0, slot: .max, generation: 0), 0x0000_ffff_0000_0000),
      (EventToken(kind: 0, slot: 0, generation: .max), 0x0000_0000_ffff_ffff),
      (EventToken(kind: 3, slot: 0x1234, generation: 0x89ab_cdef), 0x0003_1234_89ab_cdef),
    ] as [(EventToken, UInt64)])
  func tokensPackAndUnpack(token: EventToken, packed: UInt64) {
    #expect(token.packed == packed)
    #expect(EventToken(packed: packed) == token)
  }

  @Test func clocksGoForward() {
    let first = Clock.monotonic()
    let second = Clock.monotonic()
    #expect(first <= second)
    #expect(first > .zero)
    // The boot clock counts suspension as well, so it is never behind.
    #expect(Clock.boot() >= first)
    // 2020-01-01: the wall clock counts from 1970.
    #expect(Clock.wall().nanoseconds > 1_577_836_800_000_000_000)
  }

  @Test func seedsDiffer() throws {
    #expect(try Entropy.seed() != Entropy.seed())
  }

  @Test func accountsAreFound() {
    #expect(Accounts.group(named: "root") == 0)
    #expect(Accounts.user(named: "root") == 0)
    #expect(Accounts.group(named: "no-such-group-of-hopshift") == nil)
    #expect(Accounts.user(named: "no-such-user-of-hopshift") == nil)
    #expect(Accounts.userID() == geteuid())
    #expect(Accounts.groupID() == getegid())
    #expect(Accounts.processID() == getpid())
  }

  @Test func aDescriptorClosesWhenItsOwnerGoes() throws {
    let pipe = try Pipe()
    do {
      let writer = Descriptor(adopting: pipe.writing)
      #expect(writer.raw == pipe.writing)
    }
    // The end of file comes only when the last writer has closed.
    #expect(pipe.read() == [])
  }

  @Test func aDescriptorClosesOnDemand() throws {
    let pipe = try Pipe()
    Descriptor(adopting: pipe.writing).close()
    #expect(pipe.read() == [])
  }

  @Test func closingTwiceTraps() async {
    await #expect(processExitsWith: .failure) {
      let descriptor = Descriptor(adopting: Glibc.dup(0))
      Glibc.close(descriptor.raw)
      descriptor.close()
    }
  }

  @Test func aFreshBufferIsEmpty() {
    let buffer = ReceiveBuffer(capacity: 16)
    #expect(buffer.count == 0)
    #expect(bytes(buffer) == [])
  }
}
