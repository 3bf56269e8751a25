// Lengths of time, read and written.
import Console
import Model
import Testing

@Suite struct LengthOfTimeTests {
  @Test(
    arguments: [
      ("1ms", Nanoseconds.milliseconds(1)), ("10s", .seconds(10)), ("2m", .seconds(120)),
      ("1h", .seconds(3_600)), ("604800s", .seconds(604_800)), ("007s", .seconds(7)),
      ("0s", nil), ("604801s", nil), ("9223372036854775807h", nil), ("s", nil), ("", nil),
      ("10", nil), ("1.5s", nil), ("-1s", nil), ("+1s", nil), ("10 s", nil), ("10S", nil),
      ("1d", nil), ("\u{0661}s", nil),
    ] as [(String, Nanoseconds?)])
  func reads(_ text: String, _ length: Nanoseconds?) {
    #expect(LengthOfTime.read(text) == length)
  }

  @Test(arguments: [
    (0, "0 ms"), (999, "999 ms"), (1_000, "1.0 s"), (9_999, "9.9 s"), (10_000, "10 s"),
    (59_999, "59 s"), (60_000, "1 min 0 s"), (3_599_999, "59 min 59 s"),
    (3_600_000, "1 h 0 min"), (86_399_999, "23 h 59 min"), (86_400_000, "1 d 0 h"),
    (Int64.max, "106751991167 d 7 h"), (-5, "-5 ms"),
  ])
  func writesMilliseconds(_ count: Int64, _ text: String) {
    #expect(LengthOfTime.text(milliseconds: count) == text)
  }

  @Test(arguments: [(31, "31 us"), (9_999, "9999 us"), (10_000, "10 ms"), (2_000_000, "2.0 s")])
  func writesMicroseconds(_ count: Int64, _ text: String) {
    #expect(LengthOfTime.text(microseconds: count) == text)
  }
}
