// The judgement of `doctor`: the daemon's answer to `status` and the machine's settings to findings.

package import Control

package struct Examination: Sendable {
  /// The kernel doubles what it grants, so this is a megabyte of news: what some thousand changes
  /// of links and addresses take. We chose it.
  static let leastBuffer: Int64 = 2 << 20
  /// Seconds that a frozen machine may keep its routes. We chose it: Azure's own default is 180.
  static let longestHold: Int64 = 60
  /// Prefixes to one route server above which Azure may be near its limit: it was 1,000 until 2025
  /// and is 4,000 since, and whoever exceeds it loses the session.
  static let prefixBudget: Int64 = 900

  private let records: [Record]
  private let machine: MachineFacts

  package init(_ records: [Record], _ machine: MachineFacts) {
    self.records = records
    self.machine = machine
  }

  package var findings: [Finding] {
    sessions + servers.flatMap(session) + kernel + process + courier + evidence + settings
  }

  private func all(_ type: String) -> [Record] { records.filter { $0.type == type } }

  private var servers: [Record] { all("route-server") }

  // MARK: Route servers

  private var sessions: [Finding] {
    if servers.isEmpty, all("courier").isEmpty {
      return [
        Finding(
          "no route server is configured", why: "nobody is told where traffic goes",
          fix: "add route-servers.peers to the configuration; hopshift.yaml(5)")
      ]
    }
    guard servers.count == 1 else { return [] }
    return [
      Finding(
        .remark, "one route server is configured",
        why: "Azure Route Server has two instances, and traffic is split when they disagree",
        fix: "add the other instance to route-servers.peers, unless there is only one")
    ]
  }

  private func session(_ server: Record) -> [Finding] {
    let address = server.text("address")
    guard server.string("state") == "Established" else {
      let error = server.string("last-error").map { " (\(Printable.clean($0)))" } ?? ""
      return [
        Finding(
          "the session with route server \(address) is \(server.text("state"))\(error)",
          why: "it does not hear of shifts, and traffic follows what it has heard last",
          fix: "ip route get \(address); then compare the peer's address and AS in Azure with "
            + "local.address and local.asn, and see that TCP port 179 is let through")
      ]
    }
    return hold(server, address) + budget(server, address) + families(server, address)
  }

  private func hold(_ server: Record, _ address: String) -> [Finding] {
    guard let hold = server.integer("hold-ms") else { return [] }
    let fix = "set route-servers.hold-time to 30s; hopshift.yaml(5)"
    if hold == 0 {
      return [
        Finding(
          "no hold time was agreed with route server \(address)",
          why: "the route of a machine that froze stays for ever", fix: fix)
      ]
    }
    guard hold > Examination.longestHold * 1_000 else { return [] }
    return [
      Finding(
        .remark, "the hold time with route server \(address) is \(hold / 1_000) s",
        why: "the route of a machine that froze stays for so long if nobody claims it", fix: fix)
    ]
  }

  private func budget(_ server: Record, _ address: String) -> [Finding] {
    guard let count = server.integer("prefixes-announced"), count > Examination.prefixBudget,
      server.integer("asn") == 65_515
    else { return [] }
    return [
      Finding(
        .remark, "\(count) prefixes are announced to route server \(address)",
        why: "Azure ends the session of a peer that has more than its limit, which was 1000 and "
          + "is 4000",
        fix: "hopshift check; join prefixes, or split the VIPs between speakers")
    ]
  }

  private func families(_ server: Record, _ address: String) -> [Finding] {
    let missing = server.text("families-missing")
    guard missing != Record.nothing else { return [] }
    return [
      Finding(
        "route server \(address) does not offer \(missing)",
        why: "the prefixes of that family are announced to nobody",
        fix: "take them out of the configuration, or enable the family at the route server")
    ]
  }

  // MARK: The daemon and its view

  private var kernel: [Finding] {
    var result: [Finding] = []
    for view in all("kernel") {
      let name = view.text("class")
      if view.string("state") != "current" {
        result.append(
          Finding(
            "the view of the kernel's \(name) is \(view.text("state"))",
            why: "nothing is decided on a view that may have gaps",
            fix: "journalctl --unit hopshiftd"))
      }
    }
    let sizes = all("kernel").compactMap { $0.integer("receive-buffer") }
    if let size = sizes.min(), size < Examination.leastBuffer {
      result.append(
        Finding(
          .remark, "the receive buffer for news of the kernel has \(size) bytes",
          why: "many changes at once overrun it, and then all must be listed anew",
          fix: "sysctl --write net.core.rmem_max=33554432 && systemctl restart hopshiftd"))
    }
    return result
  }

  /// All that the daemon may hold: raw sockets for probes.
  private static let capabilities = ["none", "cap_net_raw"]

  private var process: [Finding] {
    guard let daemon = records.first(where: { $0.type == "daemon" }) else { return [] }
    var result: [Finding] = []
    let held = daemon.text("capabilities")
    if !Examination.capabilities.contains(held) {
      result.append(
        Finding(
          "hopshiftd holds \(held)", why: "it needs no capability but cap_net_raw for probes",
          fix: "systemctl revert hopshiftd && systemctl restart hopshiftd"))
    }
    if let pauses = daemon.integer("pauses"), pauses > 0 {
      result.append(
        Finding(
          .remark,
          "hopshiftd stood still \(pauses == 1 ? "once" : "\(pauses) times"), "
            + "\(pauses == 1 ? "for" : "at most for") \(daemon.age("longest-pause-ms"))",
          why: "meanwhile it neither sees nor moves anything, and others take over",
          fix: "look for a loaded host, memory that is swapped, and backups of the machine"))
    }
    if machine.isStale == true {
      result.append(
        Finding(
          "the configuration has changed since hopshiftd read it",
          why: "the next start is another one than this, perhaps in the middle of a failover",
          fix: "hopshift check && systemctl restart hopshiftd"))
    }
    return result
  }

  private var courier: [Finding] {
    guard let record = records.first(where: { $0.type == "courier" }) else { return [] }
    return CourierPage(record).faults.map { fault in
      Finding(
        fault, why: "a route table may not follow the next shift, or not after a crash",
        fix: "systemctl enable --now hopshift-courier; journalctl --unit hopshift-courier")
    }
  }

  private var evidence: [Finding] {
    var proxies: [String] = []
    for target in all("target") {
      guard let proxy = target.string("proxied-by"), !proxies.contains(proxy) else { continue }
      proxies.append(proxy)
    }
    return proxies.map { proxy in
      let name = proxy == "azure" ? "Azure" : Printable.clean(proxy)
      return Finding(
        .remark, "ARP is answered by \(name)",
        why: "then ARP and the kernel's neighbours say nothing about whether a host lives",
        fix: "give its host an icmp, tcp, http or bfd probe; hopshift.yaml(5)")
    }
  }

  // MARK: The machine

  private var settings: [Finding] {
    var result: [Finding] = []
    if machine.forwards == false {
      result.append(
        Finding(
          .remark, "this machine does not forward IPv4",
          why: "traffic to a VIP that is not an address of its own is dropped",
          fix: "sysctl --write net.ipv4.ip_forward=1"))
    }
    let strict = machine.interfaces.filter {
      max($0.reversePathFilter, machine.reversePathFilter) == 1
    }
    for interface in strict {
      let name = Printable.clean(interface.name)
      // sysctl(8) takes a dot for the end of a name, and a slash in a name for a dot.
      let key = String(name.map { $0 == "." ? "/" : $0 })
      // 2 wins over 1 wherever the 1 stands: the greater of both counts.
      result.append(
        Finding(
          .remark, "strict reverse path filtering on \(name)",
          why: "packets are dropped without a word when their way back is another interface, as "
            + "with a VIP behind two network cards",
          fix: "sysctl --write net.ipv4.conf.\(key).rp_filter=2"))
    }
    return result
  }
}
