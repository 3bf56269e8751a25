// Metrics over HTTP: the daemon's numbers and the courier's own, with and without a daemon.

import Foundation
import Linux
import Metrics
import Model
import Testing

@testable import Courier

@Suite(.serialized, .timeLimit(.minutes(4))) struct MetricsTests {
  /// What a GET of the page brings, the daemon turned meanwhile.
  private func page(_ scene: Scene, _ path: String = "/metrics") throws -> String {
    let socket = try UnixStream.connect(path: scene.metrics ?? "")
    _ = try socket.send(
      Array("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8).span)
    var buffer = ReceiveBuffer()
    var text: [UInt8] = []
    var isClosed = false
    try scene.wait("the end of the page") {
      while !isClosed, let count = try socket.receive(into: &buffer) {
        isClosed = count == 0
        buffer.withBytes { bytes in for index in bytes.indices { text.append(bytes[index]) } }
      }
      return isClosed
    }
    return String(decoding: text, as: UTF8.self)
  }

  private func scene() throws -> Scene {
    let scene = try Scene()
    scene.metrics = scene.azure.place + "/metrics.sock"
    try scene.start()
    try scene.settle()
    try scene.wait("the door") { scene.log.contains("metrics are served on") }
    return scene
  }

  @Test func bothSidesAreToldAndNothingElseIs() throws {
    let scene = try scene()
    scene.want("ours", "10.0.0.5")
    try scene.wait("done") { scene.isDone() }
    let text = try page(scene)
    #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(text)")
    #expect(text.contains("Content-Type: application/openmetrics-text; version=1.0.0"))
    for line in [
      "hopshift_up 1", "hopshift_build_info{version=\"9.9\"} 1", "hopshift_courier_token 1",
      "hopshift_courier_store 1", "hopshift_courier_queue_depth 0",
      "hopshift_courier_answers_total{class=\"5xx\"} 0",
    ] { #expect(text.contains("\n\(line)\n"), "\(line) in \(text)") }
    #expect(text.hasSuffix("\n# EOF\n"))
    #expect(!text.contains("\nhopshift_courier_requests_total 0\n"))
    #expect(try page(scene, "/").hasPrefix("HTTP/1.1 404"))
    #expect(try scene.finish() == 0)
  }

  /// The same text is what promtool judges (Tests/Checks).
  @Test func ourOwnFamilies() throws {
    var traffic = Traffic()
    for _ in 0..<5 { traffic.begin() }
    for status in [200, 503] { traffic.answered(status) }
    traffic.lose()
    var text = Exposition()
    CourierMetrics(
      started: .zero, now: .zero + .milliseconds(1_250), hasToken: true, isDurable: false,
      openCalls: 2, depth: 3, traffic: traffic
    ).write(into: &text)
    let place = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "MetricsTests/Vectors/courier.openmetrics")
    #expect(try text.finish() == String(contentsOf: place, encoding: .utf8))
  }

  @Test func aDaemonThatIsSilentOrGoneIsDown() throws {
    let scene = try scene()
    scene.counts = false
    let silent = try page(scene)
    #expect(silent.contains("\nhopshift_up 0\n") && silent.contains("hopshift_courier_uptime"))
    scene.close()
    try scene.wait("the loss") { scene.log.contains("trying again") }
    #expect(try page(scene).contains("\nhopshift_up 0\n"))
    #expect(try scene.finish() == 0)
  }

  /// Whoever asks without a pause does not make the daemon work without one.
  @Test func theSamePageIsServedForAMoment() throws {
    let scene = try scene()
    let begin = Clock.monotonic()
    for _ in 0..<20 { #expect(try page(scene).contains("\nhopshift_up 1\n")) }
    let most = (Clock.monotonic() - begin).milliseconds / 250 + 2
    #expect(scene.metricsQuestions <= most, "\(scene.metricsQuestions) of \(most)")
    #expect(try scene.finish() == 0)
  }

  /// Two questions at once would run into each other, and a page would be cut.
  @Test func aQuestionThatIsOpenIsNotAskedAgain() throws {
    let scene = try scene()
    scene.counts = false
    for _ in 0..<2 { #expect(try page(scene).contains("\nhopshift_up 0\n")) }
    #expect(scene.metricsQuestions <= scene.connections)
    #expect(try scene.finish() == 0)
  }

  /// Another hopshiftd may say another place, or none.
  @Test func thePlaceIsTheDaemonsWord() throws {
    let scene = try scene()
    let first = try #require(scene.metrics)
    scene.metrics = nil
    scene.close()
    try scene.wait("the loss") { scene.log.contains("trying again") }
    try scene.listen()
    try scene.wait("the door to be shut") { !FileManager.default.fileExists(atPath: first) }
    scene.metrics = first + "/nowhere"
    scene.close()
    try scene.listen()
    try scene.wait("the refusal") { scene.log.contains("metrics cannot be served on") }
    #expect(try scene.finish() == 0)
  }
}
