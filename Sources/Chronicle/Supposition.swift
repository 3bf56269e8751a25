// An event that somebody supposes, in the words of `hopshift simulate`.

package import Model

/// Something that did not happen.
package enum Supposition: Equatable, Sendable {
  case link(InterfaceName, LinkChange)
  case address(IPAddress, length: UInt8?, isGone: Bool, InterfaceName)
  case host(HostSlot, isUp: Bool)
  /// It is not heard any more.
  case speakerSilent(FellowSlot)
  /// The connection to it is lost, and it does not come back.
  case routeServerLost(PeerSlot)
  case wait(Nanoseconds)

  package enum LinkChange: String, Equatable, Sendable, CaseIterable {
    case up
    case down
    case noCarrier = "no-carrier"
    case gone
  }
}

/// Why words are no event, in a sentence.
package struct SuppositionError: Error, Equatable, Sendable {
  package let text: String
}

extension Supposition {
  /// What an event may be, one form a line.
  package static let forms = [
    "link NAME up|down|no-carrier|gone", "address ADDRESS[/LENGTH] added|removed NAME",
    "host NAME up|down", "speaker ADDRESS silent", "route-server ADDRESS lost", "wait TIME",
  ]

  /// `length` reads a length of time.
  package init(
    _ text: String, _ plan: Plan, length read: (String) -> Nanoseconds?
  ) throws(SuppositionError) {
    let words = text.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("link", 3): self = try Supposition.link(words)
    case ("address", 4): self = try Supposition.address(words)
    case ("host", 3): self = try Supposition.host(words, plan)
    case ("speaker", 3): self = try Supposition.speaker(words, plan)
    case ("route-server", 3): self = try Supposition.routeServer(words, plan)
    case ("wait", 2):
      guard let length = read(words[1]) else {
        throw SuppositionError(text: "'\(words[1])' is no length of time, such as 500ms or 10s")
      }
      self = .wait(length)
    default:
      throw SuppositionError(
        text: "'\(text)' is no event; there are: \(Supposition.forms.joined(separator: "; "))")
    }
  }

  private static func link(_ words: [String]) throws(SuppositionError) -> Supposition {
    guard let change = LinkChange(rawValue: words[2]) else {
      let known = LinkChange.allCases.map(\.rawValue).joined(separator: ", ")
      throw SuppositionError(text: "a link can be \(known), not '\(words[2])'")
    }
    return .link(try interface(words[1]), change)
  }

  private static func interface(_ word: String) throws(SuppositionError) -> InterfaceName {
    guard let name = InterfaceName(word) else {
      throw SuppositionError(text: "'\(word)' is no name of an interface")
    }
    return name
  }

  private static func address(_ words: [String]) throws(SuppositionError) -> Supposition {
    let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
    let length = parts.count == 2 ? UInt8(parts[1]) : nil
    guard let address = IPAddress(parts[0]), parts.count == 1 || length != nil,
      length ?? 0 <= address.width
    else { throw SuppositionError(text: "'\(words[1])' is no address") }
    guard ["added", "removed"].contains(words[2]) else {
      throw SuppositionError(text: "an address can be added or removed, not '\(words[2])'")
    }
    return .address(
      address, length: length, isGone: words[2] == "removed", try interface(words[3]))
  }

  private static func host(
    _ words: [String], _ plan: Plan
  ) throws(SuppositionError) -> Supposition {
    guard let place = plan.hosts.firstIndex(where: { $0.name == words[1] }) else {
      throw unknown("host", words[1], plan.hosts.map(\.name))
    }
    guard ["up", "down"].contains(words[2]) else {
      throw SuppositionError(text: "a host can be up or down, not '\(words[2])'")
    }
    guard !plan.hosts[place].targets.isEmpty else {
      throw SuppositionError(text: "host \(words[1]) has no evidence that could change")
    }
    return .host(HostSlot(place), isUp: words[2] == "up")
  }

  private static func speaker(
    _ words: [String], _ plan: Plan
  ) throws(SuppositionError) -> Supposition {
    let peers = plan.group?.peers.map(\.description) ?? []
    guard let place = peers.firstIndex(of: words[1]) else {
      throw unknown("speaker", words[1], peers)
    }
    guard words[2] == "silent" else {
      throw SuppositionError(text: "a speaker can be silent, not '\(words[2])'")
    }
    return .speakerSilent(FellowSlot(place))
  }

  private static func routeServer(
    _ words: [String], _ plan: Plan
  ) throws(SuppositionError) -> Supposition {
    let peers = plan.routeServers.peers.map(\.description)
    guard let place = peers.firstIndex(of: words[1]) else {
      throw unknown("route server", words[1], peers)
    }
    guard words[2] == "lost" else {
      throw SuppositionError(text: "a route server can be lost, not '\(words[2])'")
    }
    return .routeServerLost(PeerSlot(place))
  }

  private static func unknown(
    _ kind: String, _ name: String, _ known: [String]
  ) -> SuppositionError {
    let names = known.isEmpty ? "the configuration names none" : known.joined(separator: ", ")
    return SuppositionError(text: "there is no \(kind) '\(name)'; there are: \(names)")
  }
}
