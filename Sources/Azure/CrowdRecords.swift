// The daemon's records of which routes of the kernel route tables should have.

package import Model

/// One record `route-writer`: who writes the routes of the kernel.
package struct CrowdState: Hashable, Sendable {
  /// Since when that is so.
  package var generation: Generation
  package var voice: Desired.Voice
  /// The next hops that are this machine's alone: routes that lead there are nobody else's.
  package var ownHops: [IPAddress]

  package init(_ generation: Generation, _ voice: Desired.Voice, ownHops: [IPAddress]) {
    self.generation = generation
    self.voice = voice
    self.ownHops = ownHops
  }

  /// Reads a line of the control socket; nothing when it is another record or none.
  package init?(_ line: [UInt8]) {
    guard let read = JSON.read(Fields.self, line), read.type == "route-writer",
      let generation = read.generation.flatMap({ Generation($0) }),
      let voice = read.voice.flatMap({ Desired.Voice(rawValue: $0) })
    else { return nil }
    let hops = [read.hop, read.hop6].compactMap { $0.flatMap { IPAddress($0) } }
    self.init(generation, voice, ownHops: hops)
  }

  private struct Fields: Decodable {
    var type: String?
    var generation: String?
    var voice: String?
    var hop: String?
    var hop6: String?

    enum CodingKeys: String, CodingKey {
      case type, generation, voice
      case hop = "own-hop"
      case hop6 = "own-hop6"
    }
  }
}

/// One record `route-set`: routes of one rule that are wanted since the same moment, or not any
/// more.
package struct CrowdSet: Hashable, Sendable {
  package var rule: String
  package var generation: Generation
  package var isWanted: Bool
  package var prefixes: [Prefix]
  package var nextHop: IPAddress?
  package var nextHop6: IPAddress?

  package init(
    _ rule: String, _ generation: Generation, isWanted: Bool, _ prefixes: [Prefix],
    nextHop: IPAddress?, nextHop6: IPAddress? = nil
  ) {
    self.rule = rule
    self.generation = generation
    self.isWanted = isWanted
    self.prefixes = prefixes
    self.nextHop = nextHop
    self.nextHop6 = nextHop6
  }

  /// Reads a line of the control socket; nothing when it is another record or none.
  package init?(_ line: [UInt8]) {
    guard let read = JSON.read(Fields.self, line), read.type == "route-set",
      let rule = read.rule, let generation = read.generation.flatMap({ Generation($0) }),
      let isWanted = read.wanted, let texts = read.prefixes, texts.count <= Desired.routeLimit
    else { return nil }
    let prefixes = texts.compactMap { Prefix($0) }
    guard prefixes.count == texts.count else { return nil }
    self.init(
      rule, generation, isWanted: isWanted, prefixes,
      nextHop: read.hop.flatMap { IPAddress($0) }, nextHop6: read.hop6.flatMap { IPAddress($0) })
  }

  func hop(for prefix: Prefix) -> IPAddress? {
    prefix.address.width == 32 ? nextHop : nextHop6
  }

  private struct Fields: Decodable {
    var type: String?
    var rule: String?
    var generation: String?
    var wanted: Bool?
    var prefixes: [String]?
    var hop: String?
    var hop6: String?

    enum CodingKeys: String, CodingKey {
      case type, rule, generation, wanted, prefixes
      case hop = "next-hop"
      case hop6 = "next-hop6"
    }
  }
}

/// All of it, as it stands.
package struct CrowdSnapshot: Hashable, Sendable {
  package var state: CrowdState
  package var sets: [CrowdSet]

  package init(_ state: CrowdState, _ sets: [CrowdSet]) {
    self.state = state
    self.sets = sets
  }
}

extension Desired {
  /// What the names of routes begin with that the kernel has. Those of virtual IPs begin otherwise
  /// (`routeName`), whatever the virtual IP is called.
  package static let crowdSign = "hopshift_"

  /// The name of such a route in its table. The rule is not in it: another one may take the route
  /// over, and a table has each prefix once.
  package static func crowdName(_ prefix: Prefix) -> String {
    let text = String("\(prefix)".map { $0 == "/" || $0 == ":" ? "_" : $0 })
    return crowdSign + text
  }

  /// The prefix in such a name; upper and lower case count the same.
  package static func crowdPrefix(_ name: some StringProtocol) -> Prefix? {
    let name = name.lowercased()
    guard name.hasPrefix(crowdSign) else { return nil }
    var signs = Array(name.dropFirst(crowdSign.count))
    guard let slash = signs.lastIndex(of: "_") else { return nil }
    signs[slash] = "/"
    let prefix = Prefix(String(signs.map { $0 == "_" ? ":" : $0 }))
    return prefix.flatMap { crowdName($0) == name ? $0 : nil }
  }
}
