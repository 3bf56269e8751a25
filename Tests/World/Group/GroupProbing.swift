// Packets that ask hosts, and connections through the VIP: what the network loses, delays and leads astray.

import Engine
import Failover
import Model
import Probes

/// An answer that has reached a socket.
struct Answer {
  let event: ProbeEvent
  let bytes: [UInt8]
}

/// What is on its way back to a member.
enum Returning {
  case echo(host: Int, [UInt8])
  /// The number tells a connection from the one that had its place before.
  case connected(ProbeConnection, Int, host: Int)
  case page(ProbeConnection, Int, host: Int)
}

struct ProbeNetwork {
  /// By member and host: how many were lost in a row, and how many came through since.
  var losses: [[(lost: Int, good: Int)]]
  /// By member, then by connection: its number and whom it reached.
  var streams: [[Int: (number: Int, host: Int?)]]
  /// By member and host: when an answer last came to a machine that stood still.
  var missedAt: [[Instant?]]
  var opened = 0
  /// Where the client's packets go; nil: nowhere, or to two at once.
  var client: Int?
  var clientSince = Instant.zero
  /// By host: since when nobody can have seen it down.
  var firmSince = Array(repeating: Instant.zero, count: Shape.hosts)

  init(_ shape: Shape) {
    let good = Array(repeating: (lost: 0, good: 9), count: Shape.hosts)
    losses = Array(repeating: good, count: shape.members)
    missedAt = losses.map { $0.map { _ in nil } }
    streams = Array(repeating: [:], count: shape.members)
  }
}

extension GroupWorld {
  /// What a client's packets need to follow the tables.
  private static let programming = (least: Int64(50), most: Int64(3_000))

  func carryOut(_ output: ProbeOutput, _ bytes: [UInt8], from index: Int) {
    switch output {
    case .echo(let slot, _):
      let host = slot.index
      guard hosts[host].isUp, truths[index].isWell, !isLost(index, host) else { return }
      comeBack(.echo(host: host, GroupWorld.reply(bytes)), to: index, within: 200_000)
    case .connect(let connection):
      probing.opened += 1
      probing.streams[index][connection.index] = (probing.opened, nil)
      // Packets to a dead machine get no answer.
      guard truths[index].isWell, let host = probing.client, hosts[host].isUp else { return }
      comeBack(.connected(connection, probing.opened, host: host), to: index, within: 20_000)
    case .write(let connection, _):
      guard let stream = probing.streams[index][connection.index], let host = stream.host,
        hosts[host].isUp
      else { return }
      comeBack(.page(connection, stream.number, host: host), to: index, within: 20_000)
    case .hangUp(let connection): probing.streams[index][connection.index] = nil
    default: preconditionFailure("nobody is asked like that here")
    }
  }

  private func comeBack(_ answer: Returning, to index: Int, within most: Int64) {
    schedule(.group(.answer(index, answer)), after: .microseconds(random.spread(100, most)))
  }

  /// Never as many in a row as make a host dead, and between two such times as many that come
  /// through as make it well.
  private func isLost(_ index: Int, _ host: Int) -> Bool {
    let (lost, good) = probing.losses[index][host]
    let mayLose = lost > 0 ? lost < Shape.probing.fall - 1 : good > Shape.probing.rise
    guard isLossy, random.oneIn(4), mayLose else {
      probing.losses[index][host] = (0, min(good + 1, 9))
      return false
    }
    reached.insert(.probeLost)
    probing.losses[index][host] = (lost + 1, 0)
    return true
  }

  /// The request with another type, and the sum that goes with it (RFC 792).
  private static func reply(_ request: [UInt8]) -> [UInt8] {
    var reply = request
    reply[0] = 0
    reply[2] = 0
    reply[3] = 0
    var sum = stride(from: 0, to: reply.count, by: 2).reduce(UInt32(0)) { sum, place in
      sum + UInt32(reply[place]) << 8 + UInt32(reply[place + 1])
    }
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    reply[2] = UInt8(~sum >> 8 & 0xff)
    reply[3] = UInt8(~sum & 0xff)
    return reply
  }

  func deliver(_ answer: Returning, to index: Int) {
    let member = members[index]
    guard member.driver != nil else { return }
    guard member.freeze != .machine else {
      if case .echo(let host, _) = answer { probing.missedAt[index][host] = now }
      return
    }
    switch answer {
    case .echo(let host, let bytes):
      guard case .v4(let address) = shape.nextHop(host, shape.prefixes[0]) else { return }
      let event = ProbeEvent.echo(
        from: address, stamp(isBelieved: member.defect == .wallClock), isWhole: false)
      member.receive(Answer(event: event, bytes: bytes))
    case .connected(let connection, let number, let host):
      guard probing.streams[index][connection.index]?.number == number else { return }
      probing.streams[index][connection.index]?.host = host
      member.receive(Answer(event: .connected(connection), bytes: []))
    case .page(let connection, let number, let host):
      guard probing.streams[index][connection.index]?.number == number else { return }
      let text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n\(Shape.page(host))"
      member.receive(Answer(event: .received(connection), bytes: Array(text.utf8)))
    }
    settle(index)
  }

  /// Sometimes somebody has set the wall clock, and the kernel's stamps are of another day. The
  /// edge notices that.
  private func stamp(isBelieved: Bool) -> ProbeStamp {
    // Whoever believes them is to be found soon.
    guard random.oneIn(isBelieved ? 2 : 20) else { return ProbeStamp(at: now) }
    let wrong = now + .seconds(random.pick(-86_400...86_400))
    return ProbeStamp(at: wrong, isBelieved ? .kernel : .doubtful)
  }

  // MARK: The client

  /// Tables have changed: in a while packets follow.
  func planProgramming() {
    guard shape.isProbed else { return }
    let delay = random.pick(GroupWorld.programming.least...GroupWorld.programming.most)
    schedule(.group(.programmed), after: .milliseconds(delay))
  }

  func program() {
    let hops = judge.best.map { $0[0].only }
    let target = (0..<Shape.hosts).first { shape.nextHop($0, shape.prefixes[0]) == hops[0] }
    let client = hops[0] == hops[1] ? target : nil
    guard client != probing.client else { return }
    probing.client = client
    probing.clientSince = now
  }

  /// A shift is confirmed: then packets go where it has led them.
  func hearConfirmations(_ index: Int) {
    let confirmed = members[index].confirmed
    members[index].confirmed.removeAll(keepingCapacity: true)
    let (before, candidate) = (members[index].ledTo, members[index].standing?.candidate)
    members[index].ledTo = candidate
    for _ in confirmed {
      reached.insert(.confirmed)
      if before == probing.client { continue }
      if candidate == probing.client || now - probing.clientSince < .seconds(1) { continue }
      violate(.confirmation, "member \(index) says that traffic goes to \(candidate ?? -1)")
    }
  }

  /// Faults have stopped long ago: who leads knows that its last shift arrived.
  func judgeConfirmation(_ claimant: Int) {
    guard shape.isProbed else { return }
    let state = members[claimant].driver?.engine.confirmation(of: VIPSlot(0))?.state
    if state == .awaited || state == .overdue {
      violate(.confirmation, "member \(claimant) does not know that its shift arrived")
    }
  }
}
