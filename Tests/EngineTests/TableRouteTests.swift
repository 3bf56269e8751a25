// The engine and route tables: when it is known what they should have, and who writes it.

import Engine
import Model
import Redistribution
import Testing
import World

struct TableRouteTests {
  private func texts(_ exporting: Exporting) -> [String] {
    exporting.tables.places.map(\.prefix.description)
  }

  @Test func nothingIsKnownBeforeTheKernelWasListedAndDecidedOn() throws {
    let exporting = try Exporting(mode: .only, azure: Plan.Azure())
    exporting.establish(PeerSlot(0))
    _ = exporting.pass(.seconds(1))
    #expect(exporting.tables.voice == .unsure)
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64, 65])
    #expect(exporting.tables.voice == .unsure)
    let updates = exporting.pass(.milliseconds(100))
    #expect(exporting.tables.voice == .ours)
    #expect(texts(exporting) == ["10.64.0.0/16", "10.65.0.0/16"])
    // It was decided before it was said who writes.
    #expect(exporting.tables.voiceGeneration > 0)
    // No route server hears of it, but of the end of what there is to hear.
    #expect(updates.allSatisfy { $0.announced.isEmpty })
    #expect(exporting.total == 0)
    exporting.route(64, isGone: true)
    _ = exporting.pass(.milliseconds(100))
    #expect(texts(exporting) == ["10.65.0.0/16"])
    #expect(exporting.transplant())
    #expect(texts(exporting) == ["10.65.0.0/16"])
    #expect(exporting.tables.voice == .ours)
  }

  @Test func aMirroredRouteIsToldAsWell() throws {
    let exporting = try Exporting(mode: .mirror, azure: Plan.Azure())
    exporting.establish(PeerSlot(0))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64])
    let updates = exporting.pass(.milliseconds(100))
    #expect(updates.first?.announced.map(\.description) == ["10.64.0.0/16"])
    #expect(texts(exporting) == ["10.64.0.0/16"])
  }

  @Test func theCarrierOfTheVIPWrites() throws {
    let exporting = try Exporting(mode: .only, azure: Plan.Azure(writer: VIPSlot(0)))
    exporting.give(.opened(.routes, port: KernelMessages.port))
    try exporting.list([64])
    _ = exporting.pass(.seconds(10))
    #expect(exporting.tables.voice == .others)
    let before = exporting.tables.voiceGeneration
    exporting.give(.kernel(.interfaces), KernelMessages.address(EngineStage.vip, on: 2))
    exporting.give(.drained(.interfaces))
    _ = exporting.pass(.seconds(1))
    #expect(exporting.tables.voice == .ours)
    #expect(exporting.tables.voiceGeneration > before)
    exporting.give(
      .kernel(.interfaces), KernelMessages.address(EngineStage.vip, on: 2, isGone: true))
    exporting.give(.drained(.interfaces))
    _ = exporting.pass(.seconds(10))
    #expect(exporting.tables.voice == .others)
    // What should stand there is the same, whoever writes it.
    #expect(texts(exporting) == ["10.64.0.0/16"])
  }

  /// While it drains and afterwards nobody writes on its word, whatever becomes of the routes.
  @Test func whoStopsIsUnsure() throws {
    for drain in [Nanoseconds.zero, .seconds(20)] {
      let exporting = try Exporting(mode: .only, azure: Plan.Azure(), drain: drain)
      exporting.establish(PeerSlot(0))
      exporting.give(.opened(.routes, port: KernelMessages.port))
      try exporting.list([64, 65])
      _ = exporting.pass(.seconds(1))
      #expect(exporting.tables.voice == .ours)
      let before = exporting.tables.voiceGeneration
      exporting.give(.stop)
      #expect(exporting.tables.voice == .unsure)
      #expect(exporting.tables.voiceGeneration > before)
      exporting.route(64, isGone: true)
      exporting.route(66)
      _ = exporting.pass(.seconds(10))
      #expect(exporting.transplant())
      #expect(exporting.tables.voice == .unsure)
      #expect(texts(exporting) == ["10.64.0.0/16", "10.65.0.0/16"])
    }
  }

  @Test func withoutARuleItIsKnownThatNothingIsWanted() throws {
    let exporting = try Exporting(azure: Plan.Azure())
    _ = exporting.pass(.seconds(1))
    #expect(exporting.tables.voice == .ours)
    #expect(exporting.tables.isIdle)
  }
}
