// The store: newest words win, what was said to be kept survives, and every way a disk can fail is told.

import Foundation
import Model
import Store
import Testing

struct StoreTests {
  /// A directory of its own, gone at the end.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let place = FileManager.default.temporaryDirectory.appendingPathComponent(
      "store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: place) } catch { Issue.record(error) }
    }
    try body(place.path)
  }

  private func intent(_ route: String, _ counter: UInt64, done: Bool = false) -> KeptIntent {
    KeptIntent(
      route: route, generation: Generation(epoch: 1_700_000_000_000_000_000, counter: counter),
      wish: "10.0.0.\(counter % 200)", isDone: done)
  }

  @Test func theNewestWordWins() throws {
    try withDirectory { place in
      let store = try Store(path: place + "/store")
      #expect(try store.keep([intent("/a", 5), intent("/b", 1)]) == 2)
      #expect(try store.keep([intent("/a", 4), intent("/a", 5)]) == 0)
      #expect(try store.intents() == [intent("/a", 5), intent("/b", 1)])
      try store.finish("/a", Generation(epoch: 1_700_000_000_000_000_000, counter: 4))
      #expect(try store.intents().first?.isDone == false)
      try store.finish("/a", intent("/a", 5).generation)
      #expect(try store.intents().first?.isDone == true)
      // A newer word is not done because the older one was; an epoch counts before a counter.
      #expect(try store.keep([intent("/a", 6)]) == 1)
      #expect(try store.intents().first?.isDone == false)
      let later = KeptIntent(
        route: "/a", generation: Generation(epoch: 1_700_000_000_000_000_001, counter: 1),
        wish: "absent", isDone: false)
      #expect(try store.keep([later]) == 1)
      // What the daemon answers to a question holds whatever its generation.
      try store.replace([intent("/a", 2)])
      #expect(try store.intents().first == intent("/a", 2))
      // What is forgotten is one word and no other.
      try store.forget("/a", intent("/a", 1).generation)
      #expect(try store.intents().count == 2)
      try store.forget("/a", intent("/a", 2).generation)
      #expect(try store.intents() == [intent("/b", 1)])
    }
  }

  @Test func itIsThereWhenOpenedAgain() throws {
    try withDirectory { place in
      do {
        let store = try Store(path: place + "/store")
        _ = try store.keep([intent("/a", 1)])
        try store.add(
          KeptEvent(
            wallMilliseconds: 7, route: "/a", generation: intent("/a", 1).generation,
            stage: "done", detail: "in 'quotes'; -- and \u{1f600}"))
      }
      let store = try Store(path: place + "/store")
      #expect(try store.intents() == [intent("/a", 1)])
      #expect(
        try store.history(since: 0, limit: 10).map(\.detail) == ["in 'quotes'; -- and \u{1f600}"])
    }
  }

  @Test func shiftsComeFurtherAndTheOldestGo() throws {
    try withDirectory { place in
      let store = try Store(path: place + "/store")
      func shift(_ run: UInt64, _ number: UInt32, at wall: Int64, _ lines: String) -> KeptShift {
        KeptShift(run: run, number: number, wallMilliseconds: wall, lines: lines)
      }
      try store.keep([shift(7, 1, at: 10, "a"), shift(7, 2, at: 20, "b"), shift(8, 1, at: 30, "c")])
      try store.keep([shift(7, 2, at: 21, "b further")])
      #expect(try store.shifts(since: 0, limit: 10).map(\.lines) == ["a", "b further", "c"])
      #expect(try store.shifts(since: 20, limit: 10).map(\.run) == [7, 8])
      #expect(try store.shifts(since: 0, limit: 1).map(\.lines) == ["c"])
      // What no daemon has counted stays as it was told first.
      try store.keep([shift(KeptShift.noRun, 5, at: 25, "event")])
      try store.keep([shift(KeptShift.noRun, 5, at: 35, "event, told again")])
      #expect(
        try store.shifts(since: 20, limit: 10).map(\.lines) == ["b further", "event", "c"])
      let long = String(repeating: "x", count: Store.linesLimit + 1)
      try store.keep([shift(8, 2, at: 40, long)])
      #expect(try store.shifts(since: 40, limit: 10).isEmpty)
      try store.keep(
        (0..<Store.shiftLimit).map { shift(9, UInt32($0), at: 100 + Int64($0), "d") })
      let kept = try store.shifts(since: 0, limit: 10_000)
      #expect(kept.count == Store.shiftLimit && kept.allSatisfy { $0.run == 9 })
    }
  }

  /// The oldest of what became of routes goes when there is too much of it.
  @Test func thePastOfRoutesHasAnEnd() throws {
    try withDirectory { place in
      do { _ = try Store(path: place + "/store") }
      // Each line is a sync of its own, so that the first ten thousand are put there at once.
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      python.arguments = [
        "-c",
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
          + "c.executemany(\"INSERT INTO history (at, route, epoch, counter, stage, detail) \""
          + "\"VALUES (?, '/a', 1, 1, 'done', '')\", [(n,) for n in range(int(sys.argv[2]))]); "
          + "c.commit()",
        place + "/store", "\(Store.historyLimit)",
      ]
      try python.run()
      python.waitUntilExit()
      try #require(python.terminationStatus == 0)
      let store = try Store(path: place + "/store")
      for at in [90_001, 90_002] {
        try store.add(
          KeptEvent(
            wallMilliseconds: Int64(at), route: "/a", generation: intent("/a", 1).generation,
            stage: "done", detail: ""))
      }
      let kept = try store.history(since: 0, limit: 2 * Store.historyLimit)
      #expect(kept.count == Store.historyLimit)
      #expect(kept.first?.wallMilliseconds == 2 && kept.last?.wallMilliseconds == 90_002)
    }
  }

  /// A store of the version before has no shifts, and loses nothing.
  @Test func anOlderStoreIsTakenOver() throws {
    try withDirectory { place in
      do {
        let store = try Store(path: place + "/store")
        _ = try store.keep([intent("/a", 1)])
      }
      let python = Process()
      python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      python.arguments = [
        "-c",
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
          + "c.execute('DROP TABLE shifts'); c.execute('PRAGMA user_version = 1'); c.commit()",
        place + "/store",
      ]
      try python.run()
      python.waitUntilExit()
      try #require(python.terminationStatus == 0)
      let store = try Store(path: place + "/store")
      #expect(try store.intents() == [intent("/a", 1)])
      #expect(try store.shifts(since: 0, limit: 10).isEmpty)
      try store.keep([KeptShift(run: 7, number: 1, wallMilliseconds: 1, lines: "a")])
      #expect(try store.shifts(since: 0, limit: 10).count == 1)
    }
  }

  /// What a process that is killed leaves is what it had written so far. The log is cut at every
  /// frame and in the middle of each; whatever is found must be a beginning of what was kept.
  @Test func killedAtEveryWriteNothingOlderComesBack() throws {
    try withDirectory { place in
      let count: UInt64 = 12
      let copies = place + "/copies"
      try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
      let store = try Store(path: place + "/store")
      for counter in 1...count {
        _ = try store.keep([intent("/a", counter), intent("/b", counter)])
        // The files as they are while the store is open: nobody has had a chance to tidy up.
        for end in ["", "-wal"] {
          try FileManager.default.copyItem(
            atPath: "\(place)/store\(end)", toPath: "\(copies)/\(counter)\(end)")
        }
      }
      for counter in 1...count {
        let again = try Store(path: "\(copies)/\(counter)")
        #expect(try again.intents() == [intent("/a", counter), intent("/b", counter)])
      }
      let log = try Data(contentsOf: URL(fileURLWithPath: "\(place)/store-wal"))
      let body = try Data(contentsOf: URL(fileURLWithPath: "\(place)/store"))
      var last: UInt64 = 0
      for length in stride(from: 0, through: log.count, by: 1_030) {
        let path = "\(copies)/cut\(length)"
        try body.write(to: URL(fileURLWithPath: path))
        try log.prefix(length).write(to: URL(fileURLWithPath: path + "-wal"))
        let cut = try Store(path: path)
        let found = try cut.intents()
        // Both routes of one call, or neither; never less than with a shorter log.
        let counters = Set(found.map(\.generation.counter))
        #expect(found.isEmpty || (found.count == 2 && counters.count == 1), "cut at \(length)")
        #expect((counters.first ?? 0) >= last)
        last = counters.first ?? 0
      }
      #expect(last >= count - 1)
    }
  }

  @Test func aFullDiskIsToldAndNothingKeptIsLost() throws {
    try withDirectory { place in
      let store = try Store(path: place + "/store", pages: 8)
      var kept: [KeptIntent] = []
      var failure: StoreError?
      for index in 0..<2_000 where failure == nil {
        let next = intent("/route/with/a/long/name/\(10_000 + index)", 1)
        do throws(StoreError) {
          _ = try store.keep([next])
          kept.append(next)
        } catch { failure = error }
      }
      #expect(failure == .full)
      #expect(kept.count > 10)
      #expect(try store.intents() == kept)
      // There was no room for a new one; an old one can still be changed.
      try store.finish(kept[0].route, kept[0].generation)
      #expect(try store.intents().first?.isDone == true)
    }
  }

  @Test func onlyOneProcessHasIt() throws {
    try withDirectory { place in
      let store = try Store(path: place + "/store")
      #expect(throws: StoreError.taken) { _ = try Store(path: place + "/store") }
      #expect(try store.intents().isEmpty)
    }
  }

  @Test func whatIsNoStoreIsTold() throws {
    try withDirectory { place in
      try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: place + "/text"))
      #expect(throws: StoreError.damaged) { _ = try Store(path: place + "/text") }
      #expect(throws: StoreError.unreachable) { _ = try Store(path: place + "/none/store") }
      #expect(throws: StoreError.unreachable) { _ = try Store(path: place) }
      try FileManager.default.createSymbolicLink(
        atPath: place + "/link", withDestinationPath: place + "/text2")
      #expect(throws: StoreError.unreachable) { _ = try Store(path: place + "/link") }
    }
  }

  @Test func theHistoryHasAnEnd() throws {
    try withDirectory { place in
      let store = try Store(path: place + "/store")
      let event = KeptEvent(
        wallMilliseconds: 1, route: "/a", generation: .none, stage: "accepted",
        detail: String(repeating: "d", count: 3 * Store.textLimit))
      try store.add(event)
      var newer = event
      newer.wallMilliseconds = 2
      newer.detail = ""
      for _ in 0..<50 { try store.add(newer) }
      #expect(try store.history(since: 0, limit: 100).count == 51)
      #expect(try store.history(since: 0, limit: 100).first?.detail.utf8.count == Store.textLimit)
      #expect(try store.history(since: 2, limit: 100).count == 50)
      #expect(try store.history(since: 0, limit: 7).count == 7)
    }
  }
}
