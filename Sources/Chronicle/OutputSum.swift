// What came out of the engine as one sum: the same outputs, byte for byte, have the same.

import BGP
package import Engine
import Failover
import Journal
import Model
import Probes

/// The sum over the outputs of one input: what was to be done, with the bytes that were to be sent,
/// and what was told.
package struct OutputSum: Equatable, Sendable {
  package private(set) var count = 0
  private var sum = Checksum()

  package var value: UInt32 { sum.value }

  /// The outputs of `outputs` from `first` on. To be asked before `.idle`, while the volleys that
  /// were fired are armed.
  package init(_ outputs: borrowing Outputs, from first: Int, _ engine: borrowing Engine) {
    for place in first..<outputs.count { add(outputs[place], outputs.bytes, engine) }
    for place in outputs.probes.list.indices {
      add(outputs.probes.list[place], outputs.probes.bytes)
    }
  }

  package init() {}

  private mutating func add(_ output: Output, _ bytes: [UInt8], _ engine: borrowing Engine) {
    count += 1
    switch output {
    case .subscribe(let kernelClass): add(1, kernelClass.rawValue)
    case .unsubscribe(let kernelClass): add(2, kernelClass.rawValue)
    case .askLink(let index, let sequence):
      add(3, index.value)
      add(sequence)
    case .dump(let request, let sequence):
      add(4, request.rawValue)
      add(sequence)
    case .connect(let peer): add(5, peer.index)
    case .accept(let peer): add(6, peer.index)
    case .refuse(let peer, let piece):
      add(7, peer.index)
      add(bytes, piece)
    case .close(let connection): add(8, connection.index)
    case .send(let connection, let piece):
      add(9, connection.index)
      add(bytes, piece)
    case .fire(let connection, let volley, let shift):
      add(10, connection.index)
      add(shift)
      // A volley that a second shift of the same input has replaced is named, and not sent.
      guard engine.speaker.magazine.isArmed(volley) else { return }
      engine.withBytes(of: volley) { add($0) }
    case .hello(let piece):
      add(11, 0)
      add(bytes, piece)
    case .note(let note):
      sum.add(12 as UInt8)
      add(note)
    }
  }

  private mutating func add(_ note: Note) {
    switch note {
    case .link(let link, let before):
      add(1, link.index.value)
      add(flags(link, before))
    case .linkGone(let index, _): add(2, index.value)
    case .address(let address): add(3, address)
    case .addressGone(let address): add(4, address)
    case .heard: sum.add(5 as UInt8)
    case .listed: sum.add(6 as UInt8)
    case .session(let peer, let state, let reason):
      add(7, peer.index)
      add(UInt32(state.rawValue) << 1 | (reason == nil ? 0 : 1))
    case .standing(let vip, let from, let to, let shift, let trigger):
      add(8, vip.index)
      add(from)
      add(to)
      add(shift)
      add(UInt32(OutputSum.code(trigger)))
    case .recovered(let vip): add(9, vip.index)
    case .health(let host, let health):
      add(10, host.index)
      add(UInt32(health.rawValue))
    case .ownNetwork(let state): add(11, state.rawValue)
    case .fellow(let fellow, let isAlive):
      add(12, fellow.index)
      add(UInt32(isAlive ? 1 : 0))
    case .paused(let length): add(13, length.count)
    case .probe(let note): add(note)
    case .outOfService(let vip, let isOut): add(18, vip.index << 1 | (isOut ? 1 : 0))
    case .placement(let vip, let placement): add(23, vip.index << 3 | Int(placement.rawValue))
    case .forgotten: sum.add(19 as UInt8)
    case .draining(let length): add(20, length.count)
    case .wish(let vip, let wish, let generation):
      add(21, vip.index << 3 | Int(wish.voice.rawValue) << 1 | (wish.isWanted ? 1 : 0))
      add(UInt32(truncatingIfNeeded: wish.candidate ?? -1))
      add(UInt32(truncatingIfNeeded: generation))
    case .stale(let kernelClass, let reason):
      add(14, kernelClass.rawValue)
      add(UInt32(reason.rawValue))
    case .current(let kernelClass): add(15, kernelClass.rawValue)
    case .complete(let kernelClass): add(16, kernelClass.rawValue)
    case .confirmed(let vip, let shift):
      add(22, vip.index)
      add(shift)
    case .alarm(let alarm): add(alarm)
    }
  }

  private mutating func add(_ alarm: Alarm) {
    switch alarm {
    case .lastRung(let vip): add(32, vip.index)
    case .outOfRungs(let vip): add(33, vip.index)
    case .allDown(let vip): add(34, vip.index)
    case .dumpRefused(let kernelClass, let code):
      add(35, kernelClass.rawValue)
      add(UInt32(bitPattern: code))
    case .dumpsFailing(let kernelClass, let times):
      add(36, kernelClass.rawValue)
      add(UInt32(truncatingIfNeeded: times))
    case .staleForLong(let kernelClass): add(37, kernelClass.rawValue)
    case .notOpened(let kernelClass, let code):
      add(38, kernelClass.rawValue)
      add(UInt32(bitPattern: code))
    case .notSpoken(let peer, let families): add(39, peer.index << 8 | Int(families.rawValue))
    case .portNotOpened(let name, let code):
      add(40, code)
      for place in 0..<InterfaceName.limit { sum.add(name.byte(at: place)) }
    case .probesNotOpened(let socket, let code):
      add(41, socket.rawValue)
      add(UInt32(bitPattern: code))
    case .unconfirmed(let vip, let shift):
      add(42, vip.index)
      add(shift)
    case .routesLeftOut(let rule, let count):
      add(43, rule.index)
      add(UInt32(truncatingIfNeeded: count))
    case .routesNotKept: add(44, 0 as UInt8)
    case .tableRoutesLeftOut(let count): add(45, UInt32(truncatingIfNeeded: count))
    }
  }

  private mutating func add(_ output: ProbeOutput, _ bytes: [UInt8]) {
    count += 1
    switch output {
    case .openPort(let port, let index):
      add(64, port.index)
      add(UInt32(bitPattern: index.value))
    case .closePort(let port): add(65, port.index)
    case .frame(let port, let target, let piece):
      add(66, port.index << 16 | target.index)
      add(bytes, piece)
    case .echo(let target, let piece):
      add(67, target.index)
      add(bytes, piece)
    case .connect(let connection): add(68, connection.index)
    case .write(let connection, let piece):
      add(69, connection.index)
      add(bytes, piece)
    case .hangUp(let connection): add(70, connection.index)
    case .control(let target, let piece):
      add(71, target.index)
      add(bytes, piece)
    case .note(let note):
      sum.add(72 as UInt8)
      add(note)
    }
  }

  private mutating func add(_ note: ProbeNote) {
    switch note {
    case .signal(let target, let signal, let reason):
      add(80, target.index << 16 | Int(signal.rawValue) << 8 | Int(reason.rawValue))
    case .macChanged(let target, let before, let mac):
      add(81, target.index)
      sum.add(before.bits)
      sum.add(mac.bits)
    case .proxied(let target, let cause):
      add(82, target.index)
      switch cause {
      case nil: add(0 as UInt32)
      case .azure: add(1 as UInt32)
      case .shared(let host): add(UInt32(2 + host.index))
      }
    case .disputed(let target): add(83, target.index)
    }
  }

  private static func code(_ trigger: Trigger) -> Int {
    switch trigger {
    case .start: 1
    case .relisted: 2
    case .address(_, let isGone): isGone ? 3 : 4
    case .link(let index): 5 + Int(index.value) << 8
    case .evidence(let target, let signal): 6 + target.index << 8 + Int(signal.rawValue) << 4
    case .fellowSilent(let fellow): 7 + fellow.index << 8
    case .fellowHeard(let fellow): 8 + fellow.index << 8
    case .fellowSaid(let fellow): 9 + fellow.index << 8
    case .time: 10
    case .operatorsWord: 11
    case .scheduledEvent: 12
    case .fellowDoomed(let fellow): 13 + fellow.index << 8
    }
  }

  private mutating func add(_ kind: UInt8, _ operand: some BinaryInteger) {
    sum.add(kind)
    sum.add(UInt64(truncatingIfNeeded: operand))
  }

  private mutating func add(_ number: UInt32) { sum.add(UInt64(number)) }

  private mutating func add(_ kind: UInt8, _ address: InterfaceAddress) {
    add(kind, address.interface.value)
    switch address.address {
    case .v4(let short): add(short.bits)
    case .v6(let long):
      sum.add(long.high)
      sum.add(long.low)
    }
    add(UInt32(address.prefixLength))
  }

  private mutating func add(_ standing: Standing?) {
    guard let standing else { return sum.add(0 as UInt8) }
    let isWithdrawn = standing.isWithdrawn ? 1 : 0
    add(1, isWithdrawn << 16 | standing.candidate << 8 | Int(standing.rung.value))
  }

  private mutating func add(_ bytes: [UInt8], _ piece: Range<Int>) {
    add(bytes.span.extracting(piece))
  }

  private mutating func add(_ bytes: Span<UInt8>) {
    sum.add(UInt64(bytes.count))
    sum.add(bytes)
  }

  private func flags(_ link: Link, _ before: Link?) -> UInt32 {
    (link.isUp ? 1 : 0) | (link.hasCarrier ? 2 : 0) | (before == nil ? 4 : 0)
      | (link.isVirtualFunction ? 8 : 0)
  }
}
