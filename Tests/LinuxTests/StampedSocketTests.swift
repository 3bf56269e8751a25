// UDP on loopback by many at once: in order, with stamps, and what one refusal does to the others.

import Glibc
import Linux
import Model
import Testing

struct StampedSocketTests {
  private static let here = IPv4Address(127, 0, 0, 1)

  /// A receiver on a port that nobody else has, and that port.
  private static func receiver() throws -> (socket: Keep, port: UInt16) {
    var port: UInt16 = 20_000 + UInt16.random(in: 0..<10_000)
    for _ in 0..<100 {
      do throws(Errno) {
        return (Keep(try StampedSocket.receiver(port: port)), port)
      } catch {
        guard error == .addressInUse else { throw error }
        port += 1
      }
    }
    throw Errno.addressInUse
  }

  /// A socket in a tuple.
  private final class Keep {
    let socket: StampedSocket
    init(_ socket: consuming StampedSocket) { self.socket = socket }
  }

  private static func bytes(_ batch: borrowing ArrivalBatch, _ place: Int) -> [UInt8] {
    batch.withBytes(at: place) { span in span.indices.map { span[$0] } }
  }

  /// Sends until nothing is left: the answers of the calls, nil for each refusal.
  private func send(
    _ batch: borrowing DepartureBatch, of bytes: [UInt8], on socket: borrowing StampedSocket
  ) -> [Int?] {
    var answers: [Int?] = []
    var done = 0
    while done < batch.count {
      do throws(Errno) {
        let sent = try socket.send(batch, of: bytes.span, from: done)
        answers.append(sent)
        done += sent
      } catch {
        answers.append(nil)
        done += 1
      }
    }
    return answers
  }

  /// Reads until so many have come.
  private func receive(_ count: Int, on receiver: Keep) throws -> [[UInt8]] {
    var batch = ArrivalBatch()
    var found: [[UInt8]] = []
    while found.count < count {
      try awaitReady(receiver.socket.raw, .read)
      try receiver.socket.receive(into: &batch)
      for place in 0..<batch.count {
        found.append(StampedSocketTests.bytes(batch, place))
        let arrival = batch.arrival(at: place)
        #expect(arrival.source == StampedSocketTests.here)
        #expect(arrival.hopLimit == 255)
        let age = Clock.wall() - arrival.wall
        #expect(age >= .zero && age < .seconds(60), "the kernel's stamp")
      }
    }
    try receiver.socket.receive(into: &batch)
    let left = batch.count
    #expect(left == 0, "nothing is left")
    return found
  }

  @Test func manyLeaveAndArriveTogether() throws {
    let (receiver, port) = try StampedSocketTests.receiver()
    let sender = try StampedSocket.sender(first: 50_000)
    let bytes: [UInt8] = Array(0..<200)
    var batch = DepartureBatch()
    for round in 0..<2 {
      // Of all lengths, none included; the second round is shorter than the first.
      let count = round == 0 ? DepartureBatch.capacity : 3
      for place in 0..<count {
        let isFull = batch.isFull
        #expect(!isFull)
        batch.add(place..<2 * place, to: StampedSocketTests.here, port: port)
      }
      #expect(send(batch, of: bytes, on: sender) == [count])
      batch.removeAll()
      let wanted = (0..<count).map { Array(bytes[$0..<2 * $0]) }
      #expect(try receive(count, on: receiver) == wanted)
    }
  }

  @Test func moreThanOneCallTakes() throws {
    let (receiver, port) = try StampedSocketTests.receiver()
    let sender = try StampedSocket.sender(first: 50_000)
    let count = ArrivalBatch.capacity * 2 + 3
    for number in 0..<count {
      var batch = DepartureBatch()
      batch.add(0..<1, to: StampedSocketTests.here, port: port)
      #expect(send(batch, of: [UInt8(number)], on: sender) == [1])
    }
    #expect(try receive(count, on: receiver) == (0..<count).map { [UInt8($0)] })
  }

  /// The kernel takes nothing for port 0: one that is refused keeps nobody else back.
  @Test func whatIsRefusedKeepsNobodyBack() throws {
    let (receiver, port) = try StampedSocketTests.receiver()
    let sender = try StampedSocket.sender(first: 50_000)
    for refused in [[0], [2], [4], [0, 1], [1, 3], [0, 1, 2, 3, 4]] {
      var batch = DepartureBatch()
      for place in 0..<5 {
        let to: UInt16 = refused.contains(place) ? 0 : port
        batch.add(place..<place + 1, to: StampedSocketTests.here, port: to)
      }
      let answers = send(batch, of: [0, 1, 2, 3, 4], on: sender)
      #expect(answers.count { $0 == nil } == refused.count, "\(refused): \(answers)")
      let kept = (0..<5).filter { !refused.contains($0) }
      #expect(try receive(kept.count, on: receiver) == kept.map { [UInt8($0)] })
    }
  }

  @Test func whatIsTooLongIsCut() throws {
    let (receiver, port) = try StampedSocketTests.receiver()
    let sender = try StampedSocket.sender(first: 50_000)
    let long = [UInt8](repeating: 7, count: ArrivalBatch.pieceSize + 1)
    var batch = DepartureBatch()
    batch.add(long.indices, to: StampedSocketTests.here, port: port)
    batch.add(0..<1, to: StampedSocketTests.here, port: port)
    #expect(send(batch, of: long, on: sender) == [2])
    #expect(try receive(2, on: receiver) == [Array(long.dropLast()), [7]])
  }
}
