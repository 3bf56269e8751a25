// The one byte form of what happens to the probes.

import Journal
import Model
import Probes

/// Numbers in a file never change their meaning; a new kind takes the next one.
enum ProbeCode: UInt8 {
  case portOpened = 1
  case portFailed = 2
  case socketFailed = 3
  case frame = 4
  case echo = 5
  case control = 6
  case connected = 7
  case received = 8
  case closed = 9
  case notSent = 10
  case sent = 11
  case heard = 12
  case overrun = 13
}

extension JournalWriter {
  mutating func write(_ event: ProbeEvent) {
    switch event {
    case .portOpened(let port): write(.portOpened, UInt64(port.index))
    case .portFailed(let port, let code):
      write(.portFailed, UInt64(port.index))
      write(number: UInt64(UInt32(bitPattern: code)))
    case .socketFailed(let socket, let code):
      write(.socketFailed, UInt64(socket.rawValue))
      write(number: UInt64(UInt32(bitPattern: code)))
    case .frame(let port, let stamp):
      write(.frame, UInt64(port.index))
      write(stamp)
    case .echo(let source, let stamp, let isWhole):
      write(.echo, UInt64(source.bits))
      write(stamp)
      write(isWhole ? 1 : 0 as UInt8)
    case .control(let arrival):
      write(.control, UInt64(arrival.source.bits))
      write(arrival.hopLimit)
      write(arrival.isMultihop ? 1 : 0 as UInt8)
      write(UInt64(bitPattern: arrival.stamp.nanoseconds))
    case .connected(let connection): write(.connected, UInt64(connection.index))
    case .received(let connection): write(.received, UInt64(connection.index))
    case .closed(let connection, let reason):
      write(.closed, UInt64(connection.index))
      write(reason.rawValue)
    case .notSent(let target): write(.notSent, UInt64(target.index))
    case .sent(let time):
      write(ProbeCode.sent.rawValue)
      write(UInt64(bitPattern: time.nanoseconds))
    case .heard(let time):
      write(ProbeCode.heard.rawValue)
      write(UInt64(bitPattern: time.nanoseconds))
    case .overrun(let port): write(.overrun, UInt64(port.index))
    }
  }

  private mutating func write(_ code: ProbeCode, _ operand: UInt64) {
    write(code.rawValue)
    write(number: operand)
  }

  private mutating func write(_ stamp: ProbeStamp) {
    write(UInt64(bitPattern: stamp.at.nanoseconds))
    write(stamp.origin.rawValue)
  }
}

extension Field {
  mutating func probeEvent(in bytes: Span<UInt8>) -> ProbeEvent? {
    guard let code = byte(in: bytes).flatMap(ProbeCode.init) else { return nil }
    switch code {
    case .portOpened: return slot(bytes).map { .portOpened(PortSlot($0)) }
    case .portFailed:
      guard let port = slot(bytes), let code = small(bytes) else { return nil }
      return .portFailed(PortSlot(port), code: Int32(bitPattern: code))
    case .socketFailed:
      guard let raw = slot(bytes).flatMap({ UInt8(exactly: $0) }),
        let socket = ProbeSocket(rawValue: raw), let code = small(bytes)
      else { return nil }
      return .socketFailed(socket, code: Int32(bitPattern: code))
    case .frame:
      guard let port = slot(bytes), let stamp = stamp(bytes) else { return nil }
      return .frame(PortSlot(port), stamp)
    case .echo:
      guard let source = small(bytes), let stamp = stamp(bytes), let isWhole = flag(in: bytes)
      else { return nil }
      return .echo(from: IPv4Address(bits: source), stamp, isWhole: isWhole)
    case .control: return control(bytes)
    case .connected: return connection(bytes).map { .connected($0) }
    case .received: return connection(bytes).map { .received($0) }
    case .closed:
      guard let connection = connection(bytes),
        let reason = byte(in: bytes).flatMap(LivenessReason.init)
      else { return nil }
      return .closed(connection, reason)
    case .notSent: return slot(bytes).map { .notSent(TargetSlot($0)) }
    case .sent: return time(bytes).map { .sent(at: $0) }
    case .heard: return time(bytes).map { .heard(until: $0) }
    case .overrun: return slot(bytes).map { .overrun(PortSlot($0)) }
    }
  }

  private mutating func control(_ bytes: Span<UInt8>) -> ProbeEvent? {
    guard let source = small(bytes), let hops = byte(in: bytes), let isMultihop = flag(in: bytes),
      let time = time(bytes)
    else { return nil }
    return .control(
      BFDArrival(
        source: IPv4Address(bits: source), hopLimit: hops, isMultihop: isMultihop, stamp: time))
  }

  private mutating func connection(_ bytes: Span<UInt8>) -> ProbeConnection? {
    slot(bytes).map { ProbeConnection(index: $0) }
  }

  private mutating func time(_ bytes: Span<UInt8>) -> Instant? {
    number64(in: bytes).map { Instant(nanoseconds: Int64(bitPattern: $0)) }
  }

  private mutating func stamp(_ bytes: Span<UInt8>) -> ProbeStamp? {
    guard let at = time(bytes), let origin = byte(in: bytes).flatMap(ProbeStamp.Origin.init)
    else { return nil }
    return ProbeStamp(at: at, origin)
  }
}
