// Resource ids: what is one, what is the same one, and that no name leaves its place in a path.

import Azure
import Testing

struct ResourceIDTests {
  static let table =
    "/subscriptions/5b3f/resourceGroups/rg-1/providers/Microsoft.Network/routeTables/rt"

  @Test func aTableIsRead() throws {
    let id = try #require(ResourceID(ResourceIDTests.table))
    #expect(id.subscription == "5b3f")
    #expect(id.group == "rg-1")
    #expect(id.name == "rt")
    #expect(id.isRouteTable)
    #expect(id.path == ResourceIDTests.table)
    #expect(id.parent == nil)
  }

  @Test func upperAndLowerCaseAreTheSame() throws {
    let id = try #require(ResourceID(ResourceIDTests.table))
    let other = try #require(ResourceID(ResourceIDTests.table.uppercased()))
    #expect(id == other)
    #expect(Set([id, other]).count == 1)
    #expect(other.isRouteTable)
  }

  @Test func aChildKnowsItsParent() throws {
    let id = try #require(ResourceID(ResourceIDTests.table))
    let route = try #require(id.child("routes", "vip"))
    #expect(route.path == ResourceIDTests.table + "/routes/vip")
    #expect(route.parent == id)
    #expect(!route.isRouteTable)
  }

  @Test(arguments: [
    "", "/", "subscriptions/s/resourceGroups/g/providers/P/t/n",
    "/subscriptions/s/resourceGroups/g/providers/P",
    "/subscriptions/s/resourceGroups/g/providers/P/t",
    "/subscriptions//resourceGroups/g/providers/P/t/n",
    "/subscriptions/s/resourceGroups/g/providers/P/t/..",
    "/subscriptions/s/resourceGroups/g/providers/P/t/n?x=1",
    "/subscriptions/s/resourceGroups/g/providers/P/t/n#",
    "/subscriptions/s/resourceGroups/g/providers/P/t/%2e%2e",
    "/subscriptions/s/resourceGroups/g/providers/P/t/n\r\nX: y",
    "/groups/s/resourceGroups/g/providers/P/t/n",
  ]) func isNone(_ text: String) { #expect(ResourceID(text) == nil) }

  @Test func aLongOneIsNone() {
    let long = ResourceIDTests.table + String(repeating: "/a/b", count: ResourceID.limit)
    #expect(ResourceID(long) == nil)
  }

  @Test func noNameClimbs() throws {
    let id = try #require(ResourceID(ResourceIDTests.table))
    for name in ["", ".", "..", "a/b", "a?b", "a b", "ä", "a%2fb", "a\0"] {
      #expect(id.child("routes", name) == nil, "\(name)")
    }
  }

  @Test func cloudsAreKnownByTheirNames() {
    #expect(Cloud(environment: "azurepubliccloud") == .world)
    #expect(Cloud(environment: "AzureUSGovernmentCloud")?.audience.hasSuffix(".net/") == true)
    #expect(Cloud(environment: "AzureChinaCloud")?.managementHost == "management.chinacloudapi.cn")
    #expect(Cloud(environment: "AzureGermanCloud") == nil)
  }

  /// The token goes where the endpoint is, and nowhere else.
  @Test(arguments: [
    ("https://management.azure.com/a?b=c", "/a?b=c"),
    ("HTTPS://Management.Azure.COM:443/a", "/a"),
    ("http://management.azure.com/a", nil),
    ("https://management.azure.com.evil.example/a", nil),
    ("https://management.azure.com@evil.example/a", nil),
    ("https://evil.example/https://management.azure.com/a", nil),
    ("https://management.azure.com:8443/a", nil),
    ("https://management.azure.com", nil),
    ("https://management.azure.com?/a", nil),
    ("https://management.azure.com/a b", nil),
    ("https://management.azure.com/a\r\nX: y", nil),
    ("//management.azure.com/a", nil),
  ]) func pollsStayAtHome(_ url: String, _ target: String?) {
    #expect(Request.poll(url, of: Cloud.world.management)?.target == target)
  }

  @Test func longURLsOfOperationsAreTaken() {
    let url = "https://management.azure.com/op?t=" + String(repeating: "x", count: 8_000)
    #expect(Request.poll(url, of: Cloud.world.management) != nil)
    let longer = url + String(repeating: "x", count: Request.targetLimit)
    #expect(Request.poll(longer, of: Cloud.world.management) == nil)
  }
}
