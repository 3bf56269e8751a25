// How a scene stands, for a person: who answers, what the route servers hold, what was harmed.

import Linux
import Model
import Platform

/// Looks once and keeps the text.
struct SceneStatus {
  /// How long a route server may take to answer. We chose it: when both stand still, a person still
  /// sees the rest within two seconds.
  private static let patience = Nanoseconds.milliseconds(700)

  private(set) var text: String

  init(_ scene: Scene) throws(LabError) {
    let layout = scene.layout
    var lines = ["layout \(layout.name): \(layout.summary)"]
    let answering = try scene.answering()
    let silent = try SceneStatus.silent(scene)
    for (index, vip) in layout.vips.enumerated() {
      let who = answering.indices.contains(index) ? answering[index] ?? "nobody" : "not asked"
      lines.append("vip \(vip.name) \(vip.address), asked by \(vip.client): \(who)")
      for instance in scene.network.servers {
        guard instance.isRunning else {
          lines.append("  \(instance.name)  does not run")
          continue
        }
        if silent.contains(instance.name) {
          lines.append("  \(instance.name)  does not answer")
          continue
        }
        let paths = try instance.paths(to: vip.prefix)
        for route in paths {
          let hop = route.nextHop.map(\.description) ?? "?"
          lines.append(
            "  \(instance.name)  via \(hop)  path \(WireUpdate.text(of: route.path))"
              + (route.isBest ? "  <- best" : ""))
        }
        if paths.isEmpty { lines.append("  \(instance.name)  no route") }
      }
      let hops = try scene.network.forwarded(vip).map { " via \($0)" }.joined()
      lines.append("  fabric \(hops.isEmpty ? " no route" : hops)")
    }
    if let rest = scene.network.rest {
      for route in try rest.routes() { lines.append("route \(route)") }
    }
    for host in layout.speakers where !scene.network.servers.isEmpty {
      var states: [String] = []
      for instance in scene.network.servers where instance.isRunning {
        let isSilent = silent.contains(instance.name)
        let state = isSilent ? "does not answer" : try instance.session(host)
        states.append("\(instance.name) \(state)")
      }
      lines.append("speaker \(host): \(states.joined(separator: ", "))")
    }
    for harm in scene.faults { lines.append("fault \(harm.fault.rawValue) \(harm.host)") }
    if let rest = scene.network.rest {
      for trouble in try rest.troubles() { lines.append("fault \(trouble)") }
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// The route servers whose programs run and stand still.
  private static func silent(_ scene: Scene) throws(LabError) -> Set<String> {
    var names: Set<String> = []
    for instance in scene.network.servers where instance.isRunning {
      if try !instance.answers(within: patience) { names.insert(instance.name) }
    }
    return names
  }

  /// What a person who has just started a scene wants to know.
  static func introduction(_ scene: Scene) -> String {
    let tag = scene.lab.tag
    var lines = ["\(scene.layout.name): \(scene.layout.summary)"]
    for host in scene.lab.topology.hosts {
      let addresses = host.interfaces.map { "\($0.address)" }.joined(separator: " ")
      var parts: [String] = []
      if scene.layout.instances.contains(host.name) { parts.append("route server instance") }
      if scene.layout.speakers.contains(host.name) { parts.append("hopshiftd") }
      if parts.contains("hopshiftd"), scene.network.rest != nil {
        parts.append("hopshift-courier")
      }
      if scene.layout.answerers.contains(host.name) { parts.append("answers on the VIP") }
      if scene.layout.clients.contains(host.name) { parts.append("client") }
      let name = host.name + String(repeating: " ", count: max(10 - host.name.count, 1))
      let place = addresses + String(repeating: " ", count: max(24 - addresses.count, 1))
      lines.append("  \(name)\(place)\(parts.joined(separator: ", "))")
    }
    for vip in scene.layout.vips { lines.append("  VIP \(vip.name) is \(vip.address)") }
    lines.append("from another terminal:")
    lines.append("  hopshift-lab status | fault NAME HOST | mend | down")
    for speaker in scene.speakers {
      lines.append("  hopshift --socket \(speaker.control) status")
    }
    if let client = scene.layout.clients.first {
      lines.append("  hopshift-lab exec \(client) curl http://\(scene.layout.vips[0].address)/")
    }
    lines.append("logs are in \(Registry.directory(of: tag))")
    return lines.joined(separator: "\n")
  }
}
