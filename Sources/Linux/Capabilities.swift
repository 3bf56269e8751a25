// What this process may do beyond an ordinary user, and giving it up (libcap).

import CCap
import CLinux

/// One capability, numbered as in linux/capability.h.
package struct Capability: Hashable, Sendable {
  let number: Int32

  /// CAP_NET_RAW: packet sockets.
  package static let netRaw = Capability(number: CAP_NET_RAW)
  /// CAP_NET_ADMIN: changing interfaces and routes.
  package static let netAdmin = Capability(number: CAP_NET_ADMIN)
}

extension Capability: CustomStringConvertible {
  /// The kernel's name in lower case, `cap_net_raw`.
  package var description: String {
    guard let name = unsafe cap_to_name(number) else { return "capability \(number)" }
    defer { unsafe cap_free(name) }
    return unsafe String(cString: name)
  }
}

/// The capabilities of the calling thread; in a process of one thread, of the process.
package enum Capabilities {
  /// Clears every capability but the kept ones from the effective, permitted, inheritable and
  /// ambient sets, gives up for ever the way to get one by executing a file (no_new_privs), and
  /// answers what is left.
  @discardableResult
  package static func drop(keeping kept: [Capability]) throws(Errno) -> [Capability] {
    try system { clinux_no_new_privileges() }
    let set = unsafe try current()
    defer { unsafe cap_free(UnsafeMutableRawPointer(set)) }
    for number in 0..<cap_max_bits() where !kept.contains(Capability(number: number)) {
      var one = number
      for flag in [CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE] {
        let result = unsafe cap_set_flag(set, flag, 1, &one, CAP_CLEAR)
        precondition(result == 0, "a set from the kernel has every capability")
      }
      if cap_get_ambient(number) > 0 { try system { ccap_clear_ambient(number) } }
    }
    try system { unsafe ccap_set_process(set) }
    return try permitted()
  }

  /// Makes a kept capability effective for one call, and takes it away again if it was not before.
  /// Without it the call is made all the same: the kernel knows best what it needs.
  package static func raising<Result>(
    _ capability: Capability, _ call: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard try has(capability, CAP_PERMITTED), try !has(capability, CAP_EFFECTIVE) else {
      return try call()
    }
    try setEffective(capability, CAP_SET)
    let result: Swift.Result<Result, Errno>
    do throws(Errno) { result = .success(try call()) } catch { result = .failure(error) }
    try setEffective(capability, CAP_CLEAR)
    return try result.get()
  }

  /// Takes a kept capability out of the effective set until `raising` needs it.
  package static func lower(_ capability: Capability) throws(Errno) {
    try setEffective(capability, CAP_CLEAR)
  }

  private static func setEffective(
    _ capability: Capability, _ value: cap_flag_value_t
  ) throws(Errno) {
    let set = unsafe try current()
    defer { unsafe cap_free(UnsafeMutableRawPointer(set)) }
    var number = capability.number
    let result = unsafe cap_set_flag(set, CAP_EFFECTIVE, 1, &number, value)
    precondition(result == 0, "a set from the kernel has every capability")
    try system { unsafe ccap_set_process(set) }
  }

  /// The names of the permitted capabilities, lowest number first.
  package static func held() throws(Errno) -> [String] { try permitted().map(\.description) }

  private static func has(
    _ capability: Capability, _ flag: cap_flag_t
  ) throws(Errno) -> Bool {
    let set = unsafe try current()
    defer { unsafe cap_free(UnsafeMutableRawPointer(set)) }
    var value = CAP_CLEAR
    let answer = unsafe cap_get_flag(set, capability.number, flag, &value)
    precondition(answer == 0, "a set from the kernel has every capability")
    return value == CAP_SET
  }

  private static func permitted() throws(Errno) -> [Capability] {
    let set = unsafe try current()
    defer { unsafe cap_free(UnsafeMutableRawPointer(set)) }
    var result: [Capability] = []
    for number in 0..<cap_max_bits() {
      var value = CAP_CLEAR
      let answer = unsafe cap_get_flag(set, number, CAP_PERMITTED, &value)
      precondition(answer == 0, "a set from the kernel has every capability")
      if value == CAP_SET { result.append(Capability(number: number)) }
    }
    return result
  }

  private static func current() throws(Errno) -> cap_t {
    var set: cap_t?
    try system { unsafe ccap_get_process(&set) }
    guard let set = unsafe set else { preconditionFailure("libcap answered no set") }
    return unsafe set
  }
}
