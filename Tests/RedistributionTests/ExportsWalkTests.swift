// Random walks: whatever comes, what was told agrees with what the kernel has once it is quiet.

import Model
import Redistribution
import Testing

struct ExportsWalkTests {
  private struct Draw {
    var state: UInt64
    mutating func pick(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
  }

  private static let rules = [
    Plan.Redistribution(name: "static", origins: [Route.Origin(4)], limit: 4),
    Plan.Redistribution(name: "rest", limit: 6, grace: .milliseconds(300)),
  ]
  private static let limit = 8

  private func route(_ draw: inout Draw) throws -> Route {
    try Table.route(
      "10.64.\(draw.pick(12)).0/24", via: UInt8(1 + draw.pick(3)),
      origin: draw.pick(3) == 0 ? 4 : 12,
      metric: UInt32(draw.pick(2)))
  }

  /// What the kernel has, one for each key as NLM_F_REPLACE has it.
  private static func same(_ one: Route, _ other: Route) -> Bool {
    one.destination == other.destination && one.metric == other.metric
  }

  @Test(arguments: 1...60)
  func whatWasToldIsWhatThereIs(seed: Int) throws {
    var draw = Draw(state: UInt64(seed))
    let table = Table(Self.rules, limit: Self.limit)
    var kernel: [Route] = []
    for _ in 0..<400 {
      let route = try self.route(&draw)
      switch draw.pick(10) {
      case 0...3:
        let replaces = kernel.contains { Self.same($0, route) }
        kernel.removeAll { Self.same($0, route) }
        kernel.append(route)
        table.add(route, replaces ? .instead : .alone)
      case 4...6:
        guard let place = kernel.firstIndex(where: { Self.same($0, route) }) else { continue }
        table.remove(kernel.remove(at: place))
      case 7:
        // Messages were lost: two routes went unheard, and everything is listed.
        kernel = Array(kernel.dropFirst(2))
        table.stale()
        table.list(kernel)
      case 8: #expect(table.transplant(Self.rules, limit: Self.limit))
      default: table.pass(.milliseconds(Int64(draw.pick(400))))
      }
      check(table)
    }
    // Rest, history and grace are over.
    table.pass(.seconds(120))
    check(table)
    let prefixes = Set(kernel.map(\.destination))
    let views = table.exports.views(at: table.now).views
    #expect(Set(views.map(\.prefix)) == prefixes)
    for view in views {
      #expect(view.state == .announced || view.state == .leftOut, "\(view)")
      let isTold = table.told[view.prefix] != nil
      #expect(isTold == (view.state == .announced))
    }
    #expect(table.exports.total == table.told.count)
    // Nobody is left out beside a free place.
    let isFull = zip(table.exports.announced, Self.rules).map { $0 >= $1.limit }
    for view in views where view.state == .leftOut {
      let rule = try #require(view.rule).index
      #expect(table.exports.total == Self.limit || isFull[rule], "\(view)")
    }
  }

  private func check(_ table: Table) {
    #expect(table.exports.total <= Self.limit)
    #expect(table.exports.total == table.exports.announced.reduce(0, +))
    for (count, rule) in zip(table.exports.announced, Self.rules) { #expect(count <= rule.limit) }
  }
}
