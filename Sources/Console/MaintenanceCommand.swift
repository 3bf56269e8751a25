// The verb `maintenance`: takes virtual IPs out of service on one machine.

/// `hopshift maintenance`
package struct MaintenanceCommand: Hashable, Sendable {
  /// What the daemon is asked, word by word.
  package let words: [String]
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "maintenance", operands: "on|off [VIP...]",
    abstract: "take virtual IPs out of service on this machine, or back",
    details: """
      With on they are taken out, with off they come back; without names it is for
      all of them. It outlives a restart. A watcher moves nothing by itself meanwhile.
      An owner that is chosen by health lets another one take over and takes nothing
      back. For an owner whose address decides, the file
      that keepalived tracks says 1, and keepalived moves the address.
      """,
    options: [.json], choices: ["on", "off"],
    examples: [
      Example(
        "Before this machine is worked on, and behind it",
        "hopshift maintenance on", "hopshift maintenance off"),
      Example("Take one virtual IP out of service", "hopshift maintenance on web"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    guard let state = arguments.operands.first else {
      throw .missingWord("on or off", verb: "maintenance")
    }
    guard ["on", "off"].contains(state) else {
      throw .unknownWord(state, known: ["on", "off"])
    }
    words = arguments.operands
    json = arguments.has(.json)
  }
}
