// What somebody is told who asks for a name that the configuration does not have.

import Model

enum UnknownName {
  /// Among so many names the one that was meant is looked for. We chose it: the loop answers.
  private static let searched = 64
  /// So many are listed when none is near.
  private static let listed = 8

  static func text(_ kind: String, _ name: String, among names: [String]) -> String {
    let text = "there is no \(kind) called \(name)"
    guard names.count <= searched else { return text }
    if let near = Nearest.word(to: name, among: names) { return "\(text); did you mean \(near)?" }
    guard (1...listed).contains(names.count) else { return text }
    return "\(text); there are \(names.joined(separator: ", "))"
  }

  static func vip(_ name: String, _ plan: Plan) -> String {
    text("VIP", name, among: plan.vips.map(\.name))
  }
}
