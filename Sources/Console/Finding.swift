// Something that will hurt: what it is, why it matters, what mends it.

package import Control

package struct Finding: Hashable, Sendable {
  package enum Weight: String, Sendable {
    /// It hurts now, or at the next shift.
    case problem
    /// It hurts on machines of some kinds; a person has to know.
    case remark
  }

  package var weight: Weight
  package var what: String
  package var why: String
  /// A command, or what to look at.
  package var fix: String

  /// A problem.
  init(_ what: String, why: String, fix: String) {
    self.init(.problem, what, why: why, fix: fix)
  }

  init(_ weight: Weight, _ what: String, why: String, fix: String) {
    self.weight = weight
    self.what = what
    self.why = why
    self.fix = fix
  }

  /// One that somebody else has found; nil when it is no finding. What a stranger named stands in
  /// it.
  package init?(_ record: Record) {
    guard record.type == "finding", let weight = record.string("weight").flatMap(Weight.init),
      let what = record.string("what"), let why = record.string("why"),
      let fix = record.string("fix")
    else { return nil }
    self.init(
      weight, Printable.clean(what), why: Printable.clean(why), fix: Printable.clean(fix))
  }

  /// Why nobody has looked at Azure.
  package static func unseen(_ reason: String) -> Finding {
    Finding(
      .remark, "nobody has looked at Azure (\(reason))",
      why: "routes that hide a VIP and permissions that are missing are not found",
      fix: "systemctl status hopshift-courier; and ask as root or as a member of group hopshift")
  }

  /// A record as those of the daemon.
  package var line: [UInt8] {
    var line = JSONLine(id: "doctor", type: "finding")
    line.add("weight", weight.rawValue)
    line.add("what", what)
    line.add("why", why)
    line.add("fix", fix)
    return line.finish()
  }

  /// One line for each; a sentence when there is none.
  package static func render(_ findings: [Finding], _ style: Style) -> String {
    guard !findings.isEmpty else { return "nothing was found that will hurt\n" }
    return findings.map { finding in
      let tone: Tone = finding.weight == .problem ? .bad : .doubtful
      let weight = style.paint("\(finding.weight.rawValue):", tone)
      return "\(weight) \(finding.what): \(finding.why). Mend it: \(finding.fix)\n"
    }.joined()
  }
}
