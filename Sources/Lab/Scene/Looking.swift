// What can be asked of a scene; every answer is what is missing, or nil when it is so.

import Control
import Linux
package import Model
package import Platform

extension Scene {
  /// Waits until nothing is missing.
  package func wait(
    _ what: String, within limit: Nanoseconds, _ missing: () throws(LabError) -> String?
  ) throws(LabError) {
    try Waiting.until(what, within: limit, missing)
  }

  /// Both instances have an established session with each of `hosts`.
  package func missingSession(of hosts: [String]) throws(LabError) -> String? {
    for instance in network.servers {
      guard instance.isRunning else { return "\(instance.name) does not run" }
      for host in hosts where try !instance.isEstablished(host) {
        return "\(instance.name) - \(host): \(try instance.session(host))"
      }
    }
    return nil
  }

  /// Both instances and the fabric route every VIP to `host`.
  package func missingRoute(to host: String) throws(LabError) -> String? {
    for vip in layout.vips {
      if let missing = try network.missing(forBest: host, of: vip) { return missing }
    }
    return nil
  }

  /// Both instances hold a route via `host` that is not the best.
  package func missingStaleRoute(via host: String) throws(LabError) -> String? {
    for vip in layout.vips {
      let hop = try network.nextHop(of: host, for: vip)
      for instance in network.servers {
        guard instance.isRunning else { return "\(instance.name) does not run" }
        let paths = try instance.paths(to: vip.prefix)
        guard let held = paths.first(where: { $0.nextHop == .v4(hop) }) else {
          return "\(instance.name) holds no route to \(vip.address) via \(hop)"
        }
        if held.isBest { return "\(instance.name) prefers the route via \(hop)" }
      }
    }
    return nil
  }

  /// The route table has one route around each VIP, and it leads to `host`.
  package func missingRow(to host: String) throws(LabError) -> String? {
    guard let rest = network.rest else { return "there is no resource manager" }
    for vip in layout.vips {
      let hops = try rest.rows(covering: vip.prefix)
      if hops != ["\(try network.nextHop(of: host, for: vip))"] {
        return "the table sends \(vip.address) to: \(hops.joined(separator: ", "))"
      }
    }
    return nil
  }

  /// Every speaker has a probe of this kind for `host`, and judges it as `signal`.
  package func missingProbe(
    _ kind: String, of host: String, _ signal: Signal
  ) throws(LabError) -> String? {
    for speaker in speakers {
      let records = try speaker.ask(["status"])
      let states = records.compactMap { record -> String? in
        guard record.type == "target", record.string("host") == host,
          record.string("target")?.hasPrefix("\(kind) ") == true
        else { return nil }
        return record.string("state")
      }
      if Set(states) != ["\(signal)"] {
        return "\(speaker.host) judges the \(kind) probes of \(host): \(states)"
      }
    }
    return nil
  }

  /// Every client's last answer is from `host`, and new.
  package func missingAnswer(from host: String) throws(LabError) -> String? {
    for (vip, client) in zip(layout.vips, clients) {
      guard let last = try client.lastAnswer() else { return "\(vip.name): no answer yet" }
      let age = Scene.age(of: last)
      if last.from != host || age > Scene.silence * Waiting.patience {
        return "\(vip.name): the last answer is from \(last.from), \(age.milliseconds) ms ago"
      }
    }
    return nil
  }

  /// No client has had an answer for a while.
  package func missingSilence() throws(LabError) -> String? {
    for (vip, client) in zip(layout.vips, clients) {
      guard let last = try client.lastAnswer() else { continue }
      if Scene.age(of: last) < Scene.silence { return "\(vip.name): \(last.from) answers" }
    }
    return nil
  }

  /// Who answers each client now; nil is nobody.
  package func answering() throws(LabError) -> [String?] {
    var names: [String?] = []
    for client in clients {
      let last = try client.lastAnswer()
      names.append(
        last.flatMap { Scene.age(of: $0) <= Scene.silence * Waiting.patience ? $0.from : nil })
    }
    return names
  }

  private static func age(of answer: Answer) -> Nanoseconds {
    Moment(nanoseconds: Clock.wall().nanoseconds) - answer.moment
  }

  // MARK: The wire

  /// UPDATEs seen since a moment at each instance that announce a VIP with a next hop, from one
  /// speaker or all.
  package func updates(since moment: Moment, from speaker: String?) throws(LabError) -> [(
    instance: String, updates: [(record: WireRecord, update: WireUpdate)]
  )] {
    var addresses = try speakerAddresses()
    if let speaker { addresses = [try network.address(of: speaker)] }
    var all: [(instance: String, updates: [(record: WireRecord, update: WireUpdate)])] = []
    for tap in network.taps {
      let judge = try tap.judge()
      all.append(
        (judge.instance, judge.updates(from: addresses).filter { $0.record.moment >= moment }))
    }
    return all
  }

  /// So many changes of routes were taken since a moment, from one host or from all.
  package func missingWrites(
    _ count: Int, _ host: String?, since moment: Moment
  ) throws(LabError) -> String? {
    guard let rest = network.rest else { return "there is no resource manager" }
    var address: IPv4Address?
    if let host { address = try network.address(of: host) }
    let found = try rest.writes(since: moment, from: address)
    if found.count == count { return nil }
    return "\(found.count) were taken: \(found.map { "\($0.method) from \($0.from)" })"
  }

  /// What speakers have withdrawn since the scene began, or since a moment.
  package func withdrawals(since moment: Moment? = nil) throws(LabError) -> [String] {
    let addresses = try speakerAddresses()
    var found: [String] = []
    for tap in network.taps {
      let judge = try tap.judge()
      for (record, update) in judge.updates(from: addresses)
      where update.withdraws && moment.map({ record.moment >= $0 }) ?? true {
        found.append("\(judge.instance): \(record.source.address): \(update)")
      }
    }
    return found
  }

  /// NOTIFICATIONs of either side, but for those that resolve a collision.
  package func notifications() throws(LabError) -> [String] {
    let addresses = try speakerAddresses()
    var found: [String] = []
    for tap in network.taps {
      let judge = try tap.judge()
      for record in judge.records {
        guard case .notification(let code, let subcode) = record.message, (code, subcode) != (6, 7),
          addresses.contains(record.source.address)
            || addresses.contains(record.destination.address)
        else { continue }
        found.append("\(judge.instance): \(record.source.address): \(record.message)")
      }
    }
    return found
  }
}
