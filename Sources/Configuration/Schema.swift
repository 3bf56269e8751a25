// The keys of the configuration file: one table behind reading, advice, printing and the manual.
import Model

/// The name of a key as it stands in the file.
package enum KeyName: String, Hashable, Sendable, CaseIterable {
  case mode
  case local
  case asn
  case address
  case address6
  case identifier
  case routeServers = "route-servers"
  case platform
  case holdTime = "hold-time"
  case passwordFile = "password-file"
  case ttlSecurity = "ttl-security"
  case drain
  case damping
  case window
  case scope
  case peers
  case group
  case port
  case keyFile = "key-file"
  case interval
  case timeout
  case vips
  case prefixes
  case med
  case communities
  case largeCommunities = "large-communities"
  case owner
  case when
  case interfaces
  case settle
  case hosts
  case require
  case anchor
  case probes
  case link
  case interface
  case route
  case prefix
  case neighbour
  case arp
  case icmp
  case tcp
  case http
  case bfd
  case trustProxy = "trust-proxy"
  case fall
  case rise
  case url
  case status
  case text
  case multiplier
  case multihop
  case nextHop = "next-hop"
  case failback
  case allDown = "all-down"
  case tie
  case rank
  case balance
  case udr
  case after
  case confirm
  case within
  case redistribute
  case tables
  case protocols
  case types
  case allow
  case deny
  case metric
  case defaultRoute = "default-route"
  case prepend
  case limit
  case grace
  case delay
  case azure
  case routeTables = "route-tables"
  case identity
  case drift
  case scheduledEvents = "scheduled-events"
  case freezeEvents = "freeze-events"
  case acknowledgeEvents = "acknowledge-events"
  case writer
  case metrics
  case listen
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
    /// A list of at most `limit` entries, each a mapping of one of the keys, all of them sections;
    /// `noun` is what an entry is called.
    case choices(noun: String, limit: Int, [Key])
    /// At most `limit` values of one type, each below a name; `noun` is what has the names.
    case pairs(noun: String, ValueType, limit: Int)
  }

  package enum Presence: Sendable {
    case required
    /// Without the key it is as if this stood there.
    case defaulted(String)
    /// Without the key the value follows from others, in these words.
    case derived(String)
    /// One of several that are chosen from.
    case chosen

    /// A key that does not stand in the file need not have a value.
    var allowsNothing: Bool {
      switch self {
      case .derived, .chosen: true
      case .required, .defaulted: false
      }
    }
  }
}

/// The whole table.
package enum Schema {
  /// What stands in a path for a name the user chooses.
  package static let placeholder = "NAME"

  /// The longest name of a VIP or a host. We chose it: a label of DNS has the same limit.
  package static let nameLimit = 63

  package static let keys: [Key] = [
    Key(
      .mode, .value(.word(["run", "shadow"])), .defaulted("run"),
      "Whether anything is announced, or only decided and recorded."),
    Key(.local, .section(local), .required, "This machine as a BGP speaker."),
    Key(
      .routeServers, .section(routeServers),
      .derived("none; required unless every VIP has udr: {mode: only}"),
      "The route servers that are told, all of one autonomous system."),
    Key(
      .group, .section(group), .derived("none"),
      "The speakers that announce the same VIPs and tell each other of it."),
    Key(
      .hosts, .named(noun: "host", limit: PlanLimits.hosts, host), .derived("none"),
      "The machines that can carry traffic, by name."),
    Key(
      .vips, .named(noun: "VIP", limit: PlanLimits.vips, vip), .derived("none"),
      "The virtual IPs, by name."),
    Key(
      .redistribute, .named(noun: "rule", limit: PlanLimits.redistributions, redistribute),
      .derived("none"), "Which of the kernel's routes are announced, by rule."),
    Key(
      .azure, .section(azure), .derived("none, or its defaults when a VIP or a rule has udr"),
      "What the courier does in Azure."),
    Key(
      .metrics, .section(metrics), .derived("they are not served"),
      "Counters and histograms over HTTP."),
  ]

  private static let local = [
    Key(
      .asn, .value(.asNumber), .derived("required with route-servers"),
      "Our autonomous system number."),
    Key(
      .address, .value(.ipv4Address), .required,
      "Sessions leave from here, and it is the next hop that is announced."),
    Key(
      .address6, .value(.ipv6Address), .derived("none; required when a VIP has IPv6 prefixes"),
      "The next hop that is announced for IPv6 prefixes."),
    Key(
      .identifier, .value(.ipv4Address), .derived("local.address"),
      "The BGP identifier of this machine."),
  ]

  private static let routeServers = [
    Key(
      .platform, .value(.word(Plan.Platform.allCases.map(\.rawValue))), .defaulted("azure"),
      "Whose rules the route servers follow."),
    Key(
      .asn, .value(.asNumber), .derived("65515 on azure and azure-vwan; required on generic"),
      "Their autonomous system number."),
    Key(
      .holdTime,
      .value(.duration(least: .seconds(3), most: .seconds(65_535), step: .seconds(1))),
      .derived("30s, or 180s when every VIP has hosts"),
      "The hold time we propose; the lower of both sides' counts."),
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
      .damping, .section(damping), .derived("30s for each VIP on azure, none on generic"),
      "How long after a change the route servers may not act on the next one."),
    Key(
      .peers, .list(.ipv4Address, limit: PlanLimits.routeServers), .required,
      "The address of each route server instance."),
  ]

  private static let damping = [
    Key(
      .window,
      .value(.duration(least: .zero, most: .seconds(600), step: .milliseconds(1))),
      .derived("30s on azure and azure-vwan, 0s on generic"), "How long the next change waits."),
    Key(
      .scope, .value(.word(["vip", "all"])), .defaulted("vip"),
      "Whether a change holds back the next one of its own VIP or of all."),
  ]

  private static let group = [
    Key(
      .peers, .list(.ipv4Address, limit: PlanLimits.fellows), .required,
      "The addresses of the other speakers."),
    Key(.address, .value(.ipv4Address), .derived("local.address"), "Hello leaves from here."),
    Key(
      .port, .value(.number(1...65_535)), .defaulted("\(Plan.Group.usualPort)"),
      "The UDP port of hello, the same on every speaker."),
    Key(
      .keyFile, .value(.path), .required,
      "The file with the key that all speakers of the group have."),
    Key(
      .interval,
      .value(.duration(least: .milliseconds(10), most: .seconds(10), step: .milliseconds(1))),
      .defaulted("100ms"), "How often hello is sent."),
    Key(
      .timeout,
      .value(.duration(least: .milliseconds(20), most: .seconds(60), step: .milliseconds(1))),
      .defaulted("500ms"), "How long a speaker may be silent before it is taken as gone."),
  ]

  /// Every key with its path, parents before children.
  package static var paths: [(path: String, key: Key)] { paths(of: keys, under: "") }

  private static func paths(of keys: [Key], under parent: String) -> [(path: String, key: Key)] {
    keys.flatMap { key -> [(path: String, key: Key)] in
      let path = join(parent, key.name.rawValue)
      switch key.shape {
      case .value, .list, .pairs: return [(path, key)]
      case .section(let children), .choices(_, _, let children):
        return [(path, key)] + paths(of: children, under: path)
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
    case .ipv4Address, .ipv6Address, .address: "ADDRESS"
    case .prefix: "PREFIX"
    case .interface: "INTERFACE"
    case .word(let words): words.joined(separator: "|")
    case .duration: "DURATION"
    case .name(let noun): noun.uppercased()
    case .flag: "true|false"
    case .url: "URL"
    case .statuses: "STATUS"
    case .text: "TEXT"
    case .routeTable: "RESOURCE-ID"
    case .identity: "CLIENT-ID"
    case .listener: "ADDRESS:PORT|PATH"
    case .origin: "PROTOCOL"
    case .filter: "FILTER"
    case .metrics: "METRIC"
    case .either(let words, let other): "\(words.joined(separator: "|"))|\(typeName(other))"
    }
  }
}
