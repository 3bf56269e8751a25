// Which route table our own subnet has: from the machine over its interface to the network.

package import Model

/// What was found out about our place in the network.
package struct Place: Hashable, Sendable {
  package var machine: ResourceID
  package var interface: ResourceID
  package var subnet: ResourceID
  /// Nothing when the subnet has none.
  package var table: ResourceID?
  /// Without it Azure drops what the interface sends for others.
  package var forwards: Bool
}

package enum DiscoveryTrouble: Hashable, Sendable {
  /// No interface of the machine has the address of the configuration.
  case addressUnknown(IPAddress)
  /// The role lacks this action.
  case forbidden(action: String, Complaint)
  case answer(Complaint)
  case lost(Loss)
  case unreadable
}

/// Asks one thing after the other. What fails is asked again, with the waits of its trouble.
package struct Discovery: Sendable {
  /// Interfaces of one machine; the largest have eight.
  package static let interfaceLimit = 64

  private enum Step: Hashable, Sendable {
    case instance
    case machine(ResourceID)
    /// The first of those that are left.
    case interface(ResourceID, [ResourceID])
    case network(ResourceID, ResourceID, subnet: ResourceID, forwards: Bool)
    case done
  }

  private let address: IPAddress
  private let metadata: Endpoint
  private let management: Endpoint
  private var dice: Dice
  private var step = Step.instance
  private var call: CallID?
  private var lastCall: UInt64 = 0
  private var due: Instant
  private var failures = 0
  package private(set) var trouble: DiscoveryTrouble?
  package private(set) var place: Place?

  /// `address` is one of ours: it tells which interface is meant.
  package init(
    of address: IPAddress, metadata: Endpoint = .metadata, management: Endpoint, seed: UInt64,
    now: Instant
  ) {
    self.address = address
    self.metadata = metadata
    self.management = management
    dice = Dice(seed: seed)
    due = now
  }

  package var deadline: Instant? { call == nil && step != .done ? due : nil }

  /// The request to make now, if it is time.
  package mutating func turn(at now: Instant) -> (CallID, Request)? {
    guard call == nil, now >= due else { return nil }
    let request: Request
    switch step {
    case .instance: request = Metadata.instance(at: metadata)
    case .machine(let id): request = Calls.getMachine(id, at: management)
    case .interface(_, let left):
      guard let first = left.first else { return nil }
      request = Calls.get(first, at: management)
    case .network(_, _, let subnet, _):
      // The network tells of its subnets; so the right to read networks is enough.
      guard let network = subnet.parent else { return nil }
      request = Calls.get(network, at: management)
    case .done: return nil
    }
    lastCall += 1
    let id = CallID(lastCall)
    call = id
    return (id, request)
  }

  package mutating func lost(_ id: CallID, _ loss: Loss, at now: Instant) {
    guard id == call else { return }
    call = nil
    fail(.lost(loss), Backoff.trouble, at: now)
  }

  package mutating func answered(_ id: CallID, _ answer: Answer, at now: Instant) {
    guard id == call else { return }
    call = nil
    guard answer.status == 200 else { return refused(answer, at: now) }
    guard let next = follow(answer.body) else {
      return fail(.unreadable, Backoff.trouble, at: now)
    }
    if case .interface(_, let left) = next, left.isEmpty {
      // It may be moved here, or the configuration corrected.
      step = .instance
      return fail(.addressUnknown(address), Backoff.forPeople, at: now)
    }
    step = next
    failures = 0
    trouble = nil
    due = now
  }

  /// What comes after this step; nothing when the answer cannot be read.
  private mutating func follow(_ body: [UInt8]) -> Step? {
    switch step {
    case .instance:
      return Machine(body).map { .machine($0.id) }
    case .machine(let machine):
      guard let ids = JSON.read(VirtualMachine.self, body)?.interfaces,
        ids.count <= Discovery.interfaceLimit
      else { return nil }
      return .interface(machine, ids)
    case .interface(let machine, let left):
      guard let interface = JSON.read(NetworkInterface.self, body)?.properties,
        let first = left.first
      else { return nil }
      guard let subnet = interface.subnet(of: address) else {
        return .interface(machine, Array(left.dropFirst()))
      }
      return .network(
        machine, first, subnet: subnet, forwards: interface.enableIPForwarding ?? false)
    case .network(let machine, let interface, let subnet, let forwards):
      guard let network = JSON.read(VirtualNetwork.self, body)?.properties,
        let found = network.subnets?.first(where: { $0.id.flatMap { ResourceID($0) } == subnet })
      else { return nil }
      place = Place(
        machine: machine, interface: interface, subnet: subnet,
        table: found.properties?.routeTable?.id.flatMap { ResourceID($0) }, forwards: forwards)
      return .done
    case .done: return .done
    }
  }

  private mutating func refused(_ answer: Answer, at now: Instant) {
    switch answer.meaning {
    case .forbidden(let complaint):
      fail(.forbidden(action: action, complaint), Backoff.forPeople, at: now)
    case .absent(let complaint) where step != .instance:
      // Deleted meanwhile, or moved: from the beginning.
      step = .instance
      fail(.answer(complaint), Backoff.forPeople, at: now)
    default:
      fail(.answer(answer.complaint), Backoff.trouble, after: answer.retryAfter, at: now)
    }
  }

  /// The action that a role needs for this step.
  private var action: String {
    switch step {
    case .instance, .done: ""
    case .machine: "Microsoft.Compute/virtualMachines/read"
    case .interface: "Microsoft.Network/networkInterfaces/read"
    case .network: "Microsoft.Network/virtualNetworks/read"
    }
  }

  private mutating func fail(
    _ trouble: DiscoveryTrouble, _ backoff: Backoff, after: Nanoseconds? = nil, at now: Instant
  ) {
    failures += 1
    self.trouble = trouble
    due = now + (after ?? backoff.wait(after: failures, &dice))
  }
}

/// The form of the answers; names are the specification's.
extension Discovery {
  struct Reference: Decodable { var id: String? }

  struct VirtualMachine: Decodable {
    struct Profile: Decodable { var networkInterfaces: [Reference]? }
    struct Properties: Decodable { var networkProfile: Profile? }
    var properties: Properties?

    /// Nothing when one of them cannot be read: it may be the one that is wanted.
    var interfaces: [ResourceID]? {
      guard let list = properties?.networkProfile?.networkInterfaces else { return nil }
      let ids = list.compactMap { $0.id.flatMap { ResourceID($0) } }
      return ids.count == list.count ? ids : nil
    }
  }

  struct NetworkInterface: Decodable {
    struct Address: Decodable {
      var privateIPAddress: String?
      var subnet: Reference?
    }
    struct Configuration: Decodable { var properties: Address? }
    struct Properties: Decodable {
      var enableIPForwarding: Bool?
      var ipConfigurations: [Configuration]?

      func subnet(of address: IPAddress) -> ResourceID? {
        let found = ipConfigurations?.first { entry in
          entry.properties?.privateIPAddress.flatMap { IPAddress($0) } == address
        }
        return found?.properties?.subnet?.id.flatMap { ResourceID($0) }
      }
    }
    var properties: Properties?
  }

  struct VirtualNetwork: Decodable {
    struct Inner: Decodable { var routeTable: Reference? }
    struct Subnet: Decodable {
      var id: String?
      var properties: Inner?
    }
    struct Properties: Decodable { var subnets: [Subnet]? }
    var properties: Properties?
  }
}
