// How much one class of kernel news gets in one wake-up, and whether it has to come back for more.

import Linux

/// What is left when a turn ends is read in the next one, also when that is nothing: only a read
/// that finds the socket empty lets a dump begin, and a loss that was reported last leaves nothing
/// that epoll would tell of.
struct KernelTurn {
  /// What a read leads to.
  enum Step: Equatable {
    case news
    case lost
    case nothing
    case drained
  }

  private var reads: Int
  private var bytes: Int
  private var isDrained = false

  init(reads: Int, bytes: Int) {
    self.reads = reads
    self.bytes = bytes
  }

  /// Whether there is another read in this turn.
  var goesOn: Bool { !isDrained && reads > 0 && bytes > 0 }

  /// The socket was not seen empty: the next turn is due at once.
  var isUnfinished: Bool { !isDrained }

  /// Counts a read that brought so many bytes.
  mutating func step(_ received: NetlinkSocket.Received, _ count: Int) -> Step {
    reads -= 1
    switch received {
    case .datagram:
      bytes -= count
      return .news
    case .overrun: return .lost
    case .foreign: return .nothing
    case .empty:
      isDrained = true
      return .drained
    }
  }
}
