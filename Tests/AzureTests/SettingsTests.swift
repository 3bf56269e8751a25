// What the daemon says of the configuration, key by key, and the endpoints of each cloud.

import Azure
import Model
import Testing

struct SettingsTests {
  private func line(_ changes: [(String, String)] = []) -> [UInt8] {
    var text = """
      {"v":1,"id":"follow","type":"azure","route-tables":["\(OfficeScene.table)"],\
      "identity":"11-22","repair":false,"scheduled-events":"report","freeze-events":true,\
      "acknowledge-events":true,"address":"10.0.0.4","shadow":true}
      """
    for (old, new) in changes { text = text.replacing(old, with: new) }
    return Array(text.utf8)
  }

  @Test func everyKeyIsRead() throws {
    let table = try #require(ResourceID(OfficeScene.table))
    #expect(
      Settings(line())
        == Settings(
          routeTables: [table], identity: .client("11-22"), policy: .report, events: .report,
          countsFreezes: true, acknowledges: true, address: .v4(IPv4Address(10, 0, 0, 4)),
          isShadow: true))
    let plain = line([
      ("\"11-22\"", "null"), ("\"repair\":false", "\"repair\":true"), ("report", "off"),
      ("freeze-events\":true", "freeze-events\":false"),
      ("acknowledge-events\":true", "acknowledge-events\":false"),
      ("shadow\":true", "shadow\":false"), ("[\"\(OfficeScene.table)\"]", "[]"),
    ])
    #expect(
      Settings(plain)
        == Settings(
          routeTables: [], identity: .system, policy: .repair, events: .off,
          address: .v4(IPv4Address(10, 0, 0, 4))))
  }

  @Test(arguments: [
    ("\"azure\"", "\"vip\""), ("\"report\"", "\"tomorrow\""), ("10.0.0.4", "here"),
    ("/routeTables/rt", "/virtualNetworks/rt"), ("\"repair\":false,", ""),
  ])
  func whatCannotBeReadIsNothing(_ old: String, _ new: String) {
    #expect(Settings(line()) != nil)
    #expect(Settings(line([(old, new)])) == nil)
  }

  @Test(arguments: [
    ("AzurePublicCloud", "management.azure.com"),
    ("AzureUSGovernmentCloud", "management.usgovcloudapi.net"),
    ("AzureChinaCloud", "management.chinacloudapi.cn"),
  ])
  func eachCloudHasItsEndpoint(_ name: String, _ host: String) throws {
    let cloud = try #require(Cloud(environment: name))
    #expect(cloud.management.origin == "https://\(host)")
    // Without the slash the token service may give a token that the resource manager refuses.
    #expect(cloud.audience == "https://\(host)/")
  }
}
