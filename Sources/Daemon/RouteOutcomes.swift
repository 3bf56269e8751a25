// What became of the wishes about route tables, as whoever writes them reports it.

import Control
import Model

/// The last report about each VIP.
struct RouteOutcomes {
  /// How far a wish has come.
  enum Stage: String, CaseIterable {
    case queued
    case written
    case accepted
    case done
    /// Somebody else has changed the route.
    case foreign
    case failed
  }

  struct Outcome {
    var generation: String
    var stage: Stage
    /// It survives a crash of whoever writes it.
    var isDurable: Bool
    var detail: String
    var at: Instant

    /// The number of the wish that it is about, if that is one of this run.
    func number(inRun run: UInt64) -> UInt64? {
      let parts = generation.split(separator: ".")
      guard parts.count == 2, UInt64(parts[0]) == run else { return nil }
      return UInt64(parts[1])
    }
  }

  /// Bytes of a detail that are kept.
  static let detailLimit = 512

  private var outcomes: [Outcome?]

  init(vips: Int) { outcomes = Array(repeating: nil, count: vips) }

  mutating func succeed(_ old: RouteOutcomes, _ succession: Succession) {
    for (vip, former) in succession.vips.enumerated() {
      if let former { outcomes[vip] = old.outcomes[former] }
    }
  }

  subscript(vip: VIPSlot) -> Outcome? { outcomes[vip.index] }

  /// Takes a report: the VIP, the generation, the stage, `durable` or `volatile`, and in words what
  /// there is to say. The answer is why not, or for which VIP.
  mutating func take(
    _ words: [String], _ plan: Plan, at now: Instant
  ) -> Result<VIPSlot, UsageError> {
    guard (4...5).contains(words.count) else {
      return .failure(
        UsageError(text: "report takes a VIP, a generation, a stage, its durability and words"))
    }
    guard let index = plan.vips.firstIndex(where: { $0.name == words[0] }),
      plan.vips[index].udr != nil
    else {
      return .failure(UsageError(text: "there is no VIP called \(words[0]) with udr"))
    }
    guard isGeneration(words[1]) else {
      return .failure(UsageError(text: "\(words[1]) is no generation"))
    }
    guard let stage = Stage(rawValue: words[2]) else {
      let known = Stage.allCases.map(\.rawValue).joined(separator: ", ")
      return .failure(UsageError(text: "\(words[2]) is no stage; known are \(known)"))
    }
    guard ["durable", "volatile"].contains(words[3]) else {
      return .failure(UsageError(text: "\(words[3]) is neither durable nor volatile"))
    }
    let detail = words.count > 4 ? words[4] : ""
    outcomes[index] = Outcome(
      generation: words[1], stage: stage, isDurable: words[3] == "durable",
      detail: String(decoding: detail.utf8.prefix(RouteOutcomes.detailLimit), as: UTF8.self),
      at: now)
    return .success(VIPSlot(index))
  }

  private func isGeneration(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { UInt64($0) != nil }
  }

  static func record(
    _ id: String, _ vip: VIPSlot, _ outcome: Outcome, _ plan: Plan, _ now: Instant
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "outcome")
    line.add("vip", plan.vips[vip.index].name)
    line.add("generation", outcome.generation)
    line.add("stage", outcome.stage.rawValue)
    line.add("durable", outcome.isDurable)
    line.add("detail", outcome.detail)
    line.add("age-ms", (now - outcome.at).milliseconds)
    return line.finish()
  }
}
