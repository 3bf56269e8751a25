// The resource manager and the metadata service of a lab: start them, ask them, let them misbehave.

import Control
package import Management
package import Model
import Platform

/// `hopshift-lab rest` in the forwarding namespace, at the address that machines of Azure know for
/// the metadata service and at one for the resource manager. Route tables go to the fabric.
package final class RestProcess {
  /// Azure's own (AD: instance-metadata-service).
  package static let metadataAddress = IPv4Address(169, 254, 169, 254)
  /// Of a block that is nobody's (RFC 5737).
  package static let address = IPv4Address(203, 0, 113, 4)
  package static let port: UInt16 = 443

  package let process: AzureProcess
  package let settings: RestSettings
  /// The certificate that clients have to believe.
  package let authority: String
  private var told: [ToldCall] = []

  /// Everything of the topology is in the cloud's network; every subnet names the route table, but
  /// for those that are `bare`.
  package init(
    _ lab: Lab, table: String, sparing bare: Set<String> = [],
    program: String = AzureProcess.ownProgram, fabric: Fabric
  ) throws(LabError) {
    var settings = RestSettings()
    settings.address = RestProcess.address
    settings.port = RestProcess.port
    settings.metadataAddress = RestProcess.metadataAddress
    settings.metadataPort = 80
    settings.estate.tables = [table]
    settings.estate.subnets = lab.topology.subnets.map {
      Estate.Subnet(
        name: $0.name, prefix: $0.prefix, table: bare.contains($0.name) ? nil : table)
    }
    for host in lab.topology.hosts {
      let interfaces = host.interfaces.enumerated().map { index, cable in
        Estate.Interface(
          name: "\(host.name)-nic\(index == 0 ? "" : "\(index)")", address: cable.address,
          subnet: lab.topology.subnets[cable.subnet].name)
      }
      settings.estate.machines.append(Estate.Machine(name: host.name, interfaces: interfaces))
    }
    for address in [RestProcess.address, RestProcess.metadataAddress] {
      try lab.run(["ip", "address", "add", "\(address)/32", "dev", "lo"], on: Topology.fabric)
    }
    self.settings = settings
    authority = "\(lab.directory)/authority.pem"
    process = try AzureProcess(
      lab, name: "rest", on: Topology.fabric, program: program,
      ["rest", "--authority", authority, "--fabric", fabric.process.control] + settings.words)
  }

  /// Every call that was answered since the start, oldest first.
  package func calls() throws(LabError) -> [ToldCall] {
    for record in try process.news() {
      if let call = ToldCall(record) { told.append(call) }
    }
    return told
  }

  /// Changes of routes that were taken since a moment, from one address or from all.
  package func writes(since moment: Moment, from address: IPv4Address? = nil) throws(LabError)
    -> [ToldCall]
  {
    try calls().filter { call in
      ["PUT", "DELETE"].contains(call.method) && (200..<300).contains(call.status)
        && call.moment >= moment && (address.map { "\($0)" == call.from } ?? true)
    }
  }

  // MARK: Commands

  package func cause(_ trouble: Trouble) throws(LabError) {
    try process.ask(["cause"] + TroubleWords.words(for: trouble))
  }

  package func mend(_ door: Door, _ mischief: Mischief?) throws(LabError) {
    try process.ask(["mend", door.rawValue] + (mischief.map { [$0.rawValue] } ?? []))
  }

  /// What is wrong now, in the words that caused it.
  package func troubles() throws(LabError) -> [String] {
    try process.ask(["troubles"]).map { record in
      "\(record.string("door") ?? "") \(record.string("name") ?? "")"
    }
  }

  /// The routes of all tables, a line each.
  package func routes() throws(LabError) -> [String] {
    try process.ask(["routes"]).map { record in
      ["table", "name", "prefix", "hop", "state"].compactMap { record.string($0) }.joined(
        separator: "  ")
    }
  }

  /// Where the routes lead that cover all of a prefix, the states of those that are not yet done
  /// beside them.
  package func rows(covering prefix: Prefix) throws(LabError) -> [String] {
    try process.ask(["routes"]).compactMap { record in
      guard let covered = record.string("prefix").flatMap({ Prefix($0) }),
        covered.contains(prefix)
      else { return nil }
      let state = record.string("state") ?? ""
      return (record.string("hop") ?? "") + (state == "Succeeded" ? "" : " (\(state))")
    }
  }

  /// How long before Azure announces a reboot (AD: scheduled-events).
  private static let notice: Int64 = 900

  package func announceReboot(of machine: String) throws(LabError) {
    try process.ask(["event", "Reboot", "\(RestProcess.notice)", "-1", machine])
  }

  /// Whatever was announced to a machine is over, or called off.
  package func endEvents(of machine: String) throws(LabError) {
    for record in try process.ask(["events"]) {
      guard let id = record.string("event"), record.strings("machines").contains(machine) else {
        continue
      }
      try process.ask(["end", id])
    }
  }
}
