// The page of `volleys`, letter for letter.
import Console
import Control
import Testing

@Suite struct VolleysReportTests {
  private static let standing = """
    {"v":1,"id":"ask","type":"volley","vip":"web","route-server":"10.10.1.4","rung":"owner",\
    "stands":true,"next-hop":"10.10.0.7","asn":65001,"path-length":15,"med":5,\
    "communities":["no-advertise","65001:100"],"large-communities":[],"prefixes":1,"updates":1,\
    "bytes":104}
    """

  private static let next = """
    {"v":1,"id":"ask","type":"volley","vip":"web","route-server":"10.10.1.4",\
    "rung":"takeover-2","stands":false,"next-hop":"10.10.0.7","asn":65001,"path-length":13,\
    "communities":[],"large-communities":["65001:1:2"],"prefixes":900,"updates":2,\
    "bytes":4690,"update-bytes":[4095,595],\
    "hex":"ffffffffffffffffffffffffffffffff0fff02000000404001010040023602000d0000"}
    """

  @Test func table() throws {
    let page = VolleysReport(try records(VolleysReportTests.standing))
      .render(Style(hasColour: false))
    #expect(
      page == """
        VIP  ROUTE SERVER  RUNG   STANDS  NEXT HOP   PREFIXES  UPDATES  BYTES
        web  10.10.1.4     owner  yes     10.10.0.7  1         1        104

        """)
  }

  @Test func oneVIPWithItsBytes() throws {
    let page = VolleysReport(try records(VolleysReportTests.next)).render(Style(hasColour: false))
    #expect(
      page == """
        VIP  ROUTE SERVER  RUNG        STANDS  NEXT HOP   PREFIXES  UPDATES  BYTES
        web  10.10.1.4     takeover-2  no      10.10.0.7  900       2        4690

        web to 10.10.1.4, takeover-2
        origin IGP, path 65001 x13, next hop 10.10.0.7, MED -
        communities -, large communities 65001:1:2
        UPDATEs of bytes 4095,595
          ffffffffffffffffffffffffffffffff0fff0200000040400101004002360200
          0d0000
          and 4655 bytes more

        """)
  }

  @Test func aWithdrawal() throws {
    let volley = """
      {"v":1,"id":"ask","type":"volley","vip":"web","route-server":"10.10.1.4",\
      "rung":"withdrawn","stands":true,"next-hop":null,"asn":65001,"path-length":null,\
      "communities":[],"large-communities":[],"prefixes":1,"updates":1,"bytes":28,\
      "update-bytes":[28],"hex":"ffffffffffffffffffffffffffffffff001c020005200a0100050000"}
      """
    let page = VolleysReport(try records(volley)).render(Style(hasColour: false))
    #expect(
      page == """
        VIP  ROUTE SERVER  RUNG       STANDS  NEXT HOP  PREFIXES  UPDATES  BYTES
        web  10.10.1.4     withdrawn  yes     -         1         1        28

        web to 10.10.1.4, withdrawn
        withdraws 1 prefixes
        UPDATEs of bytes 28
          ffffffffffffffffffffffffffffffff001c020005200a0100050000

        """)
  }

  @Test func bothFamilies() throws {
    let both = VolleysReportTests.next.replacing(
      #""prefixes":900,"updates":2"#,
      with: #""next-hop6":"fd00::7","prefixes":900,"prefixes6":7,"updates":2,"updates6":1"#)
    let page = VolleysReport(try records(both)).render(Style(hasColour: false))
    #expect(page.contains("  10.10.0.7 fd00::7  900       2        4690\n"), "\(page)")
    #expect(
      page.contains(
        "IPv6: 7 of the prefixes, in the last 1 of the UPDATEs, next hop fd00::7\n"), "\(page)")
    let six = both.replacing(#""next-hop":"10.10.0.7""#, with: #""next-hop":null"#)
    let other = VolleysReport(try records(six)).render(Style(hasColour: false))
    #expect(other.contains("  no      fd00::7   900 "), "\(other)")
  }

  @Test func nothingArmed() throws {
    #expect(
      VolleysReport([]).render(Style(hasColour: false))
        == "nothing is armed: no route server is established\n")
  }
}
