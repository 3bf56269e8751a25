// The store's thread: what a disk refuses is kept for later, and damage wherever it is is put aside.

import Foundation
import Linux
import Model
import Store
import Testing

@testable import Courier

@Suite(.serialized, .timeLimit(.minutes(4))) struct VaultTests {
  /// A directory that goes with the test.
  private final class Place {
    let path = "/tmp/hopshift-vault-\(UUID().uuidString.prefix(13))"
    var store: String { path + "/store" }

    func make() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
      guard FileManager.default.fileExists(atPath: path) else { return }
      do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }
  }

  private func shift(_ number: UInt32, _ stage: String = "seen", bytes: Int = 0) -> KeptShift {
    KeptShift(
      run: 7, number: number, wallMilliseconds: Int64(number),
      lines: stage + String(repeating: "x", count: bytes))
  }

  /// Takes news until one is wanted; gives all of them.
  private func news(
    _ vault: Vault, until isWanted: (Vault.News) -> Bool
  ) throws -> [Vault.News] {
    var all: [Vault.News] = []
    let end = Date(timeIntervalSinceNow: 60)
    while !all.contains(where: isWanted) {
      try #require(Date() < end, "only \(all)")
      all += try vault.takeNews()
      try Processes.pause(nanoseconds: 2_000_000)
    }
    return all
  }

  private func end(_ vault: Vault, _ worker: consuming Worker) throws {
    try vault.post(.end)
    _ = try news(vault) { if case .ended = $0 { true } else { false } }
    worker.join()
  }

  private func past(_ vault: Vault) throws -> [KeptShift]? {
    try vault.post(.read(HistoryDoor.Ask(client: 1, id: "a"), since: 0))
    for news in try news(vault, until: { if case .read = $0 { true } else { false } }) {
      if case .read(_, let shifts) = news { return shifts }
    }
    return nil
  }

  @Test func shiftsThatWaitAreOneTransaction() throws {
    let place = Place()
    try place.make()
    let vault = try Vault(path: place.store)
    for number in 1...100 { try vault.post(.shifts([shift(UInt32(number))])) }
    let worker = try vault.start()
    let first = try news(vault) { if case .mended = $0 { true } else { false } }
    #expect(try past(vault)?.map(\.number) == (1...100).map { UInt32($0) })
    let more = first + (try vault.takeNews())
    #expect(more.count { if case .mended = $0 { true } else { false } } == 1)
    try end(vault, worker)
  }

  @Test func whatADiskRefusesIsKeptForLater() throws {
    let place = Place()
    let vault = try Vault(path: place.store)
    let worker = try vault.start()
    try vault.post(.shifts([shift(1), shift(2)]))
    try vault.post(.shifts([shift(1, "written")]))
    #expect(try past(vault) == nil)
    try place.make()
    // Nothing new has to come: to try again is enough.
    try vault.post(.again)
    _ = try news(vault) { if case .mended = $0 { true } else { false } }
    #expect(try past(vault) == [shift(1, "written"), shift(2)])
    try end(vault, worker)
  }

  /// Intents can be read and shifts cannot: that shows only when shifts are wanted.
  @Test func damageAmongTheShiftsIsPutAside() throws {
    let place = Place()
    try place.make()
    let vault = try Vault(path: place.store)
    let worker = try vault.start()
    try vault.post(.shifts((1...200).map { shift($0, bytes: 2_000) }))
    _ = try news(vault) { if case .mended = $0 { true } else { false } }
    try end(vault, worker)
    // Pages 1 to 3 are the schema and the tables of intents and reports.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: place.store))
    try #require(bytes.count > 100 * 4_096)
    for index in 3 * 4_096..<bytes.count { bytes[index] = 0xa5 }
    try bytes.write(to: URL(fileURLWithPath: place.store))
    let second = try Vault(path: place.store)
    let worker2 = try second.start()
    _ = try news(second) { if case .opened = $0 { true } else { false } }
    #expect(try past(second) == nil)
    try second.post(.shifts([shift(300)]))
    _ = try news(second) { if case .mended = $0 { true } else { false } }
    #expect(FileManager.default.fileExists(atPath: place.store + ".damaged"))
    #expect(try past(second) == [shift(300)])
    try end(second, worker2)
  }
}
