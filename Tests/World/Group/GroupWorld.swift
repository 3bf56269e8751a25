// The world of one group: members that hear each other, two route servers, and what lies between.

package import Model

/// What is on the agenda of a world of groups beside what every world has.
enum GroupEvent {
  /// Everything was left alone for a while: is it in its place?
  case look(stamp: Int, Patience)
  case put(Int)
  case removeGhost(Int)
  case preempt(Int)
  case thaw(Int)
  case begin(Int)
  /// The end of a stop in order.
  case exit(Int)
  case linkUp(Int)
  case well(Int)
  /// A watcher's kernel says how it sees a host.
  case see(member: Int, host: Int)
  case heal(from: Int, to: Int)
  case quieten
  /// Back in service.
  case serve(Int)
  case awake(Int)
  case courier(Int, CourierStep)
  case crowd(CrowdEvent)
  case answer(Int, Returning)
  /// The client's packets follow the tables.
  case programmed
  /// What a member has decided should have arrived.
  case delivered(Int, stamp: Int)
}

/// How long the world was left alone before it is looked at.
enum Patience {
  /// Long enough for a takeover, and for the failback as well.
  case takeover, failback
  /// A quiet world in which the holder froze, or in which the address came to another.
  case silence, arrival
}

/// What is true of a member, whatever it knows itself.
struct Truth {
  var frozenAt: Instant?
  /// What the others know of it may be older than what it said before it froze.
  var isShaky = false
  /// Out of service by an operator's word.
  var isOut = false
  /// The file that keepalived tracks says that the address should be elsewhere.
  var isLow = false
  /// Its daemon ends in order.
  var isEnding = false
  var isAsleep = false
  /// Its service is well, or of a watcher: its own link runs.
  var isWell = true
  var wellSince = Instant.zero
  /// When anything last happened to it.
  var troubledAt = Instant.zero
  var thawedAt: Instant?
  /// What the others knew of it was too old when it thawed.
  var wasShaky = false
  /// Since when it runs and can be heard.
  var standsSince = Instant.zero
  /// When its kernel last lost news.
  var deafAt = Instant.zero
  /// When its address last came.
  var arrivedAt: Instant?
  /// When what it has at a route server last changed.
  var changedAt = Instant.zero
  var said: Saying?
  var saidAt = Instant.zero
  /// Since when it says that it wants the VIP, or that it does not.
  var wantsSince = Instant.zero
}

/// One schedule from start to end. Same seed, same trace.
package final class GroupWorld: Networked {
  let seed: UInt64
  let shape: Shape
  let defect: Defect?
  var random: Random
  var agenda = Agenda()
  private(set) var now = Instant.zero
  var trace = TraceHash()
  let members: [Member]
  var servers: [RouteServer]
  var states = [ServerState(), ServerState()]
  var connections: [Connection] = []
  var isRestless = true
  private var isFinished = false
  var fates: [GroupFate] = []

  // The network between members.
  /// From, to: how often it is cut.
  var cuts: [[Int]]
  var isLossy = true
  /// To, from: when a hello last came through, and when the last one that came was sent.
  var heardAt: [[Instant]]
  var heardSent: [[Instant]]

  // The mover, and hosts that are watched.
  var holder: Int?
  var isMoving = false
  /// The address left in a quiet world, and so much had happened by then.
  var quietMove: Int?
  var hosts: [(isUp: Bool, since: Instant)]
  /// An operator has chosen a host.
  var isPinned = false

  var tables: RouteTables
  var crowd: CrowdTable
  var probing: ProbeNetwork

  // What is true, and what was found.
  var truths: [Truth]
  var judge: GroupJudge
  package internal(set) var reached: Set<GroupProbe> = []
  private(set) var events = 0
  private var nextWake: [Instant?]
  private var isDumpPlanned: [Bool]
  private let eventLimit: Int
  let digest = VIPDigest("web")

  /// Told what happens, line by line, when somebody asks for the story of one seed.
  private let listener: ((String) -> Void)?

  package init(
    seed: UInt64, defect: Defect? = nil, isRecorded: Bool = false, transplantEvery: Int? = nil,
    reloadEvery: Int? = nil, listener: ((String) -> Void)? = nil
  ) {
    self.listener = listener
    self.seed = seed
    self.defect = defect
    eventLimit = reloadEvery == nil ? Limits.events : Limits.eventsWithReloads
    var random = Random(seed: seed &+ 0x6772_6f75)
    // Drawn by itself: what is added to a group leaves the rest of its schedule as it was.
    var extra = Random(seed: seed &+ 0x6578_7472)
    var routing = Random(seed: seed &+ 0x726f_7574)
    var announcing = Random(seed: seed &+ 0x616e_6e6f)
    let shape = Shape(&random, &extra, &routing, &announcing)
    self.shape = shape
    let count = shape.members
    let culprit = random.pick(0...count - 1)
    members = (0..<count).map { index in
      Member(
        index, shape: shape, defect: index == culprit || defect?.isCommon ?? false ? defect : nil)
    }
    for member in members {
      member.isRecorded = isRecorded
      member.transplantEvery = transplantEvery
      member.reloadEvery = reloadEvery
    }
    let hold = random.oneIn(2) ? UInt16(180) : UInt16(random.pick(3...40))
    let limit = defect == .smallLimit ? 2_500 : RouteServer.azureLimit
    servers = (0..<2).map {
      RouteServer($0, neighbours: count, holdTime: hold, routeLimit: limit)
    }
    cuts = Array(repeating: Array(repeating: 0, count: count), count: count)
    heardAt = Array(repeating: Array(repeating: .zero, count: count), count: count)
    heardSent = heardAt
    hosts = Array(repeating: (true, .zero), count: Shape.hosts)
    truths = Array(repeating: Truth(), count: count)
    judge = GroupJudge(shape)
    tables = RouteTables(shape)
    crowd = CrowdTable(shape, seed: seed)
    probing = ProbeNetwork(shape)
    nextWake = Array(repeating: nil, count: count)
    isDumpPlanned = Array(repeating: false, count: count)
    self.random = random
    prepare()
    tell("\(shape)")
  }

  func tell(_ text: @autoclosure () -> String) {
    guard let listener else { return }
    listener("\(Double(now.nanoseconds) / 1e9) \(text())")
  }

  /// Every run of every member, if they are recorded.
  package var recordings: [(plan: Plan, journal: [UInt8])] {
    members.flatMap { member in member.journals.map { (member.plan, $0) } }
  }

  /// How often an engine took another one's place in the runs that still go on.
  package var reloads: Int { members.reduce(0) { $0 + ($1.driver?.reloads ?? 0) } }

  package var transplants: Int { members.reduce(0) { $0 + ($1.driver?.transplants ?? 0) } }

  var machineCount: Int { members.count }
  func machine(_ index: Int) -> Machine { members[index] }
  func note(_ probe: Probe) {}

  /// Runs the schedule to its end.
  package func play() -> GroupOutcome {
    while !isFinished, let (time, event) = agenda.next() {
      now = max(now, time)
      events += 1
      if events > eventLimit {
        violate(.bounds, "more than \(eventLimit) events")
        break
      }
      take(event)
    }
    for member in members {
      member.checkBounds()
      collect(member)
    }
    return GroupOutcome(
      seed: seed, manner: shape.manner, trace: trace.value, violations: judge.violations,
      broken: judge.broken, reached: reached, events: events, looks: judge.looks,
      shifts: judge.shifts, comparisons: judge.comparisons)
  }

  private func take(_ event: Event) {
    switch event {
    case .wake(let index): wake(index)
    case .dumpPart(let index, let run): continueDump(index, run)
    case .toServer(let id, let segment): deliver(segment, toServerOf: id)
    case .toAppliance(let id, let segment): deliver(segment, toApplianceOf: id)
    case .serverTurn(let index): turn(index)
    case .compare(let index, let stamp): compare(index, stamp)
    case .fate: meetFate()
    case .undo(let undo):
      tell("\(undo)")
      take(undo)
    case .heal: heal()
    case .verify(let attempt): verify(attempt)
    case .finalMove: moveForTheLastTime()
    case .finish: isFinished = true
    case .datagram(let datagram): deliver(datagram)
    case .group(let event): take(event)
    case .routes: preconditionFailure("no rules of redistribution here")
    }
  }

  func collect(_ member: Member) {
    for (checker, text) in member.takeComplaints() { violate(checker, text) }
    reached.formUnion(member.takeReached())
  }

  // MARK: Members

  func isLiving(_ index: Int) -> Bool {
    members[index].isRunning && !truths[index].isEnding && !truths[index].isAsleep
  }

  func start(_ index: Int) {
    guard members[index].driver == nil, members[index].freeze == nil else { return }
    truths[index].isEnding = false
    truths[index].said = nil
    // Only who keeps a state file remembers it.
    truths[index].isOut = truths[index].isOut && shape.hasMemory
    truths[index].standsSince = now
    trouble(index)
    loseMemory(index)
    carryOut(members[index].start(seed: random.next(), at: now), of: index)
    doubt(index)
    settle(index)
  }

  /// The daemon is gone, and its sockets are closed by the kernel.
  func kill(_ index: Int) {
    guard members[index].driver != nil else { return }
    trouble(index)
    for peer in 0..<2 { closeHere(index, peer) }
    members[index].kill()
    probing.streams[index].removeAll()
    // Its courier's stream has ended; a write may still be under way.
    for vip in shape.tabled {
      tables.desks[index][vip].wish = nil
      tables.desks[index][vip].isSure = false
    }
    loseCrowd(index)
    truths[index].isEnding = false
    truths[index].isAsleep = false
    truths[index].said = nil
    if members[index].freeze == .process {
      members[index].freeze = nil
      truths[index].frozenAt = nil
      truths[index].isShaky = false
    }
    collect(members[index])
  }

  private func wake(_ index: Int) {
    guard let due = nextWake[index], due <= now else { return }
    nextWake[index] = nil
    guard !truths[index].isAsleep else { return }
    let effects = members[index].wake(at: now)
    for datagram in members[index].taken { noteHeard(datagram) }
    trace.add(now.nanoseconds)
    trace.add(Int64(index) << 32 | Int64(effects.count))
    carryOut(effects, of: index)
    settle(index)
  }

  func carryOut(_ effects: [NetworkEffect], of index: Int) {
    carryOut(effects, index) { effect in
      switch effect {
      case .hello(let body): self.say(body, from: index)
      case .probe(let output, let bytes): self.carryOut(output, bytes, from: index)
      case .connect, .close, .send: return
      }
    }
    hearWishes(index)
    hearCrowd(index)
    hearConfirmations(index)
    followFile(index)
    watchDelivery(index)
    judgeVoices(index)
    judgeWriters(index)
  }

  func settle(_ index: Int) {
    let member = members[index]
    collect(member)
    if member.hasDumpRunning, !isDumpPlanned[index] {
      isDumpPlanned[index] = true
      schedule(.dumpPart(index, run: member.run), after: .microseconds(random.pick(5...200)))
    }
    guard member.isRunning, !truths[index].isAsleep else { return }
    var due = member.deadline
    if member.isReadable {
      let soon =
        now + .microseconds(random.oneIn(20) ? random.pick(200...5000) : random.pick(5...60))
      due = min(due ?? soon, soon)
    }
    guard var due else { return }
    due = max(due, now)
    if let planned = nextWake[index], planned <= due { return }
    nextWake[index] = due
    agenda.add(.wake(index), at: due)
  }

  private func continueDump(_ index: Int, _ run: Int) {
    let member = members[index]
    isDumpPlanned[index] = false
    if member.run == run, member.driver != nil {
      if member.kernel.hasDumpRunning { member.kernel.continueDump() }
      if member.routing.hasDumpRunning { member.routing.continueDump() }
    }
    settle(index)
  }

  // MARK: Hello

  /// A datagram leaves for each of the others.
  private func say(_ body: [UInt8], from index: Int) {
    trace.add(body)
    guard let word = HelloWire.read(body, of: digest) else {
      return violate(.format, "member \(index) said what is no hello")
    }
    if word.isLeaving { reached.insert(.goodbye) }
    if let saying = word.saying { noteSaid(saying, index) }
    for to in members.indices where to != index {
      // Drawn in any case: a cut changes nothing else.
      let isLost = isLossy && random.pick(1...100) <= shape.loss
      let isSlow = isLossy && random.oneIn(20)
      let isDoubled = isLossy && random.oneIn(30)
      if cuts[index][to] > 0 || isLost { continue }
      let datagram = Datagram(from: index, to: to, sentAt: now, body: body)
      for _ in 0..<(isDoubled ? 2 : 1) {
        let delay = random.spread(50, isSlow ? 60_000 : 500)
        schedule(.datagram(datagram), after: .microseconds(delay))
      }
    }
  }

  private func deliver(_ datagram: Datagram) {
    let member = members[datagram.to]
    // Nobody listens, or the machine stands still and its network card with it.
    guard member.driver != nil, member.freeze != .machine else { return }
    member.receive(datagram)
    settle(datagram.to)
  }

  func noteHeard(_ datagram: Datagram) {
    let (from, to) = (datagram.from, datagram.to)
    // Silence that was long enough to be taken for death is a cause of what follows.
    if now - heardAt[to][from] >= shape.timeout - shape.interval {
      trouble(to)
      trouble(from)
    }
    heardAt[to][from] = now
    heardSent[to][from] = max(heardSent[to][from], datagram.sentAt)
    judge.rivals.noteHeard(from: from, to: to, sentAt: datagram.sentAt, at: now)
    judge.voices.noteHeard(from: from, to: to, sentAt: datagram.sentAt, at: now)
    judge.writers.noteHeard(from: from, to: to, sentAt: datagram.sentAt, at: now)
  }

  /// Whether two members hear each other.
  func areConnected(_ one: Int, _ other: Int) -> Bool {
    cuts[one][other] == 0 && cuts[other][one] == 0
      && now - heardAt[one][other] < shape.timeout - shape.interval
      && now - heardAt[other][one] < shape.timeout - shape.interval
  }
}
