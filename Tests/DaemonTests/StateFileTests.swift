// The state file on a real disk: kept, damaged, not writable, and the number of the run.

import Linux
import Model
import Testing

@testable import Daemon

struct StateFileTests {
  private static func temporary() throws -> String {
    let directory = "/tmp/hopshift-state-\(Processes.own)-\(UInt32.random(in: 0 ... .max))"
    try Directories.make(directory)
    return directory
  }

  private static func remove(_ directory: String) throws {
    for name in try Directories.list(directory) {
      try Files.removeIfPresent("\(directory)/\(name)")
    }
    try Directories.remove(directory)
  }

  @Test func whatIsSavedIsKeptWithinTheBoot() throws {
    let directory = try Self.temporary()
    defer { #expect(throws: Never.self) { try Self.remove(directory) } }
    let log = Log(threshold: .error)
    var first = StateFile(path: "\(directory)/state", log: log)
    #expect(first.kept == nil)
    first.save([1, 2, 3], at: .zero, log: log)
    let second = StateFile(path: "\(directory)/state", log: log)
    #expect(second.kept?.memory == [1, 2, 3])
    #expect(second.kept?.isSameBoot == true)
    #expect(second.kept?.run == first.run)
    #expect(second.run > first.run)
  }

  @Test func aClockThatWasSetBackDoesNotRepeatARun() throws {
    let directory = try Self.temporary()
    defer { #expect(throws: Never.self) { try Self.remove(directory) } }
    let path = "\(directory)/state"
    let log = Log(threshold: .error)
    // A run of the year 2200.
    let future = UInt64(7_258_118_400) * 1_000_000_000
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: future >> (56 - 8 * UInt64($0))) }
    try Files.writeAtomically(
      path: path, bytes: (bytes + [UInt8](repeating: 0, count: 17)).span, mode: 0o600)
    #expect(StateFile(path: path, log: log).run == future + 1)
    try Files.writeAtomically(
      path: path, bytes: [UInt8](repeating: 0xff, count: 40).span, mode: 0o600)
    #expect(StateFile(path: path, log: log).run < future)
  }

  @Test func aDirectoryThatIsNotThereIsSaidOnceAndSurvived() {
    let log = Log(threshold: .error)
    var file = StateFile(path: "/nowhere/at/all/state", log: log)
    #expect(file.kept == nil)
    file.save([1], at: .zero, log: log)
    file.save([2], at: .zero, log: log)
    #expect(file.deadline == nil)
  }

  @Test func writesKeepTheirDistance() {
    let log = Log(threshold: .error)
    var file = StateFile(path: "/nowhere/at/all/state", log: log)
    let isIdle = !file.isDue(at: .zero, hasChanged: false)
    let isFirst = file.isDue(at: .zero, hasChanged: true)
    #expect(isIdle && isFirst)
    file.save([1], at: .zero, log: log)
    let isEarly = !file.isDue(at: .zero, hasChanged: true)
    #expect(isEarly)
    #expect(file.deadline == Instant.zero + StateFile.spacing)
    let isLate = file.isDue(at: .zero + StateFile.spacing, hasChanged: false)
    #expect(isLate)
  }
}
