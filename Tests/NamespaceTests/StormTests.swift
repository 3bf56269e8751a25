// Storms of every class against the built daemon: right afterwards, memory back, and how it fared meanwhile.

import Engine
import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct StormTests {
  private static let local = IPv4Address(10, 9, 0, 2)
  private static let isLong = Environment.has("HOPSHIFT_LONG")

  @Test func `a thousand link changes a second`() throws {
    let storm = try Storm()
    defer { storm.tearDown() }
    try storm.watch(["link", "address"])
    let seconds = StormTests.isLong ? 20 : 4
    let links = ["n0", "n1"]
    let figures = try storm.measure("links", changes: 1_000 * seconds) { () throws(LabError) in
      for tenth in 0..<(10 * seconds) {
        // Another MTU is a change of the link, and waits for no grace period of the kernel.
        let batch = (0..<100).map { number in
          "link set \(links[number % 2]) mtu \(1_300 + (tenth + number / 2) % 100)"
        }
        try storm.play(batch, paced: .milliseconds(100), turn: tenth)
      }
    }
    #expect(figures.accounts(for: 1_000 * seconds))
    try storm.expectRight()
  }

  @Test func `five thousand address changes a second`() throws {
    let storm = try Storm()
    defer { storm.tearDown() }
    try storm.watch(["address"])
    let seconds = StormTests.isLong ? 20 : 4
    let figures = try storm.measure("addresses", changes: 5_000 * seconds) {
      () throws(LabError) in
      for tenth in 0..<(10 * seconds) {
        let word = tenth % 2 == 0 ? "add" : "del"
        let batch = (0..<500).map { "address \(word) 10.30.\($0 / 250).\($0 % 250 + 1)/32 dev n0" }
        try storm.play(batch, paced: .milliseconds(100), turn: tenth)
      }
    }
    #expect(figures.accounts(for: 5_000 * seconds))
    try storm.expectRight()
  }

  @Test func `a hundred thousand neighbour events`() throws {
    let storm = try Storm()
    defer { storm.tearDown() }
    try storm.watch(["neighbour"])
    let figures = try storm.measure("neighbours", changes: 100_000) { () throws(LabError) in
      for word in ["add", "del"] {
        let batch = (0..<50_000).map {
          let address = "10.40.\($0 / 250).\($0 % 250 + 1)"
          return word == "add"
            ? "neighbour add \(address) lladdr 02:00:00:00:00:01 nud permanent dev n0"
            : "neighbour del \(address) dev n0"
        }
        try storm.play(batch)
        try storm.holdAndRelease()
      }
    }
    #expect(figures.accounts(for: 100_000))
    try storm.expectRight()
  }

  @Test func `routes that nobody needs cost nothing`() throws {
    let storm = try Storm()
    defer { storm.tearDown() }
    let figures = try storm.routeStorm(
      "routes, not needed", table: StormTests.isLong ? 1_000_000 : 20_000,
      changes: StormTests.isLong ? 200_000 : 20_000)
    #expect(figures.share < 0.01)
    try storm.expectRight()
  }

  @Test func `routes that a monitor watches blind nobody`() throws {
    let storm = try Storm()
    defer { storm.tearDown() }
    try storm.watch(["route"])
    let figures = try storm.routeStorm(
      "routes, watched", table: StormTests.isLong ? 1_000_000 : 20_000,
      changes: StormTests.isLong ? 200_000 : 20_000)
    #expect(figures.accounts(for: 20_000))
    try storm.expectRight()
  }

  /// The kernel doubles what it is asked for and gives at least a little more than 2 KiB
  /// (SOCK_MIN_RCVBUF): room for one or two messages.
  @Test func `a receive buffer of two KiB loses much and nothing unnoticed`() throws {
    let storm = try Storm(withDaemon: false)
    defer { storm.tearDown() }
    let listener = try KernelListener(
      storm.lab, host: Storm.host, local: StormTests.local, receiveBuffer: 1_024)
    #expect(listener.receiveBufferSize < 4_096)
    var truth = KernelTruth(storm.lab, host: Storm.host)
    try storm.lab.run(["ip", "address", "add", "10.50.0.254/32", "dev", "n1"], on: Storm.host)
    var batch: [String] = []
    for number in 0..<4_000 {
      batch.append("link set n0 mtu \(1_300 + number % 100)")
      batch.append("address add 10.50.\(number / 250).\(number % 250 + 1)/32 dev n1")
      batch.append("route add 10.60.\(number / 250).\(number % 250)/32 dev n1 table 100")
      batch.append(
        "neighbour add 10.70.\(number / 250).\(number % 250 + 1) lladdr 02:00:00:00:00:01 dev n1")
      if number % 2 == 1 {
        batch.append("address del 10.50.\(number / 250).\(number % 250 + 1)/32 dev n1")
        batch.append("route del 10.60.\(number / 250).\(number % 250)/32 dev n1 table 100")
      }
    }
    batch.append("address add \(KernelListener.vip)/32 dev n1")
    let flood = try storm.start(batch)
    try listener.pump("the flood to end", within: .seconds(60)) { _ in
      try flood.hasEnded() ? nil : "it runs"
    }
    try listener.pump("what ip shows", within: .seconds(60)) { try truth.difference(from: $0) }
    #expect(listener.holdsVIP)
    let losses = KernelClass.allCases.map { listener.feed($0).overruns }
    print("storm 2 KiB: overruns of interfaces, routes, neighbours: \(losses)")
    #expect(losses.allSatisfy { $0 > 1 })
  }
}
