// The courier's own socket: whoever may read is told earlier shifts, and what will hurt in Azure.

import Azure
import Control
import Linux
import Model
import Store

/// A few clients, each with one question at a time. It never waits.
final class HistoryDoor {
  /// Who waits for an answer.
  struct Ask: Sendable {
    var client: UInt32
    var id: String
  }

  /// What can be asked.
  enum Question: Sendable {
    /// Milliseconds of the day's clock.
    case past(since: Int64)
    case inspection
  }

  /// Clients at once. We chose it: a few people.
  static let clientLimit = 4
  /// Of those, who may not read: all the others stay free for who may.
  static let strangerLimit = 1
  /// Shifts of one answer: all that are kept.
  static let shiftLimit = Store.shiftLimit
  /// Who says nothing, or takes nothing, for so long is left.
  static let patience = Nanoseconds.seconds(10)
  /// As the daemon's own socket: who may ask is decided by who they are.
  private static let mode: UInt32 = 0o666
  private static let groups = ["hopshift", "hopshift-admin"]

  final class Client {
    let stream: UnixStream
    let number: UInt32
    let mayRead: Bool
    var lines = LineBuffer(limit: ControlLimits.requestLine)
    var outgoing: [UInt8] = []
    var sent = 0
    /// The last time anything went either way.
    var moved: Instant
    var isAsked = false
    /// The whole answer is there.
    var isEnding = false
    var watched: Interest?

    init(_ stream: consuming UnixStream, _ number: UInt32, mayRead: Bool, at now: Instant) {
      self.stream = stream
      self.number = number
      self.mayRead = mayRead
      moved = now
    }
  }

  private let listener: UnixListener
  private let readers: [UInt32]
  private(set) var clients: [Client] = []
  private var last: UInt32 = 0
  private var buffer = ReceiveBuffer(capacity: ControlLimits.requestLine)

  init(path: String) throws(Errno) {
    listener = try UnixListener(path: path, mode: HistoryDoor.mode)
    readers = HistoryDoor.groups.compactMap { Accounts.group(named: $0) }
  }

  /// Readable when somebody comes.
  var raw: Int32 { listener.raw }

  var deadline: Instant? { clients.map { $0.moved + HistoryDoor.patience }.min() }

  /// Lets in whoever has come; beyond the limit they are let go at once.
  func accept(at now: Instant) throws(Errno) {
    while let stream = try listener.accept() {
      guard clients.count < HistoryDoor.clientLimit else { continue }
      let mayRead = mayRead(stream)
      let strangers = clients.count { !$0.mayRead }
      guard mayRead || strangers < HistoryDoor.strangerLimit else { continue }
      last &+= 1
      clients.append(Client(stream, last, mayRead: mayRead, at: now))
    }
  }

  private func mayRead(_ stream: borrowing UnixStream) -> Bool {
    do throws(Errno) {
      let peer = try stream.peer()
      if peer.userID == 0 || peer.userID == Accounts.userID() { return true }
      return ([peer.groupID] + peer.groups).contains(where: readers.contains)
    } catch {
      // Gone before it could be asked: nobody is nobody.
      return false
    }
  }

  /// Reads once; the question, when one is whole.
  func receive(_ number: UInt32, at now: Instant) -> (Ask, Question)? {
    guard let client = clients.first(where: { $0.number == number }) else { return nil }
    do throws(Errno) {
      guard let count = try client.stream.receive(into: &buffer) else { return nil }
      client.moved = now
      guard count > 0 else {
        drop(client)
        return nil
      }
    } catch {
      drop(client)
      return nil
    }
    return read(client)
  }

  private func read(_ client: Client) -> (Ask, Question)? {
    let line: [UInt8]?
    do throws(LineBufferError) {
      try buffer.withBytes { bytes throws(LineBufferError) in try client.lines.append(bytes) }
      // One question a connection: what follows it is nobody's.
      line = client.isAsked ? nil : try client.lines.next()
    } catch {
      drop(client)
      return nil
    }
    guard let line else { return nil }
    client.isAsked = true
    do throws(RequestError) {
      return question(try Request(line: line.span), of: client)
    } catch {
      say(client, error.answer)
      return nil
    }
  }

  private func question(_ request: Control.Request, of client: Client) -> (Ask, Question)? {
    guard client.mayRead else {
      let text = "not allowed: be root or a member of group \(HistoryDoor.groups[0])"
      say(client, JSONLine.end(id: request.id, code: .noPermission, message: text))
      return nil
    }
    let ask = Ask(client: client.number, id: request.id)
    if request.verb == .inspect, request.words.isEmpty { return (ask, .inspection) }
    guard request.verb == .history, request.words.count == 2, request.words[0] == "since",
      let since = Int64(request.words[1])
    else {
      let text = "hopshift-courier answers history since MILLISECONDS and inspect, nothing else"
      say(client, JSONLine.end(id: request.id, code: .usage, message: text))
      return nil
    }
    return (ask, .past(since: since))
  }

  // MARK: Answers

  /// Nil: the store cannot be read. Who has gone meanwhile is not answered.
  func answer(_ ask: Ask, _ shifts: [KeptShift]?) {
    guard let client = clients.first(where: { $0.number == ask.client }) else { return }
    guard let shifts else {
      let text = "hopshift-courier cannot read its store"
      return say(client, JSONLine.end(id: ask.id, code: .failure, message: text))
    }
    var bytes: [UInt8] = []
    for shift in shifts { KeptLine.add(shift.lines, id: ask.id, to: &bytes) }
    say(client, bytes + JSONLine.end(id: ask.id, code: .ok, message: ""))
  }

  /// What an inspection has found.
  func answer(_ ask: Ask, _ advice: [Advice]) {
    guard let client = clients.first(where: { $0.number == ask.client }) else { return }
    var bytes: [UInt8] = []
    for advice in advice {
      var line = JSONLine(id: ask.id, type: "finding")
      line.add("weight", advice.isProblem ? "problem" : "remark")
      line.add("what", advice.what)
      line.add("why", advice.why)
      line.add("fix", advice.fix)
      bytes += line.finish()
    }
    say(client, bytes + JSONLine.end(id: ask.id, code: .ok, message: ""))
  }

  private func say(_ client: Client, _ bytes: [UInt8]) {
    client.outgoing = bytes
    client.isEnding = true
  }

  /// Sends what is taken; whoever has everything, or is too slow, is let go.
  func flush(at now: Instant) {
    for client in clients {
      if client.isEnding { send(client, at: now) }
      if now >= client.moved + HistoryDoor.patience { drop(client) }
    }
  }

  private func send(_ client: Client, at now: Instant) {
    do throws(Errno) {
      while client.sent < client.outgoing.count {
        let count = try client.stream.send(
          client.outgoing.span.extracting(client.sent..<client.outgoing.count))
        if count == 0 { return }
        client.sent += count
        client.moved = now
      }
      drop(client)
    } catch {
      drop(client)
    }
  }

  private func drop(_ client: Client) { clients.removeAll { $0 === client } }
}
