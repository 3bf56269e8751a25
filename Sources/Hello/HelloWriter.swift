// Writes one hello into memory that was reserved once.

import Bytes
import Model

/// The body of one datagram: a header, then entries, then trailers, in this order.
package struct HelloWriter: ~Copyable {
  private var writer = Writer(capacity: HelloLimits.body)
  /// Entries in the body so far.
  package private(set) var count = 0
  private var trailersStart = 0

  package init() {}

  /// What was written since `begin`.
  package var bytes: [UInt8] { writer.bytes }

  /// Whether another entry fits.
  package var hasRoom: Bool { count < HelloLimits.entries && trailersStart == 0 }

  package mutating func begin(_ header: HelloHeader) {
    precondition(header.part < header.parts, "a part is one of its parts")
    writer.removeAll()
    count = 0
    trailersStart = 0
    writer.write(HelloHeader.magic)
    writer.write(HelloHeader.version)
    writer.write(header.flags.rawValue)
    writer.write(header.part)
    writer.write(header.parts)
    writer.write(header.sender.bits)
    writer.write(header.pauses)
    writer.write(header.start)
    writer.write(header.sequence)
    writer.write(UInt32(0))
  }

  package mutating func add(_ entry: HelloEntry) {
    precondition(writer.count >= HelloLimits.header && hasRoom, "no room for an entry")
    writer.write(entry.vip.bits)
    writer.write(entry.epoch)
    writer.write(entry.nextHop?.bits ?? 0)
    writer.write(entry.rung.value)
    writer.write(entry.rank)
    writer.write(entry.flags.rawValue)
    writer.write(UInt8(0))
    count += 1
    writer.overwrite(UInt16(count), at: HelloHeader.countOffset)
  }

  /// Bytes that the value of another trailer may have; negative when there is no room for one.
  package var trailerRoom: Int { writer.capacity - writer.count - HelloLimits.trailerHeader }

  /// Adds a trailer; no entry can follow. It has to fit into `trailerRoom`.
  package mutating func addTrailer(kind: UInt16, _ value: Span<UInt8>) {
    precondition(writer.count >= HelloLimits.header && value.count <= trailerRoom)
    if trailersStart == 0 { trailersStart = writer.count }
    writer.write(kind)
    writer.write(UInt16(value.count))
    for index in value.indices { writer.write(value[index]) }
    writer.overwrite(UInt16(writer.count - trailersStart), at: HelloHeader.trailersOffset)
  }
}
