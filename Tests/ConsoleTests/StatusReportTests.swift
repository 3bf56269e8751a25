// The page of `status`, letter for letter, and the judgement of `status --check`.
import Console
import Control
import Testing

@Suite struct StatusReportTests {
  @Test func page() throws {
    let page = StatusReport(try records(Recorded.status)).render(Style(hasColour: false))
    #expect(
      page == """
        hopshiftd 0.1.0, process 4242, up 3 h 12 min, last turn 4 ms ago
        configuration  /etc/hopshift/hopshift.yaml
        kernel         current, heard 1 min 1 s ago, 3 links, 4 VF flaps
        netlink        receive buffer 8388608 bytes, 0 overruns, 0 foreign, 0 malformed
        loop           longest turn 1500 us, since the last status 83 us
        stood still    3 times, the longest 5.0 s, the last 1 min 2 s ago
        capabilities   none
        shifts         2

        ROUTE SERVER  STATE        FOR        HOLD  ANNOUNCED  RECEIVED  IN FLIGHT
        10.10.1.4     Established  1 h 0 min  30 s  13         41        0
        10.10.1.5     Connect      1.5 s      -     0          0         9 +512
        10.10.1.5: last error: \\x{1b}[31mred

        VIP    STATE    RUNG        HELD  INTERFACE  FOR         NEXT HOP   PREFIXES          CLAIMS
        web    active   takeover-2  yes   eth0       1 min 35 s  10.10.0.7  10.1.0.5/32       2
        trust  unknown  standby     no    -          2 d 7 h     -          10.64.0.0/24 +11  0

        """)
    #expect(!page.contains(" \n"))
  }

  @Test func eachOpenSocketHasItsRow() throws {
    let lines = [Recorded.daemon, Recorded.classes].joined(separator: "\n")
    let page = StatusReport(try records(lines)).render(Style(hasColour: false))
    #expect(
      page.hasSuffix(
        """

        KERNEL NEWS  STATE    AGE        NEEDED BY     DATAGRAMS  DUMPS  OVERRUNS  DROPS  \
        FOREIGN  BUFFER
        interfaces   current  1 min 1 s  plan,monitor  12         1      0         0      \
        0        8388608
        routes       stale    -          monitor       400000     0      7         90210  \
        1        8388608

        """))
  }

  /// Who carries it, what nobody carries, and what a change waits for.
  @Test func vipsThatWait() throws {
    let vip = """
      {"v":1,"id":"ask","type":"vip","name":"a","state":"watching","rung":"owner","held":false,\
      "interface":null,"since-ms":95000,"host":"ws1","next-hop":"10.10.0.4","prefixes":1,\
      "first-prefix":"100.64.0.1/32","claims":1,"vacant":false,\
      "waits":["the return to a better host or owner","everything: out of service by an operator"],\
      "waits-ms":[9000,-1]}
      """
    let names = ["a", "b", "c", "d", "e", "f"]
    var lines = names.map { vip.replacing(#""name":"a""#, with: "\"name\":\"\($0)\"") }
    lines[1] = lines[1].replacing(#""vacant":false"#, with: #""vacant":true"#)
    let report = StatusReport(try records(([Recorded.daemon] + lines).joined(separator: "\n")))
    let page = report.render(Style(hasColour: false))
    #expect(
      page.hasSuffix(
        """
        f    watching  owner  no    -          1 min 35 s  ws1         10.10.0.4  100.64.0.1/32  1
        VIP b: nobody is known to be able to carry it
        held back: the return to a better host or owner: a for another 9.0 s, b for another \
        9.0 s, c for another 9.0 s, d for another 9.0 s and 2 more
        held back: everything: out of service by an operator: a, b, c, d and 2 more

        """), "\(page)")
    #expect(page.contains("FOR         CARRIED BY  NEXT HOP"))
    // A watcher is well as long as somebody carries what it watches.
    let coloured = report.render(Style(hasColour: true)).split(separator: "\n")
    #expect(coloured.contains { $0.hasPrefix("a ") && $0.contains("\u{1b}[32mwatching") })
    #expect(coloured.contains { $0.hasPrefix("b ") && $0.contains("\u{1b}[33mwatching") })
    #expect(report.faults.contains("VIP b: nobody is known to be able to carry it"))
  }

  /// What would not survive a crash is said, and is a fault.
  @Test func whatIsNotOnTheDiskIsSaid() throws {
    let courier = """
      {"v":1,"id":"ask","type":"courier","connected":true,"needed":true,"not-durable":["web"],\
      "troubles":[],"events":["Reboot E-1 is announced"]}
      """
    let report = StatusReport(try records([Recorded.daemon, courier].joined(separator: "\n")))
    let page = report.render(Style(hasColour: false))
    #expect(page.contains("courier        connected, not durable: web\n"), "\(page)")
    #expect(page.contains("               Azure: Reboot E-1 is announced\n"), "\(page)")
    #expect(report.faults == ["not durable: web"])
  }

  /// Each piece of evidence of each host; the kernel's own is asked nothing.
  @Test func targetsHaveTheirRows() throws {
    let lines = [Recorded.daemon, Recorded.targets].joined(separator: "\n")
    let report = StatusReport(try records(lines))
    #expect(
      report.render(Style(hasColour: false)).hasSuffix(
        """

        HOST  EVIDENCE        STATE    FOR         ANSWERED  TIME    SENT   LOST  REASON
        ws1   arp 10.10.0.4   up       1 min 35 s  12 ms     210 us  61000  3     answered
        ws2   link eth1       unknown  -           -         -       -      -     -
        ws2   http 10.10.0.5  down     4.0 s       4.1 s     -       90     12    no answer in time

        """))
    #expect(report.render(Style(hasColour: true)).contains("\u{1b}[31mdown\u{1b}[0m"))
  }

  @Test func speakersHaveTheirRows() throws {
    let lines = [Recorded.daemon, Recorded.group].joined(separator: "\n")
    let page = StatusReport(try records(lines)).render(Style(hasColour: false))
    #expect(
      page.hasSuffix(
        """
        shifts         2
        hello          on 10.10.0.7, port 50179, every 100 ms, 3 of strangers, 0 dropped

        SPEAKER    STATE   HEARD  RECEIVED  REFUSED  PAUSES  SENT   LAST ERROR
        10.10.0.8  heard   40 ms  61000     7        2       61002  -
        10.10.0.9  silent  -      0         12       -       0      EPERM (Not permitted)

        """))
  }

  @Test func colourChangesNothingButColour() throws {
    let report = StatusReport(try records(Recorded.status))
    let coloured = report.render(Style(hasColour: true))
    #expect(coloured.contains("\u{1b}[32mEstablished\u{1b}[0m"))
    #expect(coloured.contains("\u{1b}[31mConnect\u{1b}[0m"))
    let bare = coloured.replacing(/\u{1b}\[[0-9]+m/, with: "")
    #expect(bare == report.render(Style(hasColour: false)))
  }

  @Test(arguments: [
    ([Recorded.daemon, Recorded.servers], ["route server 10.10.1.5 is Connect"]),
    (
      [Recorded.staleDaemon, Recorded.servers],
      ["the view of the kernel is stale", "route server 10.10.1.5 is Connect"]
    ),
    ([Recorded.daemon], ["there is no route server"]),
    (
      [Recorded.daemon, Recorded.classes],
      ["the view of the kernel's routes is stale", "there is no route server"]
    ),
    (
      [Recorded.daemon, Recorded.group],
      ["there is no route server", "speaker 10.10.0.9 is silent"]
    ),
    (
      [Recorded.servers],
      ["the view of the kernel is unknown", "route server 10.10.1.5 is Connect"]
    ),
    (
      [Recorded.daemon, Recorded.servers.replacing("\"Connect\"", with: "\"Established\"")],
      []
    ),
  ])
  func faults(_ lines: [String], _ expected: [String]) throws {
    #expect(StatusReport(try records(lines.joined(separator: "\n"))).faults == expected)
  }

  @Test func verbose() throws {
    let lines = [Recorded.daemon, Recorded.servers].joined(separator: "\n")
    let page = StatusReport(try records(lines)).render(Style(hasColour: false), isVerbose: true)
    #expect(
      page.hasSuffix(
        """

        route server 10.10.1.4, AS 65515
        session      Established for 1 h 0 min, opened by the peer
        timers       hold 30 s, keepalive 10 s, heard 2.3 s ago
        peer         identifier 10.10.1.4, graceful restart within 120 s
        both speak   4-octet AS, route refresh, extended messages
        announced    13 prefixes, 3 UPDATEs
        received     41 routes kept, 0 not
        waiting      0 bytes in flight, 0 queued and 0 volleys
        messages     367 sent, 402 received, 359 KEEPALIVEs, 2 refreshes
        UPDATEs      40 accepted, 1 ends of RIB, 0 ignored
        errors       3 attribute discard, 2 treat as withdraw, 1 session reset
        attempts     4 to connect
        last error   -

        route server 10.10.1.5, AS 65515
        session      Connect for 1.5 s
        announced    0 prefixes, 0 UPDATEs
        received     0 routes kept, 0 not
        waiting      9 bytes in flight, 512 queued and 1 volleys
        messages     - sent, - received, - KEEPALIVEs, - refreshes
        UPDATEs      - accepted, - ends of RIB, - ignored
        errors       - attribute discard, - treat as withdraw, - session reset
        attempts     - to connect
        last error   \\x{1b}[31mred
        it said      "back \\x{1b}[31m soon"

        """), "\(page)")
    #expect(!page.contains("ROUTE SERVER"))
  }

  /// The table of the most common case is read in a terminal of the usual width.
  @Test func theTableOfRouteServersFitsAScreen() throws {
    let servers = Recorded.servers.replacing("\"10.10.1.4\"", with: "\"203.203.203.203\"")
      .replacing("\"since-ms\":3600000", with: "\"since-ms\":86399000")
      .replacing("\"prefixes-announced\":13", with: "\"prefixes-announced\":2000")
      .replacing("\"unacknowledged\":9", with: "\"unacknowledged\":16384")
    let page = StatusReport(try records(servers)).render(Style(hasColour: false))
    for line in page.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func aFamilyThatIsNotOfferedIsSaid() throws {
    let lines = [
      Recorded.daemon, Recorded.servers.replacing("\"Connect\"", with: "\"Established\""),
    ].joined(separator: "\n")
    let said = "route server 10.10.1.4 does not offer ipv6-unicast"
    for (missing, isFault) in [("[]", false), ("[\"ipv6-unicast\"]", true)] {
      let report = StatusReport(
        try records(
          lines.replacing(
            "\"address\":\"10.10.1.4\"",
            with: "\"address\":\"10.10.1.4\",\"families-missing\":\(missing)")))
      #expect(report.faults == (isFault ? [said] : []))
      #expect(report.render(Style(hasColour: false)).contains("\(said)\n") == isFault)
    }
  }

  @Test func anEmptyAnswerIsAnEmptyPage() {
    #expect(StatusReport([]).render(Style(hasColour: true)) == "")
  }
}
