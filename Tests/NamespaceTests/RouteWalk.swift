// Random changes of a kernel's routes, in the words of ip(8), and what the kernel has afterwards.

import Foundation
import Lab
import Model

/// Draws changes of a few prefixes of both families: routes of two protocols that rules take and of
/// one that none takes, beside each other, with every kind of way, next hop objects and blackholes.
struct RouteWalk {
  private var state: UInt64
  /// By family: the number of the prefix that stands at each place.
  private var numbers: [[Int]]
  private var nextNumber = places

  /// Prefixes of a family that change at one time.
  static let places = 3
  private static let protocols = ["12", "12", "4", "99"]

  init(seed: Int) {
    state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
    numbers = Array(repeating: Array(0..<RouteWalk.places), count: 2)
  }

  mutating func pick(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(count))
  }

  private mutating func pick(_ words: [String]) -> String { words[pick(words.count)] }

  // MARK: Prefixes

  private static func prefix(_ family: Int, _ number: Int) -> String {
    family == 0
      ? "\(IPv4Address(bits: 0x0a40_0000 + UInt32(number) << 4))/28"
      : "2001:db8:64:\(String(number, radix: 16))::/64"
  }

  /// What was taken back twice would have to rest after the third time: another comes in its place.
  mutating func retire(_ prefix: Prefix) {
    for family in numbers.indices {
      for place in numbers[family].indices {
        guard Prefix(RouteWalk.prefix(family, numbers[family][place])) == prefix else { continue }
        numbers[family][place] = nextNumber
        nextNumber += 1
      }
    }
  }

  // MARK: Changes

  /// What is there before the first change; `down` and `up` come back to it.
  static let objects =
    [0, 1].flatMap { family in
      ["via \(gateway(family, 1)) dev n0 onlink", "via \(gateway(family, 3)) dev n1 onlink"]
        .enumerated().map { "nexthop replace id \(id(family, $0 + 1)) \($1)" }
        + ["nexthop replace id \(id(family, 3)) group \(id(family, 1))/\(id(family, 2))"]
    } + ["nexthop replace id \(id(0, 4)) blackhole"]

  /// A batch has no word for the family of this one: it is made once.
  static let blackholeObject = ["ip", "-6", "nexthop", "add", "id", "\(id(1, 4))", "blackhole"]

  private static func id(_ family: Int, _ number: Int) -> Int { 10 * family + number }

  private static func gateway(_ family: Int, _ number: Int) -> String {
    family == 0 ? "10.20.0.\(number)" : "fd00:20::\(number)"
  }

  /// The next change; it may be one that the kernel refuses.
  mutating func change() -> String {
    switch pick(24) {
    case 0: return "link set n1 down"
    case 1, 2: return "link set n1 up"
    case 3: return "nexthop del id \(RouteWalk.id(pick(2), 1 + pick(4)))"
    case 4, 5: return RouteWalk.objects[pick(RouteWalk.objects.count)]
    case 6:
      let family = pick(2)
      return "nexthop replace id \(RouteWalk.id(family, 1)) "
        + "via \(RouteWalk.gateway(family, 1 + pick(2))) dev n0 onlink"
    default: return changeOfRoute()
    }
  }

  private mutating func changeOfRoute() -> String {
    let family = pick(2)
    let prefix = RouteWalk.prefix(family, numbers[family][pick(RouteWalk.places)])
    let key = pick(4) == 0 ? "metric 50" : ""
    let proto = "proto \(pick(RouteWalk.protocols))"
    var verb = pick([
      "add", "add", "append", "append", "prepend", "replace", "replace", "replace", "change", "del",
    ])
    if verb == "del", pick(3) == 0 {
      // Of a key as a whole, of a protocol, or whatever comes first.
      return "route del \(prefix) " + pick(["", key, proto])
    }
    if verb == "add", pick(8) == 0 {
      return "route add \(pick(["blackhole", "unreachable"])) \(prefix) \(key) \(proto)"
    }
    if verb == "replace", pick(6) == 0 { verb = "replace blackhole" }
    let way = verb == "replace blackhole" ? "" : way(family)
    return "route \(verb) \(prefix) \(key) \(proto) \(way)"
  }

  private mutating func way(_ family: Int) -> String {
    let hops = ["1) dev n0", "2) dev n0", "3) dev n1"].map { hop in
      let words = hop.split(separator: ") ")
      return "via \(RouteWalk.gateway(family, Int(words[0]) ?? 0)) \(words[1]) onlink"
    }
    switch pick(9) {
    case 0: return "dev n0"
    case 1: return "dev n1"
    case 2, 3, 4: return hops[pick(3)]
    case 5: return "nexthop \(hops[0]) weight \(1 + pick(3)) nexthop \(hops[1])"
    case 6: return "nexthop \(hops[2]) nexthop \(hops[pick(2)])"
    default: return "nhid \(RouteWalk.id(family, 1 + pick(4)))"
    }
  }

  // MARK: What the kernel has

  /// The rules under test, and the length of the path that each announces with: its place.
  static let rules = """
      ways: {protocols: [bird], allow: [\(blocks)]}
      drops: {protocols: [bird], types: [blackhole], allow: [\(blocks)], prepend: 1}
      fixed: {protocols: [static], allow: [\(blocks)], prepend: 2}
    """

  private static let blocks = #"10.64.0.0/12 le 28, "2001:db8:64::/48 le 64""#

  /// By prefix the length of the path with which it is to be announced.
  static func wanted(_ lab: Lab) throws -> [Prefix: Int] {
    var wanted: [Prefix: Int] = [:]
    for family in ["-4", "-6"] {
      for (prefix, route) in try routes(lab, family) {
        guard let length = length(route["type"].map { "\($0)" }, route["protocol"].map { "\($0)" })
        else { continue }
        wanted[prefix] = min(length, wanted[prefix] ?? .max)
      }
    }
    return wanted
  }

  private static func routes(_ lab: Lab, _ family: String) throws -> [(Prefix, [String: Any])] {
    let text = try lab.run(
      ["ip", "-j", "-d", "-N", family, "route", "show", "table", "main"], on: "a")
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return (object as? [[String: Any]] ?? []).compactMap { route in
      guard let name = route["dst"] as? String, let prefix = Prefix(name),
        name.hasPrefix("10.64.") || name.hasPrefix("2001:db8:64:")
      else { return nil }
      return (prefix, route)
    }
  }

  private static func length(_ type: String?, _ proto: String?) -> Int? {
    switch (type ?? "1", proto) {
    case ("1", "12"), ("unicast", "12"): 1
    case ("6", "12"), ("blackhole", "12"): 2
    case ("1", "4"), ("unicast", "4"): 3
    default: nil
    }
  }

  /// IPv6 prefixes of which a dump does not list every route: it passes over those that stand
  /// between two next hops of one. Where ip(8) cannot be asked, no verdict is possible.
  static func hidden(_ lab: Lab) throws -> Set<Prefix> {
    var counts: [Prefix: Int] = [:]
    for line in try lab.run(["cat", "/proc/net/ipv6_route"], on: "a").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 1, words[0].hasPrefix("20010db80064"), words[1] == "40",
        let number = Int(words[0].dropFirst(12).prefix(4), radix: 16),
        let prefix = Prefix(prefix(1, number))
      else { continue }
      counts[prefix, default: 0] += 1
    }
    for (prefix, route) in try routes(lab, "-6") {
      let hops = (route["nexthops"] as? [Any])?.count ?? 1
      counts[prefix, default: 0] -= route["nhid"] == nil ? hops : 1
    }
    return Set(counts.keys.filter { counts[$0] != 0 })
  }
}
