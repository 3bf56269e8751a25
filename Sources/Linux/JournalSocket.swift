// The journal's own door: entries with fields, each one datagram.

import CLinux
import Model

/// sd_journal_send of libsystemd waits for a journal that is stuck, and a daemon on the fast path
/// may not. The form of an entry is documented and stable:
/// https://systemd.io/JOURNAL_NATIVE_PROTOCOL.
struct JournalSocket: ~Copyable {
  /// Where systemd-journald listens.
  static let path = "/run/systemd/journal/socket"

  private let descriptor: Descriptor
  private let address: sockaddr_un

  /// Nothing is connected: a journal that is started anew is met again by its name.
  init(path: String) throws(Errno) {
    let named = try SocketAddress.unix(path)
    let type = Int32(clinux_sock_datagram)
    let raw = Int32(try system { clinux_socket(AF_UNIX, type, 0) })
    address = named
    descriptor = Descriptor(adopting: raw)
  }

  /// Sends one entry or says why not: EAGAIN when the journal does not read, ENOENT or ECONNREFUSED
  /// when it is not there.
  func send(_ entry: [UInt8]) throws(Errno) {
    var address = address
    let size = UInt32(MemoryLayout<sockaddr_un>.size)
    let raw = descriptor.raw
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    try system { unsafe clinux_sendto(raw, entry, entry.count, flags, &address, size) }
  }

  /// The bytes of an entry. What is in `fields` holds no newline: it is text for one line.
  static func entry(_ fields: [(name: String, text: [UInt8])]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, text) in fields {
      bytes.append(contentsOf: name.utf8)
      bytes.append(UInt8(ascii: "="))
      bytes.append(contentsOf: text)
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Whether a descriptor is the one that `JOURNAL_STREAM` names by device and inode
  /// (systemd.exec(5)). Who was started by a service may have the name and not the descriptor.
  static func isJournal(_ raw: Int32, _ stream: String?) -> Bool {
    let parts = (stream ?? "").split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else {
      return false
    }
    var status = stat()
    do throws(Errno) {
      try system { unsafe clinux_fstat(raw, &status) }
    } catch {
      // Closed: it is nothing, so it is not the journal.
      return false
    }
    return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}
