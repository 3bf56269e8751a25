// The slow path as a whole: the disk before the wire, pauses, crashes at every step.

import Azure
import Model
import Testing

struct OfficeTests {
  private func scene(tables: Int = 1) throws -> OfficeScene {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    for _ in 1..<tables { try scene.addTable() }
    scene.start()
    scene.run(.seconds(2))
    #expect(scene.writes.isEmpty)
    return scene
  }

  @Test func aWriteWaitsForTheDisk() throws {
    var scene = try scene()
    scene.disk = .milliseconds(30)
    let said = scene.now
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(3))
    #expect(scene.writes.map(\.at) == [said + .milliseconds(30)])
    #expect(scene.hop == "10.0.0.5")
    #expect(scene.reports.map(\.stage) == [.queued, .accepted, .done])
    #expect(scene.reports.allSatisfy { $0.isDurable })
    #expect(scene.finished == [Generation(epoch: 9, counter: 2)])
    #expect(scene.kept.values.map(\.wish) == [.hop(.v4(IPv4Address(10, 0, 0, 5)))])
  }

  @Test func aDiskThatHangsIsNotWaitedFor() throws {
    var scene = try scene()
    scene.disk = nil
    let said = scene.now
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(3))
    #expect(scene.writes.map(\.at) == [said + Office.durableLimit])
    #expect(scene.reports.map(\.isDurable) == [false, false, false])
    #expect(!scene.office.keepsEverything)
    scene.diskAnswers()
    scene.run(.milliseconds(1))
    #expect(scene.office.keepsEverything)
    #expect(scene.reports.last?.isDurable == true)
    #expect(scene.reports.last?.stage == .done)
    #expect(scene.writes.count == 1)
  }

  /// A damaged store is put aside: the new one is given everything.
  @Test func whatTheStoreHasLostIsGivenToItAgain() throws {
    var scene = try scene()
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(3))
    #expect(scene.reports.last?.isDurable == true)
    scene.disk = nil
    scene.give(.forgotten)
    scene.run(.seconds(1))
    #expect(scene.reports.last?.isDurable == false)
    scene.diskAnswers()
    scene.run(.milliseconds(1))
    #expect(scene.reports.last?.isDurable == true)
    #expect(scene.writes.count == 1)
  }

  @Test func aDiskThatRefusesIsTriedAgain() throws {
    var scene = try scene()
    scene.diskWorks = false
    let said = scene.now
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.seconds(20))
    // Its refusal is an answer: there is nothing to wait for.
    #expect(scene.writes.map(\.at) == [said + .milliseconds(2)])
    #expect(scene.reports.allSatisfy { !$0.isDurable })
    scene.diskWorks = true
    scene.run(.seconds(6))
    #expect(scene.reports.last?.isDurable == true)
    #expect(scene.kept.count == 1)
  }

  @Test func whatIsTakenBackWhileTheDiskWorksIsNotWritten() throws {
    var scene = try scene()
    scene.disk = .milliseconds(40)
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.milliseconds(10))
    scene.want(try OfficeScene.record(3, "others", "10.0.0.4"))
    scene.run(.seconds(5))
    #expect(scene.writes.isEmpty)
  }

  @Test func whatWaitedWhenWeWereFrozenIsNotWritten() throws {
    var scene = try scene()
    scene.disk = .milliseconds(40)
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.run(.milliseconds(10))
    // Beaten meanwhile, which the daemon says when it is asked.
    scene.record = try OfficeScene.record(3, "others", "10.0.0.4")
    scene.now = scene.now + .seconds(20)
    scene.give(.paused)
    scene.run(.seconds(5))
    #expect(scene.writes.isEmpty)
  }

  @Test func aWriteOnItsWayWhenWeWereFrozenIsAbandoned() throws {
    var scene = try scene()
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    while scene.writes.isEmpty, scene.step(until: scene.now + .seconds(1)) { continue }
    scene.give(.paused)
    #expect(scene.abandoned == 1)
    scene.run(.seconds(5))
    // It had arrived: the read shows that, and it is not written again.
    #expect(scene.writes.count == 1)
    #expect(scene.reports.last?.stage == .done)
  }

  /// A crash behind every single input from the word to its end.
  @Test(arguments: [1, 2]) func aCrashAtAnyStepSettlesEverything(_ tables: Int) throws {
    var calm = try scene(tables: tables)
    let before = calm.steps
    calm.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    calm.run(.seconds(10))
    let steps = calm.steps - before
    #expect(steps > 10)
    for crash in 0...steps {
      var scene = try scene(tables: tables)
      scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
      for _ in 0..<crash where !scene.step(until: scene.now + .seconds(10)) { break }
      scene.crash()
      scene.run(.seconds(30))
      #expect(scene.hop == "10.0.0.5", "crash after \(crash)")
      #expect(scene.reports.last?.stage == .done, "crash after \(crash)")
      #expect(scene.finished.last == Generation(epoch: 9, counter: 2), "crash after \(crash)")
      // What had arrived is found by the read, and never taken away in between.
      #expect(scene.manager.changes.count == 1, "crash after \(crash)")
      #expect(scene.manager.overlaps == 0)
      guard let second = scene.second else { continue }
      #expect(second.routes[OfficeScene.route]?.hop == "10.0.0.5", "crash after \(crash)")
      #expect(second.changes.count == 1 && second.overlaps == 0, "crash after \(crash)")
      #expect(scene.kept.count == 2)
    }
  }

  @Test func whichIdentityIsMeantIsSaid() throws {
    for (identity, words) in [(Identity.system, nil), (.client("11-22"), "&client_id=11-22")] {
      var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
      scene.settings.identity = identity
      scene.start()
      scene.run(.seconds(2))
      let calls = scene.metadataCalls.map(\.target).filter { $0.contains("/identity/") }
      #expect(!calls.isEmpty)
      #expect(calls.allSatisfy { $0.contains("_id=") == (words != nil) }, "\(calls)")
      if let words { #expect(calls.allSatisfy { $0.hasSuffix(words) }, "\(calls)") }
    }
  }

  @Test func aCrashOfBothSidesLeavesItToTheNextClaimant() throws {
    var scene = try scene()
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.record = try OfficeScene.record(3, "unsure", "10.0.0.5")
    scene.crash()
    scene.run(.seconds(10))
    #expect(scene.writes.isEmpty)
    scene.want(try OfficeScene.record(4, "ours", "10.0.0.5"))
    scene.run(.seconds(5))
    #expect(scene.hop == "10.0.0.5")
  }

  @Test func withoutATokenItSaysWhy() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "ours", "10.0.0.5"))
    scene.metadataStatus = 410
    scene.start()
    scene.run(.seconds(75))
    #expect(scene.reports.last?.stage == .failed)
    #expect(scene.reports.last?.detail == "the metadata service: 410")
    scene.metadataStatus = 200
    scene.run(.seconds(40))
    #expect(scene.hop == "10.0.0.5")
    #expect(scene.reports.last?.stage == .done)
  }

  @Test func anotherConfigurationIsAnotherDesk() throws {
    var scene = try scene()
    scene.want(try OfficeScene.record(2, "ours", "10.0.0.5"))
    scene.settings.policy = .report
    scene.give(.snapshot(ask: 0, scene.settings, [scene.record]))
    scene.run(.seconds(5))
    #expect(scene.hop == "10.0.0.5")
    #expect(scene.manager.overlaps == 0)
  }

  @Test func theConnectionIsKeptWarm() throws {
    var scene = try scene()
    let before = scene.steps
    scene.settings.events = .off
    scene.give(.snapshot(ask: 0, scene.settings, [scene.record]))
    scene.run(Office.warmPeriod * 3)
    // A call and its answer for each period, a token that is good for a day, and nothing else.
    #expect((4...20).contains(scene.steps - before))
  }

  /// A call during the block would be refused and may lengthen it.
  @Test func whoThrottlesIsNotCalledBeforeItsTime() throws {
    var scene = try scene()
    scene.everything = Answer(status: 429, headers: [Answer.Header("Retry-After", "600")])
    let before = scene.calls.count
    while scene.calls.count == before, scene.step(until: scene.now + .seconds(120)) { continue }
    #expect(scene.calls.count == before + 1)
    scene.run(.seconds(590))
    #expect(scene.calls.count == before + 1)
    scene.everything = nil
    scene.run(.seconds(100))
    #expect(scene.calls.count > before + 1)
  }

  @Test(arguments: [
    ("https://management.azure.com/", "https://management.azure.com"),
    ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"), ("HTTPS://Arm.Local", "https://arm.local"),
  ]) func anEndpointIsRead(_ text: String, _ origin: String) {
    #expect(Endpoint(url: text)?.origin == origin)
  }

  @Test(arguments: [
    "", "management.azure.com", "ftp://x", "https://", "https://a b", "https://a/b", "https://a:0",
    "https://a:65536", "https://a:1:2", "https://u@a", "https://[::1]", "https://a?b",
  ]) func whatIsNoEndpointIsRefused(_ text: String) {
    #expect(Endpoint(url: text) == nil)
  }
}
