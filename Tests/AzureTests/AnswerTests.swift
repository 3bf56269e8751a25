// Answers and what they mean, and what the budget, the token and the events make of them.

import Azure
import Model
import Testing

struct AnswerTests {
  private func error(_ status: Int, _ text: String) -> Answer {
    Answer(status: status, body: Array(text.utf8))
  }

  @Test func bothMeaningsOf429() {
    let busy = error(
      429,
      """
      {"error":{"code":"RetryableError","message":"A retryable error occurred.","details":[{"code":\
      "RetryableErrorDueToAnotherOperation","message":"Operation PutRouteTableOperation is \
      updating resource. The call can be retried in 11 seconds."}]}}
      """)
    #expect(busy.meaning == .busy(busy.complaint, after: .seconds(11)))
    #expect(busy.complaint.code == "RetryableErrorDueToAnotherOperation")
    let throttled = error(429, "{\"error\":{\"code\":\"OperationNotAllowed\",\"message\":\"\"}}")
    #expect(throttled.meaning == .throttled(throttled.complaint, after: nil))
    // What cannot be read may be either; the careful one is throttling.
    let bare = Answer(status: 429, headers: [Answer.Header("Retry-After", "3")])
    #expect(bare.meaning == .throttled(bare.complaint, after: .seconds(3)))
  }

  @Test func retryAfterHasAnEnd() {
    for (text, wait) in [
      ("0", Nanoseconds.zero), ("17", .seconds(17)), ("99999999", Answer.longestRetryAfter),
    ] {
      #expect(Answer(status: 503, headers: [.init("Retry-After", text)]).retryAfter == wait)
    }
    for text in ["-1", "soon", "Sat, 14 Sep 2024 10:16:32 GMT", "99999999999999999999"] {
      #expect(Answer(status: 503, headers: [.init("Retry-After", text)]).retryAfter == nil)
    }
  }

  @Test func whatIsMissingIsTold() {
    let group = error(
      404, "{\"error\":{\"code\":\"ResourceGroupNotFound\",\"message\":\"Resource group 'g'\"}}")
    #expect(group.meaning == .homeless(group.complaint))
  }

  @Test func strangersWordsAreBoundedAndReadable() {
    let message = String(repeating: "\u{1b}[31m\n", count: 1_000)
    let complaint = Complaint(
      status: 400, code: String(repeating: "c", count: 999), message: message)
    #expect(complaint.code.count == Complaint.codeLimit)
    #expect(complaint.message.count == Complaint.messageLimit)
    #expect(!complaint.message.contains("\u{1b}"))
  }

  /// Cut anywhere, a table is either read whole or not at all.
  @Test func aTableCutShortIsNone() throws {
    var manager = SimulatedManager()
    manager.routes["a"] = .init(prefix: "10.0.0.0/24", hop: "10.0.0.4")
    manager.routes["b"] = .init(prefix: "10.0.1.0/24", hop: "10.0.0.5")
    let id = try #require(ResourceID(ResourceIDTests.table))
    let get = Calls.get(id, at: Cloud.world.management)
    let body = manager.handle(get, by: 0, at: .zero, lasts: .zero).body
    let whole = try #require(TableRecord(body))
    #expect(whole.routes.count == 2)
    #expect(whole.route(named: "A")?.hop == .v4(IPv4Address(10, 0, 0, 4)))
    for count in 0..<body.count { #expect(TableRecord(Array(body.prefix(count))) == nil) }
  }

  @Test func aReserveIsKeptForFailovers() {
    var budget = Budget()
    let low = Answer(
      status: 200,
      headers: [
        .init("x-ms-ratelimit-remaining-subscription-global-writes", "5999"),
        .init("x-ms-ratelimit-remaining-subscription-writes", "\(Budget.reserve)"),
      ])
    let now = Instant(nanoseconds: 5_000_000_000)
    budget.note(low, at: now)
    #expect(budget.wait(for: .write, isFailover: false, at: now) == now + Budget.validity)
    #expect(budget.wait(for: .write, isFailover: true, at: now) == nil)
    #expect(budget.wait(for: .read, isFailover: false, at: now) == nil)
    // An old count holds nobody back, and a new one counts at once.
    #expect(budget.wait(for: .write, isFailover: false, at: now + Budget.validity) == nil)
    // Throttling stops everybody: a call before its end would lengthen it.
    budget.block(until: now + .seconds(9))
    #expect(budget.wait(for: .write, isFailover: true, at: now) == now + .seconds(9))
    #expect(budget.wait(for: .write, isFailover: true, at: now + .seconds(9)) == nil)
  }

  @Test func ownCallsAreCounted() {
    var budget = Budget()
    for _ in 0..<Budget.writesInWindow { budget.spend(.write, at: .zero) }
    #expect(budget.wait(for: .delete, isFailover: false, at: .zero) == Instant.zero + Budget.window)
    #expect(budget.wait(for: .delete, isFailover: true, at: .zero) == nil)
  }

  private func token(_ life: Int) -> Answer {
    Answer(
      status: 200,
      body: Array("{\"access_token\":\"secret\",\"expires_in\":\"\(life)\"}".utf8))
  }

  @Test func aTokenIsRenewedAtHalfItsLife() throws {
    var keeper = TokenKeeper(.system, audience: Cloud.world.audience, seed: 1, now: .zero)
    let turn = keeper.turn(at: .zero)
    let (call, request) = try #require(turn)
    #expect(request.headers.contains { $0 == ("Metadata", "true") })
    #expect(request.target.contains("resource=https%3A%2F%2Fmanagement.azure.com%2F"))
    #expect(!request.needsToken)
    let result1 = keeper.turn(at: .zero)
    #expect(result1 == nil)
    let result2 = keeper.answered(call, token(86_000), wall: nil, at: .zero + .seconds(1))
    #expect(result2)
    #expect(keeper.deadline == .zero + .seconds(43_000))
    #expect(keeper.isGood(at: .zero + .seconds(85_999)))
    #expect(!keeper.isGood(at: .zero + .seconds(86_000)))
    // Refused in flight: a new one is asked for now, and the old one stays until it is there.
    keeper.refused(at: .zero + .seconds(100))
    let again = keeper.turn(at: .zero + .seconds(100))
    let (second, _) = try #require(again)
    #expect(keeper.token != nil)
    let result3 = keeper.answered(second, Answer(status: 410), wall: nil, at: .zero + .seconds(100))
    #expect(!result3)
    #expect(keeper.serial == 1)
    #expect(keeper.token != nil)
  }

  @Test func anIdentityIsNamed() throws {
    let id = try #require(
      ResourceID(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity"
          + "/userAssignedIdentities/me"))
    let target = Metadata.token(.resource(id), audience: Cloud.china.audience, at: .metadata).target
    #expect(target.contains("&msi_res_id=%2Fsubscriptions%2Fs%2F"))
    #expect(target.contains("management.chinacloudapi.cn%2F"))
    #expect(
      Metadata.token(.client("a&b"), audience: Cloud.world.audience, at: .metadata).target
        .hasSuffix("=a%26b"))
  }

  private func events(_ entries: String, _ incarnation: Int) -> Answer {
    Answer(
      status: 200,
      body: Array("{\"DocumentIncarnation\":\(incarnation),\"Events\":[\(entries)]}".utf8))
  }

  private func event(_ id: String, _ type: String, _ names: String, _ status: String) -> String {
    "{\"EventId\":\"\(id)\",\"EventType\":\"\(type)\",\"ResourceType\":\"VirtualMachine\","
      + "\"Resources\":[\(names)],\"EventStatus\":\"\(status)\",\"NotBefore\":\"\"}"
  }

  @Test func eventsComeBeginAndGo() throws {
    var watch = EventWatch(machine: "nva1", countsFreezes: false, seed: 1, now: .zero)
    #expect(watch.answerLimit == EventWatch.firstLimit)
    var now = Instant.zero
    func read(_ answer: Answer) throws -> [EventNews] {
      let turn = watch.turn(at: now)
      let (call, _) = try #require(turn)
      let news = watch.answered(call, answer, at: now)
      now = try #require(watch.deadline)
      return news
    }
    #expect(try read(events("", 1)) == [])
    #expect(watch.answerLimit == EventWatch.limit)
    let foreign = event("x", "Reboot", "\"nva2\"", "Scheduled")
    let freeze = event("f", "Freeze", "\"nva1\"", "Scheduled")
    #expect(try read(events(foreign + "," + freeze, 2)) == [])
    let ours = event("e", "Redeploy", "\"NVA1\"", "Scheduled")
    let news = try read(events(ours, 3))
    #expect(news.count == 1)
    // A list that does not come, or is cut, says nothing of the event.
    #expect(try read(Answer(status: 500)) == [])
    #expect(try read(Answer(status: 200, body: Array("{\"DocumentInc".utf8))) == [])
    let approved = watch.approve("e", at: now)
    let approval = try #require(approved)
    #expect(approval.method == .post)
    let text = String(decoding: approval.body, as: UTF8.self)
    #expect(text == "{\"StartRequests\":[{\"EventId\":\"e\"}]}")
    let twice = watch.approve("e", at: now)
    #expect(twice == nil)
    // What was not taken is asked for again, no sooner than the service wishes.
    let isFirst = watch.approvalFailed("e", after: .seconds(5), at: now)
    #expect(isFirst)
    let early = watch.approve("e", at: now + .seconds(4))
    #expect(early == nil)
    let again = watch.approve("e", at: now + .seconds(5))
    #expect(again == approval)
    watch.approvalWasTaken()
    let started = event("e", "Redeploy", "\"nva1\"", "Started")
    let begun = try read(events(started, 4))
    guard begun.count == 1, case .started = begun[0] else {
      Issue.record("not started")
      return
    }
    let ended = try read(events("", 5))
    guard ended.count == 1, case .gone = ended[0] else {
      Issue.record("not gone")
      return
    }
  }

  /// What takes the machine away counts; what only holds it for seconds if that is wished.
  @Test(
    arguments: [
      ("Reboot", true, true), ("Redeploy", true, true), ("Preempt", true, true),
      ("Terminate", true, true), ("Freeze", false, true), ("Tomorrow", false, false),
    ])
  func eventsAreOfInterestByKind(_ kind: String, _ usually: Bool, _ withFreezes: Bool) throws {
    for (countsFreezes, isOfInterest) in [(false, usually), (true, withFreezes)] {
      var watch = EventWatch(machine: "nva1", countsFreezes: countsFreezes, seed: 1, now: .zero)
      let turn = watch.turn(at: .zero)
      let (call, _) = try #require(turn)
      let list = events(event("e", kind, "\"nva1\"", "Scheduled"), 1)
      let news = watch.answered(call, list, at: .zero)
      #expect(news.count == (isOfInterest ? 1 : 0), "freezes count: \(countsFreezes)")
      #expect(watch.known.map(\.kind.rawValue) == (isOfInterest ? [kind] : []))
    }
  }

  @Test func othersEventsAreNotApproved() throws {
    var watch = EventWatch(machine: "nva1", countsFreezes: true, seed: 1, now: .zero)
    let turn = watch.turn(at: .zero)
    let (call, _) = try #require(turn)
    let both = event("b", "Reboot", "\"nva1\",\"nva2\"", "Scheduled")
    #expect(watch.answered(call, events(both, 1), at: .zero).count == 1)
    let shared = watch.approve("b", at: .zero)
    #expect(shared == nil)
    let none = watch.approve("nothing", at: .zero)
    #expect(none == nil)
  }
}
