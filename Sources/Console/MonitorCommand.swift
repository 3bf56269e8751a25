// The verb `monitor`: what happens from now on.

package import Model

/// `hopshift monitor`
package struct MonitorCommand: Hashable, Sendable {
  /// Which kinds of records; empty means all.
  package let words: [String]
  /// Whom the records have to name.
  package let filter: MonitorFilter
  package let json: Bool
  /// End after so many records.
  package let count: Int?
  /// End after so much time.
  package let length: Nanoseconds?

  /// What may be chosen, in the order in which help lists it.
  package static let kinds = [
    "link", "address", "route", "neighbour", "session", "shift", "vip", "alarm", "host",
  ]

  private static let vipOption = Option(
    "--vip", argument: "NAME", help: "only what names this virtual IP")
  private static let hostOption = Option(
    "--host", argument: "NAME", help: "only what names this host")
  private static let peerOption = Option(
    "--peer", argument: "ADDRESS", help: "only what names this route server or speaker")
  private static let countOption = Option(
    "--count", argument: "N", help: "end after N records")
  private static let forOption = Option(
    "--for", argument: "TIME", help: "end after TIME, such as 10s; units are ms, s, m, h")

  package static let synopsis = Synopsis(
    verb: "monitor", operands: "[WORD...]",
    abstract: "print what happens, until interrupted",
    details: """
      The words choose what is printed: link, address, route, neighbour, session,
      shift, vip, alarm, host. Without words everything is. With --vip, --host or
      --peer only records are that name one of those. Times count from the start of
      the command. When this command reads too slowly, the daemon drops records and
      says how many.
      """,
    options: [.json, vipOption, hostOption, peerOption, countOption, forOption], choices: kinds,
    examples: [
      Example(
        "Wait up to a minute for the next shift",
        "hopshift monitor shift --count 1 --for 1m"),
      Example(
        "Everything about one virtual IP, for a program",
        "hopshift monitor --vip web --json"),
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    for word in arguments.operands where !MonitorCommand.kinds.contains(word) {
      throw .unknownWord(word, known: MonitorCommand.kinds)
    }
    words = MonitorCommand.kinds.filter(arguments.operands.contains)
    filter = MonitorFilter(
      vip: arguments.value(MonitorCommand.vipOption),
      host: arguments.value(MonitorCommand.hostOption),
      peer: arguments.value(MonitorCommand.peerOption))
    json = arguments.has(.json)
    count = try arguments.number(MonitorCommand.countOption)
    length = try arguments.length(MonitorCommand.forOption)
  }
}
