// The courier's own families of metrics.

import Metrics
import Model

/// What became of requests to Azure and to the metadata service, counted.
struct Traffic {
  private(set) var begun: Int64 = 0
  private(set) var lost: Int64 = 0
  /// By the first digit of the status.
  private(set) var answers = Array(repeating: Int64(0), count: 6)

  mutating func begin() { begun += 1 }
  mutating func lose() { lost += 1 }

  mutating func answered(_ status: Int) {
    let digit = status / 100
    if answers.indices.contains(digit) { answers[digit] += 1 }
  }
}

struct CourierMetrics {
  let started: Instant
  let now: Instant
  let hasToken: Bool
  let isDurable: Bool
  let openCalls: Int
  let depth: Int
  let traffic: Traffic

  func write(into text: inout Exposition) {
    text.begin(
      MetricFamily(
        "hopshift_courier_uptime_seconds", .gauge, unit: "seconds",
        "Time since hopshift-courier has started."))
    text.add(.seconds(milliseconds: (now - started).milliseconds))
    text.begin(
      MetricFamily("hopshift_courier_token", .gauge, "Whether there is a token that is good."))
    text.add(MetricValue(hasToken))
    text.begin(
      MetricFamily(
        "hopshift_courier_store", .gauge, "Whether the store takes everything it is given."))
    text.add(MetricValue(isDurable))
    text.begin(
      MetricFamily(
        "hopshift_courier_queue_depth", .gauge,
        "Virtual IPs whose routes are not settled, and writes that wait for the disk."))
    text.add(MetricValue(Int64(depth)))
    text.begin(
      MetricFamily("hopshift_courier_requests_open", .gauge, "Requests that are on their way."))
    text.add(MetricValue(Int64(openCalls)))
    text.begin(
      MetricFamily("hopshift_courier_requests", .counter, "Requests that were begun."))
    text.add(MetricValue(traffic.begun))
    text.begin(
      MetricFamily(
        "hopshift_courier_requests_lost", .counter, "Requests to which no answer came."))
    text.add(MetricValue(traffic.lost))
    text.begin(
      MetricFamily("hopshift_courier_answers", .counter, "Answers, by the class of their status."))
    for digit in 1...5 {
      text.add(MetricValue(traffic.answers[digit]), [("class", "\(digit)xx")])
    }
  }
}
