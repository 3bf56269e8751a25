// The routes of the kernel between daemon, store and tables.

import Model

extension Office {
  /// Hands on what is new. Nothing of it is written before the store has it.
  mutating func settleCrowd(
    ask: UInt64? = nil, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    guard desk != nil else { return }
    let (words, kept) = crowd.settle(
      isAnswer: ask != nil, isShadow: settings?.isShadow ?? false, number: lastKeep + 1)
    if !kept.isEmpty {
      lastKeep += 1
      // The store has had older words of another start of the daemon: none is refused as old.
      outputs.append(.keep(lastKeep, kept, isAnswer: true))
    }
    if !words.isEmpty { give(.crowd(ask: ask, words), [], at: now, into: &outputs) }
  }

  mutating func note(
    _ table: Int, _ prefix: Prefix, _ generation: Generation, _ stage: RouteStage,
    _ detail: String, into outputs: inout [OfficeOutput]
  ) {
    switch crowd.heard(table, prefix, generation, stage, detail) {
    case .finished(let route, let generation):
      outputs.append(.finish(route: route, generation))
    case .gone(let route, let generation): outputs.append(.forget(route: route, generation))
    case .left:
      outputs.append(
        .say(.warning, .kernelRoutes, "\(detail), and is left to whoever led it there"))
    case nil: break
    }
  }

  mutating func keepCrowdAgain(at now: Instant, into outputs: inout [OfficeOutput]) {
    guard let due = crowdKeepAt, now >= due else { return }
    crowdKeepAt = nil
    crowd.tryAgain()
    settleCrowd(at: now, into: &outputs)
  }

  mutating func tellCrowd(into outputs: inout [OfficeOutput]) {
    let excuse = desk == nil ? excuse : nil
    if excuse != toldExcuse {
      toldExcuse = excuse
      crowd.excuseChanged()
    }
    let news = crowd.takeReports(excuse: excuse)
    if !news.isEmpty { outputs.append(.routes(news)) }
    guard desk != nil, crowd.strayCount != toldStrays else { return }
    toldStrays = crowd.strayCount
    guard toldStrays > 0 else { return }
    let words = "\(toldStrays) routes that were written are in tables that are written no more"
    outputs.append(.say(.warning, .kernelRoutes, "\(words): remove them by hand"))
  }
}
