// A resource manager of values: one route table with its tag, operations that take time, and errors.

import Azure
import Foundation
import Model

/// What the simulated server does to one call.
enum Mischief: CaseIterable {
  case none
  /// Carried out, and the answer is lost.
  case answerLost
  /// Lost on the way there.
  case requestLost
  case notSent
  /// Carried out, and a 500 all the same.
  case failsAfter
  case failsBefore
  case busy
  case conflict
  case throttled
  case unauthorised
  case forbidden
  case truncated
}

/// A route table as the resource manager keeps it. Time is given, errors are asked for.
struct SimulatedManager {
  struct Entry: Equatable {
    var prefix: String
    var hop: String
  }

  struct Change {
    var at: Instant
    var speaker: Int
    var route: String
    var hop: String?
    var wasGuarded: Bool
  }

  struct Operation {
    var ends: Instant
    var outcome: String
  }

  var routes: [String: Entry] = [:]
  var tag = 1
  /// Where its operations are asked for.
  var operationPath = "/operations/"
  var isThere = true
  /// Writes that the headers say are left; nil: they say nothing.
  var remaining: Int?
  private(set) var operations: [Operation] = []
  private(set) var changes: [Change] = []
  /// Writes that came while another one was under way, by the same speaker.
  private(set) var overlaps = 0
  private var lastWriter = -1

  func isBusy(at now: Instant) -> Bool { operations.contains { $0.ends > now } }

  static func error(_ status: Int, _ code: String, _ headers: [Answer.Header] = []) -> Answer {
    Answer(
      status: status, headers: headers,
      body: Array("{\"error\":{\"code\":\"\(code)\",\"message\":\"m\"}}".utf8))
  }

  static let host = "https://management.azure.com"

  /// The state of the whole table.
  private func tableBody(at now: Instant) -> String {
    let state = isBusy(at: now) ? "Updating" : "Succeeded"
    let list = routes.keys.sorted().map { name in
      let entry = routes[name] ?? Entry(prefix: "", hop: "")
      return "{\"name\":\"\(name)\",\"etag\":\"W/\\\"\(tag)\\\"\",\"properties\":{"
        + "\"addressPrefix\":\"\(entry.prefix)\",\"nextHopType\":\"VirtualAppliance\","
        + "\"nextHopIpAddress\":\"\(entry.hop)\",\"provisioningState\":\"\(state)\"}}"
    }
    return "{\"name\":\"rt\",\"etag\":\"W/\\\"\(tag)\\\"\",\"properties\":{\"routes\":["
      + list.joined(separator: ",") + "]}}"
  }

  /// Carries one request out; `operation` says how long it takes and how it ends.
  mutating func handle(
    _ request: Request, by speaker: Int, at now: Instant, lasts: Nanoseconds,
    ends outcome: String = "Succeeded"
  ) -> Answer {
    guard isThere else { return SimulatedManager.error(404, "ResourceNotFound") }
    if request.method == .get { return read(request, at: now) }
    if isBusy(at: now) {
      if lastWriter == speaker { overlaps += 1 }
      return SimulatedManager.error(429, "RetryableErrorDueToAnotherOperation")
    }
    let path = request.target.prefix { $0 != "?" }
    guard let slash = path.lastIndex(of: "/") else {
      return SimulatedManager.error(400, "InvalidPath")
    }
    let name = String(path[path.index(after: slash)...])
    let existed = routes[name] != nil
    if let guardTag = request.ifMatch, !existed || guardTag != "W/\"\(tag)\"" {
      return SimulatedManager.error(412, "PreconditionFailed")
    }
    if request.method == .delete, !existed { return Answer(status: 204) }
    var hop: String?
    if request.method == .put {
      let text = String(decoding: request.body, as: UTF8.self)
      guard let prefix = field("addressPrefix", text), let found = field("nextHopIpAddress", text)
      else { return SimulatedManager.error(400, "InvalidRequestContent") }
      hop = found
      // A change that fails in the end has changed nothing.
      if outcome == "Succeeded" { routes[name] = Entry(prefix: prefix, hop: found) }
    } else if outcome == "Succeeded" {
      routes[name] = nil
    }
    tag += 1
    lastWriter = speaker
    operations.append(Operation(ends: now + lasts, outcome: outcome))
    if outcome == "Succeeded" {
      changes.append(
        Change(
          at: now, speaker: speaker, route: name, hop: hop, wasGuarded: request.ifMatch != nil))
    }
    let url = "\(SimulatedManager.host)\(operationPath)\(operations.count - 1)?api-version=1"
    return Answer(
      status: request.method == .delete ? 202 : existed ? 200 : 201,
      headers: [Answer.Header("Azure-AsyncOperation", url)] + counts())
  }

  private mutating func counts() -> [Answer.Header] {
    guard let left = remaining else { return [] }
    remaining = max(0, left - 1)
    return [Answer.Header("x-ms-ratelimit-remaining-subscription-writes", "\(left - 1)")]
  }

  private mutating func read(_ request: Request, at now: Instant) -> Answer {
    guard request.target.hasPrefix(operationPath) else {
      return Answer(status: 200, body: Array(tableBody(at: now).utf8))
    }
    let digits = request.target.dropFirst(operationPath.count).prefix { $0 != "?" }
    guard let index = Int(digits), operations.indices.contains(index) else {
      return SimulatedManager.error(404, "NotFound")
    }
    let operation = operations[index]
    let status = operation.ends > now ? "InProgress" : operation.outcome
    return Answer(status: 200, body: Array("{\"status\":\"\(status)\"}".utf8))
  }

  /// Somebody changes a route by hand.
  mutating func meddle(_ name: String, _ entry: Entry?) {
    routes[name] = entry
    tag += 1
  }

  /// Something else in the table changes, and the tag with it.
  mutating func moveTag() { tag += 1 }

  private func field(_ name: String, _ text: String) -> String? {
    guard let start = text.range(of: "\"\(name)\":\"") else { return nil }
    return String(text[start.upperBound...].prefix { $0 != "\"" })
  }
}
