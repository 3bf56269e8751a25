// The simulated world: a clock, an agenda, two appliances, two route servers, and the network
// between them.

package import Model

/// What is on the agenda.
enum Event {
  case wake(Int)
  case dumpPart(Int, run: Int)
  case toServer(Int, Segment)
  case toAppliance(Int, Segment)
  case serverTurn(Int)
  case compare(Int, stamp: Int)
  case fate
  case undo(Undo)
  case heal
  case verify(Int)
  case finalMove
  case finish
  /// Of the kernel's routes.
  case routes(RouteEvent)
  /// Of the world of groups.
  case datagram(Datagram)
  case group(GroupEvent)
}

/// One schedule from start to end. Same seed, same trace.
package final class World: Networked {
  let seed: UInt64
  var random: Random
  var agenda = Agenda()
  package private(set) var now = Instant.zero
  var trace = TraceHash()
  let appliances: [Appliance]
  var servers: [RouteServer]
  var states = [ServerState(), ServerState()]
  var connections: [Connection] = []
  let watched = IPv4Address(10, 1, 0, 5)
  let prefixes: [Prefix]
  /// By which the kernel's routes are announced; nil: there are no such rules in this schedule.
  let routeRules: RouteRules?

  // The mover.
  var holder: Int?
  var isMoving = false
  /// Addresses that a frozen machine kept while they were given to another.
  var isRestless = true
  var isFinished = false
  var fates: [Fate] = []

  // What was found.
  var violations: [String] = []
  var broken: Set<Checker> = []
  var reached: Set<Probe> = []
  var stamps = [0, 0]
  var disturbedAt = [Instant.zero, .zero]
  var lastRefresh = [Instant](repeating: Instant(nanoseconds: -1_000_000_000), count: 4)
  /// For each appliance and server: changes that arrived in this run, and what was said last.
  var arrived = [0, 0, 0, 0]
  var lastHeard: [WireUpdate?] = [nil, nil, nil, nil]
  var judged = [0, 0]
  var events = 0
  var promises = 0
  var settledPromises = 0
  var unpromised = 0
  var ties = 0
  var astray = 0
  var comparisons = 0
  private var nextWake: [Instant?] = [nil, nil]
  private var isDumpPlanned = [false, false]

  package init(
    seed: UInt64, sabotage: Sabotage? = nil, isRecorded: Bool = false,
    transplantEvery: Int? = nil, reloadEvery: Int? = nil
  ) {
    self.seed = seed
    var random = Random(seed: seed)
    var lists = [World.prefixes(["10.1.0.5/32"])]
    if random.oneIn(2) { lists.append(World.prefixes(["10.8.0.0/16", "10.9.128.0/17"])) }
    if random.oneIn(3) {
      lists[0] += World.prefixes(["2001:db8:1::5/128"])
      // A VIP of the other family alone.
      lists.append(World.prefixes(["2001:db8:8::/45", "::/0"]))
    }
    prefixes = lists.flatMap { $0 }
    let watched = self.watched
    // Numbers of their own: schedules without routes stay what they were.
    var dice = Random(seed: ~seed)
    let rules = dice.oneIn(World.schedulesForRoutes) ? RouteRules(&dice) : nil
    routeRules = rules
    var files = Random(seed: seed &+ 0x6669_6c65)
    let hasMemory = files.oneIn(2)
    appliances = (0..<2).map { index in
      let plan = World.plan(index, lists, watched, rules?.spoiled(by: sabotage))
      return Appliance(
        index, plan: plan, watched: watched, rules: rules, hasMemory: hasMemory)
    }
    let hold = random.oneIn(2) ? UInt16(180) : UInt16(random.pick(3...40))
    // Whatever we offer: some offer more than we want, and some less.
    let isNarrow = [random.oneIn(4), random.oneIn(4)]
    servers = (0..<2).map {
      RouteServer(
        $0, neighbours: 2, holdTime: hold, families: isNarrow[$0] ? [.ipv4] : [.ipv4, .ipv6])
    }
    self.random = random
    appliances[0].sabotage = sabotage
    appliances[1].sabotage = sabotage
    for appliance in appliances {
      appliance.isRecorded = isRecorded
      appliance.transplantEvery = transplantEvery
      appliance.reloadEvery = reloadEvery
    }
    prepare()
  }

  private static func prefixes(_ texts: [String]) -> [Prefix] { texts.compactMap { Prefix($0) } }

  /// One schedule of so many has routes of the kernel in it.
  private static let schedulesForRoutes = 3

  private static func plan(
    _ index: Int, _ lists: [[Prefix]], _ watched: IPv4Address, _ rules: RouteRules?
  ) -> Plan {
    let address = IPv4Address(10, 0, 2, UInt8(10 + index))
    let owner = Plan.Owner(address: .v4(watched), interfaces: [])
    let vips = lists.enumerated().map {
      Plan.VIP(name: "vip\($0)", prefixes: $1, owner: owner)
    }
    return Plan(
      local: Plan.Local(
        asn: ASNumber(65001), address: address,
        address6: IPv6Address(high: 0x2001_0db8_0002_0000, low: UInt64(10 + index)),
        identifier: address),
      routeServers: Plan.RouteServers(
        platform: .generic, asn: ASNumber(RouteServer.asn), holdTime: .seconds(30),
        peers: [IPv4Address(10, 10, 1, 4), IPv4Address(10, 10, 1, 5)]),
      vips: vips,
      // What is printed names it, and reads back as the same Plan.
      hosts: rules == nil ? [] : [Plan.Host(name: "other", address: RouteRules.other)],
      redistributions: rules?.plan ?? [])
  }

  /// How often an engine took another one's place in the runs that still go on.
  package var reloads: Int { appliances.reduce(0) { $0 + ($1.driver?.reloads ?? 0) } }

  package var transplants: Int { appliances.reduce(0) { $0 + ($1.driver?.transplants ?? 0) } }

  /// Every run of every appliance, if they are recorded.
  package var journals: [[UInt8]] { appliances.flatMap(\.journals) }

  /// Runs the schedule to its end.
  package func play() -> Outcome {
    while !isFinished, let (time, event) = agenda.next() {
      now = max(now, time)
      events += 1
      if events > Limits.events {
        violate(.bounds, "more than \(Limits.events) events")
        break
      }
      take(event)
    }
    for appliance in appliances {
      appliance.checkBounds()
      collect(appliance)
    }
    return Outcome(
      seed: seed, trace: trace.value, violations: violations, broken: broken, reached: reached,
      events: events, promises: promises, settledPromises: settledPromises, unpromised: unpromised,
      ties: ties, astray: astray, comparisons: comparisons)
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
    case .undo(let undo): take(undo)
    case .heal: heal()
    case .verify(let attempt): verify(attempt)
    case .finalMove: moveForTheLastTime()
    case .finish: isFinished = true
    case .routes(let event): take(event)
    case .datagram, .group: preconditionFailure("these machines hear nobody")
    }
  }

  var machineCount: Int { appliances.count }

  func machine(_ index: Int) -> Machine { appliances[index] }

  func note(_ probe: Probe) { reached.insert(probe) }

  // MARK: Appliances

  func start(_ index: Int) {
    guard appliances[index].driver == nil else { return }
    for server in 0..<2 {
      arrived[place(index, server)] = 0
      lastHeard[place(index, server)] = nil
    }
    carryOut(appliances[index].start(seed: random.next(), at: now), index)
    settle(index)
  }

  func kill(_ index: Int) {
    guard appliances[index].driver != nil else { return }
    judgeRun(index)
    disturb(index)
    for peer in 0..<2 { closeHere(index, peer) }
    appliances[index].kill()
    appliances[index].freeze = appliances[index].freeze == .machine ? .machine : nil
    collect(appliances[index])
  }

  private func wake(_ index: Int) {
    guard let due = nextWake[index], due <= now else { return }
    nextWake[index] = nil
    let before = appliances[index].ladder.changes
    let wasStale = appliances[index].isStale
    let effects = appliances[index].wake(at: now)
    trace.add(now.nanoseconds)
    trace.add(Int64(index) << 32 | Int64(effects.count))
    // What happened while it could not hear is news to it when it hears again.
    let isCurrentAgain = wasStale && !appliances[index].isStale
    if appliances[index].ladder.changes != before || isCurrentAgain { disturb(index) }
    carryOut(effects, index)
    settle(index)
  }

  /// After anything that may have made an appliance readable or moved its deadline.
  func settle(_ index: Int) {
    let appliance = appliances[index]
    collect(appliance)
    if appliance.hasDumpRunning, !isDumpPlanned[index] {
      isDumpPlanned[index] = true
      schedule(
        .dumpPart(index, run: appliance.run), after: .microseconds(random.pick(5...200)))
    }
    guard appliance.isRunning else { return }
    var due = appliance.deadline
    if appliance.isReadable {
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

  func collect(_ appliance: Appliance) {
    for (checker, text) in appliance.takeComplaints() { violate(checker, text) }
    reached.formUnion(appliance.reached)
  }

  private func continueDump(_ index: Int, _ run: Int) {
    let appliance = appliances[index]
    isDumpPlanned[index] = false
    if appliance.run == run, appliance.driver != nil {
      appliance.kernel.continueDump()
      appliance.routing.continueDump()
    }
    settle(index)
  }
}
