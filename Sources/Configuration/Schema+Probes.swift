// The keys of the probes: what is asked, how often, and how many answers decide.
import Model

extension Schema {
  static let arp =
    [
      Key(.interface, .value(.interface), .required, "The interface on which it is asked."),
      asked,
      Key(
        .trustProxy, .value(.flag), .defaulted("false"),
        "Whether an answer that the network gives for the host counts."),
    ] + cadence(interval: "50ms", least: ProbeTimes.leastInterval, ProbeTimes.leastTimeout)

  static let icmp =
    [asked] + cadence(interval: "100ms", least: ProbeTimes.leastInterval, ProbeTimes.leastTimeout)

  static let tcp =
    [
      Key(.port, .value(.number(1...65_535)), .required, "The TCP port."), asked,
    ] + cadence(interval: "100ms", least: ProbeTimes.leastStream, ProbeTimes.leastStream)

  static let http =
    [
      Key(.url, .value(.url), .required, "What is fetched, with a new connection each time."),
      Key(
        .address, .value(.ipv4Address), .derived("the URL's address, or the host's"),
        "Who is asked."),
      Key(
        .status, .value(.statuses), .defaulted("200-399"),
        "The status codes that count as an answer."),
      Key(
        .text, .value(.text), .derived("anything"), "What the body of the answer has to contain."),
    ] + cadence(interval: "100ms", least: ProbeTimes.leastStream, ProbeTimes.leastStream)

  static let bfd = [
    asked,
    Key(
      .interval,
      .value(
        .duration(
          least: ProbeTimes.leastControl, most: ProbeTimes.mostInterval, step: .milliseconds(1))),
      .defaulted("50ms"), "How often packets are sent and expected."),
    Key(
      .multiplier, .value(.number(2...255)), .defaulted("3"),
      "How many packets in a row have to be missing."),
    Key(
      .rise, .value(.number(1...1_000)), .defaulted("1"),
      "How many packets of a session that is up make the host well."),
    Key(
      .multihop, .value(.flag), .defaulted("false"), "Whether routers lie between (RFC 5883)."),
  ]

  private static let asked = Key(
    .address, .value(.ipv4Address), .derived("the host's address"), "Who is asked.")

  private static func cadence(
    interval: String, least leastInterval: Nanoseconds, _ leastTimeout: Nanoseconds
  ) -> [Key] {
    [
      Key(
        .interval,
        .value(
          .duration(least: leastInterval, most: ProbeTimes.mostInterval, step: .milliseconds(1))),
        .defaulted(interval), "How often it is asked."),
      Key(
        .timeout,
        .value(
          .duration(least: leastTimeout, most: ProbeTimes.mostInterval, step: .milliseconds(1))),
        .derived("the interval"), "How long an answer may take."),
      Key(
        .fall, .value(.number(2...100)), .defaulted("3"),
        "How many failures in a row mean that the host is down."),
      Key(
        .rise, .value(.number(1...1_000)), .defaulted("5"),
        "How many answers in a row mean that it is up."),
    ]
  }
}

/// What the times of probes can be. We chose them.
enum ProbeTimes {
  /// A packet each 5 ms is what the schedule's slots are made for.
  static let leastInterval = Nanoseconds.milliseconds(5)
  /// Below, a machine that is a little late would call answers lost.
  static let leastTimeout = Nanoseconds.milliseconds(5)
  /// A connection takes two ways and an application's turn.
  static let leastStream = Nanoseconds.milliseconds(20)
  static let leastControl = Nanoseconds.milliseconds(10)
  static let mostInterval = Nanoseconds.seconds(60)
  /// Probes of one target that can be on their way together: timeouts in intervals.
  static let datagramsAtOnce: Int64 = 15
  static let streamsAtOnce: Int64 = 3
}
