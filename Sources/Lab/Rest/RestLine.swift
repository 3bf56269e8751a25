// What the resource manager of the lab tells: calls and programmed tables, a record each.

package import Control
import Linux
import Management
import Model
import Platform

/// Records of the process. No token is ever among them.
enum RestLine {
  /// Bytes of a body that are told. A route has 150, and whole tables need not be repeated.
  private static let bodyLimit = 512

  static func ready(rest: UInt16, metadata: UInt16) -> [UInt8] {
    var line = JSONLine(id: "", type: "ready")
    line.add("rest", rest)
    line.add("metadata", metadata)
    return line.finish()
  }

  static func called(_ call: Call, _ door: Door, _ conduct: Conduct, at wall: Instant) -> [UInt8] {
    var line = JSONLine(id: "", type: "call")
    line.add("moment", wall.nanoseconds)
    line.add("door", door.rawValue)
    line.add("from", "\(call.from)")
    line.add("method", call.method)
    line.add("path", "/" + call.path.joined(separator: "/"))
    line.add("if-match", call.header("If-Match"))
    line.add("bearer", call.header("Authorization") != nil)
    line.add("body", text: Array(call.body.prefix(bodyLimit)))
    line.add("status", conduct.reply.status)
    line.add("mischief", conduct.mischief?.rawValue)
    return line.finish()
  }

  static func programmed(_ program: ResourceManager.Program, at wall: Instant) -> [UInt8] {
    var line = JSONLine(id: "", type: "programmed")
    line.add("moment", wall.nanoseconds)
    line.add("table", program.name)
    let routes = program.table?.routes ?? []
    line.add("routes", routes.map { TableWords.words(for: $0).joined(separator: " ") })
    line.add("is-there", program.table != nil)
    return line.finish()
  }
}

/// A call that the resource manager or the metadata service has answered, as it was told.
package struct ToldCall: Hashable, Sendable {
  package var moment: Moment
  package var door: String
  package var from: String
  package var method: String
  package var path: String
  package var ifMatch: String?
  package var hadToken: Bool
  package var body: String
  package var status: Int64
  package var mischief: String?

  /// Nil when the record tells of something else.
  package init?(_ record: Record) {
    guard record.type == "call", let moment = record.integer("moment"),
      let door = record.string("door"), let from = record.string("from"),
      let method = record.string("method"), let path = record.string("path"),
      let hadToken = record.boolean("bearer"), let body = record.string("body"),
      let status = record.integer("status")
    else { return nil }
    self.moment = Moment(nanoseconds: moment)
    self.door = door
    self.from = from
    self.method = method
    self.path = path
    ifMatch = record.string("if-match")
    self.hadToken = hadToken
    self.body = body
    self.status = status
    mischief = record.string("mischief")
  }
}
