// The verb `metrics`: what the daemon has counted, for programs that keep it.

/// `hopshift metrics`
package struct MetricsCommand: Hashable, Sendable {
  package let json: Bool

  package static let synopsis = Synopsis(
    verb: "metrics",
    abstract: "print counters and histograms as OpenMetrics text",
    details: """
      Asks the daemon once and prints what it has counted since it started, in the
      text of OpenMetrics 1.0. hopshift_config_stale is 1 when the file of the
      configuration is not any more what the daemon has read.
      The same is served over HTTP with the key metrics of the configuration.
      """,
    options: [.json],
    examples: [
      Example("What a scraper would get", "hopshift metrics")
    ])

  init(_ arguments: Arguments) throws(UsageError) {
    try arguments.refuseOperands()
    json = arguments.has(.json)
  }
}
