// An office between a daemon, a disk and an Azure that are values, in virtual time.

import Azure
import Model
import Testing

struct OfficeScene {
  static let table =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/routeTables/rt"
  static let route = "hopshift-web-100.64.0.0_31"

  var office = Office(Servers(), seed: 5, now: .zero)
  var manager = SimulatedManager()
  /// The manager of a second table, if there is one.
  var second: SimulatedManager?
  /// What stands at other paths, by the path.
  var places: [String: String] = [:]
  var now = Instant.zero
  var record: Desired
  var settings: Settings
  /// What the daemon says of the kernel's routes.
  var crowd: CrowdSnapshot?
  /// It has virtual IPs with udr.
  var hasRecord = true
  /// What the resource manager answers to the next calls instead of carrying them out.
  var refusals: [Answer] = []
  /// How long the daemon takes to answer a question.
  var answering = Nanoseconds.milliseconds(1)
  /// How long the disk takes; nil: it never answers.
  var disk: Nanoseconds? = .milliseconds(2)
  var diskWorks = true
  /// The metadata service answers so.
  var metadataStatus = 200
  /// What it lists of events, in its words.
  var eventList: [String] = []
  /// What it says to the next approvals before it takes one; 0: the answer is lost.
  var startAnswers: [Answer] = []
  /// What the resource manager answers to whatever it is asked.
  var everything: Answer?

  private(set) var kept: [String: KeptWord] = [:]
  private(set) var finished: [Generation] = []
  private(set) var reports: [Report] = []
  private(set) var routeReports: [Prefix: RouteReport] = [:]
  private(set) var writes: [(at: Instant, request: Request)] = []
  /// Calls of the resource manager and of the metadata service.
  private(set) var calls: [Request] = []
  private(set) var metadataCalls: [Request] = []
  /// Events that were to begin.
  private(set) var starts: [(at: Instant, body: String)] = []
  private(set) var abandoned = 0
  private(set) var said: [String] = []
  private(set) var events: [[ScheduledEvent]] = []
  private(set) var happened: [EventNews] = []
  private(set) var inspections: [[Advice]] = []
  private(set) var returns: [ReturnRoute] = []
  /// Inputs that the office was given since the start.
  private(set) var steps = 0
  private var queue: [(at: Instant, order: Int, input: OfficeInput)] = []
  private var order = 0
  private var unanswered: [UInt64] = []

  init(_ record: Desired) throws {
    self.record = record
    let table = try #require(ResourceID(OfficeScene.table))
    settings = Settings(
      routeTables: [table],
      address: .v4(IPv4Address(10, 0, 0, 4)))
  }

  static func record(_ counter: UInt64, _ voice: String, _ hop: String) throws -> Desired {
    let text = """
      {"v":1,"id":"1","type":"desired","vip":"web","generation":"9.\(counter)","voice":"\(voice)",
      "wanted":true,"mode":"floor","routes":["100.64.0.0/31"],"next-hop":"\(hop)"}
      """
    return try #require(Desired(Array(text.utf8)))
  }

  mutating func start() { give(.snapshot(ask: 0, settings, records, crowd)) }

  private var records: [Desired] { hasRecord ? [record] : [] }

  /// The store is opened: only then routes of the kernel are written.
  mutating func openStore() {
    give(.remembered(kept.values.filter { $0.route.contains("hopshift_") }))
  }

  /// Everything in memory and on its way is gone; the disk and Azure have what they have.
  mutating func crash() {
    office = Office(Servers(), seed: 5 &+ UInt64(steps), now: now)
    queue = []
    start()
    openStore()
  }

  mutating func want(_ next: Desired) {
    record = next
    give(.desired(next))
  }

  mutating func later(_ wait: Nanoseconds, _ input: OfficeInput) {
    order += 1
    queue.append((now + wait, order, input))
  }

  mutating func give(_ input: OfficeInput) {
    steps += 1
    var outputs: [OfficeOutput] = []
    office.handle(input, at: now, wall: nil, into: &outputs)
    for output in outputs { carryOut(output) }
  }

  private mutating func carryOut(_ output: OfficeOutput) {
    switch output {
    case .call(let call, let request): answer(call, request)
    case .abandon(let call):
      abandoned += 1
      queue.removeAll { event in
        if case .answer(call, _) = event.input { true } else { false }
      }
    case .ask(let number):
      later(answering, .snapshot(ask: number, settings, records, crowd))
    case .report(let report): reports.append(report)
    case .keep(let number, let words, _):
      guard let disk else { return unanswered.append(number) }
      if diskWorks { for word in words { kept[word.route] = word } }
      later(disk, .kept(number, isDurable: diskWorks))
    case .finish(_, let generation): finished.append(generation)
    case .forget(let route, let generation):
      if kept[route]?.generation == generation { kept[route] = nil }
    case .routes(let news): for report in news { routeReports[report.prefix] = report }
    case .events(let list): events.append(list)
    case .happened(let news): happened.append(news)
    case .inspected(let advice, _): inspections.append(advice)
    case .returns(let routes): returns += routes
    case .say(_, _, let text): said.append(text)
    }
  }

  /// A disk that hung has answered at last.
  mutating func diskAnswers() {
    for number in unanswered { later(.zero, .kept(number, isDurable: true)) }
    unanswered = []
  }

  private mutating func answer(_ call: OfficeCall, _ request: Request) {
    if request.isForMetadata {
      metadataCalls.append(request)
      let answer = request.method == .post ? begin(request) : metadata(request)
      let loss = OfficeInput.lost(call, .unanswered(.timeout))
      return later(.milliseconds(3), answer.status == 0 ? loss : .answer(call, answer))
    }
    calls.append(request)
    if request.isWrite { writes.append((now, request)) }
    if let everything { return later(.milliseconds(20), .answer(call, everything)) }
    if request.isWrite, let refusal = refusals.first {
      refusals.removeFirst()
      return later(.milliseconds(20), .answer(call, refusal))
    }
    later(.milliseconds(20), .answer(call, manage(request)))
  }

  private mutating func manage(_ request: Request) -> Answer {
    if let place = places[String(request.target.prefix { $0 != "?" })] {
      return Answer(status: 200, body: Array(place.utf8))
    }
    if let second, request.target.contains("/rt2") || request.target.hasPrefix(second.operationPath)
    {
      return self.second?.handle(request, by: 0, at: now, lasts: .milliseconds(120))
        ?? Answer(status: 404)
    }
    return manager.handle(request, by: 0, at: now, lasts: .milliseconds(80))
  }

  /// From now on there are two tables with our route.
  mutating func addTable() throws {
    settings.routeTables.append(try #require(ResourceID(OfficeScene.table + "2")))
    second = SimulatedManager()
    second?.operationPath = "/operations2/"
  }

  /// This machine, its interface and its network, whose subnet has the table.
  mutating func becomeFound() {
    settings.routeTables = []
    let group = "/subscriptions/s/resourceGroups/g/providers"
    let (nic, net) = (
      group + "/Microsoft.Network/networkInterfaces/nic",
      group + "/Microsoft.Network/virtualNetworks/net"
    )
    places = [
      group + "/Microsoft.Compute/virtualMachines/vm-a":
        "{\"properties\":{\"networkProfile\":{\"networkInterfaces\":[{\"id\":\"\(nic)\"}]}}}",
      nic: "{\"properties\":{\"enableIPForwarding\":true,\"ipConfigurations\":[{\"properties\":"
        + "{\"privateIPAddress\":\"10.0.0.4\",\"subnet\":{\"id\":\"\(net)/subnets/lan\"}}}]}}",
      net: "{\"properties\":{\"subnets\":[{\"id\":\"\(net)/subnets/lan\",\"properties\":"
        + "{\"routeTable\":{\"id\":\"\(OfficeScene.table)\"}}}]}}",
    ]
  }

  /// An event is to begin.
  private mutating func begin(_ request: Request) -> Answer {
    starts.append((now, String(decoding: request.body, as: UTF8.self)))
    return startAnswers.isEmpty ? Answer(status: 200) : startAnswers.removeFirst()
  }

  /// An event as the metadata service lists it.
  static func event(_ id: String, _ kind: String = "Reboot", of machines: [String] = ["vm-a"])
    -> String
  {
    let names = machines.map { "\"\($0)\"" }.joined(separator: ",")
    return "{\"EventId\":\"\(id)\",\"EventType\":\"\(kind)\",\"Resources\":[\(names)],"
      + "\"EventStatus\":\"Scheduled\"}"
  }

  private func metadata(_ request: Request) -> Answer {
    guard metadataStatus == 200 else { return Answer(status: metadataStatus) }
    let text =
      if request.target.contains("instance") {
        #"{"compute":{"name":"vm-a","azEnvironment":"AzurePublicCloud","resourceId":"#
          + #""/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute"#
          + #"/virtualMachines/vm-a"}}"#
      } else if request.target.contains("token") {
        #"{"access_token":"t","expires_in":"86400"}"#
      } else {
        #"{"DocumentIncarnation":1,"Events":["# + eventList.joined(separator: ",") + "]}"
      }
    return Answer(status: 200, body: Array(text.utf8))
  }

  /// One event, or the office's own deadline; false when nothing comes before `end`.
  mutating func step(until end: Instant) -> Bool {
    let next = queue.indices.min {
      (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order)
    }
    let deadline = office.deadline
    if let next, deadline.map({ queue[next].at <= $0 }) ?? true {
      guard queue[next].at <= end else { return false }
      let event = queue.remove(at: next)
      now = max(now, event.at)
      give(event.input)
      return true
    }
    guard let deadline, deadline <= end else { return false }
    now = max(now, deadline)
    give(.turn)
    return true
  }

  mutating func run(_ length: Nanoseconds) {
    let end = now + length
    var steps = 0
    while step(until: end) {
      steps += 1
      precondition(steps < 100_000, "the office turns without an end")
    }
    now = end
  }

  var hop: String? { manager.routes[OfficeScene.route]?.hop }
}
