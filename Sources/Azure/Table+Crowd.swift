// Routes of the kernel in one table: they come and go, and none is taken away that is not ours.
//
// They are written one by one, each guarded by the tag under which it was read, and never as a
// whole table at once: that would replace what others have written, of which this version of the
// interface need not tell everything, would take another permission, and a shift would have to
// wait until all of it has come to an end.

package import Model

extension Table {
  /// Routes of the kernel that are looked after, those included that are being removed. We chose
  /// it: as many as a table can hold.
  package static let crowdLimit = 600
  /// Routes of a table beyond which none of the kernel is added, whoever wrote them. Azure takes
  /// 600; we chose to leave a tenth for virtual IPs and for people.
  package static let crowdCeiling = 540

  /// Where a route of the kernel is looked after.
  package func slot(of prefix: Prefix) -> RouteSlot? { crowd[prefix] }

  /// The prefix of a route of the kernel; nil for a route of a virtual IP.
  package func crowdPrefix(_ slot: RouteSlot) -> Prefix? {
    tasks[slot.index].isCrowd ? tasks[slot.index].route.prefix : nil
  }

  /// What is wished of it.
  package func wish(of slot: RouteSlot) -> Wish? { tasks[slot.index].intent?.wish }

  /// A place for a route of the kernel; nil when there are too many.
  package mutating func makeSlot(of prefix: Prefix) -> RouteSlot? {
    if let known = crowd[prefix] { return known }
    guard crowd.count < Table.crowdLimit,
      let child = id.child("routes", Desired.crowdName(prefix))
    else { return nil }
    let route = ManagedRoute(name: Desired.crowdName(prefix), prefix: prefix, candidates: [])
    var task = RouteTask(route, id: child, isCrowd: true)
    if let view { task.seen = .some(view.route(named: route.name)) }
    let slot: RouteSlot
    if let reused = free.popLast() {
      tasks[reused.index] = task
      slot = reused
    } else {
      slot = RouteSlot(tasks.count)
      tasks.append(task)
    }
    crowd[prefix] = slot
    return slot
  }

  /// The route is gone, and nothing is to be known of it any more. While a write of it is under
  /// way its place is not another's.
  package mutating func release(_ slot: RouteSlot) {
    guard let prefix = crowdPrefix(slot), crowd[prefix] == slot, write?.slot != slot else { return }
    crowd[prefix] = nil
    tasks[slot.index] = RouteTask(tasks[slot.index].route, id: tasks[slot.index].id, isCrowd: true)
    free.append(slot)
  }

  /// Why a route of the kernel cannot be created in the table as it was read.
  func obstacle(to task: RouteTask) -> Trouble? {
    guard task.isCrowd, case .hop = task.intent?.wish, task.seen == .some(nil), let view else {
      return nil
    }
    if let name = view.name(of: task.route.prefix) { return .taken(by: name) }
    return view.count >= Table.crowdCeiling ? .full(view.count) : nil
  }
}
