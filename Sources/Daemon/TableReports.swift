// What became of the kernel's routes in route tables, as whoever writes them reports it.

import Control
import Model

/// The last report about each route.
struct TableReports {
  /// How far a route has come.
  enum Stage: String, CaseIterable {
    case queued
    case accepted
    case done
    /// Somebody else has changed it.
    case foreign
    case failed
  }

  struct Outcome {
    var generation: Generation
    var stage: Stage
    var detail: String

    var isTrouble: Bool { stage == .foreign || stage == .failed }
  }

  /// In the place of a VIP's name: no VIP can be called so.
  static let word = "/routes"
  /// A route of which nothing is left.
  private static let goneWord = "gone"
  /// Routes that are remembered. We chose it: those that have a place, and as many that are being
  /// removed.
  static let limit = 2 * Plan.tableRoutes
  /// Routes in trouble of which a report for people tells.
  static let told = 8

  private var outcomes: [Prefix: Outcome] = [:]

  subscript(prefix: Prefix) -> Outcome? { outcomes[prefix] }

  /// Those in trouble, by prefix.
  var troubles: [(prefix: Prefix, outcome: Outcome)] {
    outcomes.filter { $0.value.isTrouble }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Takes a report: behind the word a generation, the stage, what there is to say behind a hyphen,
  /// and the routes. The answer is why not.
  mutating func take(_ words: [String]) -> UsageError? {
    guard words.count >= 5, words[0] == TableReports.word, words[3].hasPrefix("-") else {
      return UsageError(
        text: "report \(TableReports.word) takes a generation, a stage, -WORDS and prefixes")
    }
    let parts = words[1].split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let epoch = UInt64(parts[0]), let counter = UInt64(parts[1]) else {
      return UsageError(text: "\(words[1]) is no generation")
    }
    let stage = Stage(rawValue: words[2])
    guard stage != nil || words[2] == TableReports.goneWord else {
      let known = Stage.allCases.map(\.rawValue).joined(separator: ", ")
      return UsageError(
        text: "\(words[2]) is no stage; known are \(known), \(TableReports.goneWord)")
    }
    let prefixes = words.dropFirst(4).compactMap { Prefix($0) }
    guard prefixes.count == words.count - 4 else {
      return UsageError(text: "routes are prefixes")
    }
    let detail = words[3].utf8.dropFirst().prefix(RouteOutcomes.detailLimit)
    for prefix in prefixes {
      guard let stage else {
        outcomes[prefix] = nil
        continue
      }
      guard outcomes[prefix] != nil || outcomes.count < TableReports.limit else {
        return UsageError(text: "there are reports of \(TableReports.limit) routes")
      }
      outcomes[prefix] = Outcome(
        generation: Generation(epoch: epoch, counter: counter), stage: stage,
        detail: String(decoding: detail, as: UTF8.self))
    }
    return nil
  }
}
