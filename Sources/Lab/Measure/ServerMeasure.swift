// The verb `measure server`: which hold times a route server takes, and how it counts routes.

import Linux
import Model

/// Asks each route server in turn, one short session after the other. For a number of its own or on
/// a machine where hopshiftd does not run: a route server has one session with each peer.
struct ServerMeasure {
  /// What is offered: none at all, less than RFC 4271 allows, the least that it allows, and more.
  private static let holdTimes: [UInt16] = [0, 2, 3, 6, 9, 30, 90, 180]
  /// How long a route server may take to answer.
  private static let patience = Nanoseconds.seconds(20)
  /// How long it may refuse connections: some do for half a minute after a session has ended.
  private static let rest = Nanoseconds.seconds(60)
  private static let retry = Nanoseconds.seconds(1)
  /// How long a session is watched, so that a hold time of three seconds could end it.
  private static let watch = Nanoseconds.seconds(4)
  /// The same where the hold time is too long for that: whether it is refused after all.
  private static let glance = Nanoseconds.milliseconds(500)
  /// Routes in one UPDATE. We chose it: it stays well below 4,096 octets.
  private static let piece = 100
  /// More routes than Azure says it takes.
  private static let usualMost = 5_000
  /// The length of the prefixes that are announced, all of one block.
  private static let length: UInt8 = 24

  private var servers: [IPv4Address] = []
  private var local = IPv4Address(bits: 0)
  private var asn = ASNumber(0)
  private var block: Prefix?
  private var most = ServerMeasure.usualMost
  private var report: String?

  /// 0 when every route server has answered, nil when the words are not understood.
  static func run(_ words: [String]) throws(LabError) -> Int32? {
    guard let measure = ServerMeasure(words) else { return nil }
    var reports: [ServerReport] = []
    for server in measure.servers {
      let report = measure.ask(server)
      print(report.text)
      Termination.flush()
      reports.append(report)
    }
    if let file = measure.report {
      let text = reports.map(\.text).joined(separator: "\n")
      do throws(Errno) {
        try Files.writeAtomically(path: file, bytes: Array(text.utf8).span, mode: 0o644)
      } catch {
        throw .system(error, doing: "writing \(file)")
      }
    }
    return reports.allSatisfy(\.isComplete) ? 0 : 1
  }

  private init?(_ words: [String]) {
    var rest = words[...]
    while let word = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch word {
      case "--servers":
        let list = value.split(separator: ",").map { IPv4Address($0) }
        servers = list.compactMap(\.self)
        guard servers.count == list.count else { return nil }
      case "--address":
        guard let address = IPv4Address(value) else { return nil }
        local = address
      case "--asn":
        guard let number = UInt32(value) else { return nil }
        asn = ASNumber(number)
      case "--block":
        guard let prefix = Prefix(value), case .v4 = prefix.address,
          (8..<ServerMeasure.length).contains(prefix.length)
        else { return nil }
        block = prefix
      case "--most":
        guard let number = Int(value), number >= ServerMeasure.piece else { return nil }
        most = number
      case "--report": report = value
      default: return nil
      }
    }
    guard !servers.isEmpty, local.bits != 0, asn.value != 0 else { return nil }
    if let block { most = min(most, 1 << Int(ServerMeasure.length - block.length)) }
  }

  private func ask(_ server: IPv4Address) -> ServerReport {
    var report = ServerReport(server: server)
    let speaker = ServerSpeaker(server, from: local, asn: asn)
    for holdTime in ServerMeasure.holdTimes {
      let opening = open(speaker, holdTime: holdTime)
      var ending: ServerSpeaker.Ending?
      if case .established = opening {
        ending = speaker.stay(holdTime == 3 ? ServerMeasure.watch : ServerMeasure.glance)
        speaker.end()
      }
      report.openings.append(.init(offered: holdTime, opening: opening, ending: ending))
    }
    // Routes are announced only if the user has a block to spare for them.
    guard block != nil else { return report }
    report.limit = findLimit(speaker)
    guard case .ended(let held, _) = report.limit else { return report }
    report.isReplacementCounted = replaces(speaker, limit: held)
    return report
  }

  /// Tries again while nobody answers, or the connection ends without a word.
  private func open(_ speaker: ServerSpeaker, holdTime: UInt16) -> ServerSpeaker.Opening {
    let deadline = Clock.monotonic() + ServerMeasure.rest
    while true {
      let opening = speaker.open(holdTime: holdTime, within: ServerMeasure.patience)
      guard case .failed = opening, Clock.monotonic() < deadline else { return opening }
      do throws(Errno) {
        try Processes.pause(nanoseconds: ServerMeasure.retry.count)
      } catch {
        return opening
      }
    }
  }

  private func prefixes(_ range: Range<Int>) -> [Prefix] {
    guard let block, case .v4(let first) = block.address else { return [] }
    return range.compactMap { number in
      let bits = first.bits | UInt32(number) << UInt32(32 - ServerMeasure.length)
      return Prefix(.v4(IPv4Address(bits: bits)), length: ServerMeasure.length)
    }
  }

  /// Announces more and more until the session ends.
  private func findLimit(_ speaker: ServerSpeaker) -> ServerReport.Limit {
    guard case .established = open(speaker, holdTime: 30) else {
      return .unknown("no session")
    }
    var held = 0
    while held < most {
      let next = min(held + ServerMeasure.piece, most)
      if let ending = tell(speaker, held..<next, pathLength: 1) { return .ended(held, ending) }
      held = next
    }
    speaker.end()
    return .none(held)
  }

  /// Whether routes that an UPDATE replaces count beside those that are held: routes up to a little
  /// below the limit are told once more, a piece at a time, then so many at once that both together
  /// are above it.
  private func replaces(_ speaker: ServerSpeaker, limit: Int) -> ServerReport.Replacement {
    guard case .established = open(speaker, holdTime: 30) else {
      return .unknown("no session")
    }
    // As many as one message holds, at four octets each and with its attributes.
    let many = min(limit / 2, 900)
    let held = limit - many / 2
    let step = max(min(ServerMeasure.piece, many / 2), 1)
    for start in stride(from: 0, to: held, by: step) {
      let piece = start..<min(start + step, held)
      if let ending = tell(speaker, piece, pathLength: 1) {
        return .unknown("the first \(start) ended the session: \(ServerReport.text(ending))")
      }
    }
    for start in stride(from: 0, to: held, by: step) {
      let piece = start..<min(start + step, held)
      if let ending = tell(speaker, piece, pathLength: 2) {
        return .countedInAll(start, ending)
      }
    }
    if let ending = tell(speaker, 0..<many, pathLength: 3) { return .counted(held, many, ending) }
    speaker.end()
    return .notCounted(held, many)
  }

  /// Tells routes and waits for a complaint, which need not come at once.
  private func tell(_ speaker: ServerSpeaker, _ range: Range<Int>, pathLength: Int)
    -> ServerSpeaker.Ending?
  {
    speaker.announce(
      prefixes(range), pathLength: pathLength, within: ServerMeasure.patience)
      ?? speaker.stay(.milliseconds(200))
  }
}
