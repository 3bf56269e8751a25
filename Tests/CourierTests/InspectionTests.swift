// What the program finds in Azure when somebody asks, and that it asks for no more than it must.

import Foundation
import Testing

@Suite(.serialized, .timeLimit(.minutes(4))) struct InspectionTests {
  private static let stranger =
    #"{"name":"theirs","properties":{"addressPrefix":"100.64.0.1/32","#
    + #""nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.99"}}"#

  /// The sentences of an answer, with the end checked.
  private func findings(_ scene: Scene) throws -> [String] {
    let lines = try scene.answer("1 me inspect").split(separator: "\n").map(String.init)
    #expect(lines.last?.contains("\"code\":0") == true, "\(lines)")
    #expect(lines.dropLast().allSatisfy { $0.contains("\"type\":\"finding\"") }, "\(lines)")
    return Array(lines.dropLast())
  }

  @Test func whatIsWrongIsFoundOnce() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    let before = try scene.azure.calls().count
    #expect(try findings(scene).isEmpty)
    let first = try scene.azure.calls().count
    #expect(first > before)
    // What was found a moment ago is told again.
    for _ in 0..<5 { #expect(try findings(scene).isEmpty) }
    let looks = try scene.azure.calls().count { $0.words.contains("/permissions?") }
    #expect(looks == 1 || !scene.wasAwake)
    _ = try scene.azure.set("meddle", Self.stranger)
    _ = try scene.azure.set("forwards", "false")
    _ = try scene.azure.set("missing", #"["Microsoft.Network/routeTables/routes/write"]"#)
    var found: [String] = []
    try scene.wait("what is wrong now") {
      found = try findings(scene)
      return !found.isEmpty
    }
    #expect(found.count == 3, "\(found)")
    for piece in [
      "100.64.0.1/32 is hidden by route theirs", "IP forwarding is off on network interface nic",
      "lacks the action Microsoft.Network/routeTables/routes/write on rt",
      "az network route-table route delete --ids", "az network nic update --ids",
      "az role assignment create --assignee",
    ] { #expect(found.contains { $0.contains(piece) }, "\(piece) in \(found)") }
    #expect(found.allSatisfy { $0.contains("\"weight\":\"problem\"") })
    #expect(!found.contains { $0.contains(Azure.marker) })
    // Nothing of it was in the way of a route.
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    #expect(try scene.finish() == 0)
  }

  @Test func withoutMetadataItSaysSo() throws {
    let scene = try Scene()
    try scene.start()
    try scene.settle()
    _ = try scene.azure.set("metadata_status", "410")
    let found = try findings(scene)
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains("the metadata service does not answer as it should (410") == true)
  }
}
