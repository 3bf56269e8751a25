// Walks the attributes behind a netlink message's fixed part.

import Bytes
import CNetlink

/// One attribute: its type without flags, and where its payload lies.
///
///     +-------------------------------+-------------------------------+
///     |            rta_len            |           rta_type            |
///     +-------------------------------+-------------------------------+
///     |  payload, padded to four bytes                              ...
struct Attribute {
  let type: UInt16
  let payload: Range<Int>
}

/// A place among the attributes of one message.
struct AttributeCursor {
  private var offset: Int
  private let end: Int
  /// A length that cannot be: what was read before it still counts, the message does not.
  private(set) var isMalformed = false

  private static let headerSize = Int(cnetlink_rta_hdrlen)

  init(_ range: Range<Int>) {
    offset = range.lowerBound
    end = range.upperBound
  }

  mutating func next(in bytes: Span<UInt8>) -> Attribute? {
    let left = end - offset
    // The kernel pads the last attribute; libmnl and the kernel itself ignore up to three bytes
    // behind it.
    guard left >= AttributeCursor.headerSize else { return nil }
    guard let length = bytes.native16(at: offset).map(Int.init),
      let type = bytes.native16(at: offset + 2),
      length >= AttributeCursor.headerSize, length <= left
    else {
      isMalformed = true
      offset = end
      return nil
    }
    let payload = (offset + AttributeCursor.headerSize)..<(offset + length)
    offset = min(end, offset + (length + 3) & ~3)
    return Attribute(type: type & UInt16(cnetlink_nla_type_mask), payload: payload)
  }
}
