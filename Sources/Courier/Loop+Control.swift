// What the daemon says and what it is told.

import Azure
import Control
import Linux
import Model
import Store

extension Loop {
  func readControl(_ position: Int) {
    guard epoll.event(at: position).token.generation == link.generation else { return }
    hear(link.receive(at: Clock.monotonic()))
  }

  func hear(_ news: [ControlLink.News]) {
    for item in news {
      switch item {
      case .connected:
        give(.connected)
        shifts.begin(at: Clock.monotonic())
        log.notice(.connected, "connected to hopshiftd")
      case .snapshot(let ask, let settings, let records, let routes):
        wishes.replace(records, at: Clock.monotonic())
        give(.snapshot(ask: ask, settings, records, routes))
      case .desired(let record):
        wishes.take(record, at: Clock.monotonic())
        give(.desired(record))
      case .writer(let state): give(.writer(state))
      case .routes(let set): give(.routes(set))
      case .carried(let carriages): give(.carried(carriages))
      case .vacated(let events): give(.vacated(events))
      case .metricsPlace(let place): serve(at: place)
      case .numbers(let records): tellMetrics(records)
      case .shifts(let answer): take(answer)
      case .lost(let words):
        log.warning(.disconnected, "\(words); trying again")
        // Whoever does not hear the daemon does not know where the traffic is.
        give(.vacated([]))
      case .refused(let words):
        log.warning(.trouble, "hopshiftd does not take a report: \(words)")
      }
    }
  }

  /// Keeps what epoll watches true. A descriptor leaves the set when it is closed.
  func watchLink() throws(Errno) {
    guard let raw = link.raw else {
      linkWatch = nil
      return
    }
    let token = Loop.token(.control, 0, link.generation)
    let interest = link.interest
    if let known = linkWatch, known.generation == link.generation {
      if known.interest == interest { return }
      try epoll.modify(raw, token: token, interest: interest)
    } else {
      try epoll.add(raw, token: token, interest: interest)
    }
    linkWatch = LinkWatch(generation: link.generation, interest: interest)
  }

  func tell(_ report: Report, at now: Instant) {
    let detail = report.detail.isEmpty ? "" : ": \(report.detail)"
    let durability = report.isDurable ? "" : ", not durable"
    let line = "\(report.vip) \(report.generation): \(report.stage.rawValue)\(durability)\(detail)"
    let fields = wishes.fields(of: report, at: now)
    if report.stage == .failed || report.stage == .foreign {
      log.warning(CourierMessage(report.stage), line, fields)
    } else {
      log.notice(CourierMessage(report.stage), line, fields)
    }
    var words = [
      report.vip, report.generation.description, report.stage.rawValue,
      report.isDurable ? "durable" : "volatile",
    ]
    // The daemon keeps as much of it.
    let told = String(decoding: report.detail.utf8.prefix(512), as: UTF8.self)
    if !told.isEmpty { words.append(told) }
    link.tell(.report, words, at: now)
    add(report)
  }

  /// Lines for routes of the kernel that are in trouble, of those that are told at once.
  private static let routeLines = 8
  /// Routes of one report: with a detail they stay within a request.
  private static let routesInReport = 24

  /// Routes that have come equally far share a request.
  func tell(_ reports: [RouteReport], at now: Instant) {
    let troubles = reports.filter { $0.stage == .failed || $0.stage == .foreign }
    for report in troubles.prefix(Loop.routeLines) {
      let stage = report.stage?.rawValue ?? ""
      log.warning(
        .kernelRoutes, "\(report.prefix): \(stage): \(report.detail)",
        [
          ("PREFIX", report.prefix.description), ("STAGE", stage),
          ("GENERATION", report.generation.description),
        ])
    }
    if troubles.count > Loop.routeLines {
      let count = troubles.count - Loop.routeLines
      log.warning(.kernelRoutes, "and \(count) more routes of the kernel", [("COUNT", "\(count)")])
    }
    var rest = reports[...]
    while let first = rest.first {
      let alike = rest.prefix(Loop.routesInReport).prefix {
        $0.stage == first.stage && $0.generation == first.generation && $0.detail == first.detail
      }
      // A word is not empty, and the daemon keeps as much of a detail.
      let detail = String(decoding: "-\(first.detail)".utf8.prefix(512), as: UTF8.self)
      link.tell(
        .report,
        [
          Loop.routesWord, first.generation.description, first.stage?.rawValue ?? "gone", detail,
        ] + alike.map(\.prefix.description), at: now)
      rest = rest.dropFirst(alike.count)
    }
  }

  /// In the place of a VIP, which cannot be called so.
  private static let routesWord = "/routes"

  /// Events that are told; a machine has one, seldom two.
  private static let eventLimit = 16

  func tell(_ events: [ScheduledEvent], at now: Instant) {
    let words = events.prefix(Loop.eventLimit).map { event in
      "\(event.kind.rawValue):\(event.hasStarted ? "started" : "scheduled"):\(event.id)"
    }
    link.tell(.events, words.isEmpty ? ["none"] : words, at: now)
  }

  private func add(_ report: Report) {
    let event = KeptEvent(
      wallMilliseconds: Clock.wall().nanoseconds / 1_000_000, route: report.vip,
      generation: report.generation, stage: report.stage.rawValue, detail: report.detail)
    do throws(Errno) {
      try vault.post(.add(event))
    } catch {
      failure = error
    }
  }

  // MARK: The store

  func readVault() throws(Errno) {
    for news in try vault.takeNews() {
      switch news {
      case .opened(let intents): opened(intents)
      case .kept(let number, let isDurable):
        if isDurable { storeWorks() }
        give(.kept(number, isDurable: isDurable))
      case .failed(let error):
        if error == .taken { failure = .busy }
        if diskTrouble != error {
          log.warning(.storeFailed, "the store: \(error); words are not durable")
        }
        diskTrouble = error
        storeAt = storeAt ?? Clock.monotonic() + Office.keepAgain
      case .mended: storeWorks()
      case .read(let ask, let shifts): history?.answer(ask, shifts)
      case .putAside(let path):
        log.warning(.storeFailed, "the store was damaged: it lies in \(path) now")
        give(.forgotten)
      case .ended: break
      }
    }
  }

  private func storeWorks() {
    storeAt = nil
    guard diskTrouble != nil else { return }
    diskTrouble = nil
    log.notice(.storeWorks, "the store takes everything again")
  }

  /// Also without routes, whose words are tried again by whoever wishes them.
  func tryStore(at now: Instant) throws(Errno) {
    guard let due = storeAt, now >= due else { return }
    storeAt = nil
    if diskTrouble != nil { try vault.post(.again) }
  }

  private func opened(_ intents: [KeptIntent]) {
    give(.remembered(intents.compactMap { KeptWord($0) }))
    let open = intents.filter { !$0.isDone }
    guard !open.isEmpty else { return }
    let names = open.prefix(8).map { $0.route.split(separator: "/").last.map(String.init) ?? "" }
    let more = open.count > 8 ? " and \(open.count - 8) more" : ""
    let list = names.joined(separator: ", ")
    log.notice(.unsettled, "not settled before: \(list)\(more); hopshiftd is asked")
  }
}

/// What epoll was told of the control socket.
struct LinkWatch {
  var generation: UInt32
  var interest: Interest
}
