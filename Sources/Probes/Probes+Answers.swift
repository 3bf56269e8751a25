// What comes back: frames, echoes, connections; each answer finds its probe or is dropped.

import Bytes
import Model

extension Probes {
  // MARK: ARP

  /// A frame that a port's socket brought.
  mutating func frame(
    _ bytes: Span<UInt8>, on port: PortSlot, _ stamp: ProbeStamp, readAt now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard let mac = openPorts[port.index].mac, let packet = ARPPacket(bytes),
      openPorts[port.index].hasAddress(packet.targetAddress),
      packet.answers(mac, packet.targetAddress)
    else { return }
    for position in askedByARP.positions(of: packet.senderAddress, on: port) {
      reply(askedByARP.place(at: position), packet, stamp, now, &outputs)
    }
  }

  private mutating func reply(
    _ index: Int, _ packet: ARPPacket, _ stamp: ProbeStamp, _ now: Instant,
    _ outputs: inout ProbeOutputs
  ) {
    // Not of the target, which is a lot to copy.
    let before = targets[index].binding.mac
    let (token, verdict) = targets[index].replied(packet, stamp, readAt: now)
    guard let token else { return }
    switch verdict {
    case .ignored: return
    case .disputed:
      targets[index].liveness.withdraw(token)
      tellDispute(index, at: now, &outputs)
    case .believed, .changed:
      if case .changed(let old) = verdict {
        outputs.add(.note(.macChanged(targets[index].slot, from: old, to: packet.sender)))
      }
      _ = targets[index].liveness.answered(token, stamp, readAt: now)
      if targets[index].binding.mac != before { recogniseProxies(&outputs) }
    }
    settle(index, at: now, into: &outputs)
  }

  private mutating func tellDispute(
    _ index: Int, at now: Instant, _ outputs: inout ProbeOutputs
  ) {
    if let told = targets[index].disputeTold, now - told < Probes.repeatPause { return }
    targets[index].disputeTold = now
    outputs.add(.note(.disputed(targets[index].slot)))
  }

  // MARK: Echo

  /// An ICMP message, from its header on, from `source`.
  mutating func echo(
    _ bytes: Span<UInt8>, from source: IPv4Address, _ stamp: ProbeStamp, readAt now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard let packet = EchoPacket(reply: bytes), let index = place(of: packet.target),
      targets[index].method == .icmp, targets[index].address == source,
      packet.token == Draw.token(secret, packet.target, packet.number)
    else { return }
    _ = targets[index].liveness.answered(packet.number, stamp, readAt: now)
    settle(index, at: now, into: &outputs)
  }

  // MARK: Connections

  /// The connection stands.
  mutating func connected(
    _ connection: ProbeConnection, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    guard let (lane, index) = lane(of: connection), let token = lanes[lane].token else { return }
    switch targets[index].method {
    case .http(_, let request):
      outputs.add(.write(connection, outputs.keep(checks[request].request)))
    default: succeed(index, token, at: now, into: &outputs)
    }
  }

  /// Bytes of an answer.
  mutating func received(
    _ bytes: Span<UInt8>, _ connection: ProbeConnection, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard let (lane, index) = lane(of: connection),
      case .http(_, let request) = targets[index].method
    else { return }
    guard let token = lanes[lane].token else {
      return drain(lane, connection, bytes.count, into: &outputs)
    }
    switch lanes[lane].exchange.read(bytes, checks[request]) {
    case .open: return
    case .good:
      lanes[lane].isEnding = true
      succeed(index, token, at: now, into: &outputs)
    case .bad: fail(index, token, .wrongAnswer, at: now, into: &outputs)
    }
  }

  /// What comes behind the answer is read and forgotten, within a limit.
  private mutating func drain(
    _ lane: Int, _ connection: ProbeConnection, _ count: Int, into outputs: inout ProbeOutputs
  ) {
    guard lanes[lane].isEnding else { return }
    lanes[lane].bytes += count
    guard lanes[lane].bytes > HTTPExchange.byteLimit else { return }
    lanes[lane].isEnding = false
    outputs.add(.hangUp(connection))
  }

  /// The connection has ended, or was refused; its socket is closed.
  mutating func closed(
    _ connection: ProbeConnection, _ reason: LivenessReason, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    guard let (lane, index) = lane(of: connection) else { return }
    lanes[lane].isEnding = false
    guard let token = lanes[lane].token else { return }
    lanes[lane].token = nil
    targets[index].unsent = 0
    targets[index].liveness.failed(token, reason, at: now)
    settle(index, at: now, into: &outputs)
  }

  /// No kernel stamps a connection: one that stands when it is looked at came in time.
  private mutating func succeed(
    _ index: Int, _ token: UInt32, at now: Instant, into outputs: inout ProbeOutputs
  ) {
    hangUp(index, token, into: &outputs)
    targets[index].unsent = 0
    _ = targets[index].liveness.answered(
      token, ProbeStamp(at: now, .reading), readAt: now)
    settle(index, at: now, into: &outputs)
  }

  private mutating func fail(
    _ index: Int, _ token: UInt32, _ reason: LivenessReason, at now: Instant,
    into outputs: inout ProbeOutputs
  ) {
    hangUp(index, token, into: &outputs)
    targets[index].liveness.failed(token, reason, at: now)
    settle(index, at: now, into: &outputs)
  }
}
