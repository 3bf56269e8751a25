// Socket options as integers, set and read in one place.

import CLinux

/// setsockopt and getsockopt for the options that are one int, and for the memory counters.
enum SocketOptions {
  static func set(
    _ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32
  ) throws(Errno) {
    try system { clinux_setsockopt(descriptor, level, name, value) }
  }

  static func get(_ descriptor: Int32, _ level: Int32, _ name: Int32) throws(Errno) -> Int32 {
    var value: Int32 = 0
    var length = UInt32(MemoryLayout<Int32>.size)
    try system { unsafe clinux_getsockopt(descriptor, level, name, &value, &length) }
    return value
  }

  /// The word SK_MEMINFO_DROPS of SO_MEMINFO (linux/sock_diag.h): the ninth and last.
  static func drops(_ descriptor: Int32) throws(Errno) -> UInt32 {
    var words = [9 of UInt32](repeating: 0)
    precondition(Int(SK_MEMINFO_DROPS) == words.count - 1, "the kernel counts more than we know")
    var length = UInt32(MemoryLayout<[9 of UInt32]>.size)
    try system { unsafe clinux_getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, &words, &length) }
    return words[words.count - 1]
  }
}
