// What the store has of the daemon's words, and what is told of them.

import Model

/// The newest word about one route of one table.
struct WordSlot: Sendable {
  let vip: String
  let prefix: Prefix
  var word: KeptWord
  /// Under which number it was last given to the store; zero: not yet.
  var number: UInt64 = 0
  var isKept = false
}

/// The newest report about one VIP.
struct ReportSlot: Sendable {
  var report: Report
  var isTold = false
}

extension Office {
  /// Gives to the store what is new in these records. Writes wait for it.
  mutating func keep(
    _ news: [Desired], _ isAnswer: Bool, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    var words: [KeptWord] = []
    var isOurs = false
    for record in news.map(heeded) {
      for index in slots.indices where slots[index].vip == record.vip {
        let known = slots[index].word
        let intent = record.intent(for: slots[index].prefix)
        let word = KeptWord(route: known.route, generation: intent.generation, wish: intent.wish)
        if word == known, slots[index].number > 0 { continue }
        if words.isEmpty { lastKeep += 1 }
        slots[index].word = word
        slots[index].number = lastKeep
        slots[index].isKept = false
        words.append(word)
        isOurs = isOurs || word.wish != .notOurs
      }
    }
    guard !words.isEmpty else { return }
    outputs.append(.keep(lastKeep, words, isAnswer: isAnswer))
    if isOurs { gate = Gate(number: lastKeep, until: now + Office.durableLimit) }
  }

  /// A slot for each route of each table.
  mutating func makeSlots(_ tables: [ResourceID]) {
    slots = []
    for record in records {
      for table in tables {
        for prefix in record.routes {
          let name = Desired.routeName(record.vip, prefix) ?? ""
          let path = "\(table.path)/routes/\(name)".lowercased()
          slots.append(
            WordSlot(
              vip: record.vip, prefix: prefix,
              word: KeptWord(route: path, generation: .none, wish: .notOurs)))
        }
      }
    }
  }

  mutating func kept(
    _ number: UInt64, _ isDurable: Bool, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    if crowd.kept(number, isDurable) {
      crowdKeepAt = isDurable ? nil : now + Office.keepAgain
      settleCrowd(at: now, into: &outputs)
    }
    answeredKeep = max(answeredKeep, number)
    for index in slots.indices where slots[index].number == number {
      slots[index].isKept = isDurable
    }
    if let gate, gate.number <= number { openGate(into: &outputs) }
    if !isDurable { keepAt = now + Office.keepAgain }
  }

  /// Tries a disk again that did not take something, once it has answered to everything.
  mutating func keepAgain(at now: Instant, into outputs: inout [OfficeOutput]) {
    guard let due = keepAt, now >= due else { return }
    keepAt = nil
    guard answeredKeep == lastKeep else { return }
    var words: [KeptWord] = []
    for index in slots.indices where !slots[index].isKept && slots[index].number > 0 {
      if words.isEmpty { lastKeep += 1 }
      slots[index].number = lastKeep
      words.append(slots[index].word)
    }
    if !words.isEmpty { outputs.append(.keep(lastKeep, words, isAnswer: true)) }
  }

  // MARK: Reports

  mutating func note(
    _ vip: String, _ generation: Generation, _ stage: RouteStage, _ detail: String,
    into outputs: inout [OfficeOutput]
  ) {
    let report = Report(
      vip: vip, generation: generation, stage: stage, isDurable: isKept(vip), detail: detail)
    if let index = reports.firstIndex(where: { $0.report.vip == vip }) {
      if reports[index].report == report { return }
      reports[index] = ReportSlot(report: report)
    } else {
      reports.append(ReportSlot(report: report))
    }
    guard stage == .done else { return }
    for slot in slots where slot.vip == vip {
      guard slot.word.generation == generation, slot.word.wish != .notOurs else { continue }
      outputs.append(.finish(route: slot.word.route, generation))
    }
  }

  /// Tells what has changed. While the store is waited for nobody knows yet what survives.
  mutating func tell(into outputs: inout [OfficeOutput]) {
    guard gate == nil else { return }
    for index in reports.indices {
      let isDurable = isKept(reports[index].report.vip)
      if reports[index].report.isDurable != isDurable {
        reports[index].report.isDurable = isDurable
        reports[index].isTold = false
      }
      if reports[index].isTold { continue }
      reports[index].isTold = true
      outputs.append(.report(reports[index].report))
    }
  }

  /// The store has every word that it was given.
  package var keepsEverything: Bool { slots.allSatisfy { $0.isKept || $0.number == 0 } }

  /// It has been given something this very moment.
  package var isWaitingForStore: Bool { gate != nil }

  /// What has no table yet cannot be kept.
  private func isKept(_ vip: String) -> Bool {
    desk != nil && slots.allSatisfy { $0.vip != vip || $0.isKept }
  }
}
