// A second reader of hello, written from the diagrams alone: what speakers say is judged by it.

import Model

/// What a speaker says of the first VIP of its group.
struct Saying: Equatable {
  var epoch: UInt32
  var rung: UInt8
  var wants: Bool
  var nextHop: UInt32

  /// Claims begin behind standby and fifteen rungs to resign to.
  var isClaim: Bool { rung >= 16 }
}

enum HelloWire {
  private static let header = 36
  private static let entry = 20

  /// nil: the bytes are no hello of version 1.
  static func read(_ body: [UInt8], of vip: VIPDigest) -> (saying: Saying?, isLeaving: Bool)? {
    guard body.count >= header, number(body, 0, 4) == 0x686f_7073, body[4] == 1
    else { return nil }
    let count = Int(number(body, 32, 2))
    guard body.count >= header + count * entry else { return nil }
    let isLeaving = body[5] & 1 != 0
    for place in 0..<count {
      let start = header + place * entry
      guard number(body, start, 8) == vip.bits else { continue }
      let saying = Saying(
        epoch: UInt32(number(body, start + 8, 4)), rung: body[start + 16],
        wants: body[start + 18] & 1 != 0, nextHop: UInt32(number(body, start + 12, 4)))
      return (saying, isLeaving)
    }
    return (nil, isLeaving)
  }

  /// The same hello, which says of no VIP where its traffic goes.
  static func withoutNextHops(_ body: [UInt8]) -> [UInt8] {
    var body = body
    for place in 0..<Int(number(body, 32, 2)) {
      let start = header + place * entry + 12
      body.replaceSubrange(start..<start + 4, with: [0, 0, 0, 0])
    }
    return body
  }

  private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64 {
    bytes[start..<(start + count)].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
