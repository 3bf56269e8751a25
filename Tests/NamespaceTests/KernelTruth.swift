// What ip(8) shows of a namespace, in the form in which a copy is compared with it.

import Engine
import Foundation
import Lab
import Linux
import Model

/// One line for each entry, sorted, so that a difference reads as one.
struct KernelTruth {
  private let lab: Lab
  private let host: String
  private var names: [Int32: String] = [:]

  init(_ lab: Lab, host: String) {
    self.lab = lab
    self.host = host
  }

  private func ask(_ words: [String]) throws -> [[String: Any]] {
    let text = try lab.run(["ip", "-j", "-d", "-N"] + words, on: host)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return (object as? [[String: Any]] ?? []).filter { !$0.isEmpty }
  }

  /// Nil when the copy and the links of a listener agree with ip(8); otherwise the difference.
  mutating func difference(from listener: KernelListener) throws -> String? {
    let links = try ask(["link", "show"])
    for link in links {
      names[Int32(link["ifindex"] as? Int ?? 0)] = link["ifname"] as? String ?? ""
    }
    let tables = listener.copy.tables
    let pairs: [(String, [String], [String])] = [
      ("link", links.map(KernelTruth.line(ofLink:)), links.map { mine($0, listener) }),
      ("address", try addresses(), tables.addresses.map(line(of:))),
      ("route", try routes(), tables.routes.map(line(of:))),
      (
        "neighbour", try neighbours(),
        tables.neighbours.filter { $0.state.description == "permanent" }.map(line(of:))
      ),
      ("nexthop", try nextHops(), tables.nextHops.map { "\($0.id)" }),
    ]
    for (what, theirs, ours) in pairs where theirs.sorted() != ours.sorted() {
      let missing = theirs.filter { !ours.contains($0) }.sorted()
      let wrong = ours.filter { !theirs.contains($0) }.sorted()
      return "\(what): missing \(missing.prefix(5)), too much \(wrong.prefix(5)), "
        + "\(theirs.count) against \(ours.count)"
    }
    return listener.linkCount == links.count
      ? nil : "\(links.count) links, \(listener.linkCount) in the view"
  }

  // MARK: Links

  private static func line(ofLink link: [String: Any]) -> String {
    let flags = link["flags"] as? [String] ?? []
    let state = (link["operstate"] as? String ?? "").lowercased()
    return "\(link["ifindex"] ?? 0) \(link["ifname"] ?? "") mtu \(link["mtu"] ?? 0) "
      + "\(link["address"] ?? "-") \(state) up \(flags.contains("UP")) "
      + "lower \(flags.contains("LOWER_UP")) master \(link["master"] ?? "-")"
  }

  private func mine(_ link: [String: Any], _ listener: KernelListener) -> String {
    guard let own = listener.link(Int32(link["ifindex"] as? Int ?? 0)) else { return "unknown" }
    let state = own.operationalState.description.replacing("-", with: "")
    return "\(own.index) \(own.name) mtu \(own.mtu) "
      + "\(own.hardwareAddress?.description ?? "-") \(state) up \(own.isUp) "
      + "lower \(own.hasCarrier) master \(own.master.map { name($0) } ?? "-")"
  }

  private func name(_ index: InterfaceIndex) -> String { names[index.value] ?? "(\(index))" }

  // MARK: Addresses

  private func addresses() throws -> [String] {
    try ask(["address", "show"]).flatMap { link in
      (link["addr_info"] as? [[String: Any]] ?? []).map { address in
        let isSecondary = address["secondary"] as? Bool ?? address["temporary"] as? Bool ?? false
        return "\(address["local"] ?? "")/\(address["prefixlen"] ?? 0) \(link["ifname"] ?? "") "
          + "label \(address["label"] ?? "-") secondary \(isSecondary)"
      }
    }
  }

  private func line(of address: InterfaceAddress) -> String {
    let label = address.label == .none ? "-" : address.label.description
    return "\(address.address)/\(address.prefixLength) \(name(address.interface)) "
      + "label \(label) secondary \(address.isSecondary)"
  }

  // MARK: Routes

  private func routes() throws -> [String] {
    var lines: [String] = []
    for family in ["-4", "-6"] {
      for route in try ask([family, "route", "show", "table", "all"]) {
        lines.append(KernelTruth.line(ofRoute: route, family))
      }
    }
    return lines
  }

  private static func line(ofRoute route: [String: Any], _ family: String) -> String {
    var destination = route["dst"] as? String ?? ""
    if destination == "default" { destination = family == "-4" ? "0.0.0.0/0" : "::/0" }
    if !destination.contains("/") { destination += family == "-4" ? "/32" : "/128" }
    var hops = (route["nexthops"] as? [[String: Any]] ?? []).map(hop)
    if hops.isEmpty, route["gateway"] != nil || route["via"] != nil || route["dev"] != nil {
      hops = [hop(route)]
    }
    return "\(destination) table \(route["table"] ?? "254") proto \(route["protocol"] ?? "") "
      + "type \(route["type"] ?? "1") metric \(route["metric"] ?? 0) id \(route["nhid"] ?? 0) "
      + hops.joined(separator: " ")
  }

  private static func hop(_ hop: [String: Any]) -> String {
    let via = (hop["via"] as? [String: Any])?["host"]
    return "via \(hop["gateway"] ?? via ?? "-") \(hop["dev"] ?? "-") \(hop["weight"] ?? 1)"
  }

  private func line(of route: Route) -> String {
    let hops = (0..<route.nextHops.count).map { index in
      let hop = route.nextHops[index]
      return "via \(hop.gateway?.description ?? "-") \(hop.interface.map { name($0) } ?? "-") "
        + "\(hop.weight)"
    }
    return "\(route.destination) table \(route.table) proto \(route.origin.value) "
      + "type \(route.kind.value) metric \(route.metric) id \(route.nextHopID) "
      + hops.joined(separator: " ")
  }

  // MARK: Neighbours and next hop objects

  private func neighbours() throws -> [String] {
    try ask(["neighbour", "show", "nud", "permanent"]).map {
      "\($0["dst"] ?? "") \($0["dev"] ?? "") \($0["lladdr"] ?? "-")"
    }
  }

  private func line(of neighbour: Neighbour) -> String {
    "\(neighbour.address) \(name(neighbour.interface)) "
      + "\(neighbour.hardwareAddress?.description ?? "-")"
  }

  private func nextHops() throws -> [String] {
    try ask(["nexthop", "show"]).map { "\($0["id"] ?? 0)" }
  }
}
