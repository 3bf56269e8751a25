// Users and groups by name; asked at start only, since the answer may come over the network.

import CLinux

/// The user and group databases, and who we are.
package enum Accounts {
  /// The number of a group (getgrnam), nil when there is none of that name.
  package static func group(named name: String) -> UInt32? {
    guard let entry = unsafe name.withCString({ unsafe getgrnam($0) }) else { return nil }
    return unsafe entry.pointee.gr_gid
  }

  /// The number of a user (getpwnam), nil when there is none of that name.
  package static func user(named name: String) -> UInt32? {
    guard let entry = unsafe name.withCString({ unsafe getpwnam($0) }) else { return nil }
    return unsafe entry.pointee.pw_uid
  }

  /// The effective user.
  package static func userID() -> UInt32 { geteuid() }

  /// The effective group.
  package static func groupID() -> UInt32 { getegid() }

  /// Whether this process belongs to a group, by its effective group or by a supplementary one.
  package static func isMember(of group: UInt32) throws(Errno) -> Bool {
    if group == groupID() { return true }
    // At most NGROUPS_MAX (linux/limits.h).
    let count = try system { clinux_getgroups(0, nil) }
    var groups = [UInt32](repeating: 0, count: count)
    let held = try system { unsafe clinux_getgroups(Int32(count), &groups) }
    return groups[..<held].contains(group)
  }

  /// This process.
  package static func processID() -> Int32 { getpid() }
}
