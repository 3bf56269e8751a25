// Waiting: readiness, tokens, deadlines and signals.

import Glibc
import Linux
import Model
import Testing

@Suite(.timeLimit(.minutes(1))) struct EpollTests {
  let token = EventToken(kind: 7, slot: 300, generation: 41)

  @Test func theDeadlineIsKeptAndNeverEarly() throws {
    var epoll = try Epoll(capacity: 4)
    for length in [0, 1, 999, 1_000_000, 20_000_001] {
      let deadline = Clock.monotonic() + Nanoseconds(Int64(length))
      #expect(try epoll.wait(until: deadline) == 0)
      #expect(Clock.monotonic() >= deadline)
    }
  }

  @Test func aDeadlineInThePastDoesNotWait() throws {
    var epoll = try Epoll(capacity: 4)
    #expect(try epoll.wait(until: .zero) == 0)
    #expect(try epoll.wait(until: .zero) == 0)
    let past = Clock.monotonic() - .seconds(1)
    #expect(try epoll.wait(until: past) == 0)
    #expect(try epoll.wait(until: past) == 0)
  }

  @Test func anEventComesBeforeAFarDeadline() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    var epoll = try Epoll(capacity: 4)
    try epoll.add(pipe.reading, token: token, interest: .read)
    let far = Clock.monotonic() + patience
    #expect(unsafe Glibc.write(writer.raw, "x", 1) == 1)
    #expect(try epoll.wait(until: far) == 1)
    let event = epoll.event(at: 0)
    #expect(event.token == token)
    #expect(event.readable && !event.writable && !event.hangup && !event.error)
    // Level-triggered: unread, it is reported again, also with the deadline taken away.
    #expect(try epoll.wait(until: nil) == 1)
    #expect(readAll(pipe.reading, limit: 1) == [UInt8(ascii: "x")])
    // A later deadline than the one that was armed first: the early one must not be remembered.
    let near = Clock.monotonic() + .milliseconds(5)
    #expect(try epoll.wait(until: near) == 0)
    #expect(Clock.monotonic() >= near)
    writer.close()
    #expect(try epoll.wait(until: far) == 1)
    #expect(epoll.event(at: 0).hangup)
  }

  @Test func aReachedDeadlineHidesNoEvent() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    var epoll = try Epoll(capacity: 1)
    try epoll.add(pipe.reading, token: token, interest: .read)
    #expect(unsafe Glibc.write(writer.raw, "x", 1) == 1)
    // Both are ready at once, and there is room for one event of the caller's.
    #expect(try epoll.wait(until: .zero) == 1)
    #expect(epoll.event(at: 0).token == token)
  }

  @Test func capacityBoundsOneWait() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    var epoll = try Epoll(capacity: 1)
    let second = dup(writer.raw)
    let other = Descriptor(adopting: second)
    try epoll.add(writer.raw, token: token, interest: .write)
    try epoll.add(other.raw, token: token, interest: .write)
    #expect((1...2).contains(try epoll.wait(until: nil)))
    #expect(epoll.event(at: 0).writable)
  }

  @Test func interestCanChangeAndEnd() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    var epoll = try Epoll(capacity: 4)
    try epoll.add(writer.raw, token: token, interest: .write)
    #expect(try epoll.wait(until: nil) == 1)
    let other = EventToken(kind: 7, slot: 300, generation: 42)
    try epoll.modify(writer.raw, token: other, interest: [])
    #expect(try epoll.wait(until: .zero) == 0)
    try epoll.modify(writer.raw, token: other, interest: .write)
    #expect(try epoll.wait(until: nil) == 1)
    #expect(epoll.event(at: 0).token == other)
    try epoll.remove(writer.raw)
    #expect(try epoll.wait(until: .zero) == 0)
  }

  @Test func addingTwiceIsRefused() throws {
    let pipe = try Pipe()
    let writer = Descriptor(adopting: pipe.writing)
    let epoll = try Epoll(capacity: 4)
    try epoll.add(writer.raw, token: token, interest: .write)
    var refusal: Errno?
    do throws(Errno) {
      try epoll.add(writer.raw, token: token, interest: .write)
    } catch { refusal = error }
    #expect(refusal == .fileExists)
  }

  @Test func signalsAreReadInsteadOfTaken() throws {
    let signals = try SignalDescriptor([SIGUSR1, SIGUSR2])
    #expect(try signals.next() == nil)
    // To this thread only: blocking is a thread's matter, and other tests run beside.
    #expect(pthread_kill(pthread_self(), SIGUSR2) == 0)
    try awaitReady(signals.raw, .read)
    #expect(try signals.next() == SIGUSR2)
    #expect(try signals.next() == nil)
  }
}
