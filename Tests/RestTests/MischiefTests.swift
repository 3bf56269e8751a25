// Our client against a resource manager and a metadata service that misbehave, over real TLS.

import Azure
import Foundation
import HTTPS
import Lab
import Model
import Testing

@Suite(.serialized) struct MischiefTests {
  /// What a write comes to under one mischief. Whatever comes, the service goes on, and once it is
  /// mended the same write comes through.
  private func writing(
    under mischief: String, limit: Nanoseconds = .seconds(10),
    _ judge: (Result<Incoming, Failure>, _ isDone: Bool) throws -> Void
  ) throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    try service.ask("cause rest \(mischief)")
    let put = try service.put("10.0.2.10")
    let result = try transport.ask(put, token: token, limit: limit)
    try judge(result, try service.hop() != nil)
    try service.ask("mend")
    #expect(service.isRunning)
    _ = try Service.wait("a write to come through") {
      let again = Answer(try transport.ask(put, token: token).get())
      return (200...201).contains(again.status) ? true : nil
    }
    #expect(try service.hop() == "10.0.2.10")
  }

  @Test(arguments: [
    ("busy value=3", false), ("conflict", false), ("changed", false), ("forbidden", false),
    ("gone", false), ("failing value=503", false), ("fails-afterwards", true),
    ("throttled value=1", false),
  ])
  func errors(_ mischief: String, _ isDone: Bool) throws {
    try writing(under: mischief) { result, wasDone in
      let answer = Answer(try result.get())
      #expect(wasDone == isDone)
      switch (mischief.prefix { $0 != " " }, answer.meaning) {
      case ("busy", .busy(let complaint, .seconds(3))):
        #expect(complaint.code == "RetryableErrorDueToAnotherOperation")
      case ("conflict", .busy(let complaint, nil)):
        #expect(complaint.code == "AnotherOperationInProgress")
      case ("changed", .changed): break
      case ("forbidden", .forbidden(let complaint)):
        #expect(complaint.message.contains("Microsoft.Network/routeTables/routes/write"))
      case ("gone", .absent(let complaint)): #expect(complaint.code == "ResourceNotFound")
      case ("failing", .failing(let complaint, _)): #expect(complaint.status == 503)
      case ("fails-afterwards", .failing(let complaint, _)): #expect(complaint.status == 500)
      case ("throttled", .throttled(_, .seconds(1))): break
      default: Issue.record("\(mischief) was taken for \(answer.meaning)")
      }
    }
  }

  @Test(arguments: [
    ("lost-request calls=writes", Failure.broken(mayHaveArrived: true), false),
    ("lost-answer", .broken(mayHaveArrived: true), true),
    ("cut calls=writes", .broken(mayHaveArrived: true), true),
    ("silent calls=writes", .timeout(mayHaveArrived: true), false),
    ("drip calls=writes", .timeout(mayHaveArrived: true), true),
    ("flood calls=writes", .tooLong, true),
  ])
  func answersThatDoNotCome(_ mischief: String, _ failure: Failure, _ isDone: Bool) throws {
    try writing(under: mischief, limit: Self.limit(mischief)) { result, wasDone in
      #expect(result == .failure(failure))
      #expect(wasDone == isDone)
    }
  }

  /// Short where waiting is all that happens, long where a busy machine must not be blamed.
  private static func limit(_ mischief: String) -> Nanoseconds {
    mischief.hasPrefix("silent") || mischief.hasPrefix("drip") ? .seconds(1) : .seconds(20)
  }

  @Test func halfAnAnswerIsNone() throws {
    try writing(under: "truncated") { result, wasDone in
      let answer = Answer(try result.get())
      #expect(RouteRecord(answer.body) == nil)
      #expect(wasDone)
    }
  }

  @Test(arguments: [
    ("tls-name", Failure.certificate), ("tls-expired", .certificate),
    ("tls-stranger", .certificate), ("tls-old", .secureChannel), ("down", .refused),
  ])
  func connectionsThatAreNotRight(_ mischief: String, _ failure: Failure) throws {
    try writing(under: mischief) { result, wasDone in
      #expect(result == .failure(failure))
      #expect(!wasDone)
    }
  }

  @Test func aRedirectGetsNoToken() throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    let elsewhere = "http://127.0.0.1:\(service.metadata)/metadata/elsewhere"
    try service.ask("cause rest redirect value=\(elsewhere)")
    let answer = Answer(try transport.ask(try service.put("10.0.2.10"), token: token).get())
    #expect(answer.status == 307)
    guard case .refused = answer.meaning else {
      Issue.record("a redirect was taken for \(answer.meaning)")
      return
    }
    try service.ask("ping")
    #expect(try !service.calls().contains { $0.path == "/metadata/elsewhere" })
  }

  @Test func anExpiredTokenIsNotBelieved() throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    try service.ask("revoke-tokens")
    let get = try service.get()
    let answer = Answer(try transport.ask(get, token: token).get())
    guard case .unauthorised(let complaint) = answer.meaning else {
      Issue.record("an expired token was taken for \(answer.meaning)")
      return
    }
    #expect(complaint.code == "ExpiredAuthenticationToken")
    let fresh = try service.token(transport)
    #expect(Answer(try transport.ask(get, token: fresh).get()).status == 404)
    // Neither of them was told to anybody.
    let told = String(decoding: try service.told(), as: UTF8.self)
    #expect(!told.contains(token.prefix(20)) && !told.contains(fresh.prefix(20)))
  }

  @Test func operationsAreFollowedOverTheirLongURL() throws {
    let service = try Service()
    let transport = try service.transport()
    let token = try service.token(transport)
    let put = try service.put("10.0.2.10")
    let answer = Answer(try transport.ask(put, token: token).get())
    guard case .accepted(let watch) = answer.meaning, let url = watch.operation else {
      Issue.record("a write was taken for \(answer.meaning)")
      return
    }
    #expect(url.utf8.count > 3_000)
    let poll = try #require(Request.poll(url, of: service.management))
    _ = try Service.wait("the operation to end") {
      let progress = Answer(try transport.ask(poll, token: token).get()).operationProgress
      return progress == .succeeded ? true : nil
    }
    try service.ask("cause rest operation-forgotten times=1")
    #expect(
      Answer(try transport.ask(poll, token: token).get()).operationProgress == .forgotten)
  }

  // MARK: Metadata

  @Test(arguments: [
    ("not-found", TokenTroubleKind.answer), ("gone", .answer), ("throttled", .answer),
    ("failing", .answer), ("no-identity", .noIdentity), ("truncated", .unreadable),
    ("cut", .lost), ("silent", .lost), ("drip", .lost), ("flood", .lost), ("lost-answer", .lost),
    ("redirect", .answer), ("down", .lost),
  ])
  func tokensComeInTheEnd(_ mischief: String, _ kind: TokenTroubleKind) throws {
    let service = try Service()
    let transport = try service.transport()
    try service.ask("cause metadata \(mischief)")
    // The keeper's clock is turned by hand: its waits are minutes.
    var now = Instant.zero
    var keeper = TokenKeeper(
      .system, audience: Cloud.world.audience, at: service.metadataEndpoint, seed: 1, now: now)
    try keeper.turn(with: transport, at: now, limit: Self.limit(mischief))
    #expect(keeper.trouble.map { TokenTroubleKind($0) } == kind)
    #expect(keeper.token == nil)
    #expect(service.isRunning)
    try service.ask("mend")
    for _ in 0..<3 where keeper.token == nil {
      now = try #require(keeper.deadline)
      try keeper.turn(with: transport, at: now, limit: .seconds(20))
    }
    #expect(keeper.isGood(at: now))
  }

  enum TokenTroubleKind {
    case noIdentity
    case answer
    case lost
    case unreadable

    init(_ trouble: TokenTrouble) {
      switch trouble {
      case .noIdentity: self = .noIdentity
      case .answer: self = .answer
      case .lost: self = .lost
      case .unreadable: self = .unreadable
      }
    }
  }
}

extension TokenKeeper {
  fileprivate mutating func turn(
    with transport: Transport, at now: Instant, limit: Nanoseconds
  ) throws {
    let (id, request) = try #require(turn(at: now))
    switch try transport.ask(request, token: nil, limit: limit) {
    case .success(let incoming): _ = answered(id, Answer(incoming), wall: nil, at: now)
    case .failure(let failure): lost(id, Loss(failure), at: now)
    }
  }
}

extension Loss {
  init(_ failure: Failure) {
    switch failure {
    case .noAddress: self = .notSent(.noAddress)
    case .refused: self = .notSent(.refused)
    case .certificate: self = .notSent(.certificate)
    case .secureChannel: self = .notSent(.secureChannel)
    case .badURL: self = .notSent(.unreadable)
    case .timeout(let mayHaveArrived):
      self = mayHaveArrived ? .unanswered(.timeout) : .notSent(.timeout)
    case .broken(let mayHaveArrived):
      self = mayHaveArrived ? .unanswered(.broken) : .notSent(.broken)
    case .tooLong: self = .unanswered(.tooLong)
    case .other: self = .unanswered(.unreadable)
    }
  }
}
