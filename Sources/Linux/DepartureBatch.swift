// Many datagrams that leave through one socket by one system call.

import CLinux
package import Model

/// Pieces of somebody's bytes, each with whom it goes to. Reserved once; nothing is allocated.
@safe
package struct DepartureBatch: ~Copyable {
  /// Datagrams that one call sends. We chose it: more than are asked in one slot of 256 targets at
  /// ten probes a second.
  package static let capacity = 16

  package private(set) var count = 0
  private let messages: UnsafeMutablePointer<clinux_message>
  private let pieces: UnsafeMutablePointer<iovec>
  private let addresses: UnsafeMutablePointer<sockaddr_in>
  private let ranges: UnsafeMutablePointer<Range<Int>>

  package init() {
    let capacity = DepartureBatch.capacity
    unsafe messages = .allocate(capacity: capacity)
    unsafe messages.initialize(repeating: clinux_message(), count: capacity)
    unsafe pieces = .allocate(capacity: capacity)
    unsafe pieces.initialize(repeating: iovec(), count: capacity)
    unsafe addresses = .allocate(capacity: capacity)
    unsafe addresses.initialize(repeating: sockaddr_in(), count: capacity)
    unsafe ranges = .allocate(capacity: capacity)
    unsafe ranges.initialize(repeating: 0..<0, count: capacity)
    for place in 0..<capacity {
      unsafe messages[place].header.msg_iov = pieces + place
      unsafe messages[place].header.msg_iovlen = 1
    }
  }

  deinit {
    unsafe messages.deallocate()
    unsafe pieces.deallocate()
    unsafe addresses.deallocate()
    unsafe ranges.deallocate()
  }

  package var isFull: Bool { count == DepartureBatch.capacity }

  /// Adds a piece; without an address it goes where the socket is bound to. A port of 0 where the
  /// protocol has none.
  package mutating func add(_ piece: Range<Int>, to remote: IPv4Address?, port: UInt16 = 0) {
    precondition(!isFull, "no room for another datagram")
    unsafe ranges[count] = piece
    if let remote {
      unsafe addresses[count] = SocketAddress.ipv4(remote, port: port)
      unsafe messages[count].header.msg_name = UnsafeMutableRawPointer(addresses + count)
      unsafe messages[count].header.msg_namelen = UInt32(MemoryLayout<sockaddr_in>.size)
    } else {
      unsafe messages[count].header.msg_name = nil
      unsafe messages[count].header.msg_namelen = 0
    }
    count += 1
  }

  package mutating func removeAll() { count = 0 }

  /// Sends pieces of `bytes` from the `first` on and answers how many have left: one at least. What
  /// keeps the `first` back is thrown; what keeps a later one back is thrown once it is the first.
  borrowing func send(
    of bytes: Span<UInt8>, from first: Int, through raw: Int32
  ) throws(Errno) -> Int {
    precondition(first >= 0 && first < count, "no such datagram")
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    return try system {
      unsafe bytes.withUnsafeBufferPointer { bytes in
        for place in first..<count {
          // Within the bytes, or it traps.
          let piece = unsafe bytes[ranges[place]]
          let base = unsafe UnsafeMutableRawPointer(
            mutating: UnsafeBufferPointer(rebasing: piece).baseAddress)
          unsafe pieces[place] = unsafe iovec(iov_base: base, iov_len: piece.count)
        }
        return unsafe clinux_send_many(raw, messages + first, UInt32(count - first), flags)
      }
    }
  }
}
