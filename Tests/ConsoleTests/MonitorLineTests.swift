// Each kind of record of the stream as its line, letter for letter.
import Console
import Control
import Model
import Testing

@Suite struct MonitorLineTests {
  private let start = Instant(nanoseconds: 1_000_000_000)

  @Test(arguments: [
    (
      #""type":"link","event":"changed","at-ns":1000000000,"name":"wan0","index":3,"up":true,"#
        + #""carrier":true,"operstate":"up","mtu":1500,"mac":"02:00:00:00:00:01","master":2,"#
        + #""vf":true,"was":"eth1""#,
      "   +0.000000  link       wan0 (3) changed: up, carrier, operstate up, mtu 1500, "
        + "was eth1, VF of 2"
    ),
    (
      #""type":"address","event":"listed","at-ns":1000000000,"address":"10.1.0.6/24","#
        + #""interface":"eth0","index":2,"secondary":true,"label":"eth0:1","valid-s":60"#,
      "   +0.000000  address    10.1.0.6/24 listed on eth0 (2), secondary, for 60 s"
    ),
    (
      #""type":"route","event":"new","at-ns":1000000000,"destination":"10.64.0.0/16","#
        + #""table":254,"protocol":"static","kind":"unicast","metric":10,"tos":0,"nexthop-id":0,"#
        + #""gateways":["10.0.0.1","10.0.0.2"],"interfaces":["eth0",""],"indexes":[2,7],"#
        + #""weights":[1,5],"next-hops-left-out":1"#,
      "   +0.000000  route      10.64.0.0/16 new in table 254, via 10.0.0.1 on eth0 weight 1, "
        + "via 10.0.0.2 on (7) weight 5 and 1 more, proto static, metric 10"
    ),
    (
      #""type":"route","event":"gone","at-ns":1000000000,"destination":"fd00::/8","#
        + #""table":100,"protocol":"bird","kind":"blackhole","metric":1024,"nexthop-id":0,"#
        + #""gateways":[],"interfaces":[],"indexes":[],"weights":[],"next-hops-left-out":0"#,
      "   +0.000000  route      fd00::/8 gone in table 100, blackhole, proto bird, metric 1024"
    ),
    (
      #""type":"route","event":"replaced","at-ns":1000000000,"destination":"10.0.0.0/8","#
        + #""table":254,"protocol":"kernel","kind":"unicast","metric":0,"nexthop-id":0,"#
        + #""gateways":[""],"interfaces":["eth0"],"indexes":[2],"weights":[1]"#,
      "   +0.000000  route      10.0.0.0/8 replaced in table 254, on eth0, proto kernel, metric 0"
    ),
    (
      #""type":"route","event":"listed","at-ns":1000000000,"destination":"10.0.0.0/8","#
        + #""table":254,"protocol":"zebra","kind":"unicast","metric":20,"nexthop-id":7"#,
      "   +0.000000  route      10.0.0.0/8 listed in table 254, next hop object 7, proto zebra, "
        + "metric 20"
    ),
    (
      #""type":"nexthop","event":"new","at-ns":1000000000,"nexthop-id":7,"gateway":"10.0.0.1","#
        + #""interface":"eth0","index":2,"blackhole":false,"group-size":0"#,
      "   +0.000000  nexthop    7 new, via 10.0.0.1 on eth0 (2)"
    ),
    (
      #""type":"nexthop","event":"gone","at-ns":1000000000,"nexthop-id":9,"gateway":null,"#
        + #""interface":null,"index":0,"blackhole":true,"group-size":2"#,
      "   +0.000000  nexthop    9 gone, a group of 2, blackhole"
    ),
    (
      #""type":"neighbour","event":"new","at-ns":1000000000,"address":"10.0.0.1","#
        + #""interface":"eth0","index":2,"mac":"12:34:56:78:9a:bc","state":"reachable","#
        + #""proxy":false,"router":true"#,
      "   +0.000000  neighbour  10.0.0.1 new on eth0 (2), reachable at 12:34:56:78:9a:bc, router"
    ),
    (
      #""type":"kernel","at-ns":1000000000,"class":"routes","state":"stale","#
        + #""reason":"messages were lost""#,
      "   +0.000000  kernel     routes stale: messages were lost"
    ),
    (
      #""type":"link","event":"changed","at-ns":1000123000,"name":"eth0","index":2,"#
        + #""up":true,"carrier":true,"operstate":"up""#,
      "   +0.000123  link       eth0 (2) changed: up, carrier, operstate up"
    ),
    (
      #""type":"link","event":"new","at-ns":2000000000,"name":"eth1","index":3,"#
        + #""up":true,"carrier":false,"operstate":"lower-layer-down""#,
      "   +1.000000  link       eth1 (3) new: up, no carrier, operstate lower-layer-down"
    ),
    (
      #""type":"link","event":"gone","at-ns":2000000000,"name":"eth1","index":3"#,
      "   +1.000000  link       eth1 (3) gone"
    ),
    (
      #""type":"address","event":"new","at-ns":999000000,"address":"10.1.0.5/32","#
        + #""interface":"eth0","index":2,"tentative":false,"deprecated":false"#,
      "   -0.001000  address    10.1.0.5/32 new on eth0 (2)"
    ),
    (
      #""type":"address","event":"gone","at-ns":1000000000,"address":"fd00::5","#
        + #""interface":"eth0","index":2,"tentative":true,"deprecated":true"#,
      "   +0.000000  address    fd00::5 gone on eth0 (2), tentative, deprecated"
    ),
    (
      #""type":"session","at-ns":13345678000,"route-server":"10.10.1.4","#
        + #""state":"Established","reason":null"#,
      "  +12.345678  session    10.10.1.4 Established"
    ),
    (
      #""type":"session","at-ns":1000000000,"route-server":"10.10.1.4","#
        + #""state":"Idle","reason":"hold timer expired""#,
      "   +0.000000  session    10.10.1.4 Idle: hold timer expired"
    ),
    (
      #""type":"shift","at-ns":1000031000,"shift":3,"vip":"web","from":"standby","#
        + #""to":"takeover-1","cause":"address arrived""#,
      "   +0.000031  shift      #3 web: standby -> takeover-1 (address arrived)"
    ),
    (
      #""type":"stage","shift":3,"vip":"web","stage":"written","#
        + #""route-server":"10.10.1.5","at-ns":1000040000,"after-us":31"#,
      "   +0.000040  stage      #3 web: written 10.10.1.5 after 31 us"
    ),
    (
      #""type":"stage","shift":3,"vip":"web","stage":"seen","route-server":null,"#
        + #""at-ns":1000000000,"after-us":0"#,
      "   +0.000000  stage      #3 web: seen after 0 us"
    ),
    (
      #""type":"alarm","at-ns":87401000000000,"text":"out of rungs \u001b[2J""#,
      "+87400.000000  alarm      out of rungs \\x{1b}[2J"
    ),
    (
      #""type":"lost","lost":12"#,
      "              lost       12 records: this reader is too slow"
    ),
    (
      #""type":"vip","at-ns":1000000000,"vip":"web","from":null,"to":"owner","cause":"start""#,
      "   +0.000000  vip        web: nothing -> owner (start)"
    ),
    (
      #""type":"probe","at-ns":1000000000,"name":"web","held":true,"words":["a","b"]"#,
      "   +0.000000  probe      name=web held=yes words=a,b"
    ),
  ])
  func line(_ fields: String, _ expected: String) throws {
    let record = try #require(try records(#"{"v":1,"id":"ask",\#(fields)}"#).first)
    let plain = MonitorLine(start: start, style: Style(hasColour: false)).render(record)
    #expect(plain == expected + "\n")
    let coloured = MonitorLine(start: start, style: Style(hasColour: true)).render(record)
    #expect(coloured.replacing(/\u{1b}\[[0-9]+m/, with: "") == plain)
  }

  @Test func aTimeOutOfRangeIsNoTrap() throws {
    let fields = #"{"v":1,"type":"alarm","at-ns":-9223372036854775808,"text":"t"}"#
    let record = try #require(try records(fields).first)
    let line = MonitorLine(start: start, style: Style(hasColour: false)).render(record)
    #expect(line.hasSuffix("alarm      t\n"))
  }
}
