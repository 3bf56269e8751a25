// The text of OpenMetrics, character for character, and what may not get into it.

import Metrics
import Testing

@Suite struct ExpositionTests {
  @Test func everyKind() throws {
    var text = Exposition()
    text.begin(MetricFamily("a_up", .gauge, "Whether it is."))
    text.add(MetricValue(true))
    text.begin(MetricFamily("a_pause_seconds", .counter, unit: "seconds", "How long."))
    text.add(.seconds(milliseconds: 1_250), [("class", "routes")])
    text.begin(MetricFamily("a_build", .info, "The version."))
    text.add(MetricValue(true), [("version", "0.1")])
    text.begin(MetricFamily("a_stage_seconds", .histogram, unit: "seconds", "A stage."))
    let histogram = try #require(
      MetricHistogram(
        bounds: [10, 100, 1_000_000].map { MetricBound(microseconds: $0) }, counts: [1, 0, 2, 4],
        sum: .seconds(nanoseconds: 12_000_000_005)))
    text.add(histogram, [("stage", "written")])
    #expect(
      text.finish() == """
        # TYPE a_up gauge
        # HELP a_up Whether it is.
        a_up 1
        # TYPE a_pause_seconds counter
        # UNIT a_pause_seconds seconds
        # HELP a_pause_seconds How long.
        a_pause_seconds_total{class="routes"} 1.25
        # TYPE a_build info
        # HELP a_build The version.
        a_build_info{version="0.1"} 1
        # TYPE a_stage_seconds histogram
        # UNIT a_stage_seconds seconds
        # HELP a_stage_seconds A stage.
        a_stage_seconds_bucket{stage="written",le="1e-05"} 1
        a_stage_seconds_bucket{stage="written",le="0.0001"} 1
        a_stage_seconds_bucket{stage="written",le="1.0"} 3
        a_stage_seconds_bucket{stage="written",le="+Inf"} 7
        a_stage_seconds_count{stage="written"} 7
        a_stage_seconds_sum{stage="written"} 12.000000005
        # EOF

        """)
  }

  /// Names come from a configuration: whatever stands in one, a sample stays one line.
  @Test func labels() {
    var text = Exposition()
    text.begin(MetricFamily("a", .gauge, "A \"quoted\" \\ help."))
    text.add(MetricValue(1), [("name", "a\"b\\c\nd"), ("other", "\u{e9}")])
    let lines = text.finish().split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[1] == #"# HELP a A \"quoted\" \\ help."#)
    #expect(lines[2] == #"a{name="a\"b\\c\nd",other="\#u{e9}"} 1"#)
  }

  @Test func noSampleTwice() {
    var text = Exposition()
    text.begin(MetricFamily("a", .gauge, "A."))
    text.add(MetricValue(1), [("name", "x")])
    text.add(MetricValue(2), [("name", "x")])
    text.add(MetricValue(3), [("name", "y")])
    #expect(text.finish().contains("a{name=\"x\"} 1\na{name=\"y\"} 3\n"))
  }

  @Test(
    arguments: [
      (0, "0.0"), (1, "0.000001"), (10, "0.00001"), (1_000_000, "1.0"), (-1_500_000, "-1.5"),
      (123_456_789, "123.456789"), (Int64.min, "-9223372036854.775808"),
    ] as [(Int64, String)])
  func seconds(_ microseconds: Int64, _ text: String) {
    #expect(MetricValue.seconds(microseconds: microseconds).text == text)
  }

  @Test(
    arguments: [
      (1, "1e-06"), (5, "5e-06"), (10, "1e-05"), (25, "2.5e-05"), (50, "5e-05"), (99, "9.9e-05"),
      (100, "0.0001"), (250, "0.00025"), (1_000, "0.001"), (30_000_000, "30.0"),
    ] as [(Int64, String)])
  func bounds(_ microseconds: Int64, _ text: String) {
    #expect(MetricBound(microseconds: microseconds).bound == text)
  }

  @Test func histogramsThatDoNotFit() {
    let bounds = [1, 2].map { MetricBound(microseconds: $0) }
    let sum = MetricValue(0)
    #expect(MetricHistogram(bounds: bounds, counts: [1, 2], sum: sum) == nil)
    #expect(MetricHistogram(bounds: bounds.reversed(), counts: [1, 2, 3], sum: sum) == nil)
    #expect(MetricHistogram(bounds: bounds, counts: [1, 2, 3], sum: sum) != nil)
  }
}
