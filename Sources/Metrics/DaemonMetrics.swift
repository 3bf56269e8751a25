// What the daemon's answer to `metrics` says, as families of metrics.

package import Control

/// The daemon's own numbers.
package struct DaemonMetrics: Sendable {
  let records: [Record]

  /// `records` are those of one whole answer.
  package init(_ records: [Record]) { self.records = records }

  /// The sum of the configuration's text that the daemon runs with.
  package var configurationSum: Int64? { daemon?.integer("config-sum") }

  /// The file that it was read from.
  package var configuration: String? { daemon?.string("config") }

  private var daemon: Record? { records.first { $0.type == "daemon" } }

  func all(_ type: String) -> [Record] { records.filter { $0.type == type } }

  /// Writes every family that has a sample. `isStale`: of who has looked at the file; nil: what the
  /// daemon itself knows, who looks at it only when it is to reload.
  package func write(isStale: Bool?, into text: inout Exposition) {
    text.begin(
      MetricFamily("hopshift_up", .gauge, "Whether hopshiftd has answered."))
    text.add(MetricValue(daemon != nil))
    guard let daemon else { return }
    text.begin(MetricFamily("hopshift_build", .info, "The version of hopshiftd."))
    text.add(MetricValue(true), [("version", daemon.string("version") ?? "")])
    if let isStale = isStale ?? daemon.boolean("config-refused") {
      text.begin(
        MetricFamily(
          "hopshift_config_stale", .gauge,
          "Whether the file of the configuration is another one than hopshiftd runs with."))
      text.add(MetricValue(isStale))
    }
    process(daemon, into: &text)
    for rows in [
      DaemonMetrics.kernel, DaemonMetrics.routeServers, DaemonMetrics.targets,
      DaemonMetrics.speakers, DaemonMetrics.vips,
    ] { write(rows, into: &text) }
    routeTables(into: &text)
    stages(into: &text)
  }

  private func process(_ daemon: Record, into text: inout Exposition) {
    for row in DaemonMetrics.daemon { write(row, [daemon], into: &text) }
  }

  // MARK: Rows

  private func write(_ rows: MetricRows, into text: inout Exposition) {
    let found = all(rows.type)
    for row in rows.rows { write(row, found, labels: rows.labels, into: &text) }
  }

  private func write(
    _ row: MetricRow, _ found: [Record], labels: [MetricRows.Label] = [],
    into text: inout Exposition
  ) {
    // A family without a sample says nothing.
    let samples = found.compactMap { record in row.value(record).map { (record, $0) } }
    guard !samples.isEmpty else { return }
    text.begin(row.family)
    for (record, value) in samples {
      text.add(value, labels.map { ($0.name, record.string($0.field) ?? "") })
    }
  }

  // MARK: What rows cannot say

  private func routeTables(into text: inout Exposition) {
    guard let courier = all("courier").first else { return }
    text.begin(
      MetricFamily(
        "hopshift_courier_connected", .gauge, "Whether hopshift-courier is connected to hopshiftd.")
    )
    text.add(MetricValue(courier.boolean("connected") ?? false))
    text.begin(
      MetricFamily(
        "hopshift_vips_not_durable", .gauge,
        "Virtual IPs whose wish about route tables would not survive a crash."))
    text.add(MetricValue(DaemonMetrics.count(courier, "not-durable")))
    text.begin(
      MetricFamily(
        "hopshift_vips_in_trouble", .gauge,
        "Virtual IPs whose routes could not be written, or were changed by somebody else."))
    text.add(MetricValue(DaemonMetrics.count(courier, "troubles")))
    text.begin(
      MetricFamily(
        "hopshift_scheduled_events", .gauge, "Events that Azure has announced for this machine."))
    text.add(MetricValue(DaemonMetrics.count(courier, "events")))
    kernelRoutes(courier, into: &text)
    guard let open = all("vips").first?.integer("routes-open") else { return }
    text.begin(
      MetricFamily(
        "hopshift_vips_routes_open", .gauge,
        "Virtual IPs whose route tables do not yet say what this machine wishes."))
    text.add(MetricValue(open))
  }

  /// Routes of the kernel in route tables; nothing without a rule for them.
  private func kernelRoutes(_ courier: Record, into text: inout Exposition) {
    let families = [
      ("routes", "hopshift_table_routes", "Routes of the kernel that route tables should have."),
      (
        "routes-open", "hopshift_table_routes_open",
        "Routes of the kernel that this machine writes and that are not yet as they should be."
      ),
      (
        "routes-left-out", "hopshift_table_routes_left_out",
        "Routes of the kernel that have no room in route tables."
      ),
      (
        "routes-in-trouble", "hopshift_table_routes_in_trouble",
        "Routes of the kernel that could not be written, or were changed by somebody else."
      ),
    ]
    for (field, name, help) in families {
      guard let value = courier.integer(field) else { continue }
      text.begin(MetricFamily(name, .gauge, help))
      text.add(MetricValue(value))
    }
  }

  private static func count(_ record: Record, _ field: String) -> Int64 {
    if case .array(let values)? = record[field] { Int64(values.count) } else { 0 }
  }

  private func stages(into text: inout Exposition) {
    let times = all("times").compactMap { record in
      DaemonMetrics.histogram(record).map { (record, $0) }
    }
    guard !times.isEmpty else { return }
    text.begin(
      MetricFamily(
        "hopshift_stage_seconds", .histogram, unit: "seconds",
        "How long a stage of a shift took: decided since seen, written since decided, "
          + "acknowledged since written, udr-accepted and udr-done since the wish."))
    for (record, histogram) in times {
      var labels: [MetricLabel] = [("stage", record.string("stage") ?? "")]
      if let server = record.string("route-server") { labels.append(("route_server", server)) }
      text.add(histogram, labels)
    }
  }

  private static func histogram(_ record: Record) -> MetricHistogram? {
    guard let bounds = integers(record, "bounds-us"), let counts = integers(record, "counts"),
      counts.allSatisfy({ $0 >= 0 }), let sum = record.integer("sum-ns")
    else { return nil }
    return MetricHistogram(
      bounds: bounds.map(MetricBound.init), counts: counts.map { UInt64($0) },
      sum: .seconds(nanoseconds: sum))
  }

  private static func integers(_ record: Record, _ field: String) -> [Int64]? {
    guard case .array(let values)? = record[field] else { return nil }
    let numbers = values.compactMap { value -> Int64? in
      if case .integer(let number) = value { number } else { nil }
    }
    return numbers.count == values.count ? numbers : nil
  }
}
