// Each kind of record of the stream as its line, letter for letter.
import Console
import Control
import Model
import Testing

@Suite struct MonitorLineTests {
  private let start = Instant(nanoseconds: 1_000_000_000)

  @Test(arguments: [
    (
      #""type":"link","event":"changed","at-ns":1000123000,"name":"eth0","index":2,"#
        + #""up":true,"carrier":true,"operstate":"up""#,
      "   +0.000123  link     eth0 (2) changed: up, carrier, operstate up"
    ),
    (
      #""type":"link","event":"new","at-ns":2000000000,"name":"eth1","index":3,"#
        + #""up":true,"carrier":false,"operstate":"lower-layer-down""#,
      "   +1.000000  link     eth1 (3) new: up, no carrier, operstate lower-layer-down"
    ),
    (
      #""type":"link","event":"gone","at-ns":2000000000,"name":"eth1","index":3"#,
      "   +1.000000  link     eth1 (3) gone"
    ),
    (
      #""type":"address","event":"new","at-ns":999000000,"address":"10.1.0.5/32","#
        + #""interface":"eth0","index":2,"tentative":false,"deprecated":false"#,
      "   -0.001000  address  10.1.0.5/32 new on eth0 (2)"
    ),
    (
      #""type":"address","event":"gone","at-ns":1000000000,"address":"fd00::5","#
        + #""interface":"eth0","index":2,"tentative":true,"deprecated":true"#,
      "   +0.000000  address  fd00::5 gone on eth0 (2), tentative, deprecated"
    ),
    (
      #""type":"session","at-ns":13345678000,"route-server":"10.10.1.4","#
        + #""state":"Established","reason":null"#,
      "  +12.345678  session  10.10.1.4 Established"
    ),
    (
      #""type":"session","at-ns":1000000000,"route-server":"10.10.1.4","#
        + #""state":"Idle","reason":"hold timer expired""#,
      "   +0.000000  session  10.10.1.4 Idle: hold timer expired"
    ),
    (
      #""type":"shift","at-ns":1000031000,"shift":3,"vip":"web","from":"standby","#
        + #""to":"takeover-1","cause":"address arrived""#,
      "   +0.000031  shift    #3 web: standby -> takeover-1 (address arrived)"
    ),
    (
      #""type":"stage","shift":3,"vip":"web","stage":"written","#
        + #""route-server":"10.10.1.5","at-ns":1000040000,"after-us":31"#,
      "   +0.000040  stage    #3 web: written 10.10.1.5 after 31 us"
    ),
    (
      #""type":"stage","shift":3,"vip":"web","stage":"seen","route-server":null,"#
        + #""at-ns":1000000000,"after-us":0"#,
      "   +0.000000  stage    #3 web: seen after 0 us"
    ),
    (
      #""type":"alarm","at-ns":87401000000000,"text":"out of rungs \u001b[2J""#,
      "+87400.000000  alarm    out of rungs \\x{1b}[2J"
    ),
    (
      #""type":"lost","lost":12"#,
      "              lost     12 records: this reader is too slow"
    ),
    (
      #""type":"vip","at-ns":1000000000,"vip":"web","from":null,"to":"owner","cause":"start""#,
      "   +0.000000  vip      web: nothing -> owner (start)"
    ),
    (
      #""type":"probe","at-ns":1000000000,"name":"web","held":true,"words":["a","b"]"#,
      "   +0.000000  probe    name=web held=yes words=a,b"
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
    #expect(line.hasSuffix("alarm    t\n"))
  }
}
