// Everything that has to be known before a table can be written, and what is asked all the time.

import Model

extension Office {
  /// Makes the calls that are due.
  mutating func advance(at now: Instant, into outputs: inout [OfficeOutput]) {
    if let settings {
      introduce(at: now, into: &outputs)
      fetchToken(settings, at: now, into: &outputs)
      watchEvents(settings, at: now, into: &outputs)
      openDesk(settings, at: now, into: &outputs)
      if let deadline = desk?.deadline, now >= deadline {
        give(.turn, [], at: now, into: &outputs)
      }
      keepWarm(at: now, into: &outputs)
    }
    turnInspection(at: now, into: &outputs)
    if let gate, now >= gate.until { openGate(into: &outputs) }
    keepAgain(at: now, into: &outputs)
    if settings != nil, desk == nil { excuse(into: &outputs) }
    keepCrowdAgain(at: now, into: &outputs)
    tell(into: &outputs)
    tellCrowd(into: &outputs)
  }

  // MARK: Who and where we are

  private mutating func introduce(at now: Instant, into outputs: inout [OfficeOutput]) {
    if let (call, request) = introduction.turn(at: now) {
      outputs.append(.call(.machine(call), request))
    }
    guard !toldMachine, let machine = introduction.machine else { return }
    toldMachine = true
    management = servers.management ?? machine.cloud?.management
    let cloud = machine.cloud?.rawValue ?? "an unknown cloud"
    let place = management?.origin ?? "no resource manager is known for it"
    outputs.append(
      .say(.notice, .surroundings, "this machine is \(machine.id) in \(cloud): \(place)"))
  }

  private mutating func fetchToken(
    _ settings: Settings, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    guard let management else { return }
    if keeper == nil {
      // A cloud that we do not know has the endpoint itself as its audience.
      let audience = introduction.machine?.cloud?.audience ?? "\(management.origin)/"
      keeper = TokenKeeper(
        settings.identity, audience: audience, at: servers.metadata, seed: dice.next(), now: now)
    }
    if let (call, request) = keeper?.turn(at: now) {
      outputs.append(.call(.token(call), request))
    }
    let trouble = keeper?.trouble.map { $0.sentence }
    if trouble != toldToken {
      toldToken = trouble
      outputs.append(
        trouble.map { .say(.warning, .token, "no new token: \($0)") }
          ?? .say(.notice, .token, "there is a token"))
    }
  }

  private mutating func openDesk(
    _ settings: Settings, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    guard desk == nil, !records.isEmpty || !crowd.isIdle, let management, keeper?.token != nil
    else { return }
    var tables = settings.routeTables
    if tables.isEmpty {
      guard let found = ownTable(settings, management, at: now, into: &outputs) else { return }
      tables = [found]
    }
    desk = Desk(
      tables, at: management, records, policy: settings.policy, seed: dice.next(), now: now)
    deskNumber += 1
    openWrites = []
    held = []
    guard desk != nil else {
      return tellPlace("a VIP has a name that no route can have", into: &outputs)
    }
    makeSlots(tables)
    reports = []
    warmAt = now + Office.warmPeriod
    let names = tables.map(\.path).joined(separator: ", ")
    outputs.append(.say(.notice, .surroundings, "route tables: \(names)"))
    warnOfReturns(settings, tables, into: &outputs)
    // The records of the last snapshot; the desk asks again before it writes anything.
    for record in records {
      give(.desired(heeded(record)), [record], isAnswer: true, at: now, into: &outputs)
    }
    crowd.use(tables)
    settleCrowd(at: now, into: &outputs)
  }

  private mutating func ownTable(
    _ settings: Settings, _ management: Endpoint, at now: Instant,
    into outputs: inout [OfficeOutput]
  ) -> ResourceID? {
    if discovery == nil {
      discovery = Discovery(
        of: settings.address, metadata: servers.metadata, management: management,
        seed: dice.next(), now: now)
    }
    if let place = discovery?.place {
      if !place.forwards {
        outputs.append(
          .say(
            .warning, .advice,
            "\(place.interface) does not forward: enable IP forwarding on it"))
      }
      if let table = place.table { return table }
      tellPlace("subnet \(place.subnet) has no route table", into: &outputs)
      // Somebody may give it one.
      discovery = Discovery(
        of: settings.address, metadata: servers.metadata, management: management,
        seed: dice.next(), now: now + Office.placePeriod)
    }
    if let (call, request) = discovery?.turn(at: now) {
      outputs.append(.call(.place(call), request))
    }
    if let trouble = discovery?.trouble { tellPlace(trouble.sentence, into: &outputs) }
    return nil
  }

  private mutating func tellPlace(_ words: String, into outputs: inout [OfficeOutput]) {
    guard toldPlace != words else { return }
    toldPlace = words
    outputs.append(.say(.warning, .advice, words))
  }

  /// Why nothing is written although it is ours: there is no table to write to yet.
  private mutating func excuse(into outputs: inout [OfficeOutput]) {
    let words = excuse
    for record in records.map(heeded) where record.voice == .ours {
      note(
        record.vip, record.generation, words == nil ? .queued : .failed, words ?? "",
        into: &outputs)
    }
  }

  var excuse: String? {
    let trouble = introduction.trouble.map { "the metadata service: \($0)" }
    let known = introduction.machine != nil && management == nil ? "the cloud is unknown" : nil
    return trouble ?? known ?? toldToken.map { "no token: \($0)" } ?? toldPlace
  }

  // MARK: Events and warmth

  private mutating func watchEvents(
    _ settings: Settings, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    guard settings.events != .off, let machine = introduction.machine else { return }
    if watch == nil {
      watch = EventWatch(
        machine: machine.name, at: servers.metadata, countsFreezes: settings.countsFreezes,
        seed: dice.next(), now: now)
    }
    if let (call, request) = watch?.turn(at: now) {
      outputs.append(.call(.events(call), request))
    }
  }

  /// The traffic has left: an event of ours alone need not wait for its time. What was not taken is
  /// tried again with a later list.
  mutating func approve(at now: Instant, into outputs: inout [OfficeOutput]) {
    guard let settings, settings.acknowledges, !settings.isShadow, settings.events == .shift
    else { return }
    for event in vacated {
      guard let request = watch?.approve(event, at: now) else { continue }
      outputs.append(.call(.start(event), request))
    }
  }

  private mutating func approvalFailed(
    _ event: String, _ words: String, after wish: Nanoseconds? = nil, at now: Instant,
    into outputs: inout [OfficeOutput]
  ) {
    guard watch?.approvalFailed(event, after: wish, at: now) == true else { return }
    outputs.append(.say(.warning, .event, "\(event) was not let begin: \(words)"))
  }

  /// A call that only keeps a connection open can wait for those that have something to say.
  private mutating func keepWarm(at now: Instant, into outputs: inout [OfficeOutput]) {
    guard let management, let table = desk?.firstTable, !isWarming, now >= warmAt else {
      return
    }
    if let later = desk?.wait(forReadIn: table.subscription, at: now) {
      warmAt = later
      return
    }
    isWarming = true
    outputs.append(.call(.warm, Calls.get(table, at: management)))
  }

  // MARK: Answers

  mutating func answered(
    _ call: OfficeCall, _ answer: Answer, _ wall: Int64?, at now: Instant,
    into outputs: inout [OfficeOutput]
  ) {
    switch call {
    case .table(let number, let inner):
      openWrites.removeAll { $0 == call }
      guard number == deskNumber else { return }
      warmAt = now + Office.warmPeriod
      give(.answer(inner, answer), [], at: now, into: &outputs)
    case .token(let id):
      guard keeper?.answered(id, answer, wall: wall, at: now) == true else { return }
      give(.tokenChanged, [], at: now, into: &outputs)
    case .machine(let id): introduction.answered(id, answer, at: now)
    case .place(let id): discovery?.answered(id, answer, at: now)
    case .events(let id):
      let isFirst = watch?.hasAnswered == false
      let news = watch?.answered(id, answer, at: now) ?? []
      heed(news, isFirst && watch?.hasAnswered == true, into: &outputs)
      approve(at: now, into: &outputs)
    case .start(let event):
      guard answer.status == 200 else {
        return approvalFailed(
          event, "\(answer.complaint)", after: answer.retryAfter, at: now, into: &outputs)
      }
      watch?.approvalWasTaken()
      outputs.append(.say(.notice, .event, "\(event) may begin"))
    case .look(let number, let id): looked(number, id, answer, at: now)
    case .warm:
      isWarming = false
      warmAt = now + Office.warmPeriod
      if let table = desk?.firstTable {
        desk?.noteRead(in: table.subscription, answer, at: now)
      }
      if case .unauthorised = answer.meaning { keeper?.refused(at: now) }
    }
  }

  mutating func lost(
    _ call: OfficeCall, _ loss: Loss, at now: Instant, into outputs: inout [OfficeOutput]
  ) {
    switch call {
    case .table(let number, let inner):
      openWrites.removeAll { $0 == call }
      guard number == deskNumber else { return }
      give(.lost(inner, loss), [], at: now, into: &outputs)
    case .token(let id): keeper?.lost(id, loss, at: now)
    case .machine(let id): introduction.lost(id, loss, at: now)
    case .place(let id): discovery?.lost(id, loss, at: now)
    case .events(let id): watch?.lost(id, at: now)
    case .start(let event):
      approvalFailed(event, loss.reason.rawValue, at: now, into: &outputs)
    case .look(let number, let id):
      guard number == inspectionNumber else { return }
      inspector?.lost(id, loss, token: toldToken)
    case .warm:
      isWarming = false
      warmAt = now + Office.warmPeriod
    }
  }

  /// The first list is told even when it is empty: the daemon may know an event that is over.
  private mutating func heed(
    _ news: [EventNews], _ isFirst: Bool, into outputs: inout [OfficeOutput]
  ) {
    guard !news.isEmpty || isFirst, let watch else { return }
    for item in news {
      outputs.append(.happened(item))
      switch item {
      case .announced(let event):
        let when = event.hasStarted ? "has begun" : "is announced"
        outputs.append(.say(.warning, .event, "\(event.kind.rawValue) \(event.id) \(when)"))
      case .started(let event):
        outputs.append(.say(.warning, .event, "\(event.kind.rawValue) \(event.id) begins"))
      case .gone(let event):
        outputs.append(.say(.notice, .event, "\(event.kind.rawValue) \(event.id) is over"))
      }
    }
    outputs.append(.events(watch.known))
  }
}

extension TokenTrouble {
  package var sentence: String {
    switch self {
    case .noIdentity(let complaint): "the machine has no such identity (\(complaint))"
    case .answer(let complaint): "the metadata service answers \(complaint)"
    case .lost(let loss): loss.reason.rawValue
    case .unreadable: Loss.Reason.unreadable.rawValue
    }
  }
}

extension DiscoveryTrouble {
  package var sentence: String {
    switch self {
    case .addressUnknown(let address): "no interface of this machine has \(address) in Azure"
    case .forbidden(let action, let complaint): "the identity lacks \(action) (\(complaint))"
    case .answer(let complaint): "the place in the network: \(complaint)"
    case .lost(let loss): "the place in the network: \(loss.reason.rawValue)"
    case .unreadable: "the place in the network: \(Loss.Reason.unreadable.rawValue)"
    }
  }
}
