// Who is let in: tokens, versions, budgets, roles; and every mischief by its name.

import Management
import Model
import Testing

@Suite struct DoorTests {
  @Test func tokensAreLookedAt() throws {
    let stage = try Stage()
    #expect(stage.get().status == 404)
    let good = stage.token
    stage.token = "made.up.here"
    #expect(stage.get().code == "InvalidAuthenticationToken")
    stage.token = ""
    #expect(stage.get().code == "AuthenticationFailed")
    stage.token = good
    stage.cloud.revokeTokens()
    let expired = stage.get()
    #expect(expired.status == 401)
    #expect(expired.code == "ExpiredAuthenticationToken")
    #expect(expired.header("www-authenticate") != nil)
    let fresh = try stage.fetchToken()
    #expect(fresh != good)
    stage.token = fresh
    #expect(stage.get().status == 404)
    stage.wall += 86_401
    #expect(stage.get().code == "ExpiredAuthenticationToken")
  }

  @Test func aTokenForSomebodyElseIsNone() throws {
    let stage = try Stage()
    let target = Stage.tokenTarget.replacing("management.azure.com", with: "vault.azure.net")
    stage.token = try #require(stage.metadata(target).reply.json?["access_token"]?.string)
    #expect(stage.get().code == "InvalidAuthenticationTokenAudience")
  }

  @Test func versionsAndPathsAreLookedAt() throws {
    let stage = try Stage()
    #expect(stage.ask("GET", Stage.table).code == "MissingApiVersionParameter")
    #expect(stage.ask("GET", Stage.table + "?api-version=x").code == "InvalidApiVersionParameter")
    let elsewhere = Stage.table.replacing("4000-8000", with: "4000-9000") + Stage.version
    #expect(stage.ask("GET", elsewhere).code == "SubscriptionNotFound")
    let group = Stage.table.replacing("/lab/", with: "/other/") + Stage.version
    #expect(stage.ask("GET", group).code == "ResourceGroupNotFound")
    let table = Stage.table.replacing("/udr", with: "/none") + Stage.version
    #expect(stage.ask("GET", table).code == "ResourceNotFound")
    #expect(stage.ask("GET", "/nothing" + Stage.version).status == 404)
    #expect(stage.ask("POST", Stage.table + Stage.version).status == 405)
  }

  @Test func budgetsRunDryAndFillAgain() throws {
    let stage = try Stage()
    #expect(stage.get().header("x-ms-ratelimit-remaining-subscription-reads") == "249")
    #expect(stage.setBudget("reads", 1))
    #expect(stage.get().status == 404)
    let refused = stage.get()
    #expect(refused.status == 429)
    #expect(refused.code == "SubscriptionRequestsThrottled")
    #expect(refused.header("retry-after") == "2")
    // A call that does not wait makes the wait longer.
    stage.pass(.milliseconds(1_500))
    #expect(stage.get().status == 429)
    stage.pass(.milliseconds(1_500))
    #expect(stage.get().status == 429)
    stage.pass(.seconds(2))
    #expect(stage.get().status == 404)
  }

  @Test func theRoleIsLookedAt() throws {
    let stage = try Stage()
    stage.cloud.manager.denied = ["microsoft.network/routetables/routes/write"]
    let refused = stage.put("10.0.2.10")
    #expect(refused.status == 403)
    #expect(refused.code == "AuthorizationFailed")
    #expect(stage.get().status == 404)
  }

  /// What a call comes to, and whether it was carried out.
  @Test(arguments: [
    (Mischief.busy, 429, false), (.conflict, 409, false), (.changed, 412, false),
    (.forbidden, 403, false), (.gone, 404, false), (.failing, 500, false),
    (.throttled, 429, false), (.redirect, 307, false), (.failsAfterwards, 500, true),
    (.truncated, 201, true), (.cut, 201, true), (.drip, 201, true), (.flood, 201, true),
  ])
  func errorsOnCommand(_ mischief: Mischief, _ status: Int, _ isDone: Bool) throws {
    let stage = try Stage()
    #expect(stage.cause(Trouble(mischief, at: .rest, to: .writes, times: 1)))
    #expect(stage.put("10.0.2.10").status == status)
    // Throttling outlasts its cause.
    stage.pass(.seconds(5))
    #expect(stage.cloud.troubles.isEmpty)
    #expect((stage.hop() != nil) == isDone)
  }

  @Test(arguments: [
    (Mischief.lostRequest, Conduct.Manner.hangUp, false), (.lostAnswer, .hangUp, true),
    (.silent, .silence, false), (.drip, .drip(every: .milliseconds(20)), true),
    (.flood, .flood(to: 1 << 30), true),
  ])
  func mannersOnCommand(
    _ mischief: Mischief, _ manner: Conduct.Manner, _ isDone: Bool
  ) throws {
    let stage = try Stage()
    #expect(stage.cause(Trouble(mischief, at: .rest, to: .writes, times: 1)))
    let body = #"{"properties":{"addressPrefix":"10.1.0.0/16","nextHopType":"None"}}"#
    let conduct = stage.conduct(
      "PUT", "\(Stage.table)/routes/vip\(Stage.version)", body: body)
    #expect(conduct.manner == manner)
    #expect(conduct.mischief == mischief)
    #expect((stage.get().status == 200) == isDone)
  }

  @Test func troublesAreCountedAndMended() throws {
    let stage = try Stage()
    #expect(stage.cause(Trouble(.failing, at: .rest, times: 2, value: "503")))
    #expect(stage.get().status == 503)
    #expect(stage.get().status == 503)
    #expect(stage.get().status == 404)
    #expect(stage.cause(Trouble(.failing, at: .rest)))
    #expect(stage.cause(Trouble(.silent, at: .metadata)))
    #expect(stage.mend(.rest) == 1)
    #expect(stage.mend(nil) == 1)
    #expect(stage.mend(nil) == 0)
    #expect(!stage.cause(Trouble(.conflict, at: .metadata)))
    #expect(!stage.cause(Trouble(.noIdentity, at: .rest)))
  }
}
