// How large a hello may be, and how many leave in one interval.

/// The limits of hello. The sizes are fixed by version 1; the counts are our choice.
package enum HelloLimits {
  /// Bytes of a datagram, tag included: with its headers it stays below the 1,500 bytes of
  /// Ethernet, and below what tunnels leave of them.
  package static let datagram = 1_400
  /// Bytes of the tag that authenticates a body, at the datagram's end.
  package static let tag = 16
  /// Bytes of a body: all but the tag.
  package static let body = datagram - tag
  /// Bytes before the first entry, and of one entry.
  package static let header = 36
  package static let entry = 20
  /// VIPs of which one datagram tells: what leaves room for some trailers.
  package static let entries = 64
  /// Bytes of a trailer's own header.
  package static let trailerHeader = 4
  /// Bytes that trailers always have, however many entries there are.
  package static let trailers = body - header - entries * entry
  /// Datagrams that leave for one fellow in one interval: 512 VIPs, and at 100 ms about 1 Mbit/s.
  package static let datagramsPerInterval = 8
  /// Rounds in which a change is told before the VIP waits for its turn again: the loss of one
  /// datagram or two does not delay it by a whole walk.
  package static let tellings = 3
}
