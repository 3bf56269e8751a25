// Every file of the repository against every rule of style that a program can judge.
import Testing

/// One test a rule; the message names file, line and what to do.
@Suite struct TidyTests {
  private static let all = Result { try Repository.files() }
  private let files: [SourceFile]

  init() throws { files = try Self.all.get() }

  private func expectNone(
    _ rule: (SourceFile) -> [Finding], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for finding in files.flatMap(rule) {
      Issue.record("\(finding.description)", sourceLocation: sourceLocation)
    }
  }

  @Test func thereAreFilesToRead() {
    #expect(files.filter(\.isSource).count >= Arrows.rooms.count)
    #expect(files.filter(\.isTest).count >= Arrows.tests.count)
  }

  @Test func packageDeclaresTheArrowsOfTheTable() throws {
    let declared = Arrows.declared(in: try Repository.text("Package.swift"))
    let table = Arrows.rooms.merging(Arrows.tests) { room, _ in room }
    for name in Set(table.keys).union(declared.keys).sorted() {
      #expect(declared[name] == table[name], "the arrows of \(name)")
    }
  }

  @Test func roomsMakeNoLoop() { #expect(Arrows.loops(in: Arrows.rooms) == []) }

  @Test func everyFolderIsARoomOfTheTable() {
    for file in files where file.isSwift && file.target != nil {
      let target = file.target ?? ""
      #expect(Arrows.rooms[target] != nil || Arrows.tests[target] != nil, "\(file.path)")
    }
  }

  @Test func importsFollowTheArrows() { expectNone(Rules.strayImports) }
  @Test func pureRoomsReadNoClock() { expectNone(Rules.clocks.findings) }
  @Test func pureRoomsDrawNoRandomNumber() { expectNone(Rules.randomness.findings) }
  @Test func pureRoomsTouchNothingOutside() { expectNone(Rules.surroundings.findings) }
  @Test func pureRoomsWalkNoHashTable() { expectNone(Rules.hashWalks) }
  @Test func noErrorIsSwallowed() { expectNone(Rules.swallowedErrors.findings) }
  @Test func noCatchIsEmpty() { expectNone(Rules.emptyCatches) }
  @Test func theDaemonHasOneThread() { expectNone(Rules.concurrency.findings) }
  @Test func pointersStayAtTheEdge() { expectNone(Rules.pointers.findings) }
  @Test func nothingIsPublicButWhatIsInlined() {
    expectNone(Rules.publicity.findings)
    expectNone(Rules.packages.findings)
  }
  @Test func nothingIsLeftUnfinished() { expectNone(Rules.unfinished.findings) }
  @Test func testsWaitOnConditions() {
    expectNone(Rules.sleeps.findings)
    expectNone(Rules.shellSleeps)
  }
  @Test func filesAreShort() { expectNone(Rules.length) }
  @Test func linesAreShort() { expectNone(Rules.longLines) }
  @Test func functionsAreShort() { expectNone(Rules.longFunctions) }
  @Test func filesOpenWithASentence() { expectNone(Rules.openingSentence) }
}
