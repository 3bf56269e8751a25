// Where the other speakers of the group are heard and spoken to: nothing unproved comes in.

import Chronicle
import Hello
import Linux
import Model
import Seal

/// Owns the socket of hello and the group's key. What it lets in was sent by a speaker of the Plan
/// that has the key, and was not let in before; what leaves is sealed.
final class GroupDoor {
  /// Bytes that may wait while nobody reads: a hundred full datagrams, the kernel's own share
  /// included. What comes above that is lost, the newest first, and counted.
  static let receiveBuffer = 256 << 10
  /// Datagrams of one wake-up: all that seven fellows send in one interval.
  static let budget = PlanLimits.fellows * HelloLimits.datagramsPerInterval + 8

  /// What became of one datagram.
  enum Received: Equatable {
    /// A body is there for `withBody`.
    case hello(FellowSlot)
    case refused(HelloRefusal)
    case empty
  }

  private(set) var group: Plan.Group
  private let socket: DatagramSocket
  private(set) var key: SealKey
  /// The key before, while a speaker was not heard with this one: machines are reloaded one after
  /// the other, and whoever is not heard in between would be taken for dead.
  private(set) var former: SealKey?
  private var formerUntil = Instant.zero
  private var buffer = ReceiveBuffer(capacity: HelloLimits.datagram)
  private var body = 0..<0
  /// The datagram that leaves.
  private var datagram: [UInt8] = []
  /// By `FellowSlot`.
  private(set) var fellows: [FellowLine]
  /// Datagrams of senders that are not in the Plan, and of what the socket could not receive.
  private(set) var strangers: UInt64 = 0
  private(set) var receiveFailures: UInt64 = 0
  private var strangerComplaint = Complaint()
  private var receiveComplaint = Complaint()

  var raw: Int32 { socket.raw }

  init(_ group: Plan.Group, key: SealKey) throws(Errno) {
    precondition(HelloLimits.tag == SealKey.tagSize, "the datagram has room for the tag")
    self.group = group
    self.key = key
    socket = try DatagramSocket(
      on: group.address, port: group.port, receiveBuffer: GroupDoor.receiveBuffer)
    fellows = group.peers.map(FellowLine.init)
    datagram.reserveCapacity(HelloLimits.datagram)
  }

  /// How long the key before counts at most. We chose it: somebody reloads the other machines the
  /// same day, and a key that was given away does not count for ever.
  static let rolloverLimit = Nanoseconds.seconds(86_400)

  /// Two keys are enough: whoever has neither of them would not be heard.
  func canTake(_ key: SealKey) -> Bool { former == nil || key == self.key || key == former }

  /// The same at a later time, when `next` has been taken up and nothing else.
  func canTake(_ key: SealKey, after next: SealKey) -> Bool {
    next == self.key ? canTake(key) : key == next || key == self.key
  }

  /// The same speakers at the same place, with other times or another key.
  func succeed(_ group: Plan.Group, key: SealKey, at now: Instant, log: Log) {
    precondition(group.peers == self.group.peers && group.address == self.group.address)
    precondition(canTake(key), "somebody would not be heard")
    self.group = group
    guard key != self.key else { return }
    for index in fellows.indices { fellows[index].changesKey(isBack: key == former) }
    (former, self.key) = (self.key, key)
    formerUntil = now + GroupDoor.rolloverLimit
    log.notice(.groupKey, "group: another key; the one before counts until all speakers have it")
  }

  /// From then on nothing that was sealed with the key before is taken from this speaker. When all
  /// have it, what they sent before they heard us with it may still come for a while.
  private func heardNewKey(_ index: Int, at now: Instant) {
    guard former != nil, !fellows[index].hasNewKey else { return }
    fellows[index].hasNewKey = true
    guard fellows.allSatisfy(\.hasNewKey) else { return }
    formerUntil = min(formerUntil, now + group.timeout)
  }

  private func endRollover(at now: Instant, log: Log) {
    guard former != nil, now >= formerUntil else { return }
    former = nil
    let rest = fellows.filter { !$0.hasNewKey }.map(\.address.description)
    for index in fellows.indices { fellows[index].hasNewKey = true }
    guard !rest.isEmpty else {
      return log.notice(.groupKey, "group: all speakers have the other key")
    }
    log.warning(
      .groupKey,
      "group: the key before counts no more, and was all that these speakers had: "
        + rest.joined(separator: ", "))
  }

  /// Datagrams that the kernel had no room for; nil when it does not say.
  var drops: UInt32? {
    do throws(Errno) {
      return try socket.drops()
    } catch {
      return nil
    }
  }

  // MARK: Listening

  /// Takes one datagram, if there is one, and says what it is worth. Nothing is allocated unless
  /// there is something to complain of.
  func receive(at now: Instant, log: Log) -> Received {
    body = 0..<0
    let sender: IPv4Address
    var isTooLong = false
    do throws(Errno) {
      switch try socket.receive(into: &buffer) {
      case .empty: return .empty
      case .tooLong(let from): (sender, isTooLong) = (from, true)
      case .datagram(let from): sender = from
      }
    } catch {
      // What waits behind it is read by the next call: the error was taken from the socket.
      receiveFailures += 1
      if let times = receiveComplaint.due(at: now) {
        log.warning(.helloTrouble, "hello: receiving failed: \(error)\(Complaint.count(times))")
      }
      return .refused(.unreadable)
    }
    guard let index = group.peers.firstIndex(of: sender) else {
      strangers += 1
      if let times = strangerComplaint.due(at: now) {
        log.warning(
          .helloRefused,
          "hello from \(sender), which is no speaker of the group\(Complaint.count(times))",
          [("PEER", "\(sender)")])
      }
      return .refused(.stranger)
    }
    let refusal = isTooLong ? .malformed : judge(index, at: now)
    // Whoever has not heard us with our key sends everything twice.
    if refusal != nil, isCopy(index) { return .refused(.replayed) }
    guard let refusal else { return .hello(FellowSlot(index)) }
    refuse(refusal, index, at: now, log)
    return .refused(refusal)
  }

  /// The body that the last `receive` let in.
  func withBody(_ take: (Span<UInt8>) -> Void) {
    buffer.withBytes { bytes in take(bytes.extracting(body)) }
  }

  /// Nil when the datagram in the buffer is let in.
  private func judge(_ index: Int, at now: Instant) -> HelloRefusal? {
    var (proved, header) = buffer.withBytes { datagram in GroupDoor.read(datagram, key) }
    let hasKey = proved != nil
    if !hasKey, let former, !fellows[index].hasNewKey {
      (proved, header) = buffer.withBytes { datagram in GroupDoor.read(datagram, former) }
    }
    switch header {
    case .failure(.otherVersion): return proved == nil ? .otherKey : .otherVersion
    case .failure: return proved == nil ? .otherKey : .malformed
    case .success(let header):
      guard header.sender == fellows[index].address else {
        fellows[index].pretended = header.sender
        return .otherSender
      }
      guard fellows[index].accepts(header.moment, isFormer: !hasKey) else {
        let last = hasKey ? fellows[index].replay.last : fellows[index].formerReplay.last
        return last.map { header.start < $0.start } ?? false ? .earlierRun : .replayed
      }
      fellows[index].accepted(header, at: now)
      if hasKey { heardNewKey(index, at: now) }
      body = proved ?? 0..<0
      return nil
    }
  }

  private func isCopy(_ index: Int) -> Bool {
    guard let former, fellows[index].hasNewKey else { return false }
    return buffer.withBytes { datagram in GroupDoor.read(datagram, former).proved != nil }
  }

  /// Nothing of a datagram is looked at before its tag was found right.
  private static func read(
    _ datagram: Span<UInt8>, _ key: SealKey
  ) -> (proved: Range<Int>?, header: Result<HelloHeader, HelloError>) {
    guard let proved = key.open(datagram) else { return (nil, .failure(.noHello)) }
    do throws(HelloError) {
      return (proved, .success(try HelloReader(datagram.extracting(proved)).header))
    } catch {
      return (proved, .failure(error))
    }
  }

  private func refuse(_ refusal: HelloRefusal, _ index: Int, at now: Instant, _ log: Log) {
    guard let times = fellows[index].refused(refusal, at: now) else { return }
    let isHeard = fellows[index].isHeard(at: now, within: group.timeout)
    log.warning(
      .helloRefused, fellows[index].sentence(refusal, isHeard: isHeard) + Complaint.count(times),
      [("PEER", "\(fellows[index].address)")])
  }

  // MARK: Speaking

  /// Seals a body and sends it to every fellow. One that cannot be reached costs the others
  /// nothing.
  func send(_ body: Span<UInt8>, at now: Instant, log: Log) {
    precondition(body.count <= HelloLimits.body, "a hello fits a datagram")
    endRollover(at: now, log: log)
    seal(body, key)
    for index in fellows.indices {
      do throws(Errno) {
        try socket.send(datagram.span, to: fellows[index].address, port: group.port)
        if let before = fellows[index].sent() {
          let address = fellows[index].address
          log.notice(
            .helloTrouble, "speaker \(address): hello leaves again, after \(before)",
            [("PEER", "\(address)")])
        }
      } catch {
        if fellows[index].sendFailed(error, at: now) {
          let address = fellows[index].address
          log.warning(
            .helloTrouble, "speaker \(address): hello cannot leave: \(error)",
            [("PEER", "\(address)")])
        }
      }
    }
    if let former, fellows.contains(where: { !$0.hasNewKey }) { sendCopies(body, former) }
  }

  /// To those who may not have our key yet; they cannot read the other datagram. What goes wrong
  /// with it was told of that one.
  private func sendCopies(_ body: Span<UInt8>, _ former: SealKey) {
    seal(body, former)
    for fellow in fellows where !fellow.hasNewKey {
      do throws(Errno) {
        try socket.send(datagram.span, to: fellow.address, port: group.port)
      } catch {
        continue
      }
    }
  }

  private func seal(_ body: Span<UInt8>, _ key: SealKey) {
    datagram.removeAll(keepingCapacity: true)
    for index in body.indices { datagram.append(body[index]) }
    key.seal(&datagram)
  }
}
