// What the kernel says live in a namespace, held against what ip(8) shows there afterwards.

import Engine
import Lab
import Linux
import Model
import Testing

@Suite(.serialized, .enabled(if: Lab.reasonNotToRun == nil, Comment(rawValue: skipReason)))
struct KernelTests {
  private static let local = IPv4Address(10, 9, 0, 2)

  /// left 10.9.0.2, and with it the far end of a cable of its own: n0 - n1.
  private static func lab() throws -> Lab {
    let lab = try Lab { topology in
      topology.subnet("west", "10.9.0.0/24")
      topology.host("left", "10.9.0.2")
    }
    do {
      try lab.run(["ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1"], on: "left")
      for name in ["n0", "n1"] {
        // A link-local address would come and finish its duplicate detection in its own time.
        try lab.run(["ip", "link", "set", name, "addrgenmode", "none", "up"], on: "left")
      }
    } catch {
      lab.tearDown()
      throw error
    }
    return lab
  }

  private static func play(_ lab: Lab, _ name: String, _ commands: [String]) throws {
    let path = try lab.write("\(name).ip", commands.joined(separator: "\n") + "\n")
    try lab.run(["ip", "-batch", path], on: "left")
  }

  /// Each act is a list of commands; after each the copy must be what ip(8) shows.
  private static let acts: [(String, [String])] = [
    (
      "addresses",
      [
        "address add 10.20.0.1/24 dev n0", "address add 10.20.0.2/24 dev n0 label n0:x",
        "address add fd00:20::1/64 dev n0 nodad", "address add 10.1.0.5/32 dev n0",
        "address change 10.20.0.2/24 dev n0 label n0:x valid_lft 500 preferred_lft 300",
        "address del 10.1.0.5/32 dev n0", "address add 10.1.0.5/32 dev lo",
      ]
    ),
    (
      "routes",
      [
        "route add 10.64.0.0/16 via 10.20.0.9", "route add 10.64.0.0/16 via 10.20.0.8 metric 7",
        "route append 10.64.0.0/16 via 10.20.0.7",
        "route add 10.65.0.0/16 nexthop via 10.20.0.9 weight 3 nexthop via 10.20.0.8",
        "route add blackhole 10.66.0.0/16 table 100 proto static",
        "route add unreachable 10.67.0.0/16 table 70000 metric 5",
        "route add 10.68.0.0/16 via inet6 fd00:20::9 dev n0",
        "route add default via 10.20.0.9 metric 500",
        "route add fd00:64::/48 via fd00:20::9 metric 20",
        "route add fd00:65::/48 nexthop via fd00:20::9 nexthop via fd00:20::8",
        "route add prohibit fd00:66::/48 table 200",
      ]
    ),
    (
      "objects",
      [
        "nexthop add id 7 via 10.20.0.9 dev n0", "nexthop add id 8 via 10.20.0.8 dev n0",
        "nexthop add id 9 group 7,3/8", "nexthop add id 10 blackhole",
        "route add 10.70.0.0/16 nhid 7", "route add 10.71.0.0/16 nhid 9",
        "nexthop replace id 8 via 10.20.0.6 dev n0",
      ]
    ),
    (
      "replacements",
      [
        "route replace 10.64.0.0/16 via 10.20.0.5",
        "route change 10.66.0.0/16 via 10.20.0.9 table 100",
        "route replace fd00:64::/48 via fd00:20::7 metric 20",
        "route del 10.64.0.0/16 metric 7", "route del 10.65.0.0/16",
        "route del fd00:65::/48",
      ]
    ),
    (
      "neighbours",
      [
        "neighbour add 10.20.0.9 lladdr 02:00:00:00:00:09 dev n0",
        "neighbour add fd00:20::9 lladdr 02:00:00:00:00:19 dev n0 router",
        "neighbour add 10.20.0.10 lladdr 02:00:00:00:00:10 dev n0",
        "neighbour change 10.20.0.9 lladdr 02:00:00:00:00:99 dev n0",
        "neighbour del 10.20.0.10 dev n0",
      ]
    ),
    (
      "links",
      [
        "link set n0 mtu 1400", "link set n0 address 02:00:00:00:01:01",
        "link add br9 type bridge", "link set br9 addrgenmode none up", "link set n1 master br9",
        "link set n1 name wan9", "link set wan9 nomaster",
      ]
    ),
    // From here on the kernel takes IPv4 routes away without a word.
    ("an object goes", ["nexthop del id 7"]),
    ("an address goes", ["address del 10.20.0.1/24 dev n0"]),
    ("a link goes down", ["link set n0 down"]),
    ("and comes back", ["link set n0 up", "address add 10.20.0.1/24 dev n0"]),
    (
      "a link dies and its number is given to another",
      [
        "link del n0", "link add o0 index 7777 type bridge", "link del o0",
        "link add p0 index 7777 type bridge", "link set p0 addrgenmode none up",
      ]
    ),
  ]

  @Test func `a sequence of commands ends in what ip shows`() throws {
    let lab = try KernelTests.lab()
    defer { lab.tearDown() }
    let listener = try KernelListener(lab, host: "left", local: KernelTests.local)
    var truth = KernelTruth(lab, host: "left")
    try listener.pump("the beginning") { try truth.difference(from: $0) }
    for (name, commands) in KernelTests.acts {
      try KernelTests.play(lab, "act", commands)
      try listener.pump(name) { try truth.difference(from: $0) }
    }
    #expect(listener.alarms == [])
    #expect(listener.feed(.interfaces).overruns == 1, "the one that the listener begins with")
  }

  @Test func `a link that moves to another namespace is gone, and is back when it returns`() throws
  {
    let lab = try KernelTests.lab()
    defer { lab.tearDown() }
    let listener = try KernelListener(lab, host: "left", local: KernelTests.local)
    let fabric = lab.namespace(of: Topology.fabric)
    let before = listener.linkCount
    var truth = KernelTruth(lab, host: "left")
    try lab.run(["ip", "address", "add", "10.1.0.5/32", "dev", "n0"], on: "left")
    try listener.pump("the VIP") { $0.holdsVIP ? nil : "not held" }
    try lab.run(["ip", "link", "set", "n0", "netns", fabric], on: "left")
    try listener.pump("the link to be gone") {
      $0.linkCount == before - 1 ? try truth.difference(from: $0) : "it is there"
    }
    #expect(!listener.holdsVIP)
    try lab.run(
      ["ip", "link", "set", "n0", "netns", lab.namespace(of: "left")], on: Topology.fabric)
    try listener.pump("the link to be back") { $0.linkCount == before ? nil : "it is away" }
    // A namespace that dies takes its end of the cable with it, and so ours.
    try lab.run(["ip", "netns", "add", "\(lab.tag)-short"], on: "left")
    try lab.run(["ip", "link", "set", "n0", "netns", "\(lab.tag)-short"], on: "left")
    try listener.pump("the link to be gone") { $0.linkCount == before - 1 ? nil : "it is there" }
    try lab.run(["ip", "netns", "del", "\(lab.tag)-short"], on: "left")
    try listener.pump("the other end to be gone") {
      $0.linkCount == before - 2 ? try truth.difference(from: $0) : "it is there"
    }
  }

  @Test func `a lost carrier is known at once when something doubts it`() throws {
    let lab = try KernelTests.lab()
    defer { lab.tearDown() }
    let tap = try TapHolder.make(lab, host: "left", name: "tap0")
    try lab.run(["ip", "link", "set", "tap0", "addrgenmode", "none", "up"], on: "left")
    try lab.run(["ip", "address", "add", "10.77.0.1/24", "dev", "tap0"], on: "left")
    let listener = try KernelListener(
      lab, host: "left", local: IPv4Address(10, 77, 0, 1))
    let text = try lab.run(["ip", "-oneline", "link", "show", "tap0"], on: "left")
    let index = try #require(Int32(text.prefix { $0 != ":" }))
    // The kernel's own event, while nobody asks: held back after another link event.
    let alone = try KernelTests.loseCarrier(tap, listener, index) { _ in }
    // A route server that cannot be reached any more is a complaint; a failed probe would be one.
    let complaint = try KernelTests.loseCarrier(tap, listener, index) {
      $0.give(.connectFailed(PeerSlot(0)))
    }
    let doubt = try KernelTests.loseCarrier(tap, listener, index) {
      $0.give(.doubted(InterfaceIndex(index)))
    }
    print(
      "carrier lost, until known: alone \(alone.microseconds) us, "
        + "after a complaint \(complaint.microseconds) us, "
        + "after a doubt \(doubt.microseconds) us")
    // The kernel's second is counted from the last event of its queue, so a part may have passed.
    #expect(alone > .milliseconds(100))
    #expect(doubt < .milliseconds(50))
  }

  /// Gives the carrier, waits until that is known, takes it, and answers how long that was unknown.
  private static func loseCarrier(
    _ tap: TapHolder, _ listener: KernelListener, _ index: Int32,
    _ react: (KernelListener) -> Void
  ) throws -> Nanoseconds {
    try tap.setCarrier(false)
    try listener.pump("no carrier") { $0.link(index)?.hasCarrier == false ? nil : "carrier" }
    try tap.setCarrier(true)
    try listener.pump("carrier") { $0.link(index)?.hasCarrier == true ? nil : "none" }
    let lost = Clock.monotonic()
    try tap.setCarrier(false)
    react(listener)
    try listener.pump("no carrier") { $0.link(index)?.hasCarrier == false ? nil : "carrier" }
    return try #require(listener.carrierLost[index]) - lost
  }
}

/// Keeps a tap device, which cannot be copied.
private final class TapHolder {
  private let tap: TapDevice

  private init(_ tap: consuming TapDevice) { self.tap = tap }

  static func make(_ lab: Lab, host: String, name: String) throws -> TapHolder {
    try lab.inside(host, "making \(name)") { () throws(Errno) in
      TapHolder(try TapDevice(name: name))
    }
  }

  func setCarrier(_ carries: Bool) throws(Errno) { try tap.setCarrier(carries) }
}
