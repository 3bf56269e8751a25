// The way from the resource manager to the fabric: route tables, told over a UNIX socket.

import Linux
import Management
import Model
import Platform

/// A `FabricLink` for tables: what stands is told whenever the connection is made.
struct TableLink: ~Copyable {
  static let kind = FabricLink.kind

  private var link: FabricLink
  private let estate: Estate

  init(path: String, _ estate: Estate, at now: Instant) {
    link = FabricLink(path: path, at: now)
    self.estate = estate
  }

  var deadline: Instant? { link.deadline }

  mutating func connect(
    _ standing: [ResourceManager.Program], _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    var lines = standing.map { TableLink.lines(for: $0) }.joined()
    for subnet in estate.subnets {
      guard let table = subnet.table else { continue }
      lines += "- attach \(subnet.name) \(table)\n"
    }
    try link.connect(lines, epoll, at: now)
  }

  mutating func tell(
    _ programs: [ResourceManager.Program], _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    try link.tell(programs.map { TableLink.lines(for: $0) }.joined(), epoll, at: now)
  }

  mutating func take(
    _ event: Epoll.Event, _ epoll: borrowing Epoll, at now: Instant
  ) throws(Errno) {
    try link.take(event, epoll, at: now)
  }

  /// A table is longer than a request may be, so it is told route by route and then put in force.
  private static func lines(for program: ResourceManager.Program) -> String {
    guard let table = program.table else { return "- table remove \(program.name)\n" }
    var lines = "- table begin \(table.name) \(table.disablesBGP ? "no-bgp" : "bgp")\n"
    for route in table.routes {
      lines += "- table route \(TableWords.words(for: route).joined(separator: " "))\n"
    }
    return lines + "- table commit\n"
  }
}
