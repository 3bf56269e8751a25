// What will hurt in Azure, looked for when somebody asks.

import Model

extension Office {
  mutating func take(_ carriages: [Carriage]) {
    if carriages != self.carriages { inspected = nil }
    self.carriages = carriages
  }

  /// Who asks while it is looked is answered with the others. Without route tables and events
  /// there is nothing of ours to look at.
  mutating func inspect(at now: Instant, into outputs: inout [OfficeOutput]) {
    guard let settings else { return outputs.append(.inspected([], [])) }
    if let inspected, now < inspected.at + Office.inspectionLife {
      return outputs.append(.inspected(inspected.advice, inspected.returns))
    }
    guard inspector == nil else { return }
    inspectionNumber += 1
    inspector = Inspector(
      settings, records, carriages, crowd: crowd.written, metadata: servers.metadata,
      management: management, machine: introduction.machine?.id, now: now)
  }

  /// One call after the other; those that need a token within the budget of their subscription.
  mutating func turnInspection(at now: Instant, into outputs: inout [OfficeOutput]) {
    let open = inspector?.open
    if let advice = inspector?.result(at: now) {
      if let open { outputs.append(.abandon(.look(inspectionNumber, open))) }
      return tell(advice, at: now, into: &outputs)
    }
    guard let (id, request, subscription) = inspector?.turn() else {
      // What was left could not be asked for at all.
      if let advice = inspector?.result(at: now) { tell(advice, at: now, into: &outputs) }
      return
    }
    if let subscription, desk?.wait(forReadIn: subscription, at: now) != nil {
      inspector?.stop(.incomplete("the calls that are left are for failovers"))
      if let advice = inspector?.result(at: now) { tell(advice, at: now, into: &outputs) }
      return
    }
    outputs.append(.call(.look(inspectionNumber, id), request))
  }

  private mutating func tell(
    _ advice: [Advice], at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    let returns = inspector?.returns ?? []
    inspector = nil
    inspected = (advice, returns, now)
    outputs.append(.inspected(advice, returns))
  }

  mutating func looked(_ number: UInt64, _ id: CallID, _ answer: Answer, at now: Instant) {
    guard number == inspectionNumber, let inspector else { return }
    if let subscription = inspector.subscription {
      desk?.noteRead(in: subscription, answer, at: now)
    }
    self.inspector?.answered(id, answer)
  }

  /// Another configuration: what was found is of no use, and who waits is not left waiting.
  mutating func forgetInspection(into outputs: inout [OfficeOutput]) {
    inspected = nil
    guard let inspector else { return }
    if let open = inspector.open { outputs.append(.abandon(.look(inspectionNumber, open))) }
    self.inspector = nil
    inspectionNumber += 1
    outputs.append(.inspected([.incomplete("the configuration has changed meanwhile")], []))
  }

  /// With `auto` the table is that of our own subnet.
  func warnOfReturns(
    _ settings: Settings, _ tables: [ResourceID], into outputs: inout [OfficeOutput]
  ) {
    guard settings.routeTables.isEmpty, let table = tables.first else { return }
    let returns = Inspection.returns(records, carriages, in: table)
    if !returns.isEmpty { outputs.append(.returns(returns)) }
  }
}
