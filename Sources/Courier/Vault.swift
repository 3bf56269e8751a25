// The store on a thread of its own: a disk that hangs holds nobody but itself.

import Azure
import Linux
import Model
import Store
import Synchronization

/// Takes commands and gives news; neither call waits for the disk.
final class Vault: Sendable {
  /// Commands that wait for the disk. Words beyond it are not durable, history beyond it is lost:
  /// at ten lines a shift that is a hundred shifts.
  static let commandLimit = 1_024

  enum Command: Sendable {
    case keep(UInt64, [KeptIntent], isAnswer: Bool)
    case finish(route: String, Generation)
    case forget(route: String, Generation)
    case add(KeptEvent)
    case shifts([KeptShift])
    /// Tries what was refused once more.
    case again
    /// For whoever asks what was since a time.
    case read(HistoryDoor.Ask, since: Int64)
    case end

    var isWord: Bool { if case .keep = self { true } else { false } }

    /// A store that was given up is opened again for it.
    var deservesAStore: Bool {
      switch self {
      case .keep, .shifts, .read, .again: true
      case .finish, .forget, .add, .end: false
      }
    }
  }

  enum News: Sendable {
    /// What was kept when it was opened.
    case opened([KeptIntent])
    case kept(UInt64, isDurable: Bool)
    /// The disk does not take what it should.
    case failed(StoreError)
    /// It takes everything again.
    case mended
    /// A damaged store lies beside the new one.
    case putAside(String)
    /// Nil when nothing can be read.
    case read(HistoryDoor.Ask, [KeptShift]?)
    case ended
  }

  /// Shifts that wait for a disk that refuses them: as many as the daemon remembers; the oldest go.
  static let unsavedLimit = 512

  private struct Boxes: Sendable {
    var commands: [Command] = []
    var news: [News] = []
  }

  private let boxes = Mutex(Boxes())
  private let forWorker: EventDescriptor
  private let forLoop: EventDescriptor
  private let path: String

  /// Readable when there is news.
  var raw: Int32 { forLoop.raw }

  init(path: String) throws(Errno) {
    self.path = path
    forWorker = try EventDescriptor()
    forLoop = try EventDescriptor()
  }

  /// The thread's whole life is in the worker that is answered.
  func start() throws(Errno) -> Worker { try Worker { self.work() } }

  func post(_ command: Command) throws(Errno) {
    let isTaken = boxes.withLock { boxes in
      if boxes.commands.count < Vault.commandLimit {
        boxes.commands.append(command)
        return true
      }
      if case .keep(let number, _, _) = command {
        boxes.news.append(.kept(number, isDurable: false))
      }
      if case .read(let ask, _) = command { boxes.news.append(.read(ask, nil)) }
      return false
    }
    if isTaken { try forWorker.signal() } else { try forLoop.signal() }
  }

  func takeNews() throws(Errno) -> [News] {
    try forLoop.clear()
    return boxes.withLock { boxes in
      defer { boxes.news = [] }
      return boxes.news
    }
  }

  // MARK: The thread

  private func work() {
    var store = open()
    var unsaved: [KeptShift] = []
    while true {
      let commands = next()
      for command in commands {
        if case .end = command {
          tell(.ended)
          return
        }
        let wound = carryOut(command, &store, &unsaved)
        // A connection that has met a failing disk is not used again.
        if wound != nil { store = nil }
        if wound == .damaged { store = openAnew() }
      }
    }
  }

  private func next() -> [Command] {
    while true {
      let rest = boxes.withLock { boxes in Vault.takeFirst(of: &boxes.commands) }
      if !rest.isEmpty { return rest }
      forWorker.wait()
      let isClear = Vault.succeeds { () throws(Errno) in try forWorker.clear() }
      precondition(isClear, "a counter of ours can be read")
    }
  }

  /// Words before everything else, since a write waits for them; of the rest one at a time. Each
  /// says which generation it means, so none has to keep its place.
  private static func takeFirst(of commands: inout [Command]) -> [Command] {
    let words = commands.filter(\.isWord)
    if !words.isEmpty {
      commands.removeAll(where: \.isWord)
      return words
    }
    guard !commands.isEmpty else { return [] }
    // One transaction for all shifts that wait: each costs a sync.
    var shifts: [KeptShift] = []
    guard case .shifts = commands[0] else { return [commands.removeFirst()] }
    commands.removeAll { command in
      guard case .shifts(let more) = command else { return false }
      shifts += more
      return true
    }
    return [.shifts(shifts)]
  }

  private static func succeeds(_ body: () throws(Errno) -> Void) -> Bool {
    do throws(Errno) {
      try body()
      return true
    } catch {
      return false
    }
  }

  private func tell(_ news: News) {
    boxes.withLock { $0.news.append(news) }
    let isTold = Vault.succeeds { () throws(Errno) in try forLoop.signal() }
    precondition(isTold, "a counter of ours can be written")
  }

  private func open() -> Store? {
    do throws(StoreError) {
      return try opened()
    } catch {
      guard error == .damaged else {
        tell(.failed(error))
        return nil
      }
    }
    return openAnew()
  }

  /// Puts a damaged store aside. What of it is damaged may show late: only what is read is looked
  /// at.
  private func openAnew() -> Store? {
    // The daemon knows everything that counts; what cannot be read is put aside for whoever wants
    // to look at it.
    do throws(Errno) {
      try Directories.rename(path, to: path + ".damaged")
      try Files.removeIfPresent(path + "-wal")
    } catch {
      tell(.failed(.damaged))
      return nil
    }
    tell(.putAside(path + ".damaged"))
    do throws(StoreError) {
      return try opened()
    } catch {
      tell(.failed(error))
      return nil
    }
  }

  private func opened() throws(StoreError) -> Store {
    let store = try Store(path: path)
    tell(.opened(try store.intents()))
    return store
  }

  /// Why the store is not to be used any more; nil when it is.
  private func carryOut(
    _ command: Command, _ store: inout Store?, _ unsaved: inout [KeptShift]
  ) -> StoreError? {
    if store == nil, command.deservesAStore { store = open() }
    do throws(StoreError) {
      switch command {
      case .keep(let number, let intents, let isAnswer):
        guard store != nil else {
          tell(.kept(number, isDurable: false))
          return nil
        }
        do throws(StoreError) {
          if isAnswer {
            try store?.replace(intents)
          } else {
            _ = try store?.keep(intents)
          }
          tell(.kept(number, isDurable: true))
        } catch {
          tell(.kept(number, isDurable: false))
          throw error
        }
      case .finish(let route, let generation): try store?.finish(route, generation)
      case .forget(let route, let generation): try store?.forget(route, generation)
      case .add(let event): try store?.add(event)
      case .shifts(let shifts):
        unsaved += shifts
        try save(&unsaved, &store)
      case .again: try save(&unsaved, &store)
      case .read(let ask, let since):
        do throws(StoreError) {
          tell(.read(ask, try store?.shifts(since: since, limit: HistoryDoor.shiftLimit)))
        } catch {
          tell(.read(ask, nil))
          throw error
        }
      case .end: break
      }
      return nil
    } catch {
      tell(.failed(error))
      return error == .disk || error == .damaged ? error : nil
    }
  }

  /// Everything that waits goes in one transaction, and stays when it is refused.
  private func save(
    _ unsaved: inout [KeptShift], _ store: inout Store?
  ) throws(StoreError) {
    // Until it is known that the disk has them.
    defer { unsaved = Vault.newest(unsaved) }
    guard store != nil else { return }
    try store?.keep(unsaved)
    unsaved = []
    tell(.mended)
  }

  /// The last word on each, and not more than the limit.
  private static func newest(_ shifts: [KeptShift]) -> [KeptShift] {
    var result: [KeptShift] = []
    for shift in shifts.reversed() where result.count < unsavedLimit {
      guard !result.contains(where: { $0.run == shift.run && $0.number == shift.number }) else {
        continue
      }
      result.append(shift)
    }
    return result.reversed()
  }
}

extension KeptIntent {
  init(_ word: KeptWord) {
    let wish =
      switch word.wish {
      case .hop(let hop): ([hop] + word.earlier).map(\.description).joined(separator: " ")
      case .absent: "absent"
      // The row of such a route stays what it was until the route is gone.
      case .removed(let hops): hops.map(\.description).joined(separator: " ")
      case .notOurs: "not ours"
      }
    // Nothing has to be done for what is not ours.
    self.init(
      route: word.route, generation: word.generation, wish: wish, isDone: word.wish == .notOurs)
  }
}

extension KeptWord {
  /// A route of the kernel as it was kept; nil for any other.
  init?(_ intent: KeptIntent) {
    let name = intent.route.split(separator: "/").last ?? ""
    let hops = intent.wish.split(separator: " ").map { IPAddress($0) }
    guard Desired.crowdPrefix(name) != nil, let first = hops.first, let hop = first,
      !hops.contains(nil)
    else { return nil }
    self.init(
      route: intent.route, generation: intent.generation, wish: .hop(hop),
      earlier: hops.dropFirst().compactMap(\.self))
  }
}
