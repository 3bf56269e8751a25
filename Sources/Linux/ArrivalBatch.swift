// Many datagrams with their time stamps, taken by one system call.

import CLinux
import Model

/// What a stamped socket brought last. Reserved once; taking allocates nothing.
@safe
package struct ArrivalBatch: ~Copyable {
  /// Datagrams that one call takes. We chose it: more than the answers of one slot of 256 targets
  /// at ten probes a second.
  package static let capacity = 16
  /// Bytes that are kept of each. We chose it: no answer to a probe of ours is so long, and what is
  /// longer is none with its end cut off either.
  package static let pieceSize = 512

  /// Room for a time stamp and a TTL, each with its header.
  private typealias ControlWords = [16 of UInt64]

  package private(set) var count = 0
  private let memory: UnsafeMutablePointer<UInt8>
  private let messages: UnsafeMutablePointer<clinux_message>
  private let pieces: UnsafeMutablePointer<iovec>
  private let senders: UnsafeMutablePointer<sockaddr_in>
  private let words: UnsafeMutablePointer<ControlWords>

  package init() {
    let capacity = ArrivalBatch.capacity
    unsafe memory = .allocate(capacity: capacity * ArrivalBatch.pieceSize)
    unsafe memory.initialize(repeating: 0, count: capacity * ArrivalBatch.pieceSize)
    unsafe messages = .allocate(capacity: capacity)
    unsafe messages.initialize(repeating: clinux_message(), count: capacity)
    unsafe pieces = .allocate(capacity: capacity)
    unsafe senders = .allocate(capacity: capacity)
    unsafe senders.initialize(repeating: sockaddr_in(), count: capacity)
    unsafe words = .allocate(capacity: capacity)
    unsafe words.initialize(repeating: ControlWords(repeating: 0), count: capacity)
    for place in 0..<capacity {
      unsafe (pieces + place).initialize(
        to: iovec(
          iov_base: memory + place * ArrivalBatch.pieceSize, iov_len: ArrivalBatch.pieceSize))
      unsafe messages[place].header.msg_name = UnsafeMutableRawPointer(senders + place)
      unsafe messages[place].header.msg_iov = pieces + place
      unsafe messages[place].header.msg_iovlen = 1
      unsafe messages[place].header.msg_control = UnsafeMutableRawPointer(words + place)
      prepare(place)
    }
  }

  deinit {
    unsafe memory.deallocate()
    unsafe messages.deallocate()
    unsafe pieces.deallocate()
    unsafe senders.deallocate()
    unsafe words.deallocate()
  }

  /// The bytes of one that was taken last.
  package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    at place: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(place >= 0 && place < count, "no such datagram")
    let length = min(Int(unsafe messages[place].length), ArrivalBatch.pieceSize)
    let bytes = unsafe UnsafeBufferPointer(
      start: memory + place * ArrivalBatch.pieceSize, count: length)
    return try unsafe body(bytes.span)
  }

  /// When and from where it came.
  package borrowing func arrival(at place: Int) -> StampedSocket.Arrival {
    precondition(place >= 0 && place < count, "no such datagram")
    var arrival = StampedSocket.Arrival(wall: .zero, source: IPv4Address(bits: 0))
    let sender = unsafe senders[place]
    if sender.sin_family == sa_family_t(AF_INET) {
      arrival.source = IPv4Address(bits: UInt32(bigEndian: sender.sin_addr.s_addr))
    }
    let length = Int(unsafe messages[place].header.msg_controllen)
    unsafe arrival.read(words[place].span, length)
    return arrival
  }

  /// Takes what has arrived, as far as there is room; 0 when nothing has.
  mutating func take(from raw: Int32) throws(Errno) {
    // The kernel wrote over these.
    for place in 0..<count { prepare(place) }
    count = 0
    do throws(Errno) {
      count = try system {
        unsafe clinux_receive_many(
          raw, messages, UInt32(ArrivalBatch.capacity), Int32(MSG_DONTWAIT))
      }
    } catch {
      if error != .again { throw error }
    }
  }

  /// A packet socket's longer address is cut off: it is not looked at.
  private func prepare(_ place: Int) {
    unsafe messages[place].header.msg_namelen = UInt32(MemoryLayout<sockaddr_in>.size)
    unsafe messages[place].header.msg_controllen = MemoryLayout<ControlWords>.size
  }
}

extension StampedSocket.Arrival {
  /// Each control message: its length with the header, level and type, then data, all padded to
  /// eight octets (cmsg(3)).
  fileprivate mutating func read(_ words: Span<UInt64>, _ length: Int) {
    var word = 0
    while (word + 2) * 8 <= length {
      let size = Int(words[word])
      guard size >= 16, word * 8 + size <= length else { break }
      let level = Int32(truncatingIfNeeded: words[word + 1])
      let type = Int32(truncatingIfNeeded: words[word + 1] >> 32)
      if level == SOL_SOCKET, type == SO_TIMESTAMPNS, size >= 32 {
        wall = Instant(
          nanoseconds: Int64(bitPattern: words[word + 2]) * 1_000_000_000
            + Int64(bitPattern: words[word + 3]))
      } else if level == IPPROTO_IP, type == IP_TTL, size >= 20 {
        hopLimit = UInt8(truncatingIfNeeded: words[word + 2])
      }
      word += (size + 7) / 8
    }
  }
}
