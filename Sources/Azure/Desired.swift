// The daemon's records of what route tables should say, read by whoever writes them.

package import Model

/// One record `desired`: the routes of one VIP, and whose word that is.
package struct Desired: Hashable, Sendable {
  package enum Voice: String, Sendable {
    /// This machine claims the VIP: it may write.
    case ours
    case others
    /// The daemon does not know enough yet; another record follows when it does.
    case unsure
  }

  /// Routes of one VIP; as many as a table can hold.
  package static let routeLimit = 600

  package var vip: String
  package var generation: Generation
  package var voice: Voice
  /// Whether there should be a route at all.
  package var isWanted: Bool
  package var mode: Plan.UDR.Mode
  package var routes: [Prefix]
  package var nextHop: IPAddress?
  package var nextHop6: IPAddress?
  /// Whom the routes should lead to, and the shift that this is for: for people only.
  package var host: String?
  package var shift: UInt32?

  /// Reads a line of the control socket; nothing when it is another record or none.
  package init?(_ line: [UInt8]) {
    guard let read = JSON.read(Fields.self, line), read.type == "desired", let vip = read.vip,
      let generation = read.generation.flatMap({ Generation($0) }),
      let voice = read.voice.flatMap({ Voice(rawValue: $0) }), let isWanted = read.wanted,
      let mode = read.mode.flatMap({ Plan.UDR.Mode(rawValue: $0) }), let texts = read.routes,
      texts.count <= Desired.routeLimit
    else { return nil }
    var routes: [Prefix] = []
    for text in texts {
      guard let prefix = Prefix(text) else { return nil }
      routes.append(prefix)
    }
    self.vip = vip
    self.generation = generation
    self.voice = voice
    self.isWanted = isWanted
    self.mode = mode
    self.routes = routes
    nextHop = read.hop.flatMap { IPAddress($0) }
    nextHop6 = read.hop6.flatMap { IPAddress($0) }
    host = read.host
    shift = read.shift
  }

  /// What one of its routes is to be. Without a hop of its family nothing can be wished for it.
  package func intent(for prefix: Prefix) -> Intent {
    guard voice == .ours else { return Intent(generation, .notOurs) }
    guard isWanted else { return Intent(generation, .absent) }
    let hop = prefix.address.width == 32 ? nextHop : nextHop6
    return Intent(generation, hop.map { .hop($0) } ?? .notOurs)
  }

  /// The name of a route in its table: the VIP's, with the prefix, since a VIP may have several.
  /// It has no sign that a name may not have, and is the same on every speaker.
  package static func routeName(_ vip: String, _ prefix: Prefix) -> String? {
    let text = "hopshift-\(vip)-\(prefix)"
    let name = String(text.map { $0 == "/" || $0 == ":" ? "_" : $0 })
    // Azure takes 80 characters.
    return name.utf8.count <= 80 && ResourceID.isName(name) ? name : nil
  }

  private struct Fields: Decodable {
    var type: String?
    var vip: String?
    var generation: String?
    var voice: String?
    var wanted: Bool?
    var mode: String?
    var routes: [String]?
    var hop: String?
    var hop6: String?
    var host: String?
    var shift: UInt32?

    enum CodingKeys: String, CodingKey {
      case type, vip, generation, voice, wanted, mode, routes, host, shift
      case hop = "next-hop"
      case hop6 = "next-hop6"
    }
  }
}

extension Generation {
  /// Reads `EPOCH.COUNTER`.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let epoch = UInt64(parts[0]), let counter = UInt64(parts[1]) else {
      return nil
    }
    self.init(epoch: epoch, counter: counter)
  }
}
