// Turns what was captured at one route server into a list of BGP messages with their times.

import Model
package import Platform

/// A frame and when the kernel saw it.
package struct CapturedFrame: Sendable {
  package var moment: Moment
  package var bytes: [UInt8]

  package init(moment: Moment, bytes: [UInt8]) {
    self.moment = moment
    self.bytes = bytes
  }
}

/// One message, where and when it was seen. `moment` is that of the frame that completed it.
package struct WireRecord: Hashable, Sendable {
  package var moment: Moment
  package var source: Endpoint
  package var destination: Endpoint
  package var message: WireMessage

  package init(
    moment: Moment, source: Endpoint, destination: Endpoint, message: WireMessage
  ) {
    self.moment = moment
    self.source = source
    self.destination = destination
    self.message = message
  }
}

/// Reads frames in the order of capture, all TCP connections of port 179 at once.
package struct WireReader: Sendable {
  /// We chose it: a run has four sessions and a few attempts that were refused.
  package static let connectionLimit = 1024
  private static let port: UInt16 = 179

  private struct Direction {
    var source: Endpoint
    var destination: Endpoint
    var stream = ByteStream()
    var reader = MessageReader()
    var offersFourOctet = false
    var offersExtended = false
  }

  private var directions: [Direction] = []
  package private(set) var records: [WireRecord] = []
  /// Connections that were reset or finished, by who did it and when.
  package private(set) var endings: [(moment: Moment, source: Endpoint, destination: Endpoint)] = []
  /// Bytes seen more than once: retransmissions.
  package var repeatedBytes: Int { directions.reduce(0) { $0 + $1.stream.repeatedBytes } }

  package init() {}

  package mutating func read(_ frame: CapturedFrame) {
    guard let segment = Segment(frame: frame.bytes) else { return }
    read(segment, at: frame.moment)
  }

  package mutating func read(_ segment: Segment, at moment: Moment) {
    guard segment.source.port == WireReader.port || segment.destination.port == WireReader.port,
      let index = direction(from: segment.source, to: segment.destination)
    else { return }
    if segment.isSYN {
      // A port that is used again starts from nothing.
      directions[index] = Direction(source: segment.source, destination: segment.destination)
    }
    directions[index].reader.append(directions[index].stream.receive(segment))
    let other = self.index(from: segment.destination, to: segment.source)
    let otherFour = other.map { directions[$0].offersFourOctet } ?? false
    let otherExtended = other.map { directions[$0].offersExtended } ?? false
    // The width is settled by both OPENs (RFC 6793 section 4.1), and so is the length (RFC 8654
    // section 3): they are asked anew for each message.
    while let message = directions[index].reader.next(
      fourOctet: otherFour && directions[index].offersFourOctet,
      extended: otherExtended && directions[index].offersExtended)
    {
      if case .opening(let open) = message {
        directions[index].offersFourOctet = open.fourOctet
        directions[index].offersExtended = open.extended
      }
      append(message, segment, at: moment)
    }
    if directions[index].stream.isLost {
      append(.unreadable("bytes are missing from the capture"), segment, at: moment)
    }
    let carried = !directions[index].stream.isEmpty
    if segment.isFIN || segment.isRST, carried {
      endings.append((moment, segment.source, segment.destination))
    }
  }

  private mutating func append(_ message: WireMessage, _ segment: Segment, at moment: Moment) {
    records.append(
      WireRecord(
        moment: moment, source: segment.source, destination: segment.destination, message: message))
  }

  private func index(from source: Endpoint, to destination: Endpoint) -> Int? {
    directions.firstIndex { $0.source == source && $0.destination == destination }
  }

  private mutating func direction(from source: Endpoint, to destination: Endpoint) -> Int? {
    if let known = index(from: source, to: destination) { return known }
    guard directions.count < WireReader.connectionLimit else { return nil }
    directions.append(Direction(source: source, destination: destination))
    return directions.count - 1
  }
}
