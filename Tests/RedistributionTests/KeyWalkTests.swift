// Random walks beside a model of the kernel's keys: routes stand in order under each, and nobody
// says which of them was replaced.

import Model
import Redistribution
import Testing

struct KeyWalkTests {
  private struct Draw {
    var state: UInt64
    mutating func pick(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
  }

  /// IPv4 as fib_table_insert has it.
  private struct Kernel {
    struct Key: Hashable {
      let prefix: Prefix
      let metric: UInt32

      init(_ route: Route) { (prefix, metric) = (route.destination, route.metric) }
    }

    /// In the order in which keys first came, which is as good as any.
    var keys: [Key] = []
    var routes: [Key: [Route]] = [:]

    var all: [Route] { keys.flatMap { routes[$0] ?? [] } }

    /// Puts it first or last; nil when it is there already.
    mutating func insert(_ route: Route, isFirst: Bool) -> RouteArrival? {
      let key = Key(route)
      var list = routes[key] ?? []
      guard !list.contains(route) else { return nil }
      let arrival = list.isEmpty ? RouteArrival.alone : .beside
      list.insert(route, at: isFirst ? 0 : list.count)
      if !keys.contains(key) { keys.append(key) }
      routes[key] = list
      return arrival
    }

    /// The first goes, and it comes there.
    mutating func replace(_ route: Route) -> RouteArrival? {
      guard let list = routes[Key(route)], !list.isEmpty else {
        return insert(route, isFirst: true)
      }
      guard !list.contains(route) else { return nil }
      routes[Key(route)]?[0] = route
      return .instead
    }

    mutating func remove(_ route: Route) {
      routes[Key(route)]?.removeAll { $0 == route }
    }
  }

  private static let rules = [Plan.Redistribution(name: "bird", origins: [Route.Origin(12)])]

  @Test(arguments: 1...80)
  func whatIsBelievedIsWhatThereIs(seed: Int) throws {
    var draw = Draw(state: UInt64(seed))
    let table = Table(Self.rules)
    var kernel = Kernel()
    var questions = 0
    var isAsked = false
    for _ in 0..<400 {
      let route = try Table.route(
        "10.64.\(draw.pick(4)).0/24", via: UInt8(1 + draw.pick(3)),
        origin: draw.pick(2) == 0 ? 4 : 12, metric: UInt32(draw.pick(2)))
      var arrival: RouteArrival?
      switch draw.pick(8) {
      case 0: arrival = kernel.insert(route, isFirst: true)
      case 1: arrival = kernel.insert(route, isFirst: false)
      case 2, 3: arrival = kernel.replace(route)
      case 4, 5:
        guard kernel.all.contains(route) else { continue }
        kernel.remove(route)
        table.remove(route)
      case 6: table.pass(.milliseconds(Int64(draw.pick(50))))
      default: #expect(table.transplant(Self.rules))
      }
      let hadCompany = hasCompany(kernel, route)
      if let arrival { table.add(route, arrival) }
      if table.isAsking, !isAsked {
        questions += 1
        // Under one key with nobody but ourselves nothing is asked for.
        #expect(hadCompany || arrival == .instead, "\(route)")
        isAsked = true
        table.stale()
        table.wasAsked()
      }
      // The answer comes some changes later.
      if isAsked, draw.pick(4) == 0 {
        isAsked = false
        table.list(kernel.all)
      }
      if !isAsked { check(table, kernel) }
    }
    #expect(questions > 0 && questions < 200)
    table.list(kernel.all)
    table.pass(.seconds(120))
    let wanted = Set(kernel.all.filter { $0.origin == Route.Origin(12) }.map(\.destination))
    #expect(Set(table.told.keys) == wanted)
  }

  private func hasCompany(_ kernel: Kernel, _ route: Route) -> Bool {
    (kernel.routes[Kernel.Key(route)] ?? []).count > 1
  }

  /// What is believed without a question is what the kernel has, after each step.
  private func check(_ table: Table, _ kernel: Kernel) {
    let wanted = Set(kernel.all.filter { $0.origin == Route.Origin(12) }.map(\.destination))
    let believed = table.exports.views(at: table.now).views.filter {
      switch $0.state {
      case .announced, .former, .waiting, .damped, .leftOut: true
      case .leaving, .reserved, .gone: false
      }
    }
    #expect(Set(believed.map(\.prefix)) == wanted)
  }
}
