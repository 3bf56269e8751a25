// What a Plan's probes come to: how soon a death is known, and how often there is none.
package import Model

/// Detection times and false alarms, under the assumption that probes are lost one by one, each
/// with the same chance.
package enum Arithmetic {
  /// A LAN that is well, and one that is not.
  package static let smallLoss = 0.001
  package static let largeLoss = 0.01
  /// Alarms a year at the small loss that pass without a word. We chose it: one each month would
  /// still be looked into.
  static let tolerated = 12.0
  private static let year = 365.25 * 86_400

  /// One host in numbers.
  package struct Host: Equatable, Sendable {
    package var name: String
    /// From the death to the signal: at most, and on average. Nil: its probes alone never tell.
    package var longest: Nanoseconds?
    package var usual: Nanoseconds?
    /// Times a year that it seems dead and is not, at the small and at the large loss.
    package var alarms: (small: Double, large: Double)

    package static func == (left: Host, right: Host) -> Bool {
      left.name == right.name && left.longest == right.longest && left.usual == right.usual
        && left.alarms == right.alarms
    }
  }

  /// Every host that is probed, in the order of the Plan.
  package static func hosts(of plan: Plan) -> [Host] {
    plan.hosts.compactMap { host in
      let probes = plan.targets[host.targets].compactMap { target -> Plan.Probe? in
        if case .probe(let probe) = target.evidence { probe } else { nil }
      }
      guard !probes.isEmpty else { return nil }
      // Neighbour entries count for nobody, so they are not among those that can be missing.
      let voices = plan.targets[host.targets].count {
        if case .neighbour = $0.evidence { false } else { true }
      }
      let needed = downs(host.requirement, of: voices)
      return Host(
        name: host.name, longest: detection(probes, needed, longest),
        usual: detection(probes, needed, usual),
        alarms: (
          falseAlarms(probes, needed, loss: smallLoss), falseAlarms(probes, needed, loss: largeLoss)
        ))
    }
  }

  /// How many have to say that the host is down.
  private static func downs(_ requirement: Plan.Requirement, of count: Int) -> Int {
    switch requirement {
    case .all: 1
    case .any: count
    case .atLeast(let needed): max(count - needed + 1, 1)
    }
  }

  /// The worst moment to die is just after an answer: the next probe is the first to be lost.
  package static func longest(_ probe: Plan.Probe) -> Nanoseconds {
    let rounds = probe.interval * Int64(probe.fall)
    return probe.isBFD ? rounds : rounds + probe.timeout
  }

  /// On average half an interval of that has passed; BFD sends 75 to 100 % of its interval apart.
  package static func usual(_ probe: Plan.Probe) -> Nanoseconds {
    longest(probe) - (probe.isBFD ? probe.interval * 7 / 16 : probe.interval / 2)
  }

  /// When so many of them have seen it.
  private static func detection(
    _ probes: [Plan.Probe], _ needed: Int, _ time: (Plan.Probe) -> Nanoseconds
  ) -> Nanoseconds? {
    guard needed <= probes.count else { return nil }
    return probes.map(time).sorted()[needed - 1]
  }

  /// A year's runs of `fall` losses and more.
  package static func falseAlarms(_ probe: Plan.Probe, loss: Double) -> Double {
    var chance = 1 - loss
    for _ in 0..<probe.fall { chance *= loss }
    return year / seconds(probe.interval) * chance
  }

  /// Times a year at which so many targets seem dead together.
  private static func falseAlarms(_ probes: [Plan.Probe], _ needed: Int, loss: Double) -> Double {
    guard needed <= probes.count else { return 0 }
    let rates = probes.map { falseAlarms($0, loss: loss) }
    // The part of the time in which each is taken for dead without being so.
    let shares = zip(probes, rates).map { probe, rate in
      min(rate * seconds(probe.interval * Int64(probe.rise)) / year, 1)
    }
    var sum = 0.0
    for index in probes.indices {
      // The chance that exactly so many of the others are taken for dead.
      var chances = [1.0] + Array(repeating: 0.0, count: probes.count)
      for other in probes.indices where other != index {
        for count in stride(from: probes.count, through: 1, by: -1) {
          chances[count] =
            chances[count] * (1 - shares[other]) + chances[count - 1] * shares[other]
        }
        chances[0] *= 1 - shares[other]
      }
      sum += rates[index] * chances[needed - 1]
    }
    return sum
  }

  private static func seconds(_ length: Nanoseconds) -> Double { Double(length.count) / 1e9 }

  /// Two digits that count; nobody knows more.
  package static func rounded(_ number: Double) -> String {
    if number < 0.01 { return "0" }
    if number < 10 { return "\(Double(Int(number * 100 + 0.5)) / 100)" }
    var step = 1.0
    while number / step >= 1_000 { step *= 10 }
    return "\(Int((number / step + 0.5)) * Int(step))"
  }

  /// The numbers of a Plan in words, one line a host.
  package static func text(of plan: Plan) -> String {
    hosts(of: plan).map { host in
      var line = "host \(host.name): "
      if let longest = host.longest, let usual = host.usual {
        line +=
          "death known after \(DurationText.shown(usual)), \(DurationText.shown(longest)) at most"
      } else {
        line += "probes alone never tell its death"
      }
      return line + "; false alarms a year: \(rounded(host.alarms.small)) at 0.1 % loss, "
        + "\(rounded(host.alarms.large)) at 1 %\n"
    }.joined()
  }
}
