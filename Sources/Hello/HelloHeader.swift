// What a hello says of its sender.

package import Model

/// The head of a datagram's body, and where in it everything lies.
///
///      0               1               2               3
///     +---------------+---------------+---------------+---------------+
///     |                     magic, "hops"                             |
///     +---------------+---------------+---------------+---------------+
///     |  version, 1   |     flags     |     part      |     parts     |
///     +---------------+---------------+---------------+---------------+
///     |                     the sender's IPv4 address                 |
///     +---------------+---------------+---------------+---------------+
///     |                     pauses                                    |
///     +---------------+---------------+---------------+---------------+
///     |                     start, 64 bits                            |
///     |                                                               |
///     +---------------+---------------+---------------+---------------+
///     |                     sequence, 64 bits                         |
///     |                                                               |
///     +---------------+---------------+---------------+---------------+
///     |       count of entries        |       bytes of trailers       |
///     +---------------+---------------+---------------+---------------+
///     |  entries, then trailers; after the body, not in it, the tag   |
///
/// All numbers are in network order.
package struct HelloHeader: Equatable, Sendable {
  /// What version 1 fixes: "hops".
  static let magic: UInt32 = 0x686f_7073
  static let version: UInt8 = 1
  /// Where the counts are; they are known last.
  static let countOffset = 32
  static let trailersOffset = 34

  /// What is true of the sender as a whole. Flags that this version does not know are ignored.
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It ends, and this is the last that is heard of it.
    package static let leaving = Flags(rawValue: 1 << 0)
    /// The platform is about to do something to its machine.
    package static let doomed = Flags(rawValue: 1 << 1)
    static let known: Flags = [.leaving, .doomed]
  }

  package var sender: IPv4Address
  /// The number of the sender's run: it grows with each of its starts.
  package var start: UInt64
  /// The number of the datagram in its run.
  package var sequence: UInt64
  /// How often the sender has noticed in this run that it had stood still.
  package var pauses: UInt32
  /// Which of the `parts` datagrams of its round this is, from 0.
  package var part: UInt8
  package var parts: UInt8
  package var flags: Flags

  package init(
    sender: IPv4Address, start: UInt64, sequence: UInt64, pauses: UInt32, part: UInt8 = 0,
    parts: UInt8 = 1, flags: Flags = []
  ) {
    self.sender = sender
    self.start = start
    self.sequence = sequence
    self.pauses = pauses
    self.part = part
    self.parts = parts
    self.flags = flags
  }

  package var moment: HelloMoment { HelloMoment(start: start, sequence: sequence) }
}
