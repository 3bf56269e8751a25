// Looks once at everything in Azure that a shift depends on, and says what will hurt.

package import Model

/// Asks one thing after the other, and nothing twice: whoever wants to know more asks again later.
package struct Inspector: Sendable {
  /// How long it may look: less than the ten seconds that whoever asks waits for an answer.
  package static let limit = Nanoseconds.seconds(8)
  /// Tables besides our own that are looked at, of all subnets of our networks.
  package static let otherLimit = 32
  private static let unreadableWords = "its answer cannot be read"
  /// Networks of one machine; its interfaces are all in one, as Azure has it now.
  static let networkLimit = 4

  /// What is looked at, in this order: a table is judged when our own place is known.
  enum Look: Hashable, Sendable {
    case instance
    case machine(ResourceID)
    case interface(ResourceID)
    case network(ResourceID)
    case table(ResourceID)
    case permissions(ResourceID)

    var rank: Int {
      switch self {
      case .instance: 0
      case .machine: 1
      case .interface: 2
      case .network: 3
      case .table: 4
      case .permissions: 5
      }
    }
  }

  struct Interface: Sendable {
    var id: ResourceID
    var forwards: Bool
    var addresses: [IPAddress]
    var subnets: [ResourceID]
  }

  let settings: Settings
  let records: [Desired]
  /// Routes of the kernel that this machine writes.
  let crowd: [Prefix]
  /// Whether there is anything of ours in tables.
  var hasRoutes: Bool { !records.isEmpty || !crowd.isEmpty }
  let carriages: [Carriage]
  private let metadata: Endpoint
  private let ends: Instant

  var management: Endpoint?
  var machine: ResourceID?
  var pending: [Look] = [.instance]
  /// Everything that was pending once.
  var known: Set<Look> = [.instance]
  private var call: (id: CallID, look: Look)?
  private var lastCall: UInt64 = 0
  var interfaces: [Interface] = []
  /// How many the machine has.
  var interfaceCount = 0
  /// With `auto`: the table of the subnet of the configuration's address.
  var found: [ResourceID] = []
  var networks = 0
  var findings: [Advice] = []
  /// Whether they loop only the machine's own routes can tell.
  package internal(set) var returns: [ReturnRoute] = []
  var unreadable: [ResourceID] = []
  var otherTables = 0

  /// `machine` and `management` are what was known before.
  package init(
    _ settings: Settings, _ records: [Desired], _ carriages: [Carriage],
    crowd: [Prefix] = [], metadata: Endpoint, management: Endpoint?, machine: ResourceID?,
    now: Instant
  ) {
    self.settings = settings
    self.records = records
    self.crowd = crowd
    self.carriages = carriages
    self.metadata = metadata
    self.management = management
    self.machine = machine
    ends = now + Inspector.limit
  }

  package var deadline: Instant { ends }

  /// The findings, when there is nothing more to look at or no more time.
  package mutating func result(at now: Instant) -> [Advice]? {
    if now >= ends, !isOver {
      stop(.incomplete("it takes longer than \(Inspector.limit.seconds) s"))
    }
    guard isOver else { return nil }
    let rest = unreadable.isEmpty ? [] : [Advice.unreadableTables(unreadable)]
    return findings + interfaceFindings + rest
  }

  private var isOver: Bool { pending.isEmpty && call == nil }

  /// What is on its way; it is not waited for beyond the deadline.
  package var open: CallID? { call?.id }

  /// Of what is on its way, when it needs a token.
  package var subscription: String? {
    call.flatMap { Inspector.resource(of: $0.look)?.subscription }
  }

  /// Nothing more is looked at, and this is why.
  package mutating func stop(_ advice: Advice) {
    findings.append(advice)
    pending = []
    call = nil
  }

  /// The next request. Those that need a token are of this subscription.
  package mutating func turn() -> (CallID, Request, subscription: String?)? {
    guard call == nil, let next = pending.min(by: { $0.rank < $1.rank }) else { return nil }
    pending.removeAll { $0 == next }
    lastCall += 1
    let id = CallID(lastCall)
    guard let (request, subscription) = request(for: next) else { return turn() }
    call = (id, next)
    return (id, request, subscription)
  }

  private func request(for look: Look) -> (Request, String?)? {
    if look == .instance { return (Metadata.instance(at: metadata), nil) }
    guard let management else { return nil }
    switch look {
    case .instance: return nil
    case .machine(let id): return (Calls.getMachine(id, at: management), id.subscription)
    case .interface(let id), .network(let id), .table(let id):
      return (Calls.get(id, at: management), id.subscription)
    case .permissions(let id): return (Calls.permissions(on: id, at: management), id.subscription)
    }
  }

  mutating func add(_ look: Look) {
    guard known.insert(look).inserted else { return }
    pending.append(look)
  }

  /// Tables that are ours to write, as far as it is known.
  func isOurs(_ table: ResourceID) -> Bool {
    (settings.routeTables.isEmpty ? found : settings.routeTables).contains(table)
  }

  // MARK: Answers

  package mutating func lost(_ id: CallID, _ loss: Loss, token trouble: String?) {
    guard let call, call.id == id else { return }
    self.call = nil
    if call.look == .instance {
      findings.append(.noMetadata(loss.reason.rawValue))
      return goOn()
    }
    if loss == .notSent(.noToken) {
      return stop(.noToken(trouble ?? "it was asked for and has not come yet", machine))
    }
    if loss == .notSent(.cancelled) {
      return stop(.incomplete("too many other requests are on their way"))
    }
    guard let management else { return }
    stop(.noManager(loss.reason.rawValue, at: management))
  }

  package mutating func answered(_ id: CallID, _ answer: Answer) {
    guard let call, call.id == id else { return }
    self.call = nil
    guard answer.status == 200 else { return refused(call.look, answer) }
    guard follow(call.look, answer.body) else {
      guard let resource = Inspector.resource(of: call.look) else {
        findings.append(.noMetadata(Inspector.unreadableWords))
        return goOn()
      }
      findings.append(
        .unclear(resource, Inspector.unreadableWords, isProblem: isNeeded(call.look)))
      return
    }
  }

  /// After the metadata service: what is known from before may do.
  mutating func goOn() {
    if let machine { add(.machine(machine)) }
    if management == nil, machine != nil { findings.append(.unknownCloud()) }
    for table in settings.routeTables { add(.table(table)) }
  }

  static func resource(of look: Look) -> ResourceID? {
    switch look {
    case .instance: nil
    case .machine(let id), .interface(let id), .network(let id), .table(let id),
      .permissions(let id):
      id
    }
  }

  /// Whether routes cannot be written without it.
  func isNeeded(_ look: Look) -> Bool {
    switch look {
    case .instance: true
    case .machine, .interface, .network: settings.routeTables.isEmpty && hasRoutes
    case .table(let id): isOurs(id)
    case .permissions: false
    }
  }

  private mutating func refused(_ look: Look, _ answer: Answer) {
    guard let resource = Inspector.resource(of: look) else {
      // Programs of the machine share five calls in a second.
      findings.append(
        answer.status == 429
          ? .incomplete("the metadata service has too many calls")
          : .noMetadata(answer.complaint.description))
      return goOn()
    }
    switch answer.meaning {
    case .forbidden(let complaint): forbidden(look, resource, complaint)
    case .unauthorised(let complaint): stop(.noToken(complaint.description, machine))
    case .throttled: stop(.incomplete("the subscription has too many calls"))
    case .absent, .homeless: findings.append(.absent(resource, isProblem: isNeeded(look)))
    default:
      findings.append(
        .unclear(resource, answer.complaint.description, isProblem: isNeeded(look)))
    }
  }

  private mutating func forbidden(
    _ look: Look, _ resource: ResourceID, _ complaint: Complaint
  ) {
    if case .permissions = look { return findings.append(.unknownRights(on: resource)) }
    if case .table(let id) = look, !isOurs(id) { return unreadable.append(id) }
    findings.append(
      .missing(
        [complaint.action ?? Inspector.action(of: look)], on: resource, settings.identity,
        of: machine, isProblem: isNeeded(look)))
  }

  /// The action that a role needs for it.
  private static func action(of look: Look) -> String {
    switch look {
    case .instance: ""
    case .machine: "Microsoft.Compute/virtualMachines/read"
    case .interface: "Microsoft.Network/networkInterfaces/read"
    case .network: "Microsoft.Network/virtualNetworks/read"
    case .table: "Microsoft.Network/routeTables/read"
    case .permissions: "Microsoft.Authorization/permissions/read"
    }
  }
}

extension Complaint {
  /// The action of "does not have authorization to perform action 'X'", if it is one.
  package var action: String? {
    guard let match = message.firstMatch(of: /perform action '([A-Za-z0-9.\/]{3,128})'/) else {
      return nil
    }
    return String(match.1)
  }
}
