// Prints what happened: aligned, with times relative to the trigger, and nothing else.

import Linux
package import Model

/// The paper the demo writes on.
package struct Timeline {
  private static let observerWidth = 11
  private let begun: Instant
  private let isVerbose: Bool

  package init(verbose: Bool) {
    begun = Clock.monotonic()
    isVerbose = verbose
  }

  /// A headline.
  package func heading(_ text: String) { line("\n\(text)") }

  /// A step of the preparation, with the time since the start.
  package func step(_ text: String) {
    let elapsed = Clock.monotonic() - begun
    let tenths = elapsed.milliseconds / 100
    line("  " + Timeline.right("\(tenths / 10).\(tenths % 10) s", 9) + "  \(text)")
  }

  /// A step that only the curious want to see.
  package func detail(_ text: String) { if isVerbose { step(text) } }

  /// A line of a shift.
  package func event(_ event: Shift.Event, since trigger: Moment) {
    let time = Timeline.milliseconds(event.moment - trigger)
    let observer = Timeline.left(event.observer, Timeline.observerWidth)
    line("  " + Timeline.right(time, 12) + "  \(observer)  \(event.text)")
  }

  /// A line without a time of its own.
  package func note(_ observer: String, _ text: String) {
    let observer = Timeline.left(observer, Timeline.observerWidth)
    line("  " + Timeline.left("", 12) + "  \(observer)  \(text)")
  }

  /// A check and how it ended.
  package func check(_ holds: Bool, _ text: String) {
    line("  " + Timeline.right(holds ? "ok" : "FAILED", 12) + "  \(text)")
  }

  package func line(_ text: String) {
    print(text)
    Termination.flush()
  }

  /// `1.234 ms`, with its sign when it is negative.
  package static func milliseconds(_ length: Nanoseconds) -> String {
    let micro = length.count.magnitude / 1_000
    let rest = "\(micro % 1_000)"
    let digits = String(repeating: "0", count: 3 - rest.count) + rest
    return "\(length.count < 0 ? "-" : "")\(micro / 1_000).\(digits) ms"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
