// The judge of rule 8: what was decided is at each route server that listens, whatever the other one does.

import Failover
import Model

extension GroupWorld {
  private static let onItsWay = Nanoseconds.milliseconds(100)

  /// Looks at what a member has just decided when it should have arrived.
  func watchDelivery(_ index: Int) {
    guard members[index].hasMoved else { return }
    members[index].hasMoved = false
    judge.decisions[index] += 1
    schedule(
      .group(.delivered(index, stamp: judge.decisions[index])), after: GroupWorld.onItsWay)
  }

  func judgeDelivery(_ index: Int, _ stamp: Int) {
    guard judge.decisions[index] == stamp, isLiving(index),
      let standing = members[index].standing, !standing.isWithdrawn
    else { return }
    for server in 0..<2 where listens(server, to: index) {
      let route = servers[server].neighbours[index].routes[shape.prefixes[0]]
      if route?.pathLength == standing.rung.pathLength { continue }
      violate(
        .independent, "server \(server) does not have what member \(index) decided: \(standing)")
    }
  }

  /// Whether nothing was the matter between the two for as long as an UPDATE may take.
  private func listens(_ server: Int, to index: Int) -> Bool {
    guard states[server].isUp, !states[server].isStalled,
      let id = servers[server].neighbours[index].connection
    else { return false }
    return servers[server].neighbours[index].isEstablished && connections[id].isOpenHere
      && connections[id].run == members[index].run
      && members[index].sockets[server].connection == id
      && now - judge.sessions[server][index].since > GroupWorld.onItsWay * 2
      && judge.stalledAt[server].map { now - $0 > GroupWorld.onItsWay * 2 } ?? true
  }

  /// A session came or went.
  func noteSessions(of index: Int) {
    for server in 0..<2 {
      let session = servers[server].neighbours[index].session
      guard judge.sessions[server][index].number != session else { continue }
      judge.sessions[server][index] = (session, now)
    }
  }
}
