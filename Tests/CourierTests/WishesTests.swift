// What the journal keeps beside a line about routes: whose, for whom, for which shift, how soon.

import Linux
import Model
import Testing

@testable import Azure
@testable import Courier

@Suite struct WishesTests {
  private static func desired(_ generation: String, _ more: String) throws -> Desired {
    let line =
      #"{"v":1,"id":"ask","type":"desired","vip":"voice","generation":"\#(generation)","#
      + #""voice":"ours","wanted":true,"mode":"floor","routes":["100.64.0.0/31"],"#
      + #""next-hop":"10.10.0.5"\#(more)}"#
    return try #require(Desired(Array(line.utf8)))
  }

  private static func report(_ generation: String, _ stage: RouteStage) throws -> Report {
    Report(
      vip: "voice", generation: try #require(Generation(generation)), stage: stage,
      isDurable: true, detail: "")
  }

  private static func words(_ fields: [Log.Field]) -> [String] {
    fields.map { "\($0.name)=\($0.value)" }
  }

  private let start = Instant.zero + .seconds(10)

  @Test func aReportOfTheNewestWishHasItAll() throws {
    var wishes = Wishes()
    wishes.take(try Self.desired("4.17", #","host":"ws2","shift":3"#), at: start)
    // Told once more, in the answer to a question: it was heard before.
    wishes.replace(
      [try Self.desired("4.17", #","host":"ws2","shift":3"#)], at: start + .seconds(1))
    let fields = wishes.fields(
      of: try Self.report("4.17", .done), at: start + .milliseconds(1_500))
    #expect(
      Self.words(fields) == [
        "VIP=voice", "GENERATION=4.17", "STAGE=done", "DURABLE=yes", "HOST=ws2", "SHIFT=3",
        "AFTER_US=1500000",
      ])
  }

  /// Whose word it was before is not known any more, and a daemon of before tells no shift.
  @Test func aReportOfAnotherWishSaysWhatIsSure() throws {
    var wishes = Wishes()
    wishes.take(try Self.desired("4.18", #","host":"ws1","shift":null"#), at: start)
    let plain = ["VIP=voice", "GENERATION=4.17", "STAGE=failed", "DURABLE=yes"]
    #expect(
      Self.words(wishes.fields(of: try Self.report("4.17", .failed), at: start)) == plain)
    let now = wishes.fields(of: try Self.report("4.18", .accepted), at: start)
    #expect(Self.words(now).suffix(2) == ["HOST=ws1", "AFTER_US=0"])
    wishes.take(try Self.desired("4.19", ""), at: start)
    let bare = wishes.fields(of: try Self.report("4.19", .accepted), at: start)
    #expect(Self.words(bare).suffix(2) == ["DURABLE=yes", "AFTER_US=0"])
  }

  /// What the configuration names no more is not kept.
  @Test func whatIsGoneIsForgotten() throws {
    var wishes = Wishes()
    wishes.take(try Self.desired("4.17", #","host":"ws2""#), at: start)
    wishes.replace([], at: start)
    #expect(Self.words(wishes.fields(of: try Self.report("4.17", .done), at: start)).count == 4)
  }

  @Test func eachStageHasItsMessage() {
    #expect(CourierMessage(RouteStage.failed) == .routesFailed)
    #expect(CourierMessage(RouteStage.foreign) == .foreignRoute)
    #expect(CourierMessage(RouteStage.done) == .progress)
    #expect(CourierMessage(Topic.event) == .event)
  }
}
