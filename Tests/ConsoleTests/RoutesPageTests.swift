// The pages of `routes`, letter for letter.
import Console
import Control
import Testing

@Suite struct RoutesPageTests {
  private static let lines = """
    {"v":1,"id":"ask","type":"exports","current":false,"shadow":true,"announced":3,"limit":1999,\
    "not-kept":0}
    {"v":1,"id":"ask","type":"export-rule","rule":"branches","announced":3,"left-out":1,\
    "limit":500,"next-hop":"10.0.2.10","next-hop6":null}
    {"v":1,"id":"ask","type":"export-server","route-server":"10.10.1.4","told":2,"owed":1}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.0.0/24","rule":"branches",\
    "state":"announced"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.1.0/24","rule":"branches",\
    "state":"leaving","left-ms":4000}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.2.0/24","rule":"branches",\
    "state":"damped","left-ms":29000}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.3.0/24","rule":"branches",\
    "state":"waiting","left-ms":9}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.4.0/24","rule":"branches",\
    "state":"left-out"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.5.0/24","rule":"branches",\
    "state":"reserved"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.6.0/24","rule":null,"state":"former"}
    \(Recorded.end)
    """

  @Test func everyState() throws {
    #expect(
      RoutesPage(try records(Self.lines)).render(Style(hasColour: false)) == """
        what the kernel has is not known completely: nothing changes until it is

        shadow mode: nothing of this is told

        RULE      ANNOUNCED  LEFT OUT  LIMIT  NEXT HOP
        branches  3          1         500    10.0.2.10

        ROUTE SERVER  TOLD  TO BE TOLD
        10.10.1.4     2     1

        PREFIX        RULE      STATE
        10.64.0.0/24  branches  announced
        10.64.1.0/24  branches  gone; stays for 4.0 s
        10.64.2.0/24  branches  it flaps; rests for 29 s
        10.64.3.0/24  branches  announced in 9 ms
        10.64.4.0/24  branches  left out: no room
        10.64.5.0/24  branches  of a VIP, which announces it
        10.64.6.0/24  -         announced by rules of before; the kernel is listed first

        """)
  }

  private static let tableLines = """
    {"v":1,"id":"ask","type":"exports","current":true,"shadow":false,"announced":1,"limit":1999,\
    "not-kept":0}
    {"v":1,"id":"ask","type":"export-tables","voice":"ours","writer":"web","wanted":6,\
    "left-out":1,"limit":300}
    {"v":1,"id":"ask","type":"export-rule","rule":"branches","announced":7,"left-out":0,\
    "limit":500,"udr":"only","next-hop":"10.0.2.10","next-hop6":null}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.0.0/24","rule":"branches",\
    "state":"announced","table":"done"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.1.0/24","rule":"branches",\
    "state":"announced","table":"queued"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.2.0/24","rule":"branches",\
    "state":"announced","table":"failed","table-detail":"rt: refused"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.3.0/24","rule":"branches",\
    "state":"announced","table":"foreign","table-detail":"rt: it is gone"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.4.0/24","rule":"branches",\
    "state":"announced","table":"left-out"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.5.0/24","rule":"branches",\
    "state":"leaving","left-ms":4000,"table":"accepted"}
    {"v":1,"id":"ask","type":"export","prefix":"10.64.6.0/24","rule":"branches",\
    "state":"waiting","left-ms":9}
    \(Recorded.end)
    """

  @Test func everyStateInRouteTables() throws {
    #expect(
      RoutesPage(try records(Self.tableLines)).render(Style(hasColour: false)) == """
        RULE      ANNOUNCED  LEFT OUT  LIMIT  NEXT HOP
        branches  7          0         500    10.0.2.10

        ROUTE TABLES             WANTED  LEFT OUT  LIMIT
        written by this machine  6       1         300

        PREFIX        RULE      STATE                  ROUTE TABLES
        10.64.0.0/24  branches  wanted                 there
        10.64.1.0/24  branches  wanted                 queued
        10.64.2.0/24  branches  wanted                 held back: rt: refused
        10.64.3.0/24  branches  wanted                 changed by somebody else: rt: it is gone
        10.64.4.0/24  branches  wanted                 left out: no room
        10.64.5.0/24  branches  gone; stays for 4.0 s  taken by Azure
        10.64.6.0/24  branches  announced in 9 ms      -

        """)
  }

  @Test func withoutRulesThereIsOneSentence() throws {
    #expect(
      RoutesPage([]).render(Style(hasColour: false))
        == "no rule says that routes of the kernel are announced\n")
  }
}
