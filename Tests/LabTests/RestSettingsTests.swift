// The resource manager's settings as words: what is written is read, and slips are refused.

import Lab
import Management
import Model
import Testing

struct RestSettingsTests {
  private static let usual = [
    "--subnet", "pair=10.0.2.0/24=udr", "--machine", "a=pair=10.0.2.10=00:0d:3a:00:00:0a",
    "--machine", "a=pair=10.0.2.11", "--machine", "b=pair=10.0.2.20", "--table", "udr",
    "--identity", "b=one", "--no-system-identity", "b", "--no-forwarding", "a-nic1",
  ]

  @Test func `what is written is read again`() throws {
    var words = Self.usual + ["--port", "8443", "--lasts", "500ms", "--name", "x.example", "rest"]
    let settings = try #require(RestSettings.read(&words))
    #expect(words == ["rest"])
    #expect(settings.port == 8_443)
    #expect(settings.lasts == .milliseconds(500))
    let machines = settings.estate.machines
    #expect(machines.map(\.name) == ["a", "b"])
    #expect(machines[0].interfaces.map(\.name) == ["a-nic", "a-nic1"])
    #expect(machines[0].interfaces.map(\.forwards) == [true, false])
    #expect(machines[0].interfaces[0].mac == MACAddress(bits: 0x000d_3a00_000a))
    #expect(!machines[1].hasSystemIdentity && machines[1].identities == ["one"])
    var again = settings.words
    let second = try #require(RestSettings.read(&again))
    #expect(again.isEmpty)
    #expect(second.estate == settings.estate)
    #expect(second.words == settings.words)
  }

  @Test(arguments: [
    ["--port", "x"], ["--port"], ["--address", "here"], ["--subnet", "pair"],
    ["--machine", "a=nowhere=10.0.0.1"], ["--no-forwarding", "a-nic"], ["--identity", "a=one"],
    ["--lasts", "long"], ["--table", ""],
  ])
  func `slips are refused`(_ words: [String]) {
    var words = words
    #expect(RestSettings.read(&words) == nil)
  }
}
