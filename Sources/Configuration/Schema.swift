// The keys of the configuration file: one table behind reading, advice, printing and the manual.
import Model

/// The name of a key as it stands in the file.
package enum KeyName: String, Hashable, Sendable, CaseIterable {
  case local
  case asn
  case address
  case identifier
  case routeServers = "route-servers"
  case platform
  case holdTime = "hold-time"
  case passwordFile = "password-file"
  case ttlSecurity = "ttl-security"
  case drain
  case peers
  case vips
  case prefixes
  case med
  case communities
  case largeCommunities = "large-communities"
  case owner
  case when
  case interfaces
  case settle
}

/// One key: where it stands, what it takes, what holds without it.
package struct Key: Sendable {
  package let name: KeyName
  package let shape: Shape
  package let presence: Presence
  /// One line for people.
  package let help: String

  init(_ name: KeyName, _ shape: Shape, _ presence: Presence, _ help: String) {
    self.name = name
    self.shape = shape
    self.presence = presence
    self.help = help
  }

  /// What stands under a key.
  package enum Shape: Sendable {
    case value(ValueType)
    /// At most `limit` values of one type.
    case list(ValueType, limit: Int)
    case section([Key])
    /// Sections with names that the user chooses; `noun` is what one of them is called.
    case named(noun: String, limit: Int, [Key])
  }

  package enum Presence: Sendable {
    case required
    /// Without the key it is as if this stood there.
    case defaulted(String)
    /// Without the key the value follows from others, in these words.
    case derived(String)
  }
}

/// The whole table.
package enum Schema {
  /// What stands in a path for a name the user chooses.
  package static let placeholder = "NAME"

  /// The longest name of a VIP. We chose it: a label of DNS has the same limit.
  package static let nameLimit = 63

  package static let keys: [Key] = [
    Key(.local, .section(local), .required, "This machine as a BGP speaker."),
    Key(
      .routeServers, .section(routeServers), .required,
      "The route servers that are told, all of one autonomous system."),
    Key(
      .vips, .named(noun: "VIP", limit: PlanLimits.vips, vip), .derived("none"),
      "The virtual IPs, by name."),
  ]

  private static let local = [
    Key(.asn, .value(.asNumber), .required, "Our autonomous system number."),
    Key(
      .address, .value(.ipv4Address), .required,
      "Sessions leave from here, and it is the next hop that is announced."),
    Key(
      .identifier, .value(.ipv4Address), .derived("local.address"),
      "The BGP identifier of this machine."),
  ]

  private static let routeServers = [
    Key(
      .platform, .value(.word(Plan.Platform.allCases.map(\.rawValue))), .defaulted("azure"),
      "Whose rules the route servers follow."),
    Key(
      .asn, .value(.asNumber), .derived("65515 on azure; required on generic"),
      "Their autonomous system number."),
    Key(
      .holdTime,
      .value(.duration(least: .seconds(3), most: .seconds(65_535), step: .seconds(1))),
      .defaulted("30s"), "The hold time we propose; the lower of both sides' counts."),
    Key(
      .passwordFile, .value(.path), .derived("no password"),
      "The file with the TCP MD5 password of the sessions."),
    Key(
      .ttlSecurity, .value(.number(1...254)), .derived("off"),
      "How many hops away the route servers are at most; packets from further are dropped."),
    Key(
      .drain,
      .value(.duration(least: .zero, most: Plan.RouteServers.longestDrain, step: .seconds(1))),
      .defaulted("0s"), "How long the sessions stay when the daemon stops, the VIPs resigned."),
    Key(
      .peers, .list(.ipv4Address, limit: PlanLimits.routeServers), .required,
      "The address of each route server instance."),
  ]

  private static let vip = [
    Key(
      .prefixes, .list(.prefix, limit: PlanLimits.prefixes), .required,
      "The prefixes that move together."),
    Key(
      .med, .value(.number(0...UInt32.max)), .derived("none"),
      "The multi-exit discriminator of the routes."),
    Key(
      .communities, .list(.community, limit: PlanLimits.communitiesPerVIP), .derived("none"),
      "The communities of the routes."),
    Key(
      .largeCommunities, .list(.largeCommunity, limit: PlanLimits.largeCommunitiesPerVIP),
      .derived("none"), "The large communities of the routes."),
    Key(.owner, .section(owner), .required, "When this machine owns the VIP."),
  ]

  private static let owner = [
    Key(.when, .value(.word(["address"])), .required, "What makes this machine the owner."),
    Key(
      .address, .value(.address), .derived("the first host prefix"),
      "The address that has to be on an interface."),
    Key(
      .interfaces, .list(.interface, limit: PlanLimits.interfacesPerVIP),
      .derived("every interface but lo"), "The interfaces that count."),
    Key(
      .settle,
      .value(.duration(least: .zero, most: .seconds(300), step: .milliseconds(1))),
      .defaulted("10s"),
      "How long after the start an address that comes is taken as one that was there."),
  ]

  /// Every key with its path, parents before children.
  package static var paths: [(path: String, key: Key)] { paths(of: keys, under: "") }

  private static func paths(of keys: [Key], under parent: String) -> [(path: String, key: Key)] {
    keys.flatMap { key -> [(path: String, key: Key)] in
      let path = join(parent, key.name.rawValue)
      switch key.shape {
      case .value, .list: return [(path, key)]
      case .section(let children): return [(path, key)] + paths(of: children, under: path)
      case .named(_, _, let children):
        return [(path, key)] + paths(of: children, under: join(path, placeholder))
      }
    }
  }

  static func join(_ parent: String, _ name: String) -> String {
    parent.isEmpty ? name : "\(parent).\(name)"
  }

  /// The word that stands for a value of the type in usage texts and in the manual.
  package static func typeName(_ type: ValueType) -> String {
    switch type {
    case .asNumber, .number: "NUMBER"
    case .path: "PATH"
    case .community: "COMMUNITY"
    case .largeCommunity: "LARGE-COMMUNITY"
    case .ipv4Address, .address: "ADDRESS"
    case .prefix: "PREFIX"
    case .interface: "INTERFACE"
    case .word(let words): words.joined(separator: "|")
    case .duration: "DURATION"
    }
  }
}
