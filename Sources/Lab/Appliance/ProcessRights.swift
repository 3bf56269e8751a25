// What a process may do, as the kernel tells it in /proc/PID/status.

/// User and capabilities of the daemon of an appliance.
package struct ProcessRights: Hashable, Sendable {
  /// The effective user.
  package var user: UInt32
  /// The permitted and effective capabilities, and those it could ever gain.
  package var capabilities: UInt64
  package var bounding: UInt64
  /// It cannot gain rights by executing another program.
  package var hasNoNewPrivileges: Bool

  /// Reads proc_pid_status(5).
  package init(status: String, of host: String) throws(LabError) {
    var fields: [String: [Substring]] = [:]
    for line in status.split(separator: "\n") {
      let words = line.split { $0.isWhitespace }
      if let name = words.first { fields[String(name)] = Array(words.dropFirst()) }
    }
    guard let users = fields["Uid:"], users.count > 1, let user = UInt32(users[1]),
      let permitted = fields["CapPrm:"]?.first.flatMap({ UInt64($0, radix: 16) }),
      let effective = fields["CapEff:"]?.first.flatMap({ UInt64($0, radix: 16) }),
      let bounding = fields["CapBnd:"]?.first.flatMap({ UInt64($0, radix: 16) }),
      let flag = fields["NoNewPrivs:"]?.first
    else { throw .unsuitable("the status of the daemon in \(host) cannot be read: \(status)") }
    self.user = user
    capabilities = permitted | effective
    self.bounding = bounding
    hasNoNewPrivileges = flag == "1"
  }

  /// CAP_NET_RAW, which the unit gives for the probes that need it.
  private static let netRaw: UInt64 = 1 << 13

  /// A user of its own and nothing more; what the bounding set leaves cannot be gained, since
  /// executing a program gives nothing.
  package var areNone: Bool {
    user != 0 && capabilities == 0 && bounding & ~ProcessRights.netRaw == 0 && hasNoNewPrivileges
  }
}

extension ProcessRights: CustomStringConvertible {
  package var description: String {
    areNone
      ? "user \(user), no capability, none to be gained"
      : "user \(user), capabilities \(String(capabilities, radix: 16)), bounding set "
        + "\(String(bounding, radix: 16)), no-new-privileges \(hasNoNewPrivileges)"
  }
}
