// Scenarios are read line by line, and every slip is told with its line and what would be right.

import Foundation
import Lab
import Management
import Model
import Platform
import Testing

struct ScenarioReaderTests {
  private static func problems(_ text: String) -> [String] {
    do throws(ScenarioError) {
      _ = try ScenarioReader.read(text, name: "x")
      return []
    } catch {
      return error.description.split(separator: "\n").map(String.init)
    }
  }

  @Test func `each form of a step is read, with its line`() throws {
    let scenario = try ScenarioReader.read(
      """
      # A comment.
      layout pair

      mark   # and another
      fault host-freezes a
      at 1500ms fault loss-from b 30%
      fault both-restart
      mend
      mend loss-from
      mend b
      mend loss-from b
      move b
      await route to b within 2s
      expect stale route via a
      hold 300ms answer from b
      expect silence
      expect sessions
      expect sessions a
      expect 2 updates
      expect 1 update from b
      expect no updates
      expect no withdrawal
      expect no notification
      expect outage below 5s
      """, name: "x")
    #expect(scenario.layout.name == "pair")
    #expect(scenario.steps.map(\.line) == Array(4...24))
    #expect(
      scenario.steps.map(\.action) == [
        .mark, .event(.fault(.hostFreezes, host: "a", amount: nil), at: nil),
        .event(.fault(.lossFrom, host: "b", amount: 30), at: .milliseconds(1_500)),
        .event(.fault(.bothRestart, host: nil, amount: nil), at: nil),
        .event(.mend(nil, host: nil), at: nil), .event(.mend(.lossFrom, host: nil), at: nil),
        .event(.mend(nil, host: "b"), at: nil), .event(.mend(.lossFrom, host: "b"), at: nil),
        .event(.move("b"), at: nil), .await(.route("b"), within: .seconds(2)),
        .expect(.staleRoute("a")), .hold(.answer("b"), for: .milliseconds(300)),
        .expect(.silence), .expect(.sessions(["a", "b"])), .expect(.sessions(["a"])),
        .expect(.updates(2, from: nil)), .expect(.updates(1, from: "b")),
        .expect(.updates(0, from: nil)), .expect(.noWithdrawal), .expect(.noNotification),
        .expect(.outageBelow(.seconds(5))),
      ])
    #expect(scenario.steps[2].text == "at 1500ms fault loss-from b 30%")
  }

  @Test func `troubles of the resource manager are read`() throws {
    let scenario = try ScenarioReader.read(
      """
      layout udr
      fault maintenance a
      fault rest busy times=2 value=3
      at 1s fault metadata down
      mend rest
      mend metadata down
      expect 1 write from b
      await no writes within 1s
      """, name: "x")
    #expect(
      scenario.steps.map(\.action) == [
        .event(.fault(.maintenance, host: "a", amount: nil), at: nil),
        .event(.trouble(Trouble(.busy, at: .rest, times: 2, value: "3")), at: nil),
        .event(.trouble(Trouble(.down, at: .metadata)), at: .seconds(1)),
        .event(.mendTrouble(.rest, nil), at: nil),
        .event(.mendTrouble(.metadata, .down), at: nil),
        .expect(.writes(1, from: "b")), .await(.writes(0, from: nil), within: .seconds(1)),
      ])
  }

  @Test func `a layout with taps, a branch and delays are read`() throws {
    let scenario = try ScenarioReader.read(
      """
      layout redistribute taps
      fault route-lost edge1
      fault late cpe1 5
      fault late cpe2 20ms
      expect answer from cpe2
      await route to edge2 within 1s
      """, name: "x")
    #expect(scenario.layout.tapped == ["edge1", "edge2"])
    #expect(
      scenario.steps.map(\.action) == [
        .event(.fault(.routeLost, host: "edge1", amount: nil), at: nil),
        .event(.fault(.late, host: "cpe1", amount: 5), at: nil),
        .event(.fault(.late, host: "cpe2", amount: 20), at: nil), .expect(.answer("cpe2")),
        .await(.route("edge2"), within: .seconds(1)),
      ])
  }

  @Test func `quirks are read, with and without a route server`() throws {
    let scenario = try ScenarioReader.read(
      """
      layout watcher simulated
      quirk programming published*10%
      at 1s quirk ecmp-width 1 rs2
      """, name: "x")
    #expect(
      scenario.steps.map(\.action) == [
        .event(.quirk(try QuirkRequest(["programming", "published*10%"])), at: nil),
        .event(.quirk(try QuirkRequest(["ecmp-width", "1", "rs2"])), at: .seconds(1)),
      ])
  }

  @Test func `the manual names every fault, quirk and word for a layout`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appending(path: "packaging/man/hopshift-lab.1"), encoding: .utf8)
    let items = page.split(separator: "\n").filter { $0.hasPrefix(".It ") }
    let told = Set(items.flatMap { $0.split(separator: " ").map(String.init) })
    let words = ["separate", "simulated", "tables", "taps"]
    #expect(words.allSatisfy { word in Layout.words.contains { $0.hasPrefix(word) } })
    for name in Fault.allCases.map(\.rawValue) + Quirks.names + words {
      #expect(told.contains(name), "\(name)")
    }
  }

  @Test func `a route table beside BGP and separate cables are read`() throws {
    let scenario = try ScenarioReader.read(
      """
      layout watcher separate tables=mirror
      fault rest busy
      expect row to ws2
      expect probe ws1 arp neutral
      expect no writes
      """, name: "x")
    #expect(scenario.layout.tableMode == .mirror && scenario.layout.cabling == .separate)
    #expect(
      scenario.steps.map(\.action) == [
        .event(.trouble(Trouble(.busy, at: .rest)), at: nil), .expect(.row("ws2")),
        .expect(.probe("ws1", kind: "arp", .neutral)), .expect(.writes(0, from: nil)),
      ])
  }

  @Test(arguments: ["watcher", "pair", "symmetric"], Layout.TableMode.allCases)
  func `a layout with a table is a configuration with one`(name: String, mode: Layout.TableMode)
    throws
  {
    func text(_ words: [String]) throws -> String {
      try Layout.read(name, words).configuration(
        local: IPv4Address(10, 0, 0, 1), servers: [IPv4Address(10, 0, 0, 2)], others: [], key: nil)
    }
    let with = try text(["tables=\(mode.rawValue)"])
    let count = try Layout.read(name, []).vips.count
    #expect(with.split(separator: "udr: {mode: \(mode.rawValue)").count == count + 1)
    #expect(with.contains("prefixes: [10.1.0.4/31]") == (name == "pair" && mode == .floor))
    #expect(with.contains("azure: {route-tables: auto}"))
    let kernels = try Layout.read("redistribute", ["tables"])
    #expect(kernels.tableMode == .mirror && kernels.isGroup)
    for text in [with, try text([]), try text(["separate"])] {
      #expect(!text.contains("UDR") && !text.contains("ARP"))
    }
    #expect(try !text([]).contains("udr"))
    #expect(try text(["separate"]).contains("arp:") == (name == "watcher"))
  }

  static let slips: [(text: String, line: Int, piece: String)] = [
    ("", 1, "names the layout"),
    ("mark\nlayout pair", 1, "the layout has to be named"),
    ("layout", 1, "watcher pair udr symmetric redistribute"),
    ("layout moon", 1, "watcher pair udr symmetric redistribute"),
    ("layout pair\nlayout pair", 2, "already"),
    ("layout pair\n\nwalk", 3, "'walk' is no step"),
    ("layout pair\nmark now", 2, "'now' is too much"),
    ("layout pair\nfault rest busy", 2, "no resource manager"),
    ("layout pair\nexpect 1 write", 2, "no route table"),
    ("layout udr\nfault rest rain", 2, "what can happen to rest: throttled"),
    ("layout udr\nfault metadata conflict", 2, "what can happen to metadata: throttled"),
    ("layout udr\nfault rest busy times=0", 2, "no number of times"),
    ("layout udr\nfault rest busy calls=some", 2, "calls are: all"),
    ("layout udr\nfault rest busy often", 2, "none of calls=, times= and value="),
    ("layout pair\nfault", 2, "is no fault"),
    ("layout pair\nfault rain a", 2, "'rain' is no fault; there are: host-dies"),
    ("layout pair\nfault host-dies", 2, "needs the name of a host"),
    ("layout pair\nfault host-dies c", 2, "'c' is not a host; there are: client rs1 rs2 a b"),
    ("layout pair\nfault host-dies a b", 2, "'b' is too much"),
    ("layout pair\nfault both-restart rs1", 2, "'rs1' is too much"),
    ("layout pair\nfault loss-to a 0%", 2, "not a percentage"),
    ("layout pair\nfault loss-to a 101", 2, "not a percentage"),
    ("layout pair\nfault host-dies a 10%", 2, "'10%' is too much"),
    ("layout pair\nfault late a 5001", 2, "not a number of milliseconds from 1 to 5000"),
    ("layout pair pipes", 1, "'pipes' is no word for a layout; there are: separate"),
    ("layout pair floor", 1, "'floor' is no word"), ("layout pair tables=only", 1, "no word"),
    ("layout pair taps taps", 1, "'taps' is said twice"),
    ("layout udr tables", 1, "has a route table already"),
    ("layout pair tables tables=floor", 1, "has a route table already"),
    ("layout redistribute tables=floor", 1, "of the layout redistribute can be: mirror"),
    ("layout watcher\nexpect row to ws1", 2, "no route table"),
    ("layout watcher tables\nexpect row to rs1", 2, "there are: ws1 ws2"),
    ("layout watcher\nquirk damping 1s", 2, "layout NAME simulated"),
    ("layout udr\nquirk damping 1s", 2, "layout NAME simulated"),
    ("layout pair simulated\nquirk damping", 2, "quirk NAME VALUE [INSTANCE]"),
    ("layout pair simulated\nquirk rain on", 2, "'rain' is no quirk; there are: listens"),
    ("layout pair simulated\nquirk damping soon", 2, "'soon' is no value of damping"),
    ("layout pair simulated\nquirk damping 1s a", 2, "'a' is not a route server"),
    ("layout watcher\nexpect probe moon arp up", 2, "'moon' is not a host"),
    ("layout watcher\nexpect probe ws1 rain up", 2, "kinds of probes are: arp"),
    ("layout watcher\nexpect probe ws1 arp good", 2, "one of: unknown neutral up"),
    ("layout redistribute\nexpect answer from edge1", 2, "there are: cpe1 cpe2"),
    ("layout pair\nmend rain", 2, "'rain' is not a fault or a host"),
    ("layout pair\nmove", 2, "carries the VIP"),
    ("layout pair\nmove rs1", 2, "there are: a b"),
    ("layout watcher\nmove ws1", 2, "does not move"),
    ("layout pair\nat soon move a", 2, "'soon' is no time"),
    ("layout pair\nat 1s mark", 2, "an event is one of"),
    ("layout pair\nawait silence", 2, "within TIME"),
    ("layout pair\nawait silence within", 2, "within TIME"),
    ("layout pair\nawait silence within 0s", 2, "'0s' is no time"),
    ("layout pair\nawait silence within 3601s", 2, "no time"),
    ("layout pair\nawait silence within -1s", 2, "no time"),
    ("layout pair\nhold silence", 2, "'silence' is no time"),
    ("layout pair\nexpect", 2, "is no condition"),
    ("layout pair\nexpect rain", 2, "'rain' is no condition"),
    ("layout pair\nexpect answer from rs1", 2, "there are: a b"),
    ("layout pair\nexpect sessions client", 2, "not a speaker"),
    ("layout pair\nexpect 1 update from client", 2, "not a speaker"),
    ("layout pair\nexpect -1 updates", 2, "is no condition"),
    ("layout pair\nexpect outage below soon", 2, "no time"),
  ]

  @Test(arguments: slips)
  func `a slip is told with its line`(slip: (text: String, line: Int, piece: String)) {
    let problems = Self.problems(slip.text)
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix("x:\(slip.line): ") == true, "\(problems)")
    #expect(problems.first?.contains(slip.piece) == true, "\(problems)")
  }

  @Test func `every problem is told at once`() {
    let problems = Self.problems("layout pair\nwalk\nmark\nfault rain\nmove c")
    #expect(problems.map { $0.prefix(4) } == ["x:2:", "x:4:", "x:5:"])
    let long = "layout pair\n" + String(repeating: "mark\n", count: ScenarioReader.lineLimit)
    #expect(Self.problems(long).map { $0.prefix(6) } == ["x:501:"])
  }

  @Test func `the scenarios that are shipped can be read`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "packaging/scenarios")
    let files = try FileManager.default.contentsOfDirectory(atPath: root.path)
    #expect(files.count >= 23)
    for file in files {
      let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
      #expect(Self.problems(text) == [], "\(file)")
    }
  }

  @Test func `a topology takes further interfaces of a host, each address once`() throws {
    let topology = try Topology { topology in
      topology.subnet("west", "10.9.0.0/24")
      topology.subnet("east", "10.9.1.0/24")
      topology.host("fw", "10.9.0.4")
      topology.interface(of: "fw", "10.9.1.4")
    }
    let names = try #require(topology.host(named: "fw")).interfaces.map { "\($0.name) \($0.port)" }
    #expect(names == ["eth0 fw", "eth1 fw-1"])
    for (host, address) in [("fw", "10.9.1.4"), ("fw", "10.9.1.1"), ("fw", "10.8.0.1")] {
      #expect(throws: TopologyError.badAddress(address)) {
        try Topology { topology in
          topology.subnet("west", "10.9.0.0/24")
          topology.subnet("east", "10.9.1.0/24")
          topology.host("fw", "10.9.1.4")
          topology.interface(of: host, address)
        }
      }
    }
    #expect(throws: TopologyError.badName("x")) {
      try Topology { $0.interface(of: "x", "10.9.0.4") }
    }
  }
}

struct WebAnswerTests {
  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nws1\n", "ws1"), ("HTTP/1.1 200 OK\r\nA: b\r\n\r\nws1", nil),
    ("HTTP/1.1 200 OK\r\nA: b\n", nil), ("HTTP/1.1 503 No\r\n\r\nws1\n", nil),
    ("HTTP/1.1 200 OK\r\n\r\na b\n", nil), ("HTTP/1.1 200 OK\r\n\r\n\n", nil),
  ])
  func `only a whole answer has a name`(answer: String, name: String?) {
    #expect(WebClient.name(in: Array(answer.utf8)) == name)
  }
}
