// Events that may begin: if that is wished, of this machine alone, when the traffic has left.

import Azure
import Model
import Testing

struct EventTests {
  /// An office that knows of these events.
  private func scene(
    _ list: [String], _ change: (inout Settings) -> Void = { _ in }
  ) throws -> OfficeScene {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.settings.acknowledges = true
    change(&scene.settings)
    scene.start()
    scene.run(.seconds(2))
    scene.eventList = list
    scene.run(.seconds(2))
    return scene
  }

  private func begun(_ scene: OfficeScene) -> [String] {
    scene.starts.map {
      $0.body.replacing("{\"StartRequests\":[{\"EventId\":\"", with: "").replacing(
        "\"}]}", with: "")
    }
  }

  @Test func anEventMayBeginOnceTheTrafficHasLeft() throws {
    var scene = try scene([OfficeScene.event("E-1")])
    #expect(scene.events.last?.map(\.id) == ["E-1"])
    scene.run(.seconds(60))
    #expect(scene.starts.isEmpty)
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(60))
    #expect(begun(scene) == ["E-1"])
    #expect(scene.said.count { $0 == "E-1 may begin" } == 1)
  }

  @Test(arguments: ["acknowledge", "shadow", "report", "off"])
  func nobodyAsksForABeginThatIsNotWished(_ why: String) throws {
    var scene = try scene([OfficeScene.event("E-1")]) { settings in
      switch why {
      case "acknowledge": settings.acknowledges = false
      case "shadow": settings.isShadow = true
      case "report": settings.events = .report
      default: settings.events = .off
      }
    }
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(60))
    #expect(scene.starts.isEmpty)
  }

  /// It would begin for the others too, who have not been asked.
  @Test func anEventOfOthersTooIsNotBegun() throws {
    var scene = try scene([OfficeScene.event("E-1", of: ["vm-a", "vm-b"])])
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(60))
    #expect(scene.starts.isEmpty)
  }

  @Test func whatWasNotTakenIsAskedForAgain() throws {
    var scene = try scene([OfficeScene.event("E-1")])
    scene.startAnswers = [
      Answer(status: 410), Answer(status: 0),
      Answer(status: 429, headers: [Answer.Header("Retry-After", "20")]), Answer(status: 500),
    ]
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(120))
    #expect(begun(scene) == Array(repeating: "E-1", count: 5))
    #expect(scene.starts[3].at - scene.starts[2].at >= .seconds(20))
    // A service that is in trouble for an hour fills no log.
    #expect(scene.said.count { $0.hasPrefix("E-1 was not let begin") } == 1)
    #expect(scene.said.count { $0 == "E-1 may begin" } == 1)
  }

  @Test func whatIsOverIsNotAskedForAgain() throws {
    var scene = try scene([OfficeScene.event("E-1")])
    scene.startAnswers = Array(repeating: Answer(status: 500), count: 100)
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(10))
    scene.eventList = []
    scene.run(.seconds(2))
    let count = scene.starts.count
    #expect((1...10).contains(count))
    scene.run(.seconds(120))
    #expect(scene.starts.count == count)
  }

  @Test func aSecondEventWaitsForItsOwnWord() throws {
    var scene = try scene([OfficeScene.event("E-1")])
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(2))
    scene.eventList.append(OfficeScene.event("E-2", "Redeploy"))
    scene.run(.seconds(20))
    #expect(begun(scene) == ["E-1"])
    scene.give(.vacated(["E-1", "E-2"]))
    scene.run(.seconds(2))
    #expect(begun(scene) == ["E-1", "E-2"])
  }

  /// Traffic that came back, and a daemon that is not heard, take the word back.
  @Test(arguments: [OfficeInput.vacated([]), .connected])
  func aWordThatIsTakenBackIsNotFollowed(_ input: OfficeInput) throws {
    var scene = try scene([OfficeScene.event("E-1")])
    scene.startAnswers = [Answer(status: 500)]
    scene.give(.vacated(["E-1"]))
    scene.run(.milliseconds(10))
    #expect(scene.starts.count == 1)
    scene.give(input)
    scene.run(.seconds(60))
    #expect(scene.starts.count == 1)
  }

  /// The daemon may know of the event before we do, after a start of ours.
  @Test func theWordMayComeBeforeTheList() throws {
    var scene = try scene([])
    scene.give(.vacated(["E-1"]))
    scene.run(.seconds(2))
    #expect(scene.starts.isEmpty)
    scene.eventList = [OfficeScene.event("E-1")]
    scene.run(.seconds(2))
    #expect(begun(scene) == ["E-1"])
  }

  /// What is only told is told all the same, each step once.
  @Test(arguments: [Plan.ScheduledEvents.shift, .report])
  func eachStepIsToldForThePast(_ mode: Plan.ScheduledEvents) throws {
    var scene = try scene([OfficeScene.event("E-1")]) { $0.events = mode }
    scene.run(.seconds(10))
    scene.eventList = [
      OfficeScene.event("E-1").replacing("Scheduled", with: "Started")
    ]
    scene.run(.seconds(10))
    scene.eventList = []
    scene.run(.seconds(10))
    let steps = scene.happened.map { news in
      switch news {
      case .announced(let event): "\(event.id) announced"
      case .started(let event): "\(event.id) begun"
      case .gone(let event): "\(event.id) over"
      }
    }
    #expect(steps == ["E-1 announced", "E-1 begun", "E-1 over"])
  }

  /// The first call arms the service, and Azure takes up to two minutes for that.
  @Test func theFirstListMayTakeTwoMinutes() throws {
    var scene = try OfficeScene(OfficeScene.record(1, "others", "10.0.0.4"))
    scene.start()
    // The machine is known, and the first list is on its way.
    scene.run(.milliseconds(4))
    let first = OfficeCall.events(CallID(1))
    let limit = try #require(scene.office.limit(of: first))
    #expect(limit >= .seconds(120))
    scene.run(.seconds(1))
    #expect(!scene.events.isEmpty && scene.events.allSatisfy(\.isEmpty))
    #expect(scene.office.limit(of: first) == EventWatch.limit)
    #expect(scene.office.limit(of: .warm) == nil)
  }
}
