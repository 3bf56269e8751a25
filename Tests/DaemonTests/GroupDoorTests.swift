// The door of the group over real UDP on loopback: what is let in, what is refused, what is said of it.

import Foundation
import Hello
import Linux
import Model
import Seal
import Testing

@testable import Daemon

/// Speakers 127.77.NET.1 to .3 on loopback; every test has a net of its own, where ports are free.
private final class Room {
  static let port: UInt16 = 50_179
  static let key = SealKey((0..<32).map { UInt8($0 * 7 + 3) })
  static let thirdKey = SealKey((0..<32).map { UInt8($0 * 3 + 2) })
  static let otherKey = SealKey((0..<32).map { UInt8($0 * 5 + 1) })

  let net: UInt8
  let door: GroupDoor
  private let file: URL
  private let handle: FileHandle
  private let log: Log
  private var body: [UInt8] = []
  var now = Instant(nanoseconds: 1_000_000_000)

  init(net: UInt8, with others: [UInt8] = [2, 3]) throws {
    self.net = net
    file = FileManager.default.temporaryDirectory.appending(path: "hopshift-\(UUID().uuidString)")
    try Data().write(to: file)
    handle = try FileHandle(forWritingTo: file)
    log = Log(threshold: .debug, descriptor: handle.fileDescriptor)
    door = try Room.door(net, at: 1, with: others)
  }

  deinit {
    let removed = Result { try FileManager.default.removeItem(at: file) }
    if case .failure(let error) = removed { Issue.record(error) }
  }

  static func address(_ net: UInt8, _ number: UInt8) -> IPv4Address {
    IPv4Address(127, 77, net, number)
  }

  static func door(
    _ net: UInt8, at own: UInt8, with others: [UInt8], key: SealKey = Room.key
  ) throws -> GroupDoor {
    let group = Plan.Group(
      peers: others.map { Room.address(net, $0) }, address: Room.address(net, own),
      port: Room.port, keyFile: "")
    return try GroupDoor(group, key: key)
  }

  /// A socket of a speaker, or of a stranger.
  func socket(_ number: UInt8) throws -> DatagramSocket {
    try DatagramSocket(on: Room.address(net, number), port: 0, receiveBuffer: 65_536)
  }

  /// The bytes of a hello of speaker `number`, without its tag.
  func hello(from number: UInt8, start: UInt64 = 5, sequence: UInt64) -> [UInt8] {
    var writer = HelloWriter()
    writer.begin(
      HelloHeader(
        sender: Room.address(net, number), start: start, sequence: sequence, pauses: 9))
    return writer.bytes
  }

  func sealed(_ body: [UInt8], _ key: SealKey = Room.key) -> [UInt8] {
    var datagram = body
    key.seal(&datagram)
    return datagram
  }

  /// Sends a datagram to the door and says what the door makes of it.
  func deliver(
    _ datagram: [UInt8], from socket: borrowing DatagramSocket
  ) throws -> GroupDoor.Received {
    try socket.send(datagram.span, to: Room.address(net, 1), port: Room.port)
    return receive()
  }

  /// On loopback, what was sent has arrived.
  func receive() -> GroupDoor.Received { receive(door) }

  func receive(_ door: GroupDoor) -> GroupDoor.Received { door.receive(at: now, log: log) }

  func send(_ body: [UInt8], by door: GroupDoor) { door.send(body.span, at: now, log: log) }

  /// Both speak once and hear all that has come; whether each has heard the other.
  func talk(_ one: GroupDoor, _ other: GroupDoor, _ sequence: UInt64) -> Bool {
    now = now + .milliseconds(100)
    send(hello(from: 1, sequence: sequence), by: one)
    send(hello(from: 2, sequence: sequence), by: other)
    return [one, other].allSatisfy { door in
      var isHeard = false
      while case let received = receive(door), received != .empty {
        if case .hello = received { isHeard = true }
      }
      return isHeard
    }
  }

  /// Another key by a reload.
  func reload(_ door: GroupDoor, _ key: SealKey) {
    door.succeed(door.group, key: key, at: now, log: log)
  }

  /// The body that the last datagram brought.
  func lastBody(_ door: GroupDoor) -> [UInt8] {
    body = []
    door.withBody { bytes in for index in bytes.indices { body.append(bytes[index]) } }
    return body
  }

  func lines() throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
  }
}

struct GroupDoorTests {
  @Test func speakersHearEachOther() throws {
    let room = try Room(net: 1)
    let second = try Room.door(1, at: 2, with: [1, 3])
    let body = room.hello(from: 1, sequence: 1)
    room.send(body, by: room.door)
    #expect(room.receive(second) == .hello(FellowSlot(0)))
    #expect(room.lastBody(second) == body)
    #expect(room.receive(second) == .empty)
    #expect(room.lastBody(second) == [])
    let answer = room.hello(from: 2, start: 7, sequence: 40)
    room.send(answer, by: second)
    #expect(room.receive() == .hello(FellowSlot(0)))
    #expect(room.lastBody(room.door) == answer)
    let line = room.door.fellows[0]
    #expect(line.received == 1 && line.sentCount == 1 && line.refusedCount == 0)
    #expect(line.header?.start == 7 && line.header?.pauses == 9)
    #expect(line.isHeard(at: room.now, within: .milliseconds(500)))
    #expect(!line.isHeard(at: room.now + .seconds(1), within: .milliseconds(500)))
    #expect(try room.lines() == [])
  }

  @Test func anotherKeyIsOneLine() throws {
    let room = try Room(net: 2)
    let fellow = try room.socket(2)
    for sequence in 1...500 as ClosedRange<UInt64> {
      let datagram = room.sealed(room.hello(from: 2, sequence: sequence), Room.otherKey)
      #expect(try room.deliver(datagram, from: fellow) == .refused(.otherKey))
      room.now = room.now + .milliseconds(100)
    }
    #expect(room.door.fellows[0].count(of: .otherKey) == 500)
    #expect(try room.lines() == ["<4>speaker 127.77.2.2 uses another key"])
    // A minute later it is said again, and how often it was not.
    room.now = room.now + .seconds(10)
    let datagram = room.sealed(room.hello(from: 2, sequence: 501), Room.otherKey)
    _ = try room.deliver(datagram, from: fellow)
    #expect(
      try room.lines().last == "<4>speaker 127.77.2.2 uses another key (and 499 times before)")
    // The guard has seen none of it: the right key is heard at once.
    let right = room.sealed(room.hello(from: 2, sequence: 1))
    #expect(try room.deliver(right, from: fellow) == .hello(FellowSlot(0)))
  }

  /// Machines are reloaded one after the other: each hears the other all the time, and in the end
  /// the key before is worth nothing.
  @Test func anotherKeyIsTakenUpOneAfterTheOther() throws {
    let room = try Room(net: 21, with: [2])
    let (one, two) = (room.door, try Room.door(21, at: 2, with: [1]))
    var sequence: UInt64 = 0
    func talk() -> Bool {
      sequence += 1
      return room.talk(one, two, sequence)
    }
    #expect(talk())
    room.reload(one, Room.otherKey)
    for _ in 0..<20 { #expect(talk()) }
    #expect(one.former != nil && !one.fellows[0].hasNewKey)
    #expect(!one.canTake(Room.thirdKey) && one.canTake(Room.key))
    room.reload(two, Room.otherKey)
    for _ in 0..<20 { #expect(talk()) }
    #expect(one.former == nil && two.former == nil)
    #expect(one.fellows[0].refusedCount == 0)
    #expect(one.canTake(Room.thirdKey))
    // Back again, as after a trial that nobody has confirmed.
    room.reload(two, Room.key)
    #expect(talk())
    room.reload(two, Room.otherKey)
    for _ in 0..<20 { #expect(talk()) }
    #expect(two.former == nil)
  }

  /// A trial that is begun within another would end at the key from before both: two keys only are
  /// known at a time, so it is said at its start.
  @Test func aTrialThatCouldNotBeTakenBackIsKnownBefore() throws {
    let room = try Room(net: 41, with: [2])
    let (one, two) = (room.door, try Room.door(41, at: 2, with: [1]))
    #expect(one.canTake(Room.key, after: Room.otherKey))
    #expect(one.canTake(Room.key, after: Room.key))
    room.reload(one, Room.otherKey)
    // The same key once more, and going back by a trial: both ways lead to the first.
    #expect(one.canTake(Room.key, after: Room.otherKey))
    #expect(one.canTake(Room.key, after: Room.key))
    room.reload(two, Room.otherKey)
    var sequence: UInt64 = 0
    while one.former != nil || two.former != nil, sequence < 40 {
      sequence += 1
      #expect(room.talk(one, two, sequence))
    }
    // All have the second key, so a third could be taken now, but not the first behind it.
    #expect(one.canTake(Room.thirdKey) && one.canTake(Room.key))
    #expect(!one.canTake(Room.key, after: Room.thirdKey))
    #expect(one.canTake(Room.otherKey, after: Room.thirdKey))
    // What is said before is what holds behind it.
    room.reload(one, Room.thirdKey)
    #expect(!one.canTake(Room.key) && one.canTake(Room.otherKey))
  }

  /// A key is replaced because somebody has it who should not: that one may say what it likes in
  /// the name of a speaker, and the speaker is heard with the new key all the same.
  @Test func whoHasTheKeyBeforeCannotSpoilTheOther() throws {
    let room = try Room(net: 18)
    let fellow = try room.socket(2)
    room.reload(room.door, Room.otherKey)
    let forged = room.sealed(room.hello(from: 2, start: .max, sequence: .max), Room.key)
    #expect(try room.deliver(forged, from: fellow) == .hello(FellowSlot(0)))
    let own = room.sealed(room.hello(from: 2, sequence: 1), Room.otherKey)
    #expect(try room.deliver(own, from: fellow) == .hello(FellowSlot(0)))
    #expect(try room.deliver(own, from: fellow) == .refused(.replayed))
    #expect(room.door.fellows[0].hasNewKey)
  }

  /// Whoever was heard with the new key is not heard with the old one, and nobody is after a day.
  @Test func theKeyBeforeIsNoWayBack() throws {
    let room = try Room(net: 22)
    let second = try room.socket(2)
    let third = try room.socket(3)
    room.reload(room.door, Room.otherKey)
    func deliver(_ number: UInt8, _ sequence: UInt64, _ key: SealKey) throws -> Bool {
      let datagram = room.sealed(room.hello(from: number, sequence: sequence), key)
      let received =
        number == 2
        ? try room.deliver(datagram, from: second) : try room.deliver(datagram, from: third)
      return received == .hello(FellowSlot(Int(number) - 2))
    }
    #expect(try deliver(2, 1, Room.key) && deliver(3, 1, Room.key))
    // What another speaker has sealed with the new key says nothing of this one.
    let borrowed = room.sealed(room.hello(from: 3, sequence: 9), Room.otherKey)
    #expect(try room.deliver(borrowed, from: second) == .refused(.otherSender))
    #expect(try deliver(2, 2, Room.key))
    #expect(try deliver(2, 3, Room.otherKey))
    #expect(try !deliver(2, 4, Room.key))
    #expect(try deliver(3, 2, Room.key))
    room.now = room.now + GroupDoor.rolloverLimit
    room.send(room.hello(from: 1, sequence: 1), by: room.door)
    #expect(room.door.former == nil)
    #expect(try !deliver(3, 3, Room.key))
    #expect(try deliver(3, 4, Room.otherKey))
    let lines = try room.lines()
    #expect(lines.contains { $0.contains("these speakers had: 127.77.22.3") }, "\(lines)")
  }

  @Test func aForgerIsNoReasonToDoubtTheSpeaker() throws {
    let room = try Room(net: 3)
    let fellow = try room.socket(3)
    let good = room.sealed(room.hello(from: 3, sequence: 1))
    #expect(try room.deliver(good, from: fellow) == .hello(FellowSlot(1)))
    let forged = room.sealed(room.hello(from: 3, sequence: .max), Room.otherKey)
    #expect(try room.deliver(forged, from: fellow) == .refused(.otherKey))
    #expect(try room.lines() == ["<4>somebody without our key sends hello as speaker 127.77.3.3"])
    let next = room.sealed(room.hello(from: 3, sequence: 2))
    #expect(try room.deliver(next, from: fellow) == .hello(FellowSlot(1)))
  }

  @Test func strangersAreCountedAndNotJudged() throws {
    let room = try Room(net: 4)
    let stranger = try room.socket(4)
    let datagram = room.sealed(room.hello(from: 2, sequence: 1))
    for _ in 0..<100 {
      #expect(try room.deliver(datagram, from: stranger) == .refused(.stranger))
    }
    #expect(room.door.strangers == 100)
    #expect(try room.lines() == ["<4>hello from 127.77.4.4, which is no speaker of the group"])
  }

  @Test func nobodySpeaksForAnother() throws {
    let room = try Room(net: 5)
    let fellow = try room.socket(2)
    // Speaker 3's hello, sent from speaker 2's address; then our own, thrown back at us.
    for (number, said) in [(3, "127.77.5.3"), (1, "127.77.5.1")] as [(UInt8, String)] {
      let datagram = room.sealed(room.hello(from: number, sequence: 1))
      #expect(try room.deliver(datagram, from: fellow) == .refused(.otherSender))
      #expect(room.door.fellows[0].pretended.description == said)
    }
    #expect(try room.lines() == ["<4>speaker 127.77.5.2 sends hello as 127.77.5.3"])
    #expect(room.door.fellows[1].received == 0)
  }

  @Test func whatWasRecordedIsNotHeardAgain() throws {
    let room = try Room(net: 6)
    let fellow = try room.socket(2)
    let first = room.sealed(room.hello(from: 2, start: 5, sequence: 1))
    let second = room.sealed(room.hello(from: 2, start: 5, sequence: 2))
    let anew = room.sealed(room.hello(from: 2, start: 6, sequence: 1))
    let expected: [([UInt8], GroupDoor.Received)] = [
      (second, .hello(FellowSlot(0))), (second, .refused(.replayed)), (first, .refused(.replayed)),
      (anew, .hello(FellowSlot(0))), (second, .refused(.earlierRun)),
      (anew, .refused(.replayed)),
    ]
    for (datagram, verdict) in expected {
      #expect(try room.deliver(datagram, from: fellow) == verdict)
    }
    let line = room.door.fellows[0]
    #expect(line.count(of: .replayed) == 3 && line.count(of: .earlierRun) == 1)
    #expect(line.refusedCount == 4 && line.received == 2)
    #expect(try room.lines().count == 2)
  }

  @Test func whatIsNoHelloIsRefused() throws {
    let room = try Room(net: 7)
    let fellow = try room.socket(2)
    let body = room.hello(from: 2, sequence: 1)
    var laterVersion = body
    laterVersion[4] = 2
    var foreign = body
    foreign[0] = 0
    let expected: [([UInt8], HelloRefusal)] = [
      ([], .otherKey), ([1, 2, 3], .otherKey), (body, .otherKey),
      (room.sealed([]), .malformed), (room.sealed(body + [0]), .malformed),
      (room.sealed(foreign), .malformed), (room.sealed(laterVersion), .otherVersion),
      (Array(repeating: 0, count: HelloLimits.datagram), .otherKey),
      (Array(repeating: 0, count: HelloLimits.datagram + 1), .malformed),
    ]
    for (datagram, refusal) in expected {
      #expect(try room.deliver(datagram, from: fellow) == .refused(refusal))
      #expect(room.lastBody(room.door) == [])
    }
    #expect(
      try room.lines() == [
        "<4>speaker 127.77.7.2 uses another key", "<4>speaker 127.77.7.2: malformed hello",
        "<4>speaker 127.77.7.2 speaks another version of hello",
      ])
    // A body is judged after its tag: what is refused moves no guard.
    #expect(try room.deliver(room.sealed(body), from: fellow) == .hello(FellowSlot(0)))
  }

  @Test func everyTruncationAndEveryFlippedBitIsRefused() throws {
    let room = try Room(net: 8)
    let fellow = try room.socket(2)
    let datagram = room.sealed(room.hello(from: 2, sequence: 1))
    for count in datagram.indices {
      #expect(
        try room.deliver(Array(datagram[..<count]), from: fellow) == .refused(.otherKey))
    }
    for bit in 0..<datagram.count * 8 {
      var damaged = datagram
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(try room.deliver(damaged, from: fellow) == .refused(.otherKey))
    }
    #expect(try room.deliver(datagram, from: fellow) == .hello(FellowSlot(0)))
  }

  /// Sending to a multicast address without a route, or to a broadcast one, is refused at once.
  @Test func aSpeakerThatCannotBeReachedIsOneLine() throws {
    let room = try Room(net: 9)
    let group = Plan.Group(
      peers: [IPv4Address(255, 255, 255, 255), Room.address(9, 3)], address: Room.address(9, 2),
      port: Room.port, keyFile: "")
    let door = try GroupDoor(group, key: Room.key)
    for sequence in 1...50 as ClosedRange<UInt64> {
      room.send(room.hello(from: 2, sequence: sequence), by: door)
    }
    let line = door.fellows[0]
    #expect(line.sendFailures == 50 && line.sentCount == 0 && line.sendError != nil)
    #expect(door.fellows[1].sentCount == 50)
    let lines = try room.lines()
    #expect(lines.count == 1)
    #expect(lines[0].hasPrefix("<4>speaker 255.255.255.255: hello cannot leave: E"))
  }
}

struct ComplaintTests {
  @Test func complaintsGrowRare() {
    var complaint = Complaint()
    var told: [(Int, UInt64)] = []
    for second in 0..<20_000 {
      if let untold = complaint.due(at: Instant(nanoseconds: Int64(second) * 1_000_000_000)) {
        told.append((second, untold))
      }
    }
    #expect(told.map(\.0) == [0, 60, 180, 420, 900, 1_860, 3_780, 7_380, 10_980, 14_580, 18_180])
    #expect(told.map(\.1).prefix(4) == [0, 59, 119, 239])
  }
}
