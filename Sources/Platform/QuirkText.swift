// Quirks by name and as text: how they are switched from a command line and from a scenario.

package import Model

extension Nanoseconds {
  /// The units of lengths of time, longest name first so that `ms` is not read as `s`.
  private static let units: [(name: String, length: Nanoseconds)] = [
    ("ns", Nanoseconds(1)), ("us", .microseconds(1)), ("ms", .milliseconds(1)),
    ("s", .seconds(1)),
  ]

  /// Reads a whole number and its unit, `30s`, `250ms`; a plain `0` needs none.
  package init?(platformText text: some StringProtocol) {
    if text == "0" {
      self = .zero
      return
    }
    for (name, length) in Nanoseconds.units where text.hasSuffix(name) {
      // A day is more than anything here lasts, and multiplies without overflow.
      guard let count = Int64(text.dropLast(name.utf8.count)), count >= 0,
        count <= 86_400_000_000_000 / length.count
      else { return nil }
      self = length * count
      return
    }
    return nil
  }

  /// As `init(platformText:)` reads it.
  package var platformText: String {
    if count == 0 { return "0" }
    let unit = Nanoseconds.units.last { count % $0.length.count == 0 }
    guard let unit else { return "\(count)ns" }
    return "\(count / unit.length.count)\(unit.name)"
  }
}

extension ProgrammingDelay {
  /// `0`, a length of time, `published` or `published PERCENT%`.
  package init?(text: some StringProtocol) {
    if text.hasPrefix("published") {
      let rest = text.dropFirst("published".utf8.count)
      if rest.isEmpty {
        self = .published(percent: 100)
        return
      }
      guard rest.first == "*", rest.hasSuffix("%"),
        let percent = Int64(rest.dropFirst().dropLast()), (1...1_000).contains(percent)
      else { return nil }
      self = .published(percent: percent)
      return
    }
    guard let length = Nanoseconds(platformText: text) else { return nil }
    self = length == .zero ? .none : .fixed(length)
  }

  package var text: String {
    switch self {
    case .none: "0"
    case .fixed(let length): length.platformText
    case .published(let percent): percent == 100 ? "published" : "published*\(percent)%"
    }
  }
}

extension Quirks {
  /// The names, in the order in which they are shown.
  package static let names = [
    "listens", "connects", "offers-refresh", "offers-ipv6", "offers-four-octet", "hold-time",
    "keepalive", "shortest-hold-time", "jitters", "route-limit", "drops-own-asn",
    "honours-no-advertise", "passes-on", "ecmp-width", "compares-origin", "compares-med",
    "resets-without-refresh", "programming", "damping", "connect-retry",
  ]

  /// The value of a quirk as text; nil when there is no such quirk.
  package func text(of name: String) -> String? {
    switch name {
    case "listens": word(listens)
    case "connects": word(connects)
    case "offers-refresh": word(offersRefresh)
    case "offers-ipv6": word(offersIPv6)
    case "offers-four-octet": word(offersFourOctet)
    case "hold-time": holdTime.platformText
    case "keepalive": keepalive.platformText
    case "shortest-hold-time": shortestHoldTime.platformText
    case "jitters": word(jitters)
    case "route-limit": "\(routeLimit)"
    case "drops-own-asn": word(dropsOwnASN)
    case "honours-no-advertise": word(honoursNoAdvertise)
    case "passes-on": word(passesOn)
    case "ecmp-width": "\(ecmpWidth)"
    case "compares-origin": word(comparesOrigin)
    case "compares-med": word(comparesMED)
    case "resets-without-refresh": word(resetsWithoutRefresh)
    case "programming": programming.text
    case "damping": damping.platformText
    case "connect-retry": connectRetry.platformText
    default: nil
    }
  }

  private func word(_ isOn: Bool) -> String { isOn ? "on" : "off" }

  /// Changes a quirk; false, and nothing changed, when name or value are not understood.
  package mutating func set(_ name: String, _ text: String) -> Bool {
    switch name {
    case "listens": set(\.listens, text)
    case "connects": set(\.connects, text)
    case "offers-refresh": set(\.offersRefresh, text)
    case "offers-ipv6": set(\.offersIPv6, text)
    case "offers-four-octet": set(\.offersFourOctet, text)
    case "hold-time": setHold(\.holdTime, text)
    case "shortest-hold-time": setHold(\.shortestHoldTime, text)
    case "keepalive": set(\.keepalive, text, from: .seconds(1))
    case "jitters": set(\.jitters, text)
    case "route-limit": set(\.routeLimit, text, in: 0...1_000_000)
    case "drops-own-asn": set(\.dropsOwnASN, text)
    case "honours-no-advertise": set(\.honoursNoAdvertise, text)
    case "passes-on": set(\.passesOn, text)
    case "ecmp-width": set(\.ecmpWidth, text, in: 1...64)
    case "compares-origin": set(\.comparesOrigin, text)
    case "compares-med": set(\.comparesMED, text)
    case "resets-without-refresh": set(\.resetsWithoutRefresh, text)
    case "programming": setProgramming(text)
    case "damping": set(\.damping, text, from: .zero)
    case "connect-retry": set(\.connectRetry, text, from: .milliseconds(100))
    default: false
    }
  }

  private mutating func set(_ path: WritableKeyPath<Quirks, Bool>, _ text: String) -> Bool {
    guard text == "on" || text == "off" else { return false }
    self[keyPath: path] = text == "on"
    return true
  }

  private mutating func set(
    _ path: WritableKeyPath<Quirks, Int>, _ text: String, in range: ClosedRange<Int>
  ) -> Bool {
    guard let number = Int(text), range.contains(number) else { return false }
    self[keyPath: path] = number
    return true
  }

  private mutating func set(
    _ path: WritableKeyPath<Quirks, Nanoseconds>, _ text: String, from least: Nanoseconds
  ) -> Bool {
    guard let length = Nanoseconds(platformText: text), length >= least else { return false }
    self[keyPath: path] = length
    return true
  }

  /// Whole seconds in sixteen bits, none or at least three (RFC 4271 section 4.2).
  private mutating func setHold(
    _ path: WritableKeyPath<Quirks, Nanoseconds>, _ text: String
  ) -> Bool {
    guard let length = Nanoseconds(platformText: text), length.count % 1_000_000_000 == 0,
      length == .zero || (3...65_535).contains(length.seconds)
    else { return false }
    self[keyPath: path] = length
    return true
  }

  private mutating func setProgramming(_ text: String) -> Bool {
    guard let delay = ProgrammingDelay(text: text) else { return false }
    programming = delay
    return true
  }
}
