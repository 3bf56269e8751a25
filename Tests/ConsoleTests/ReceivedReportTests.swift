// The pages of `received`, letter for letter.
import Console
import Control
import Testing

@Suite struct ReceivedReportTests {
  private static let lines = """
    {"v":1,"id":"ask","type":"received","route-server":"10.10.1.4","state":"Established",\
    "since-ms":3600000,"routes":4,"routes-not-kept":2,"limit":10000,"updates-accepted":7,\
    "ends-of-rib":1,"updates-ignored":0,"attribute-discards":1,"treated-as-withdraw":0,\
    "session-resets":1}
    {"v":1,"id":"ask","type":"received-route","route-server":"10.10.1.4",\
    "prefix":"10.20.0.0/16","next-hop":"10.10.1.4","path-length":2,"path":[65515,64512],\
    "age-ms":61000}
    {"v":1,"id":"ask","type":"received-route","route-server":"10.10.1.4",\
    "prefix":"fd00:5::/48","next-hop":"fd00::4","path-length":0,"path":[],"age-ms":61000}
    {"v":1,"id":"ask","type":"received-route","route-server":"10.10.1.4",\
    "prefix":"10.3.0.0/16","next-hop":"10.10.1.4","path-length":20,\
    "path":[65515,12076,1,2,3,64513],"path-omitted":14,"age-ms":900}
    {"v":1,"id":"ask","type":"received-route","route-server":"10.10.1.4",\
    "prefix":"10.3.0.0/24","next-hop":"10.10.1.4","path-length":1,"path":[65515],\
    "graceful-shutdown":true,"age-ms":900}
    {"v":1,"id":"ask","type":"received-error","route-server":"10.10.1.4","at-ns":5,\
    "age-ms":120000,"class":"attribute discard","message":"UPDATE","length":62,"attribute":5,\
    "code":0,"subcode":0,"text":"attribute 5 (LOCAL_PREF)"}
    {"v":1,"id":"ask","type":"received-error","route-server":"10.10.1.4","at-ns":9,\
    "age-ms":4000,"class":"session reset","message":"type 9","length":23,"code":1,\
    "subcode":3,"text":"NOTIFICATION 1/3 \\u001b[31m"}
    {"v":1,"id":"ask","type":"received","route-server":"10.10.1.5","state":"Connect",\
    "since-ms":1500,"routes":0,"routes-not-kept":0,"limit":10000,"updates-accepted":0,\
    "ends-of-rib":0,"updates-ignored":0,"attribute-discards":0,"treated-as-withdraw":0,\
    "session-resets":0}
    \(Recorded.end)
    """

  private func page(errors: Bool) throws -> String {
    ReceivedReport(try records(Self.lines), errors: errors).render(Style(hasColour: false))
  }

  @Test func routesByPrefix() throws {
    #expect(
      try page(errors: false) == """
        10.10.1.4  Established for 1 h 0 min, 4 routes, 2 times there was no room for one more
        PREFIX        NEXT HOP   FOR        LENGTH  PATH
        10.3.0.0/16   10.10.1.4  900 ms     20      65515 12076 1 2 3 (14 more) 64513
        10.3.0.0/24   10.10.1.4  900 ms     1       65515 graceful-shutdown
        10.20.0.0/16  10.10.1.4  1 min 1 s  2       65515 64512
        fd00:5::/48   fd00::4    1 min 1 s  0       -

        10.10.1.5  Connect for 1.5 s, 0 routes

        """)
  }

  @Test func errorsAlone() throws {
    #expect(
      try page(errors: true) == """
        10.10.1.4  Established for 1 h 0 min
        UPDATEs: 7 accepted, 1 ends of RIB, 0 of other families, 1 attribute discard, \
        0 treat as withdraw, 1 session reset
        AGO        CLASS              MESSAGE  BYTES  REASON
        2 min 0 s  attribute discard  UPDATE   62     attribute 5 (LOCAL_PREF)
        4.0 s      session reset      type 9   23     NOTIFICATION 1/3 \\x{1b}[31m

        10.10.1.5  Connect for 1.5 s
        UPDATEs: 0 accepted, 0 ends of RIB, 0 of other families, 0 attribute discard, \
        0 treat as withdraw, 0 session reset

        """)
  }

  @Test(
    arguments: [
      ("received", []), ("received 10.0.1.4", ["10.0.1.4"]), ("received --errors", ["errors"]),
      ("received --errors 10.0.1.4", ["10.0.1.4", "errors"]),
    ] as [(String, [String])])
  func words(_ line: String, _ expected: [String]) throws {
    let invocation = try Invocation(line.split(separator: " ").map(String.init))
    guard case .received(let command) = invocation.command else {
      Issue.record("not received")
      return
    }
    #expect(command.words == expected)
  }
}
