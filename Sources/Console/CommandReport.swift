// What became of an operator's wish, one line for each VIP.

package import Control

/// The answers to `switch` and `maintenance`.
package struct CommandReport: Sendable {
  private let answers: [Record]

  package init(_ records: [Record]) { answers = records.filter { $0.type == "answer" } }

  package func render(_ style: Style) -> String {
    answers.map { answer in
      let isGood = ["done", "unchanged"].contains(answer.text("result"))
      return style.paint(answer.text("vip"), isGood ? .good : .bad)
        + ": \(answer.text("message"))\n"
    }.joined()
  }
}
