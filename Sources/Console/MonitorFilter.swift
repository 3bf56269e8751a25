// Which records of the stream of `monitor` are shown: those that name what was chosen.

package import Control

/// A record that names any of what was chosen is shown; without a choice all are.
package struct MonitorFilter: Hashable, Sendable {
  package var vip: String?
  package var host: String?
  /// The address of a route server or of another speaker.
  package var peer: String?

  package init(vip: String? = nil, host: String? = nil, peer: String? = nil) {
    self.vip = vip
    self.host = host
    self.peer = peer
  }

  package var isEmpty: Bool { vip == nil && host == nil && peer == nil }

  package func shows(_ record: Record) -> Bool {
    // What was missed may have named it.
    if isEmpty || record.type == "lost" { return true }
    return names(vip, ["vip"], record) || names(host, ["host", "from-host"], record)
      || names(peer, ["route-server", "speaker"], record)
  }

  private func names(_ wanted: String?, _ fields: [String], _ record: Record) -> Bool {
    guard let wanted else { return false }
    return fields.contains { record.string($0) == wanted }
  }

  /// What is wrong with the choice, from the answer to `status`; nil when everything is there. A
  /// misspelt name would be waited for in vain.
  package func complaint(_ status: [Record]) -> String? {
    func all(_ types: [String], _ field: String) -> [String] {
      status.filter { types.contains($0.type) }.compactMap { $0.string(field) }
    }
    let hosts = all(["target", "vip"], "host")
    let peers = all(["route-server", "speaker"], "address")
    return MonitorFilter.complaint("VIP", vip, all(["vip"], "name"))
      ?? MonitorFilter.complaint("host", host, hosts)
      ?? MonitorFilter.complaint("route server or speaker", peer, peers)
  }

  private static func complaint(
    _ kind: String, _ wanted: String?, _ known: [String]
  ) -> String? {
    guard let wanted, !known.contains(wanted) else { return nil }
    var names: [String] = []
    for name in known where !names.contains(name) { names.append(name) }
    let shown = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ..." : "")
    let rest = names.isEmpty ? "there is none" : "there are \(shown)"
    return Printable.clean("no \(kind) is called '\(wanted)'; \(rest)")
  }
}
