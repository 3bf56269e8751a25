// The one byte form of what goes into the engine.

import BGP
import Engine
import Failover
import Journal
import Model

/// Numbers in a file never change their meaning; a new kind of input takes the next one.
enum InputCode: UInt8 {
  case opened = 1
  case openFailed = 2
  case kernel = 3
  case overrun = 4
  case drained = 5
  case dumpFailed = 6
  case watched = 7
  case unwatched = 8
  case doubted = 9
  case connected = 10
  case connectFailed = 11
  case accepted = 12
  case received = 13
  case closed = 14
  case hello = 15
  case paused = 16
  case turn = 17
  case idle = 18
  case stop = 19
  case probe = 20
  case recalled = 21
  case move = 22
  case take = 23
  case give = 24
  case release = 25
  case outOfService = 26
  case held = 27
  case taken = 28
  case acknowledged = 29
  case doomed = 30
}

extension JournalWriter {
  /// Code and operands; the bytes that come with an input are not part of it.
  mutating func write(_ input: Input) {
    switch input {
    case .opened(let kernelClass, let port): write(.opened, kernelClass, UInt64(port))
    case .openFailed(let kernelClass, let code): write(.openFailed, kernelClass, errno: code)
    case .kernel(let kernelClass): write(.kernel, UInt64(kernelClass.rawValue))
    case .overrun(let kernelClass): write(.overrun, UInt64(kernelClass.rawValue))
    case .drained(let kernelClass): write(.drained, UInt64(kernelClass.rawValue))
    case .dumpFailed(let kernelClass, let code): write(.dumpFailed, kernelClass, errno: code)
    case .watched(let kernelClass): write(.watched, UInt64(kernelClass.rawValue))
    case .unwatched(let kernelClass): write(.unwatched, UInt64(kernelClass.rawValue))
    case .doubted(let index): write(.doubted, UInt64(UInt32(bitPattern: index.value)))
    case .connected(let peer): write(.connected, UInt64(peer.index))
    case .connectFailed(let peer): write(.connectFailed, UInt64(peer.index))
    case .accepted(let peer): write(.accepted, UInt64(peer.index))
    case .received(let connection): write(.received, UInt64(connection.index))
    case .closed(let connection): write(.closed, UInt64(connection.index))
    case .held(let connection): write(.held, UInt64(connection.index))
    case .taken(let connection): write(.taken, UInt64(connection.index))
    case .acknowledged(let connection): write(.acknowledged, UInt64(connection.index))
    case .hello(let fellow): write(.hello, UInt64(fellow.index))
    case .paused(let length): write(.paused, UInt64(bitPattern: length.count))
    case .probe(let event):
      write(InputCode.probe.rawValue)
      write(event)
    case .recalled(let isSameBoot): write(.recalled, isSameBoot ? 1 : 0)
    case .command(let command): write(command)
    case .doomed(let isPending): write(.doomed, isPending ? 1 : 0)
    case .turn: write(InputCode.turn.rawValue)
    case .idle: write(InputCode.idle.rawValue)
    case .stop: write(InputCode.stop.rawValue)
    }
  }

  private mutating func write(_ command: OperatorCommand) {
    switch command {
    case .move(let vip, let host, let isForced):
      write(.move, UInt64(vip.index))
      write(number: UInt64(host.index))
      write(isForced ? 1 : 0 as UInt8)
    case .take(let vip, let isForced):
      write(.take, UInt64(vip.index))
      write(isForced ? 1 : 0 as UInt8)
    case .give(let vip, let isForced):
      write(.give, UInt64(vip.index))
      write(isForced ? 1 : 0 as UInt8)
    case .release(let vip): write(.release, UInt64(vip.index))
    case .outOfService(let vip, let isOut):
      write(.outOfService, UInt64(vip.index))
      write(isOut ? 1 : 0 as UInt8)
    }
  }

  private mutating func write(_ code: InputCode, _ operand: UInt64) {
    write(code.rawValue)
    write(number: operand)
  }

  private mutating func write(_ code: InputCode, _ kernelClass: KernelClass, _ operand: UInt64) {
    write(code, UInt64(kernelClass.rawValue))
    write(number: operand)
  }

  private mutating func write(_ code: InputCode, _ kernelClass: KernelClass, errno: Int32) {
    write(code, kernelClass, UInt64(UInt32(bitPattern: errno)))
  }
}

extension Field {
  /// Code and operands; nil for what this version does not know.
  mutating func input(in bytes: Span<UInt8>) -> Input? {
    guard let code = byte(in: bytes).flatMap(InputCode.init) else { return nil }
    switch code {
    case .opened: return kernelInput(bytes) { .opened($0, port: $1) }
    case .openFailed: return kernelInput(bytes) { .openFailed($0, code: Int32(bitPattern: $1)) }
    case .kernel: return kernelClass(bytes).map { .kernel($0) }
    case .overrun: return kernelClass(bytes).map { .overrun($0) }
    case .drained: return kernelClass(bytes).map { .drained($0) }
    case .dumpFailed: return kernelInput(bytes) { .dumpFailed($0, code: Int32(bitPattern: $1)) }
    case .watched: return kernelClass(bytes).map { .watched($0) }
    case .unwatched: return kernelClass(bytes).map { .unwatched($0) }
    case .doubted:
      return small(bytes).map { .doubted(InterfaceIndex(Int32(bitPattern: $0))) }
    case .connected: return slot(bytes).map { .connected(PeerSlot($0)) }
    case .connectFailed: return slot(bytes).map { .connectFailed(PeerSlot($0)) }
    case .accepted: return slot(bytes).map { .accepted(PeerSlot($0)) }
    case .received: return slot(bytes).map { .received(ConnectionSlot(index: $0)) }
    case .closed: return slot(bytes).map { .closed(ConnectionSlot(index: $0)) }
    case .held: return slot(bytes).map { .held(ConnectionSlot(index: $0)) }
    case .taken: return slot(bytes).map { .taken(ConnectionSlot(index: $0)) }
    case .acknowledged:
      return slot(bytes).map { .acknowledged(ConnectionSlot(index: $0)) }
    case .hello: return slot(bytes).map { .hello(FellowSlot($0)) }
    case .paused:
      return number(in: bytes).map { .paused(Nanoseconds(Int64(bitPattern: $0))) }
    case .turn: return .turn
    case .idle: return .idle
    case .stop: return .stop
    case .probe: return probeEvent(in: bytes).map { .probe($0) }
    case .recalled: return flag(in: bytes).map { .recalled(isSameBoot: $0) }
    case .doomed: return flag(in: bytes).map { .doomed($0) }
    case .move, .take, .give, .release, .outOfService:
      return command(code, bytes).map { .command($0) }
    }
  }

  private mutating func command(_ code: InputCode, _ bytes: Span<UInt8>) -> OperatorCommand? {
    guard let vip = slot(bytes).map({ VIPSlot($0) }) else { return nil }
    switch code {
    case .move:
      guard let host = slot(bytes), let isForced = flag(in: bytes) else { return nil }
      return .move(vip, to: HostSlot(host), isForced: isForced)
    case .take: return flag(in: bytes).map { .take(vip, isForced: $0) }
    case .give: return flag(in: bytes).map { .give(vip, isForced: $0) }
    case .outOfService: return flag(in: bytes).map { .outOfService(vip, $0) }
    default: return .release(vip)
    }
  }

  mutating func flag(in bytes: Span<UInt8>) -> Bool? {
    byte(in: bytes).flatMap { $0 <= 1 ? $0 == 1 : nil }
  }

  private mutating func kernelClass(_ bytes: Span<UInt8>) -> KernelClass? {
    number(in: bytes).flatMap { UInt8(exactly: $0) }.flatMap(KernelClass.init)
  }

  mutating func small(_ bytes: Span<UInt8>) -> UInt32? {
    number(in: bytes).flatMap { UInt32(exactly: $0) }
  }

  /// A place in a list of the beginning.
  mutating func slot(_ bytes: Span<UInt8>) -> Int? {
    number(in: bytes).flatMap { $0 < UInt64(JournalLimits.names) ? Int($0) : nil }
  }

  private mutating func kernelInput(
    _ bytes: Span<UInt8>, _ make: (KernelClass, UInt32) -> Input
  ) -> Input? {
    guard let kernelClass = kernelClass(bytes), let operand = small(bytes) else { return nil }
    return make(kernelClass, operand)
  }
}
