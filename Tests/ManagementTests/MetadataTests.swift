// The simulated metadata service: what it asks of a call, identities, instances, events.

import Management
import Model
import Testing

@Suite struct MetadataTests {
  @Test func aCallMustBeMeant() throws {
    let stage = try Stage()
    let target = "/metadata/instance?api-version=2021-02-01"
    #expect(stage.metadata(target, []).reply.status == 400)
    let forwarded = [Pair("Metadata", "true"), Pair("X-Forwarded-For", "10.0.0.1")]
    #expect(stage.metadata(target, forwarded).reply.status == 400)
    #expect(stage.metadata("/metadata/instance").reply.status == 400)
    #expect(stage.metadata("/metadata/nothing?api-version=1").reply.status == 404)
    #expect(stage.metadata("/other?api-version=1").reply.status == 404)
    #expect(stage.metadata(target, method: "PUT").reply.status == 405)
    #expect(stage.metadata(target).reply.status == 200)
  }

  @Test func numbersOfTokensAreStrings() throws {
    let stage = try Stage()
    let json = try #require(stage.metadata(Stage.tokenTarget).reply.json)
    #expect(json["expires_in"] == "86400")
    #expect(json["expires_on"]?.string == "\(stage.wall + 86_400)")
    #expect(json["token_type"] == "Bearer")
    // It is kept, and says then still how long it was good when it was new.
    stage.pass(.seconds(3_600))
    let again = try #require(stage.metadata(Stage.tokenTarget).reply.json)
    #expect(again["access_token"] == json["access_token"])
    #expect(again["expires_in"] == "86400")
    stage.pass(.seconds(86_200 - 3_600))
    #expect(stage.metadata(Stage.tokenTarget).reply.json?["access_token"] != json["access_token"])
  }

  @Test func identitiesAreChosen() throws {
    let stage = try Stage { estate in
      estate.machines[1].hasSystemIdentity = false
      estate.machines[1].identities = ["one", "two"]
    }
    let b = IPv4Address(10, 0, 2, 20)
    let ambiguous = stage.metadata(Stage.tokenTarget, from: b).reply
    #expect(ambiguous.status == 400)
    #expect(ambiguous.json?["error"] == "invalid_request")
    let id = Stage.group + "/Microsoft.ManagedIdentity/userAssignedIdentities/two"
    let chosen = stage.metadata("\(Stage.tokenTarget)&msi_res_id=\(id)", from: b).reply
    #expect(chosen.status == 200)
    let client = try #require(chosen.json?["client_id"]?.string)
    let same = stage.metadata("\(Stage.tokenTarget)&client_id=\(client)", from: b).reply
    #expect(same.json?["access_token"] == chosen.json?["access_token"])
    let unknown = stage.metadata("\(Stage.tokenTarget)&client_id=nobody", from: b).reply
    #expect(unknown.json?["error_description"] == "Identity not found")
  }

  @Test func aMachineIsKnownByItsAddress() throws {
    let stage = try Stage()
    let target = "/metadata/instance?api-version=2021-02-01"
    let a = stage.metadata(target).reply.json
    #expect(a?["compute"]?["name"] == "a")
    let b = stage.metadata(target, from: IPv4Address(10, 0, 2, 20)).reply.json
    #expect(b?["compute"]?["name"] == "b")
    let interface = b?["network"]?["interface"]?.array?.first
    #expect(interface?["macAddress"] == "000D3A00000B")
    #expect(
      interface?["ipv4"]?["ipAddress"]?.array?.first?["privateIpAddress"] == "10.0.2.20")
    let leaf = "/metadata/instance/compute/location?api-version=2021-02-01"
    #expect(stage.metadata(leaf).reply.status == 400)
    #expect(stage.metadata("\(leaf)&format=text").reply.body == Array("westus".utf8))
  }

  @Test func callsAreCounted() throws {
    let stage = try Stage()
    let target = "/metadata/instance?api-version=2021-02-01"
    let states = (0..<7).map { _ in stage.metadata(target).reply.status }
    #expect(states == [200, 200, 200, 200, 200, 429, 429])
    stage.pass(.seconds(1))
    #expect(stage.metadata(target).reply.status == 200)
  }

  @Test func eventsAreAnnouncedAndBegin() throws {
    let stage = try Stage()
    let target = "/metadata/scheduledevents?api-version=2020-07-01"
    #expect(stage.metadata(target).reply.json == ["DocumentIncarnation": 1, "Events": []])
    let announced = stage.cloud.announce(
      .reboot, of: ["a"], notBefore: stage.wall + 900, lasts: 60)
    let id = try #require(announced)
    let list = stage.metadata(target).reply.json
    #expect(list?["DocumentIncarnation"] == 2)
    let event = list?["Events"]?.array?.first
    #expect(event?["EventStatus"] == "Scheduled")
    #expect(event?["EventType"] == "Reboot")
    #expect(event?["NotBefore"] == "Fri, 15 Jan 2027 08:15:00 GMT")
    let body = "{\"StartRequests\":[{\"EventId\":\"\(id)\"}]}"
    #expect(stage.metadata(target, method: "POST", body: body).reply.status == 200)
    let begun = stage.metadata(target).reply.json?["Events"]?.array?.first
    #expect(begun?["EventStatus"] == "Started")
    #expect(stage.metadata(target, method: "POST", body: body).reply.status == 400)
    stage.pass(.seconds(60))
    #expect(stage.metadata(target).reply.json?["Events"] == [])
  }

  @Test func eventsBeginByThemselves() throws {
    let stage = try Stage()
    let target = "/metadata/scheduledevents?api-version=2020-07-01"
    _ = stage.cloud.announce(.freeze, of: ["b"], notBefore: stage.wall + 5, lasts: -1)
    stage.pass(.seconds(5))
    let event = stage.metadata(target).reply.json?["Events"]?.array?.first
    #expect(event?["EventStatus"] == "Started")
    #expect(event?["NotBefore"] == "")
  }

  @Test func theFirstListTakesItsTime() throws {
    let stage = try Stage()
    stage.cloud.setFirstEvents(after: .seconds(120))
    let target = "/metadata/scheduledevents?api-version=2020-07-01"
    #expect(stage.metadata(target).after == .seconds(120))
    #expect(stage.metadata(target).after == .zero)
  }

  @Test(arguments: [
    (Mischief.gone, 410), (.notFound, 404), (.throttled, 429), (.failing, 500), (.noIdentity, 400),
    (.redirect, 307),
  ])
  func errorsOnCommand(_ mischief: Mischief, _ status: Int) throws {
    let stage = try Stage()
    #expect(stage.cause(Trouble(mischief, at: .metadata, to: .token, times: 1)))
    #expect(stage.metadata("/metadata/instance?api-version=1").reply.status == 200)
    #expect(stage.metadata(Stage.tokenTarget).reply.status == status)
    #expect(stage.metadata(Stage.tokenTarget).reply.status == 200)
  }

  @Test func surroundingsCanBeRead() throws {
    let stage = try Stage()
    let machine = stage.ask(
      "GET", "\(Stage.group)/Microsoft.Compute/virtualMachines/a\(Stage.version)")
    let id = machine.json?["properties"]?["networkProfile"]?["networkInterfaces"]?.array?.first
    let nic = try #require(id?["id"]?.string)
    let interface = stage.ask("GET", nic + Stage.version).json?["properties"]
    #expect(interface?["enableIPForwarding"] == true)
    let subnet = interface?["ipConfigurations"]?.array?.first?["properties"]?["subnet"]?["id"]
    let found = stage.ask("GET", (subnet?.string ?? "") + Stage.version).json
    #expect(found?["properties"]?["routeTable"]?["id"]?.string == Stage.table)
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    let begun = stage.ask("POST", "\(nic)/effectiveRouteTable\(Stage.version)")
    #expect(begun.status == 202)
    #expect(stage.poll(begun, "location").status == 202)
    stage.pass(.seconds(1))
    let routes = stage.poll(begun, "location").json?["value"]?.array ?? []
    #expect(routes.contains { $0["source"] == "User" && $0["name"] == "vip" })
    #expect(routes.contains { $0["source"] == "Default" && $0["nextHopType"] == "VnetLocal" })
  }
}
