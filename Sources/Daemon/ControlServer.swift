// The control socket: accepts clients, knows who may ask, and hands their requests on.

import Control
import Engine
import Linux
import Model

/// The listener and its clients, each in a slot of its own.
struct ControlServer: ~Copyable {
  /// Clients at once. We chose it: a courier, an exporter and a room full of operators.
  static let clientLimit = 32
  /// How many of them may be users who may ask nothing: they get their answer, and the slots of the
  /// others stay free.
  static let strangerLimit = 4
  /// Anyone may connect; what they may ask is decided by who they are.
  static let socketMode: UInt32 = 0o666
  static let readers = "hopshift"
  static let writers = "hopshift-admin"
  /// Whoever writes route tables reads what is wished and tells what came of it, and no more.
  static let couriers = "hopshift-courier"

  private let listener: UnixListener
  private var clients: [ControlClient?]
  private var generation: UInt32 = 0
  private let ownUser: UInt32
  private let readingGroups: [UInt32]
  private let writingGroups: [UInt32]
  private let tellingGroups: [UInt32]
  private(set) var refused: UInt64 = 0

  init(path: String) throws(Errno) {
    listener = try UnixListener(path: path, mode: ControlServer.socketMode)
    clients = Array(repeating: nil, count: ControlServer.clientLimit)
    ownUser = Accounts.userID()
    writingGroups = [ControlServer.writers].compactMap { Accounts.group(named: $0) }
    tellingGroups = [ControlServer.couriers].compactMap { Accounts.group(named: $0) }
    readingGroups =
      [Accounts.groupID()] + [ControlServer.readers].compactMap { Accounts.group(named: $0) }
  }

  var raw: Int32 { listener.raw }

  /// Takes one waiting connection; the answer says what to watch. Beyond the limit it is let go at
  /// once.
  mutating func accept() throws(Errno) -> (slot: Int, generation: UInt32, raw: Int32)? {
    while let stream = try listener.accept() {
      let rights = rights(of: stream)
      guard rights != .none || strangers < ControlServer.strangerLimit,
        let slot = clients.firstIndex(where: { $0 == nil })
      else {
        refused += 1
        continue
      }
      generation &+= 1
      let client = ControlClient(stream, generation: generation, rights: rights)
      clients[slot] = client
      return (slot, generation, client.raw)
    }
    return nil
  }

  private var strangers: Int {
    var count = 0
    for client in clients where client.map({ !$0.mayRead }) ?? false { count += 1 }
    return count
  }

  /// Root, the daemon's own user and one group may write; members of the others may read, and
  /// those of one tell what they did.
  private func rights(of stream: borrowing UnixStream) -> ControlClient.Rights {
    do throws(Errno) {
      let peer = try stream.peer()
      if peer.userID == 0 || peer.userID == ownUser { return .write }
      let groups = [peer.groupID] + peer.groups
      if groups.contains(where: writingGroups.contains) { return .write }
      if groups.contains(where: tellingGroups.contains) { return .tell }
      return groups.contains(where: readingGroups.contains) ? .read : .none
    } catch {
      // Gone before it could be asked: nobody is nobody.
      return .none
    }
  }

  func client(_ slot: Int, _ generation: UInt32) -> ControlClient? {
    guard slot < clients.count, let client = clients[slot], client.generation == generation
    else { return nil }
    return client
  }

  /// Whether any client listens to one of these, so that nothing is written for nobody.
  func hears(_ interests: ControlClient.Interests) -> Bool {
    clients.contains { !($0?.interests.isDisjoint(with: interests) ?? true) }
  }

  /// Writes a record for each client that listens to one of these.
  func publish(_ interest: ControlClient.Interests, _ record: (String) -> [UInt8]) {
    for client in clients {
      guard let client, !client.interests.isDisjoint(with: interest) else { continue }
      client.publish(record(client.monitorID))
    }
  }

  /// Another configuration is followed: who writes route tables comes again and hears all of it.
  func endFollowing() {
    for client in clients {
      guard let client, client.interests.contains(.desired) else { continue }
      client.endFollowing()
    }
  }

  /// Whether somebody is there who writes route tables.
  var hasCourier: Bool { clients.contains { $0?.isCourier ?? false } }

  /// The clients that record.
  var recording: [ControlClient] { clients.compactMap { $0 }.filter { $0.recording != nil } }

  /// Some client's request waits for its answer.
  var hasWork: Bool { clients.contains { $0?.request != nil } }

  /// The clients whose requests wait.
  var waiting: [ControlClient] { clients.compactMap { $0 }.filter { $0.request != nil } }

  /// Sends what waits and keeps the descriptor's interest true; a client that is gone, or does not
  /// take its last answer, leaves its slot.
  mutating func settle(at now: Instant, epoll: borrowing Epoll) {
    for slot in clients.indices {
      guard let client = clients[slot] else { continue }
      if !settle(client, slot, now, epoll) { clients[slot] = nil }
    }
  }

  private func settle(
    _ client: ControlClient, _ slot: Int, _ now: Instant, _ epoll: borrowing Epoll
  ) -> Bool {
    if client.isClosing {
      let since = client.closingSince ?? now
      client.closingSince = since
      if now - since > ControlClient.farewell { return false }
    }
    do throws(Errno) {
      guard try client.flush() else { return false }
      let interest = client.interest
      if interest != client.watched {
        try epoll.modify(
          client.raw, token: Loop.token(.client, slot, client.generation), interest: interest)
        client.watched = interest
      }
      return true
    } catch {
      // EPIPE or ECONNRESET: the client went away in the middle of an answer.
      return false
    }
  }

  mutating func drop(_ slot: Int) { clients[slot] = nil }
}
