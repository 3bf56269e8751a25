// A report says what the questions of a client show, and nothing that they do not.

import Lab
import Model
import Testing

struct MeasureTests {
  private static let vip = IPv4Address(100, 64, 0, 1)

  private static func moment(_ milliseconds: Int64) -> Moment {
    Moment(nanoseconds: milliseconds * 1_000_000)
  }

  /// A question each 10 ms from 0; a letter is who answers it 2 ms later, a dot nobody.
  private static func questions(_ text: String) -> [Question] {
    text.enumerated().map { index, letter in
      let asked = moment(Int64(index) * 10)
      guard letter != "." else { return Question(asked: asked) }
      return Question(
        asked: asked, answer: Answer(from: "ws\(letter)", moment: asked + .milliseconds(2)))
    }
  }

  private static func shift(_ text: String, began: Int64, last: Int64? = nil) -> MeasuredShift {
    MeasuredShift(
      to: "ws2", questions: questions(text), began: moment(began),
      end: moment(Int64(text.count) * 10), lastChange: last.map { moment($0) })
  }

  @Test func `a shift is what came after it was asked for`() {
    // Answers at 2, 12 | asked for at 15 | 22 of the old, nobody, 62 and on of the new.
    let shift = Self.shift("111...2222", began: 15, last: 5)
    #expect(shift.arrival == .milliseconds(47))
    #expect(shift.moved == .milliseconds(47))
    #expect(shift.outage == .milliseconds(40))
    #expect(shift.lost == 3)
    #expect(shift.sinceLast == .milliseconds(10))
    #expect(shift.change == Self.moment(62))
  }

  @Test func `a shift that never came has no time, and its outage lasts`() {
    let never = Self.shift("1111111111", began: 15)
    #expect(never.arrival == nil && never.moved == nil && never.sinceLast == nil)
    #expect(never.outage == .milliseconds(10))
    let dead = Self.shift("11........", began: 15)
    #expect(dead.arrival == nil && dead.moved == nil)
    #expect(dead.outage == .milliseconds(88) && dead.lost == 8)
  }

  @Test func `a shift is over when the old host answers no more`() {
    let split = Self.shift("11..2212", began: 15)
    #expect(split.arrival == .milliseconds(27))
    #expect(split.moved == .milliseconds(57))
    #expect(Self.shift("11..2221", began: 15).moved == nil)
  }

  @Test func `the median of an even count lies between the middle two`() {
    #expect(MeasureReport.median([]) == nil)
    #expect(MeasureReport.median([3, 1, 2].map { .milliseconds($0) }) == .milliseconds(2))
    #expect(MeasureReport.median([4, 1, 2, 3].map { .milliseconds($0) }) == .microseconds(2_500))
  }

  @Test func `the report tells each shift, all of them, and what was not seen`() {
    let whole = MeasureReport(
      vip: Self.vip,
      apart: [Self.shift("111...2222", began: 15), Self.shift("11.2222222", began: 15)],
      atOnce: nil)
    #expect(whole.isComplete)
    let text = whole.text
    #expect(text.contains("47.000 ms"))
    #expect(text.contains("all moved     min 17.000 ms, median 32.000 ms, max 47.000 ms"))
    #expect(text.contains("outage        min 20.000 ms, median 30.000 ms, max 40.000 ms"))
    #expect(!text.contains("not seen"))
    let poor = MeasureReport(
      vip: Self.vip, apart: [Self.shift("1111", began: 15)], atOnce: nil)
    #expect(!poor.isComplete)
    #expect(poor.text.contains("never") && poor.text.contains("1 of 1 shifts were not seen"))
    #expect(poor.text.contains("nothing was measured"))
  }

  @Test func `damping is a second change that is much later than the others`() {
    func report(second text: String) -> String {
      MeasureReport(
        vip: Self.vip, apart: [Self.shift("111...2222", began: 15)],
        atOnce: Self.shift(text, began: 15, last: 10)
      ).text
    }
    #expect(report(second: "11.222").contains("no sign of damping"))
    let late = "11" + String(repeating: "1", count: 3_100) + "2"
    #expect(
      report(second: late).contains("held back until 31012.000 ms after the one before: damping"))
    #expect(report(second: "1111").contains("was not seen"))
  }

  @Test func `of two changes at once the first may be the one that was not seen`() {
    let report = MeasureReport(
      vip: Self.vip, apart: [Self.shift("111...2222", began: 15)],
      before: Self.shift("1111", began: 15), atOnce: nil)
    #expect(!report.isComplete)
    #expect(report.text.contains("the first was not seen"), "\(report.text)")
  }

  private static let history = """
    {"v":1,"id":"ask","type":"history","shift":1,"host":"ws1","unix-ns":1000000}
    {"v":1,"id":"ask","type":"stage","shift":1,"stage":"decided","after-us":9000}
    {"v":1,"id":"ask","type":"history","shift":2,"host":"ws2","unix-ns":20000000}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"seen","after-us":0}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"decided","after-us":100}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"written","after-us":300}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"written","after-us":250}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"acknowledged","after-us":700}
    {"v":1,"id":"ask","type":"stage","shift":2,"stage":"acknowledged","after-us":1000}
    {"v":1,"id":"ask","type":"history","shift":3,"unix-ns":21000000}
    {"v":1,"id":"ask","type":"stage","shift":3,"stage":"decided","after-us":77}
    {"v":1,"id":"ask","type":"end","code":"ok","message":""}
    """

  @Test func `one report has the client's view and the daemon's`() throws {
    let told = try ToldShift.read(Self.history)
    #expect(told.map(\.host) == ["ws1", "ws2"])
    #expect(
      told.last
        == ToldShift(
          host: "ws2", seen: Self.moment(20), decided: .microseconds(100),
          written: .microseconds(300), acknowledged: .milliseconds(1)))
    // Asked for at 15, seen at 20, acknowledged at 21, all moved at 62.
    let whole = MeasureReport(
      vip: Self.vip, apart: [Self.shift("111...2222", began: 15)], atOnce: nil, told: told)
    #expect(whole.isComplete)
    #expect(
      whole.text.contains(
        "     1     5.000 ms       0.100 ms       0.300 ms       1.000 ms      41.000 ms\n"),
      "\(whole.text)")
    #expect(whole.text.contains("seen          min 5.000 ms, median 5.000 ms, max 5.000 ms"))
    #expect(whole.text.contains("platform      min 41.000 ms, median 41.000 ms, max 41.000 ms"))
  }

  @Test func `a shift that the daemon does not tell of is missing`() throws {
    let told = try ToldShift.read(String(Self.history.prefix { $0 != "\n" }))
    let report = MeasureReport(
      vip: Self.vip, apart: [Self.shift("111...2222", began: 15)], atOnce: nil, told: told)
    #expect(!report.isComplete && report.text.contains("not told"), "\(report.text)")
    #expect(throws: LabError.self) { try ToldShift.read("no record") }
  }
}
