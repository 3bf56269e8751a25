// The group in the answer to `status`: our side of it, and each of the other speakers.

import Control
import Hello
import Linux
import Model

enum GroupReport {
  static func answer(_ id: String, _ group: GroupDoor, _ now: Instant) -> [UInt8] {
    var line = JSONLine(id: id, type: "group")
    line.add("address", group.group.address.description)
    line.add("port", group.group.port)
    line.add("interval-ms", group.group.interval.milliseconds)
    line.add("timeout-ms", group.group.timeout.milliseconds)
    line.add("former-key", group.former != nil)
    line.add("strangers", group.strangers)
    line.add("receive-failures", group.receiveFailures)
    if let drops = group.drops { line.add("drops", drops) } else { line.addNull("drops") }
    var bytes = line.finish()
    for fellow in group.fellows { bytes += speaker(id, fellow, group.group, now) }
    return bytes
  }

  private static func speaker(
    _ id: String, _ fellow: FellowLine, _ group: Plan.Group, _ now: Instant
  ) -> [UInt8] {
    var line = JSONLine(id: id, type: "speaker")
    line.add("address", fellow.address.description)
    let isHeard = fellow.isHeard(at: now, within: group.timeout)
    line.add("state", isHeard ? "heard" : "silent")
    if let heardAt = fellow.heardAt {
      line.add("heard-ms", (now - heardAt).milliseconds)
    } else {
      line.addNull("heard-ms")
    }
    line.add("received", fellow.received)
    line.add("has-key", fellow.hasNewKey)
    if let header = fellow.header {
      // As text: a number of nanoseconds is more than every reader of JSON keeps.
      line.add("run", "\(header.start)")
      line.add("pauses", header.pauses)
      line.add("doomed", header.flags.contains(.doomed))
    } else {
      line.addNull("run")
      line.addNull("pauses")
    }
    line.add("refused", fellow.refusedCount)
    for refusal in HelloRefusal.allCases {
      guard let field = refusal.field else { continue }
      line.add(field, fellow.count(of: refusal))
    }
    line.add("sent", fellow.sentCount)
    line.add("send-failures", fellow.sendFailures)
    line.add("last-error", fellow.sendError?.description)
    return line.finish()
  }
}
