// Which records a monitor with a choice shows, and what a misspelt name is told.
import Console
import Control
import Testing

@Suite struct MonitorFilterTests {
  private static let stream = """
    {"v":1,"id":"ask","type":"shift","vip":"web","from-host":"ws1","host":"ws2"}
    {"v":1,"id":"ask","type":"stage","vip":"web","route-server":"10.10.1.4","stage":"written"}
    {"v":1,"id":"ask","type":"session","route-server":"10.10.1.5","state":"Idle"}
    {"v":1,"id":"ask","type":"host","host":"ws1","state":"down"}
    {"v":1,"id":"ask","type":"host","speaker":"10.10.0.8","state":"silent"}
    {"v":1,"id":"ask","type":"alarm","text":"nobody can carry it","vip":"voice"}
    {"v":1,"id":"ask","type":"link","name":"web"}
    {"v":1,"id":"ask","type":"lost","lost":3}
    """

  @Test(
    arguments: [
      (MonitorFilter(), [0, 1, 2, 3, 4, 5, 6, 7]), (MonitorFilter(vip: "web"), [0, 1, 7]),
      (MonitorFilter(vip: "voice"), [5, 7]), (MonitorFilter(host: "ws1"), [0, 3, 7]),
      (MonitorFilter(peer: "10.10.1.4"), [1, 7]), (MonitorFilter(peer: "10.10.0.8"), [4, 7]),
      (MonitorFilter(vip: "voice", host: "ws2", peer: "10.10.1.5"), [0, 2, 5, 7]),
    ])
  func shows(_ filter: MonitorFilter, _ places: [Int]) throws {
    let shown = try records(MonitorFilterTests.stream).enumerated().filter {
      filter.shows($0.element)
    }
    #expect(shown.map(\.offset) == places)
  }

  @Test func aNameThatIsNotThere() throws {
    let status = try records(
      [Recorded.status, Recorded.group].joined(separator: "\n")
        + "\n" + #"{"v":1,"id":"ask","type":"target","host":"ws1","target":"arp 10.10.0.4"}"#)
    for filter in [
      MonitorFilter(), MonitorFilter(vip: "web"), MonitorFilter(host: "ws1"),
      MonitorFilter(peer: "10.10.1.5"), MonitorFilter(peer: "10.10.0.9"),
    ] {
      #expect(filter.complaint(status) == nil, "\(filter)")
    }
    #expect(
      MonitorFilter(vip: "wbe").complaint(status)
        == "no VIP is called 'wbe'; there are web, trust")
    #expect(
      MonitorFilter(host: "x").complaint(status) == "no host is called 'x'; there are ws1")
    #expect(
      MonitorFilter(vip: "web", peer: "10.0.0.1").complaint(status)
        == "no route server or speaker is called '10.0.0.1'; "
        + "there are 10.10.1.4, 10.10.1.5, 10.10.0.8, 10.10.0.9")
    #expect(
      MonitorFilter(host: "x").complaint([]) == "no host is called 'x'; there is none")
  }

  @Test func theCommandLine() throws {
    let words = ["monitor", "--vip", "web", "--host=ws1", "--peer", "10.10.1.4"]
    guard case .monitor(let command) = try Invocation(words).command else {
      Issue.record("not monitor")
      return
    }
    #expect(command.filter == MonitorFilter(vip: "web", host: "ws1", peer: "10.10.1.4"))
    #expect(throws: UsageError.self) { try Invocation(["monitor", "--vip"]) }
    #expect(throws: UsageError.self) { try Invocation(["monitor", "--vip", "a", "--vip", "b"]) }
  }
}
