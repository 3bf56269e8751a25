// What will hurt in Azure, for people: what it is, why it matters, and the command that mends it.

import Model

/// One finding of `doctor`, in whole sentences.
package struct Advice: Hashable, Sendable {
  /// It hurts now or at the next shift; else it hurts on some machines only.
  package var isProblem: Bool
  package var what: String
  package var why: String
  package var fix: String

  init(_ what: String, why: String, fix: String, isProblem: Bool = true) {
    self.isProblem = isProblem
    self.what = what
    self.why = why
    self.fix = fix
  }
}

/// The sentences, each in one place. Names in commands are those of resource ids, which hold no
/// sign that a shell takes for something else within its quotation marks.
extension Advice {
  static func shadowed(_ prefix: Prefix, by name: String, in table: ResourceID) -> Advice {
    Advice(
      "\(prefix) is hidden by route \(name) of table \(table.name)",
      why: "in the subnets of that table a user-defined route wins over the announcement, so "
        + "traffic does not follow a shift", fix: deletion(of: name, in: table))
  }

  static func otherName(_ prefix: Prefix, _ name: String, in table: ResourceID) -> Advice {
    Advice(
      "\(prefix) already stands in table \(table.name) as route \(name)",
      why: "Azure takes each prefix once in a table, so ours cannot be written",
      fix: deletion(of: name, in: table))
  }

  private static func deletion(of name: String, in table: ResourceID) -> String {
    guard let route = table.child("routes", name) else {
      return "remove that route from table \(table.path) in Azure"
    }
    return "az network route-table route delete --ids '\(route.path)'"
  }

  /// `isOurs`: the configuration names the table, so what it does is what is wanted.
  static func propagationDisabled(in table: ResourceID, subnets: Int, isOurs: Bool) -> Advice {
    Advice(
      "table \(table.name) does not take the routes of route servers",
      why: "\(subnets == 1 ? "its subnet never hears" : "its \(subnets) subnets never hear") of "
        + "the VIPs that are announced",
      fix: "az network route-table update --ids '\(table.path)' "
        + "--disable-bgp-route-propagation false",
      isProblem: isOurs)
  }

  /// The kernel would send a packet for it out where it comes back.
  package static func loops(_ route: ReturnRoute) -> Advice {
    Advice(
      "the route \(route.prefix) of table \(route.table.name) leads from this machine's own subnet "
        + "to itself",
      why: "while it carries the VIP, what it sends out for an address there that it does not "
        + "have comes back to it, until its hops are used up",
      fix: "ip route add unreachable \(route.prefix) metric 4294967295, on each machine that can "
        + "carry it; or give them a subnet with another table",
      isProblem: false)
  }

  static func noForwarding(_ interface: ResourceID) -> Advice {
    Advice(
      "IP forwarding is off on network interface \(interface.name)",
      why: "Azure drops what reaches it for a VIP, and what it sends for others",
      fix: "az network nic update --ids '\(interface.path)' --ip-forwarding true")
  }

  static func missing(
    _ actions: [String], on scope: ResourceID, _ identity: Identity, of machine: ResourceID?,
    isProblem: Bool
  ) -> Advice {
    let verb = actions.count == 1 ? "action" : "actions"
    let isReading = actions.allSatisfy { $0.hasSuffix("/read") }
    let why =
      isReading
      ? "what cannot be read cannot be looked after" : "a shift cannot be written there"
    return Advice(
      "the identity of this machine lacks the \(verb) \(actions.joined(separator: ", ")) "
        + "on \(scope.name)",
      why: why,
      fix: "az role assignment create --assignee \(assignee(identity, machine)) "
        + "--role '\(isReading ? "Reader" : "Network Contributor")' --scope '\(scope.path)'; it "
        + "takes minutes, and a role of one's own with these actions does as well",
      isProblem: isProblem)
  }

  private static func assignee(_ identity: Identity, _ machine: ResourceID?) -> String {
    switch identity {
    case .client(let id), .object(let id): return "'\(id)'"
    case .resource(let id):
      return "$(az identity show --ids '\(id.path)' --query principalId --output tsv)"
    case .system:
      guard let machine else { return "IDENTITY" }
      return "$(az vm show --ids '\(machine.path)' --query identity.principalId --output tsv)"
    }
  }

  static func unknownRights(on table: ResourceID) -> Advice {
    Advice(
      "nobody tells what the identity of this machine may do with table \(table.name)",
      why: "whether a shift can be written shows only when one is",
      fix: "grant Microsoft.Authorization/permissions/read, or look with: "
        + "az role assignment list --all --scope '\(table.path)' --include-inherited",
      isProblem: false)
  }

  static func noMetadata(_ words: String) -> Advice {
    Advice(
      "the metadata service does not answer as it should (\(words))",
      why: "there is no token without it, so no route is written, and no event is heard of",
      fix: "curl --noproxy '*' --header Metadata:true "
        + "'http://169.254.169.254/metadata/instance?api-version=2021-02-01'; then see that no "
        + "firewall and no route of this machine takes 169.254.169.254")
  }

  static func noToken(_ words: String, _ machine: ResourceID?) -> Advice {
    let fix =
      machine.map { "az vm identity assign --ids '\($0.path)'" } ?? "az vm identity assign"
    return Advice(
      "there is no token for Azure (\(words))", why: "without one no route is written",
      fix: "\(fix); then azure.identity, hopshift.yaml(5)")
  }

  static func noManager(_ words: String, at endpoint: Endpoint) -> Advice {
    Advice(
      "\(endpoint.origin) cannot be used (\(words))",
      why: "routes are written there and nowhere else",
      fix: "curl \(endpoint.origin)/; then see that TCP port \(endpoint.port) to it is let through")
  }

  static func unknownCloud() -> Advice {
    Advice(
      "this machine is in a cloud whose resource manager is not known",
      why: "no route can be written",
      fix: "name it with --endpoint, hopshift-courier(8)")
  }

  static func noTable(for subnet: ResourceID) -> Advice {
    Advice(
      "subnet \(subnet.name) has no route table",
      why: "there is nothing to write routes to",
      fix: "az network vnet subnet update --ids '\(subnet.path)' --route-table TABLE, or name "
        + "tables in azure.route-tables; hopshift.yaml(5)")
  }

  static func noInterface(with address: IPAddress) -> Advice {
    Advice(
      "no network interface of this machine has \(address) in Azure",
      why: "whether it forwards, and which table its subnet has, cannot be told",
      fix: "az vm list-ip-addresses --output table; then local.address, hopshift.yaml(5)")
  }

  static func absent(_ resource: ResourceID, isProblem: Bool) -> Advice {
    Advice(
      "\(resource.path) is not there",
      why: "what is named cannot be looked at or written",
      fix: "az resource show --ids '\(resource.path)'; then azure.route-tables, hopshift.yaml(5)",
      isProblem: isProblem)
  }

  static func unclear(_ resource: ResourceID, _ words: String, isProblem: Bool) -> Advice {
    Advice(
      "\(resource.name) could not be looked at (\(words))",
      why: "what is wrong with it is not known",
      fix: "az resource show --ids '\(resource.path)'; and hopshift doctor, later",
      isProblem: isProblem)
  }

  static func unreadableTables(_ tables: [ResourceID]) -> Advice {
    Advice(
      "\(tables.count) other route tables of the network may not be read, such as "
        + (tables.first?.name ?? ""),
      why: "a route there that hides a VIP is not found",
      fix: "grant Microsoft.Network/routeTables/read on them, if that matters",
      isProblem: false)
  }

  static func incomplete(_ why: String) -> Advice {
    Advice(
      "not everything in Azure was looked at (\(why))",
      why: "more may be wrong", fix: "hopshift doctor, in a minute", isProblem: false)
  }
}
