// Routes and tables of the simulated resource manager, call by call.

import Management
import Model
import Platform
import Testing

@Suite struct RouteTests {
  @Test func aWriteIsAnOperationWithTwoTags() throws {
    let stage = try Stage()
    let made = stage.put("10.0.2.10")
    #expect(made.status == 201)
    #expect(made.json?["properties"]?["provisioningState"] == "Updating")
    #expect(made.header("retry-after") == nil)
    let url = try #require(made.header("azure-asyncoperation"))
    #expect(url.utf8.count > 3_000)
    #expect(stage.poll(made).json == ["status": "InProgress"])
    let first = made.json?["etag"]
    #expect(stage.get().json?["etag"] == first)
    stage.pass(.seconds(1))
    #expect(stage.poll(made).json == ["status": "Succeeded"])
    let read = stage.get()
    #expect(read.json?["properties"]?["provisioningState"] == "Succeeded")
    #expect(read.json?["etag"] != first)
    #expect(read.header("etag") == read.json?["etag"]?.string)
    let table = stage.ask("GET", Stage.table + Stage.version)
    #expect(table.json?["etag"] == read.json?["etag"])
  }

  @Test func aPutInPlaceIsNotACreation() throws {
    let stage = try Stage()
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    #expect(stage.put("10.0.2.20").status == 200)
    #expect(stage.hop() == "10.0.2.20")
  }

  @Test func tagsGuard() throws {
    let stage = try Stage()
    // What is not there has no tag.
    #expect(stage.put("10.0.2.10", [Pair("If-Match", "*")]).status == 412)
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    let tag = stage.get().header("etag") ?? ""
    #expect(stage.put("10.0.2.20", [Pair("If-Match", tag)]).status == 200)
    stage.pass(.seconds(1))
    let stale = stage.put("10.0.2.10", [Pair("if-match", tag)])
    #expect(stale.status == 412)
    #expect(stale.code == "PreconditionFailed")
    #expect(stale.detail == "PreconditionFailedEtagMismatch")
    #expect(stage.hop() == "10.0.2.20")
    #expect(stage.put("10.0.2.10", [Pair("If-Match", "*")]).status == 200)
  }

  @Test func oneWriteOfATableAtATime() throws {
    let stage = try Stage()
    stage.cloud.manager.lasts = .seconds(10)
    _ = stage.put("10.0.2.10")
    let second = stage.put("10.0.2.20", route: "other", prefix: "10.1.0.0/16")
    #expect(second.status == 429)
    #expect(second.code == "RetryableError")
    #expect(second.detail == "RetryableErrorDueToAnotherOperation")
    #expect(second.header("retry-after") == nil)
    let words = second.json?["error"]?["details"]?.array?[0]["message"]?.string ?? ""
    #expect(words.hasSuffix("The call can be retried in 10 seconds."))
    #expect(stage.hop() == "10.0.2.10")
    // Another table has its own line.
    let other = stage.ask(
      "PUT", Stage.table.replacing("/udr", with: "/two") + Stage.version,
      body: #"{"location":"westus"}"#)
    #expect(other.status == 201)
    stage.pass(.seconds(10))
    #expect(stage.put("10.0.2.20").status == 200)
  }

  @Test func aDeletionIsAcceptedAndFollowed() throws {
    let stage = try Stage()
    let target = "\(Stage.table)/routes/vip\(Stage.version)"
    #expect(stage.ask("DELETE", target).status == 204)
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    let gone = stage.ask("DELETE", target)
    #expect(gone.status == 202)
    #expect(stage.poll(gone, "location").status == 202)
    stage.pass(.seconds(1))
    #expect(stage.poll(gone, "location").status == 200)
    #expect(stage.get().status == 404)
  }

  @Test(arguments: [
    (Mischief.operationFails, "Failed"), (.operationCancelled, "Canceled"),
  ])
  func whatFailsHasChangedNothing(_ mischief: Mischief, _ status: String) throws {
    let stage = try Stage()
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    #expect(stage.cause(Trouble(mischief, at: .rest, times: 1)))
    let taken = stage.put("10.0.2.20")
    #expect(taken.status == 200)
    #expect(stage.hop() == "10.0.2.20")
    stage.pass(.seconds(1))
    #expect(stage.poll(taken).json?["status"]?.string == status)
    #expect(stage.hop() == "10.0.2.10")
  }

  @Test func whatNeverEndsKeepsTheTable() throws {
    let stage = try Stage()
    #expect(stage.cause(Trouble(.operationHangs, at: .rest, times: 1)))
    let taken = stage.put("10.0.2.10")
    stage.pass(.seconds(3_600))
    // A token is good for a day.
    #expect(stage.poll(taken).json == ["status": "InProgress"])
    #expect(stage.put("10.0.2.20").status == 429)
    #expect(stage.cloud.deadline == nil || stage.cloud.deadline == .zero)
  }

  @Test func urlsOfOperationsAreSigned() throws {
    let stage = try Stage()
    let made = stage.put("10.0.2.10")
    let url = try #require(made.header("azure-asyncoperation"))
    let cut = String(url.dropFirst(Stage.origin.count).prefix(400))
    #expect(stage.ask("GET", cut).status == 403)
    let unknown =
      "/subscriptions/00000000-0000-4000-8000-000000000001/providers/"
      + "Microsoft.Network/locations/westus/operations/nothing\(Stage.version)"
    #expect(stage.ask("GET", unknown).status == 404)
  }

  @Test func namesHaveNoCase() throws {
    let stage = try Stage()
    _ = stage.put("10.0.2.10")
    let lower = "\(Stage.table)/routes/VIP\(Stage.version)".lowercased()
    #expect(stage.ask("GET", lower).status == 200)
  }

  @Test(arguments: [
    #"{"properties":{"addressPrefix":"10.64.0.0/12","nextHopType":"VirtualAppliance"}}"#,
    #"{"properties":{"addressPrefix":"10.64.0.0/33","nextHopType":"None"}}"#,
    #"{"properties":{"addressPrefix":"10.64.0.0/12","nextHopType":"Somewhere"}}"#,
    #"{"properties":{"addressPrefix":"10.64.0.0/12"}}"#,
    #"{"properties":{"addressPrefix":"1.0.0.0/8","nextHopType":"None","nextHopIpAddress":"::1"}}"#,
    #"{"properties":{"nextHopType":"None"}}"#, "{}", "", "{", "[]",
  ])
  func badBodiesAreRefused(_ body: String) throws {
    let stage = try Stage()
    let target = "\(Stage.table)/routes/vip\(Stage.version)"
    #expect(stage.ask("PUT", target, body: body).status == 400)
    #expect(stage.get().status == 404)
  }

  @Test func severalNextHops() throws {
    let stage = try Stage()
    let body = """
      {"properties":{"addressPrefix":"10.64.0.0/12","nextHopType":"VirtualApplianceEcmp",\
      "nextHop":{"nextHopIpAddresses":["10.0.2.10","10.0.2.20"]}}}
      """
    #expect(
      stage.ask("PUT", "\(Stage.table)/routes/e\(Stage.version)", body: body).status == 201)
    stage.pass(.seconds(1))
    let table = stage.programs().last?.table
    let hops = [IPAddress("10.0.2.10"), IPAddress("10.0.2.20")].compactMap { $0 }
    #expect(table?.routes.map(\.nextHop) == [.virtualAppliance(hops)])
  }

  @Test func samePrefixesAndTooManyRoutesAreRefused() throws {
    let stage = try Stage()
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    #expect(stage.put("10.0.2.10", route: "other").code == "RouteConflict")
    let routes = (0...RouteTable.routeLimit).map { number in
      "{\"name\":\"r\(number)\",\"properties\":{\"addressPrefix\":\"10.\(number / 256)."
        + "\(number % 256).0/24\",\"nextHopType\":\"None\"}}"
    }
    let body =
      "{\"location\":\"westus\",\"properties\":{\"routes\":[\(routes.joined(separator: ","))]}}"
    #expect(stage.ask("PUT", Stage.table + Stage.version, body: body).status == 400)
    #expect(stage.hop() == "10.0.2.10")
  }

  @Test func theNetworkFollowsLater() throws {
    let stage = try Stage()
    stage.cloud.manager.programming = .seconds(3)
    _ = stage.programs()
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    #expect(stage.programs().isEmpty)
    #expect(stage.cloud.deadline == stage.now + .seconds(3))
    stage.pass(.seconds(3))
    let programs = stage.programs()
    #expect(programs.map(\.name) == ["udr"])
    #expect(programs.first?.table?.routes.map(\.name) == ["vip"])
  }

  @Test func aStrangerNeedsNoTag() throws {
    let stage = try Stage()
    _ = stage.put("10.0.2.10")
    stage.pass(.seconds(1))
    let tag = stage.get().header("etag")
    #expect(
      stage.meddle("udr", "vip", IPAddress("10.0.2.99")))
    #expect(stage.hop() == "10.0.2.99")
    #expect(stage.get().header("etag") != tag)
    #expect(stage.meddle("udr", "vip", nil))
    #expect(stage.get().status == 404)
    #expect(!stage.meddle("nothing", "vip", nil))
  }
}
