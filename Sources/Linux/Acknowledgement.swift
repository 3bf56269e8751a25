// When the other end of a TCP connection acknowledged what was sent: the kernel's own stamps.

import CLinux
package import Model

/// One stamp of the kernel (Documentation/networking/timestamping.rst, SOF_TIMESTAMPING_TX_ACK).
package struct Acknowledgement: Equatable, Sendable {
  /// So many bytes were acknowledged, counted from when the stamps were asked for, modulo 2^32.
  package var count: UInt32
  /// When the acknowledgement came, on CLOCK_REALTIME.
  package var wall: Instant
}

extension TCPSocket {
  /// Two control messages: a header and three times, a header with an error and an address.
  private typealias ControlWords = [32 of UInt64]

  /// From now on the kernel keeps a stamp for what is sent and acknowledged. To be called on a
  /// connection that stands and has sent nothing yet: bytes are counted from here.
  package func stampAcknowledgements() throws(Errno) {
    let flags =
      SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID
      | SOF_TIMESTAMPING_OPT_TSONLY
    try SocketOptions.set(raw, SOL_SOCKET, SO_TIMESTAMPING, Int32(flags))
  }

  /// The next stamp in the error queue; nil when none is left. Allocates nothing.
  package func nextAcknowledgement() throws(Errno) -> Acknowledgement? {
    while true {
      var words = ControlWords(repeating: 0)
      var length = 0
      do throws(Errno) {
        length = try unsafe TCPSocket.readErrorQueue(raw, &words)
      } catch {
        if error == .again { return nil }
        throw error
      }
      if let found = TCPSocket.acknowledgement(words, length) { return found }
    }
  }

  private static func readErrorQueue(
    _ raw: Int32, _ words: UnsafeMutablePointer<ControlWords>
  ) throws(Errno) -> Int {
    var message = unsafe msghdr()
    unsafe message.msg_control = UnsafeMutableRawPointer(words)
    unsafe message.msg_controllen = MemoryLayout<ControlWords>.size
    try system {
      unsafe clinux_recvmsg(raw, &message, Int32(MSG_ERRQUEUE) | Int32(MSG_DONTWAIT))
    }
    return unsafe Int(message.msg_controllen)
  }

  /// Finds the time and the count in the control messages; nil for a report of another kind.
  private static func acknowledgement(
    _ words: ControlWords, _ length: Int
  ) -> Acknowledgement? {
    var wall: Instant?
    var count: UInt32?
    var word = 0
    // Each control message: its length with the header, level and type, then data, all padded to
    // eight octets (cmsg(3)).
    while (word + 2) * 8 <= length {
      let size = Int(words[word])
      guard size >= 16, word * 8 + size <= length else { return nil }
      let level = Int32(truncatingIfNeeded: words[word + 1])
      let type = Int32(truncatingIfNeeded: words[word + 1] >> 32)
      if level == SOL_SOCKET, type == SO_TIMESTAMPING, size >= 32 {
        // The first of three times is the software's.
        let seconds = Int64(bitPattern: words[word + 2])
        wall = Instant(
          nanoseconds: seconds * 1_000_000_000 + Int64(bitPattern: words[word + 3]))
      } else if level == IPPROTO_IP, type == IP_RECVERR, size >= 32 {
        // struct sock_extended_err: errno (4), origin, type, code, padding, info (4), data (4).
        let origin = UInt8(truncatingIfNeeded: words[word + 2] >> 32)
        let info = UInt32(truncatingIfNeeded: words[word + 3])
        let isStamp = origin == UInt8(SO_EE_ORIGIN_TIMESTAMPING) && info == UInt32(SCM_TSTAMP_ACK)
        // The data is the offset of the last byte that was acknowledged.
        if isStamp { count = UInt32(truncatingIfNeeded: words[word + 3] >> 32) &+ 1 }
      }
      word += (size + 7) / 8
    }
    guard let wall, let count else { return nil }
    return Acknowledgement(count: count, wall: wall)
  }
}
