// Every message of the log has an entry in the journal's catalog, and names only fields that it has.

import BGP
import Chronicle
import Courier
import Engine
import Failover
import Foundation
import Model
import Testing

@Suite struct CatalogTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private struct Entry {
    var id: String
    var header: [String]
    var body: String
  }

  private static func entries() throws -> [Entry] {
    try entries(of: "hopshift") + entries(of: "hopshift-courier")
  }

  private static func entries(of name: String) throws -> [Entry] {
    let path = root.appending(path: "packaging/systemd/\(name).catalog")
    let text = try String(contentsOf: path, encoding: .utf8)
    return text.components(separatedBy: "\n-- ").dropFirst().map { piece in
      let lines = piece.components(separatedBy: "\n")
      let header = lines.dropFirst().prefix { !$0.isEmpty }
      return Entry(
        id: lines[0], header: Array(header),
        body: lines.dropFirst(1 + header.count).joined(separator: "\n"))
    }
  }

  @Test func theCatalogHasEveryMessageAndNoOther() throws {
    let ids = try CatalogTests.entries().map(\.id)
    #expect(Set(ids).count == ids.count)
    let daemon = JournalMessage.allCases.map(\.rawValue)
    let courier = CourierMessage.allCases.map(\.rawValue)
    #expect(Set(ids) == Set(daemon + courier))
    #expect(Set(daemon).isDisjoint(with: courier))
    for id in ids { #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil, "\(id)") }
  }

  @Test func everyEntrySaysWhatAndWhatToDo() throws {
    for entry in try CatalogTests.entries() {
      #expect(entry.header.first?.hasPrefix("Subject: ") == true, "\(entry.id)")
      #expect(entry.header.contains("Defined-By: hopshift"))
      let isCourier = CourierMessage(rawValue: entry.id) != nil
      let page = isCourier ? "hopshift-courier(8)" : "hopshiftd(8)"
      #expect(entry.header.contains("Documentation: man:\(page)"), "\(entry.id)")
      #expect(entry.body.count > 40, "\(entry.id)")
      for line in entry.body.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }
  }

  /// A line of the daemon or the courier without a number is one that nothing explains.
  @Test(arguments: ["Daemon", "Courier"]) func everyLineHasANumber(_ room: String) throws {
    let directory = CatalogTests.root.appending(path: "Sources/\(room)")
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    var found = 0
    for file in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for line in text.matches(of: /\.(?:error|warning|notice)\(\s*(\S+)/) {
        found += 1
        let first = line.1
        #expect(
          first.hasPrefix(".") || first.hasPrefix("CourierMessage("),
          "\(file.lastPathComponent): \(line.0)")
      }
    }
    #expect(found > 10)
  }

  /// `@VIP@` in the catalog is replaced by the entry's field: it must have one.
  @Test func theFieldsThatTheCatalogNames() throws {
    let fields: [JournalMessage: Set<String>] = [
      .sessionEstablished: ["PEER"], .sessionLost: ["PEER"], .shift: ["VIP", "SHIFT"],
      .rung: ["VIP"], .confirmed: ["VIP", "SHIFT"], .unconfirmed: ["VIP", "SHIFT"],
      .tabled: ["VIP", "SHIFT"], .vacant: ["VIP"], .recovered: ["VIP"], .rungsEnd: ["VIP"],
      .hostHealth: ["HOST"], .evidence: ["HOST"], .speaker: ["PEER"], .outOfService: ["VIP"],
      .placement: ["VIP"], .routesWanted: ["VIP"], .helloRefused: ["PEER"],
    ]
    let ofCourier: [CourierMessage: Set<String>] = [
      .progress: ["VIP", "STAGE"], .routesFailed: ["VIP"], .foreignRoute: ["VIP"],
    ]
    for entry in try CatalogTests.entries() {
      let named = Set(entry.body.matches(of: /@([A-Z_]+)@/).map { String($0.1) })
      let daemon = JournalMessage(rawValue: entry.id).map { fields[$0] ?? [] }
      let courier = CourierMessage(rawValue: entry.id).map { ofCourier[$0] ?? [] }
      #expect(named == daemon ?? courier, "\(entry.id)")
    }
  }
}
