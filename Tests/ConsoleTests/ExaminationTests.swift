// What `doctor` finds in an answer to `status` and in a machine's settings, one planted fault each.

import Console
import Control
import Testing

@Suite struct ExaminationTests {
  private static let servers = """
    {"v":1,"id":"a","type":"route-server","address":"10.10.1.4","asn":65515,"state":"Established",\
    "hold-ms":30000,"prefixes-announced":13,"families-missing":[],"last-error":null}
    {"v":1,"id":"a","type":"route-server","address":"10.10.1.5","asn":65515,"state":"Established",\
    "hold-ms":30000,"prefixes-announced":13,"families-missing":[],"last-error":null}
    """

  private static let rest = """
    {"v":1,"id":"a","type":"daemon","capabilities":"cap_net_raw","pauses":0,"longest-pause-ms":0}
    {"v":1,"id":"a","type":"kernel","class":"interfaces","state":"current",\
    "receive-buffer":8388608}
    {"v":1,"id":"a","type":"target","name":"ws1","proxied-by":null}
    {"v":1,"id":"a","type":"courier","connected":true,"needed":true,"not-durable":[],\
    "troubles":[],"events":[]}
    """

  private static let healthy = servers + "\n" + rest

  private static var machine: MachineFacts {
    var machine = MachineFacts()
    machine.forwards = true
    machine.isStale = false
    machine.interfaces = [MachineFacts.Interface(name: "eth0", reversePathFilter: 0)]
    return machine
  }

  private func findings(
    _ text: String, _ machine: MachineFacts = ExaminationTests.machine
  ) throws -> [Finding] {
    Examination(try records(text), machine).findings
  }

  @Test func nothingIsSaidOfWhatIsWell() throws {
    let found = try findings(ExaminationTests.healthy)
    #expect(found == [])
    #expect(
      Finding.render(found, Style(hasColour: false)) == "nothing was found that will hurt\n")
  }

  @Test(
    arguments: [
      (
        #""state":"Established""#, #""state":"Active""#, "problem", "10.10.1.4 is Active",
        "ip route"
      ),
      (#""hold-ms":30000"#, #""hold-ms":0"#, "problem", "no hold time", "hold-time"),
      (#""hold-ms":30000"#, #""hold-ms":180000"#, "remark", "10.10.1.4 is 180 s", "hold-time"),
      (#""prefixes-announced":13"#, #""prefixes-announced":901"#, "remark", "901 pre", "check"),
      (
        #""families-missing":[]"#, #""families-missing":["IPv6"]"#, "problem", "offer IPv6",
        "family"
      ),
      (#""current""#, #""stale""#, "problem", "interfaces is stale", "journalctl"),
      ("8388608", "425984", "remark", "has 425984 bytes", "net.core.rmem_max"),
      ("cap_net_raw", "cap_net_raw cap_net_admin", "problem", "cap_net_admin", "systemctl revert"),
      (
        #""pauses":0,"longest-pause-ms":0"#, #""pauses":3,"longest-pause-ms":5000"#, "remark",
        "stood still 3 times, at most for 5.0 s", "loaded"
      ),
      (#""proxied-by":null"#, #""proxied-by":"azure""#, "remark", "answered by Azure", "bfd"),
      (#""connected":true"#, #""connected":false"#, "problem", "nobody writes", "systemctl enable"),
      (#""not-durable":[]"#, #""not-durable":["web"]"#, "problem", "not durable: web", "courier"),
    ] as [(String, String, String, String, String)])
  func eachFaultIsOneFinding(
    _ good: String, _ bad: String, _ weight: String, _ what: String, _ fix: String
  ) throws {
    let place = try #require(ExaminationTests.healthy.firstRange(of: good))
    let found = try findings(ExaminationTests.healthy.replacingCharacters(place, by: bad))
    #expect(found.count == 1)
    let finding = try #require(found.first)
    #expect(finding.weight.rawValue == weight)
    #expect(finding.what.contains(what), "\(finding.what)")
    #expect(finding.fix.contains(fix), "\(finding.fix)")
    let line = Finding.render(found, Style(hasColour: false))
    #expect(line.hasPrefix("\(weight): \(finding.what): \(finding.why). Mend it: "))
    #expect(line.split(separator: "\n").count == 1)
    let record = try #require(try records(String(decoding: finding.line, as: UTF8.self)).first)
    #expect(record.string("weight") == weight && record.string("fix") == finding.fix)
  }

  @Test func routeServersThatAreNotThere() throws {
    let one = String(ExaminationTests.servers.split(separator: "\n")[0])
    #expect(
      try findings(one + "\n" + ExaminationTests.rest).map(\.what)
        == ["one route server is configured"])
    // With route tables alone there is none to have.
    #expect(try findings(ExaminationTests.rest) == [])
    let rest = ExaminationTests.rest.split(separator: "\n").dropLast().joined(separator: "\n")
    let found = try findings(rest)
    #expect(found.map(\.what) == ["no route server is configured"])
    #expect(found.allSatisfy { $0.weight == .problem })
  }

  @Test func theMachinesSettings() throws {
    var machine = ExaminationTests.machine
    machine.forwards = false
    machine.isStale = true
    machine.interfaces.append(MachineFacts.Interface(name: "eth1.5", reversePathFilter: 1))
    machine.interfaces.append(MachineFacts.Interface(name: "eth2", reversePathFilter: 2))
    let found = try findings(ExaminationTests.healthy, machine)
    #expect(
      found.map(\.what) == [
        "the configuration has changed since hopshiftd read it",
        "this machine does not forward IPv4", "strict reverse path filtering on eth1.5",
      ])
    #expect(found.last?.fix == "sysctl --write net.ipv4.conf.eth1/5.rp_filter=2")
    // The greater of an interface's number and that of all counts; what is unknown is not judged.
    machine = MachineFacts()
    machine.reversePathFilter = 1
    machine.interfaces = [0, 1, 2].map {
      MachineFacts.Interface(name: "eth\($0)", reversePathFilter: $0)
    }
    #expect(
      try findings(ExaminationTests.healthy, machine).map(\.what) == [
        "strict reverse path filtering on eth0", "strict reverse path filtering on eth1",
      ])
  }
}

extension String {
  fileprivate func replacingCharacters(_ place: Range<String.Index>, by other: String) -> String {
    String(self[..<place.lowerBound]) + other + String(self[place.upperBound...])
  }
}
