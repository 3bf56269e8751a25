// The past: the daemon's shifts into the store, and out of it for whoever asks.

import Azure
import Control
import Linux
import Model
import Store

extension Loop {
  var historyDeadline: Instant? {
    Instant.earlier(link.isFollowing ? shifts.deadline : nil, history?.deadline)
  }

  /// Without its directory nobody can ask; everything else goes on.
  func openHistory() {
    do throws(Errno) {
      let door = try HistoryDoor(path: options.listen)
      try epoll.add(door.raw, token: Loop.token(.history, 0, 0), interest: .read)
      history = door
    } catch {
      log.warning(.trouble, "the past cannot be asked for on \(options.listen): \(error)")
    }
  }

  func acceptReaders() throws(Errno) {
    try history?.accept(at: Clock.monotonic())
  }

  func readReader(_ position: Int) throws(Errno) {
    let number = epoll.event(at: position).token.generation
    guard let (ask, question) = history?.receive(number, at: Clock.monotonic()) else { return }
    switch question {
    case .past(let since): try vault.post(.read(ask, since: since))
    case .inspection:
      inspections.append(ask)
      give(.inspect)
    }
  }

  /// Those of these routes for which the kernel's own way leaves by the address that they lead to.
  func loops(_ returns: [ReturnRoute]) -> [Advice] {
    returns.filter { route in
      guard case .v4(let hop) = route.hop, case .v4(let network) = route.prefix.address else {
        return false
      }
      // The first address of a network is its name and may be a broadcast.
      let address = route.prefix.length < 31 ? IPv4Address(bits: network.bits + 1) : network
      do throws(Errno) {
        return try WayOut.source(toward: address) == hop
      } catch {
        log.warning(.trouble, "the way to \(address) cannot be asked for: \(error)")
        return false
      }
    }.map { .loops($0) }
  }

  /// Whoever has gone meanwhile is not answered.
  func tell(_ advice: [Advice]) {
    for ask in inspections { history?.answer(ask, advice) }
    inspections = []
  }

  /// Asks the daemon for what is due, and serves who waits.
  func turnHistory(at now: Instant) throws(Errno) {
    if link.isFollowing, let words = shifts.question(at: now) { link.askShifts(words, at: now) }
    guard let history else { return }
    history.flush(at: now)
    for client in history.clients {
      let interest: Interest = client.isEnding ? .readAndWrite : .read
      guard client.watched != interest else { continue }
      let token = Loop.token(.reader, 0, client.number)
      if client.watched == nil {
        try epoll.add(client.stream.raw, token: token, interest: interest)
      } else {
        try epoll.modify(client.stream.raw, token: token, interest: interest)
      }
      client.watched = interest
    }
  }

  func take(_ answer: [Record]?) {
    let kept = shifts.take(answer, at: Clock.monotonic())
    guard !kept.isEmpty else { return }
    do throws(Errno) {
      try vault.post(.shifts(kept))
    } catch {
      failure = error
    }
  }
}
