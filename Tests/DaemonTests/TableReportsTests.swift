// Reports of what became of the kernel's routes: what is taken, and what is wrong with the others.

import Model
import Testing

@testable import Daemon

struct TableReportsTests {
  private static func words(_ text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  @Test func routesShareAReport() throws {
    var reports = TableReports()
    let first = try #require(Prefix("10.64.1.0/24"))
    let second = try #require(Prefix("fd00:1::/64"))
    #expect(reports.take(Self.words("/routes 1.2 done - 10.64.1.0/24 fd00:1::/64")) == nil)
    #expect(reports[first]?.stage == .done)
    #expect(reports[second]?.generation == Generation(epoch: 1, counter: 2))
    #expect(reports.take(["/routes", "1.3", "failed", "-rt: no", "10.64.1.0/24"]) == nil)
    #expect(reports.troubles.map(\.prefix) == [first])
    #expect(reports[first]?.detail == "rt: no")
    #expect(reports.take(Self.words("/routes 1.4 gone - 10.64.1.0/24")) == nil)
    #expect(reports[first] == nil)
    #expect(reports.troubles.isEmpty)
  }

  @Test(arguments: [
    ("/routes 1.2 done -", "takes a generation"), ("/routes 1.2 done x 10.0.0.0/8", "takes a gen"),
    ("/routes 12 done - 10.0.0.0/8", "12 is no generation"),
    ("/routes 1.2 ready - 10.0.0.0/8", "known are queued, accepted, done, foreign, failed, gone"),
    ("/routes 1.2 done - 10.0.0.1/8", "routes are prefixes"),
  ])
  func whatIsWrongIsSaid(_ words: String, _ answer: String) {
    var reports = TableReports()
    let text = reports.take(Self.words(words))?.text ?? ""
    #expect(text.contains(answer), "\(text)")
  }

  @Test func thereIsAnEnd() {
    var reports = TableReports()
    for number in 0..<TableReports.limit {
      let prefix = "10.\(number / 256).\(number % 256).0/24"
      #expect(reports.take(["/routes", "1.2", "done", "-", prefix]) == nil)
    }
    #expect(reports.take(["/routes", "1.2", "done", "-", "172.16.0.0/24"]) != nil)
    #expect(reports.take(["/routes", "1.2", "gone", "-", "10.0.0.0/24"]) == nil)
    #expect(reports.take(["/routes", "1.2", "done", "-", "172.16.0.0/24"]) == nil)
  }
}
