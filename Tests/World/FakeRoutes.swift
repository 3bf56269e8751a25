// The kernel's routes: what becomes of them, and how they are listed.

import Engine
import Model

extension FakeKernel {
  /// A route comes beside whatever is there (ip route append).
  package mutating func append(_ route: KernelRoute) {
    guard !routes.contains(route) else { return }
    let isAlone = !routes.contains { $0.isLike(route) }
    insert(route)
    tell(route, flags: isAlone ? KernelDatagram.alone : KernelDatagram.beside)
  }

  /// A route takes the place of the first of its key, or comes if there is none.
  package mutating func replace(_ route: KernelRoute) {
    guard !routes.contains(route) else { return }
    let before = routes.first { $0.isLike(route) }
    routes.removeAll { $0 == before }
    insert(route)
    tell(
      route, flags: before == nil ? KernelDatagram.alone : KernelDatagram.replaced,
      instead: before)
  }

  package mutating func remove(_ route: KernelRoute) {
    guard let place = routes.firstIndex(of: route) else { return }
    routes.remove(at: place)
    tell(route, isGone: true)
  }

  /// A link went down: IPv4 routes go without a word, IPv6 routes with one.
  package mutating func removeRoutes(over link: UInt32) {
    for route in routes where route.link == link && route.kind == 1 {
      if route.prefix.address.width == 128 {
        remove(route)
      } else {
        routes.removeAll { $0 == route }
      }
    }
  }

  private mutating func insert(_ route: KernelRoute) {
    let place = routes.firstIndex { isListed(route, before: $0) } ?? routes.count
    routes.insert(route, at: place)
  }

  /// The walk goes by prefix; of one prefix any order will do that stays.
  private func isListed(_ left: KernelRoute, before right: KernelRoute) -> Bool {
    if !left.isLike(right) {
      return (left.prefix, left.table, left.metric) < (right.prefix, right.table, right.metric)
    }
    return (left.origin, left.kind, left.gateway, left.link)
      < (right.origin, right.kind, right.gateway, right.link)
  }

  private mutating func tell(
    _ route: KernelRoute, isGone: Bool = false, flags: UInt16 = 0, instead: KernelRoute? = nil
  ) {
    var datagram = KernelDatagram()
    datagram.add(route, isGone: isGone, flags: flags, .event)
    tell(datagram, .route(route, isGone: isGone, instead: instead))
  }

  /// Each part is built when the part before it is queued, and queued behind the news of meanwhile,
  /// as the kernel does it under RCU; nothing marks it.
  mutating func continueRoutes(_ running: inout Dump) {
    if let late { queue.append(late) }
    late = nil
    var ahead = routes.filter { Int($0.prefix.address.width) == width(of: running.what) }
    if running.what == .nextHops { ahead.removeAll() }
    if let last = running.last { ahead.removeAll { !isListed(last, before: $0) } }
    if running.isForced, running.last != nil || ahead.isEmpty {
      running.context.isInterrupted = true
    }
    var datagram = KernelDatagram()
    guard !ahead.isEmpty else {
      datagram.addDone(running.context)
      dump = nil
      let end = DumpEnd(
        sequence: running.context.sequence, isInterrupted: running.context.isInterrupted,
        running: [], addresses: [], routes: routes)
      queue.append(Entry(bytes: datagram.bytes, told: .end(running.what, end)))
      return
    }
    for route in ahead.prefix(entriesPerPart) { datagram.add(route, running.context) }
    running.last = ahead.prefix(entriesPerPart).last
    late = Entry(
      bytes: datagram.bytes, told: .part(isInterrupted: running.context.isInterrupted))
    dump = running
  }

  private func width(of what: DumpRequest) -> Int { what == .ipv6Routes ? 128 : 32 }
}
