// The metadata service of the lab: tokens, what a machine is, and scheduled events.

import Model
import Platform

/// Azure's instance metadata service. It knows who asks by the address, as the real one knows from
/// which machine a packet came.
struct MetadataService: Sendable {
  /// Calls in a second, to all of it together and for tokens alone.
  static let callsPerSecond: Int64 = 5
  static let tokensPerSecond: Int64 = 20

  let estate: Estate
  var events = EventList()
  /// Until the first list of events comes, Azure says, two minutes can pass.
  var firstEventsAfter = Nanoseconds.zero
  /// Whether more calls than allowed are refused.
  var countsCalls = true
  private var hasListed = false
  private var meters: [(machine: String, calls: Bucket, tokens: Bucket)] = []

  init(_ estate: Estate) { self.estate = estate }

  /// The answer, and how long it takes.
  mutating func answer(
    _ call: Call, _ office: inout TokenOffice, at now: Instant, wall: Int64
  ) -> (reply: Reply, after: Nanoseconds) {
    events.settle(wall: wall)
    if let refusal = refuse(call) { return (refusal, .zero) }
    guard let machine = estate.machine(at: call.from) else {
      return (fault(404, "Not found"), .zero)
    }
    let path = call.path.map { $0.lowercased() }
    let isToken = path == ["metadata", "identity", "oauth2", "token"]
    guard take(isToken, machine.name, at: now) else {
      return (fault(429, "Too many requests"), .zero)
    }
    guard call.parameter("api-version").map({ !$0.isEmpty }) ?? false else {
      return (fault(400, "Bad request. api-version is invalid or was not specified"), .zero)
    }
    switch path.dropFirst().first {
    case "identity" where isToken: return (token(call, machine, &office, wall: wall), .zero)
    case "instance" where call.method == "GET": return (instance(call, machine), .zero)
    case "scheduledevents" where path.count == 2:
      let wait = hasListed ? Nanoseconds.zero : firstEventsAfter
      hasListed = true
      return (scheduledEvents(call, wall: wall), wait)
    default: return (fault(404, "Not found"), .zero)
    }
  }

  private func fault(_ status: Int, _ words: String) -> Reply {
    Reply(status, [], ["error": .string(words)])
  }

  /// What is asked of every call: it must be meant, and must not come through somebody else.
  private func refuse(_ call: Call) -> Reply? {
    guard call.path.first?.lowercased() == "metadata" else { return fault(404, "Not found") }
    guard ["GET", "POST"].contains(call.method) else { return fault(405, "Method not allowed") }
    guard call.header("Metadata")?.lowercased() == "true" else {
      return fault(400, "Bad request. Required metadata header not specified")
    }
    guard call.header("X-Forwarded-For") == nil else {
      return fault(400, "Bad request. X-Forwarded-For is not allowed")
    }
    return nil
  }

  private mutating func take(_ isToken: Bool, _ machine: String, at now: Instant) -> Bool {
    guard countsCalls else { return true }
    if !meters.contains(where: { $0.machine == machine }) {
      meters.append(
        (
          machine,
          Bucket(
            MetadataService.callsPerSecond, perSecond: MetadataService.callsPerSecond, at: now),
          Bucket(
            MetadataService.tokensPerSecond, perSecond: MetadataService.tokensPerSecond, at: now)
        ))
    }
    guard let place = meters.firstIndex(where: { $0.machine == machine }) else { return false }
    return isToken ? meters[place].tokens.take(at: now) : meters[place].calls.take(at: now)
  }

  // MARK: Identity

  private func token(
    _ call: Call, _ machine: Estate.Machine, _ office: inout TokenOffice, wall: Int64
  ) -> Reply {
    guard call.method == "GET" else { return fault(405, "Method not allowed") }
    guard let audience = call.parameter("resource"), !audience.isEmpty else {
      return identityFault("invalid_request", "Required query variable 'resource' is missing")
    }
    guard audience.hasPrefix("https://") else {
      return identityFault(
        "invalid_resource", "The resource principal named \(audience) was not found")
    }
    let identity: String
    switch self.identity(call, machine) {
    case .success(let found): identity = found
    case .failure(let fault): return identityFault(fault.code, fault.message)
    }
    let issue = office.token(of: identity, for: audience, wall: wall)
    // All numbers are strings. A kept token says how long it was good when it was new.
    let life = issue.ends - issue.begins
    return Reply(
      200, [],
      [
        "access_token": .string(issue.secret), "client_id": .string(clientID(identity)),
        "expires_in": .string("\(life)"), "expires_on": .string("\(issue.ends)"),
        "ext_expires_in": .string("\(life)"), "not_before": .string("\(issue.begins)"),
        "resource": .string(audience), "token_type": "Bearer",
      ])
  }

  private func identityFault(_ code: String, _ words: String) -> Reply {
    Reply(400, [], ["error": .string(code), "error_description": .string(words)])
  }

  private func identity(_ call: Call, _ machine: Estate.Machine) -> Result<String, BodyFault> {
    let named = machine.identities.map { (name: $0, id: estate.id(ofIdentity: $0)) }
    let unknown = BodyFault(code: "invalid_request", message: "Identity not found")
    if let wanted = call.parameter("msi_res_id") ?? call.parameter("mi_res_id") {
      let found = named.first { $0.id.lowercased() == wanted.lowercased() }
      return found.map { .success($0.name) } ?? .failure(unknown)
    }
    if let wanted = call.parameter("client_id") ?? call.parameter("object_id")
      ?? call.parameter("principal_id")
    {
      let found = named.first { clientID($0.name) == wanted || objectID($0.name) == wanted }
      return found.map { .success($0.name) } ?? .failure(unknown)
    }
    if machine.hasSystemIdentity { return .success("system of \(machine.name)") }
    if named.count == 1 { return .success(named[0].name) }
    return .failure(
      named.isEmpty
        ? unknown
        : BodyFault(
          code: "invalid_request",
          message: "Multiple user assigned identities exist, please specify the clientId / "
            + "resourceId of the identity in the token request"))
  }

  /// The same for the same name, so that a configuration can be written down.
  private func clientID(_ identity: String) -> String { number(identity, 1) }
  private func objectID(_ identity: String) -> String { number(identity, 2) }

  private func number(_ identity: String, _ kind: UInt64) -> String {
    let seed = identity.utf8.reduce(kind) { $0 &* 31 &+ UInt64($1) }
    var dice = Dice(seed: seed)
    let digits = ResourceManager.hexadecimal(dice.next())
    return "0000000\(kind)-0000-4000-8000-\(digits.suffix(12))"
  }

  // MARK: Instance

  private func instance(_ call: Call, _ machine: Estate.Machine) -> Reply {
    var found = document(machine)
    for part in call.path.dropFirst(2) {
      let inner: JSON? =
        if let list = found.array {
          Int(part).flatMap { list.indices.contains($0) ? list[$0] : nil }
        } else {
          found[part]
        }
      guard let inner else { return fault(404, "Not found") }
      found = inner
    }
    guard found.isObject || found.array != nil else {
      // A single value is no JSON, and has to be asked for as what it is.
      guard call.parameter("format") == "text", let text = found.string else {
        return fault(
          400, "Bad request. Specified format 'json' is not supported for leaf nodes")
      }
      var reply = Reply(200, [Pair("Content-Type", "text/plain; charset=utf-8")])
      reply.body = Array(text.utf8)
      return reply
    }
    return Reply(200, [], found)
  }

  private func document(_ machine: Estate.Machine) -> JSON {
    [
      "compute": [
        "azEnvironment": .string(estate.cloud), "location": .string(estate.location),
        "name": .string(machine.name), "osType": "Linux", "placementGroupId": "",
        "platformFaultDomain": "0", "platformUpdateDomain": "0", "provider": "Microsoft.Compute",
        "resourceGroupName": .string(estate.group),
        "resourceId": .string(estate.id(ofMachine: machine.name)),
        "subscriptionId": .string(estate.subscription), "tags": "", "version": "1",
        "vmId": .string(number(machine.name, 3)), "vmScaleSetName": "",
        "vmSize": "Standard_B2s", "zone": "",
      ],
      "network": ["interface": .array(machine.interfaces.map { interface($0) })],
    ]
  }

  private func interface(_ interface: Estate.Interface) -> JSON {
    let prefix = estate.subnets.first { $0.name == interface.subnet }?.prefix
    let subnet: JSON = [
      "address": .string(prefix.map { "\($0.address)" } ?? ""),
      "prefix": .string(prefix.map { "\($0.length)" } ?? ""),
    ]
    let mac = interface.mac.map { "\($0)".uppercased().replacing(":", with: "") }
    return [
      "ipv4": [
        "ipAddress": [
          ["privateIpAddress": .string("\(interface.address)"), "publicIpAddress": ""]
        ],
        "subnet": [subnet],
      ],
      "ipv6": ["ipAddress": []], "macAddress": .string(mac ?? ""),
    ]
  }

  // MARK: Events

  private mutating func scheduledEvents(_ call: Call, wall: Int64) -> Reply {
    guard call.method == "POST" else { return Reply(200, [], events.json(wall: wall)) }
    guard let requests = JSON(call.body)?["StartRequests"]?.array, !requests.isEmpty else {
      return fault(400, "Bad request. No StartRequests")
    }
    for request in requests {
      guard let id = request["EventId"]?.string, events.begin(id, wall: wall) else {
        return fault(400, "Bad request. Unknown EventId")
      }
    }
    return Reply(200)
  }
}
