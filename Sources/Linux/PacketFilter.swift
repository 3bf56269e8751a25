// What the kernel lets through to a packet or raw socket: small programs of classic BPF.

import CLinux
package import Model

/// A filter for one socket. Whatever it does not accept is never queued.
package struct PacketFilter: Sendable {
  /// One instruction (linux/filter.h).
  private struct Step: Sendable {
    var code: UInt16
    var whenTrue: UInt8 = 0
    var whenFalse: UInt8 = 0
    var operand: UInt32
  }

  private var steps: [Step] = []

  // linux/bpf_common.h: class, size and mode, put together.
  private static let loadWord: UInt16 = 0x20
  private static let loadHalf: UInt16 = 0x28
  private static let loadByte: UInt16 = 0x30
  private static let loadHalfAtX: UInt16 = 0x48
  /// Four times the lower half of a byte, into X: the length of an IPv4 header.
  private static let loadHeaderLength: UInt16 = 0xb1
  private static let jumpIfEqual: UInt16 = 0x15
  private static let answer: UInt16 = 0x06
  /// Everything of the packet.
  private static let everything = UInt32.max

  /// ARP replies that are addressed to this machine and come from one of the addresses.
  package static func replies(from addresses: [IPv4Address]) -> PacketFilter {
    var filter = PacketFilter()
    filter.require(loadByte, at: packetType, UInt32(PACKET_HOST))
    filter.require(loadHalf, at: 20, 2)
    filter.add(loadWord, 28)
    for address in addresses {
      filter.steps.append(
        Step(code: jumpIfEqual, whenTrue: 0, whenFalse: 1, operand: address.bits))
      filter.add(answer, everything)
    }
    filter.add(answer, 0)
    return filter
  }

  /// ICMP messages with this identifier, in packets with their IPv4 header.
  package static func identifier(_ identifier: UInt16) -> PacketFilter {
    var filter = PacketFilter()
    filter.add(loadHeaderLength, 0)
    filter.require(loadHalfAtX, at: 4, UInt32(identifier))
    filter.add(answer, everything)
    return filter
  }

  /// SKF_AD_OFF and SKF_AD_PKTTYPE: what the kernel knows beside the bytes.
  private static let packetType = UInt32(bitPattern: -0x1000 + 4)

  private mutating func add(_ code: UInt16, _ operand: UInt32) {
    steps.append(Step(code: code, operand: operand))
  }

  /// Drops the packet unless what stands there is `value`.
  private mutating func require(_ code: UInt16, at offset: UInt32, _ value: UInt32) {
    add(code, offset)
    steps.append(
      Step(code: PacketFilter.jumpIfEqual, whenTrue: 1, whenFalse: 0, operand: value))
    add(PacketFilter.answer, 0)
  }

  /// Attaches the filter for good: nothing can take it off again (SO_LOCK_FILTER).
  func attach(_ raw: Int32) throws(Errno) {
    var program = steps.map { step in
      sock_filter(code: step.code, jt: step.whenTrue, jf: step.whenFalse, k: step.operand)
    }
    precondition(program.count <= Int(BPF_MAXINSNS), "the filter is too long")
    let count = UInt16(program.count)
    try system {
      unsafe program.withUnsafeMutableBufferPointer { steps in
        var whole = unsafe sock_fprog(len: count, filter: steps.baseAddress)
        let size = unsafe UInt32(MemoryLayout<sock_fprog>.size)
        return unsafe clinux_setsockopt_bytes(raw, SOL_SOCKET, SO_ATTACH_FILTER, &whole, size)
      }
    }
    try SocketOptions.set(raw, SOL_SOCKET, SO_LOCK_FILTER, 1)
  }
}
