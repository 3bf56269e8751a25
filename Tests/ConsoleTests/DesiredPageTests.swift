// The page of `desired`, letter for letter.
import Console
import Control
import Testing

@Suite struct DesiredPageTests {
  private static let lines = """
    {"v":1,"id":"ask","type":"azure","route-tables":[],"identity":null,"repair":true,\
    "scheduled-events":"shift","freeze-events":false,"acknowledge-events":false,\
    "address":"10.0.2.10","shadow":false}
    {"v":1,"id":"ask","type":"desired","at-ns":1,"vip":"voice","generation":"4.17",\
    "voice":"ours","wanted":true,"mode":"floor","routes":["100.64.0.0/31"],\
    "next-hop":"10.10.0.5","next-hop6":null,"host":"ws2"}
    {"v":1,"id":"ask","type":"outcome","vip":"voice","generation":"4.16","stage":"failed",\
    "durable":false,"detail":"403 \\u001b[31m","age-ms":61000}
    {"v":1,"id":"ask","type":"desired","at-ns":1,"vip":"web","generation":"4.2",\
    "voice":"unsure","wanted":false,"mode":"fallback","routes":["10.1.0.5/32","10.1.0.6/32"],\
    "next-hop":"10.0.2.10","next-hop6":null,"host":null}
    {"v":1,"id":"ask","type":"outcome","vip":"web","generation":"4.2","stage":"done",\
    "durable":true,"detail":"","age-ms":900}
    \(Recorded.end)
    """

  @Test func page() throws {
    let page = DesiredPage(try records(Self.lines)).render(Style(hasColour: false))
    #expect(
      page == """
        VIP    MODE      VOICE   NEXT HOP         ROUTES          GENERATION  LAST WRITE
        voice  floor     ours    10.10.0.5 (ws2)  100.64.0.0/31   4.17        \
        failed 1 min 1 s ago, generation 4.16, not durable: 403 \\x{1b}[31m
        web    fallback  unsure  no route         10.1.0.5/32 +1  4.2         done 900 ms ago

        """)
  }

  @Test func nothingIsSaid() throws {
    let page = DesiredPage(try records(Recorded.end)).render(Style(hasColour: false))
    #expect(page == "no virtual IP stands in a route table\n")
  }
}
