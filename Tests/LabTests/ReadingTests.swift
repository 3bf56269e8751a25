// What the lab reads from others: BIRD's answers and times; and what it accepts as a topology.

import Lab
import Model
import Testing

struct ReadingTests {
  @Test(arguments: [
    ("1970-01-01 00:00:00.000000", Int64(0)),
    ("1970-01-01 00:00:01.000001", 1_000_001_000),
    // Seconds from `date -u -d ... +%s`.
    ("2000-02-29 12:00:00.000000", 951_825_600_000_000_000),
    ("2026-11-20 23:36:23.106127", 1_795_217_783_106_127_000),
    ("2100-03-01 00:00:00.000000", 4_107_542_400_000_000_000),
  ])
  func `BIRD's times are read`(text: String, nanoseconds: Int64) {
    #expect(Moment(birdText: text) == Moment(nanoseconds: nanoseconds))
  }

  @Test(arguments: ["", "23:36:23", "2026-11-20", "2026-11-20 23:36:23", "2026-11-20 23:36:23.1"])
  func `other times are not`(text: String) {
    #expect(Moment(birdText: text) == nil)
  }

  @Test func `BIRD's routes are read`() throws {
    let answer = """
      BIRD 2.0.12 ready.
      Table master4:
      10.1.0.5/32          unicast [a 2026-11-20 23:36:23.106127 from 10.0.2.10] * (100) [AS65001i]
      \tvia 10.0.1.1 on eth0
      \tType: BGP univ
      \tBGP.as_path: 65001 65001
      \tBGP.next_hop: 10.0.2.10
                unreachable [b 2026-11-20 23:36:23.152796 from 10.0.2.20] (100) [AS65001i]
      \tBGP.as_path: 65001 65001 65001
      \tBGP.next_hop: 10.0.2.20

      """
    let routes = BirdRoute.all(in: answer)
    #expect(routes.map(\.origin) == ["a", "b"])
    #expect(routes.map(\.isBest) == [true, false])
    #expect(routes.map(\.path.count) == [2, 3])
    #expect(routes.map(\.nextHop) == [IPv4Address(10, 0, 2, 10), IPv4Address(10, 0, 2, 20)])
    #expect(routes.allSatisfy { $0.prefix == Prefix("10.1.0.5/32") })
    #expect(routes.first?.since == Moment(birdText: "2026-11-20 23:36:23.106127"))
  }

  @Test func `a topology finds the subnet of each host`() throws {
    let topology = try Topology {
      $0.subnet("one", "10.0.0.0/24")
      $0.subnet("two", "10.0.1.0/24")
      $0.host("x", "10.0.1.7")
    }
    let host = try #require(topology.host(named: "x"))
    #expect(topology.subnets[host.subnet].gateway == IPv4Address(10, 0, 1, 1))
    #expect(topology.subnets[host.subnet].bridge == "br-two")
  }

  @Test(arguments: [
    ("x", "10.0.2.7", TopologyError.badAddress("10.0.2.7")),
    ("x", "10.0.0.1", .badAddress("10.0.0.1")),
    ("x", "10.0.0.9", .badAddress("10.0.0.9")),
    ("taken", "10.0.0.8", .badName("taken")),
    ("fabric", "10.0.0.8", .badName("fabric")),
    ("a name too long", "10.0.0.8", .badName("a name too long")),
    ("x", "ten", .badAddress("ten")),
  ])
  func `a topology that cannot be built is refused`(
    name: String, address: String, error: TopologyError
  ) {
    #expect(throws: error) {
      try Topology {
        $0.subnet("one", "10.0.0.0/24")
        $0.host("taken", "10.0.0.9")
        $0.host(name, address)
      }
    }
  }
}
