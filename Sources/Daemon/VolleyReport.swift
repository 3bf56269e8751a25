// The answer to `volleys`: what is armed for whom, in words and in bytes.

import BGP
import Control
import Engine
import Model

enum VolleyReport {
  /// Volleys in one answer. We chose it: two for each of a thousand VIPs at four route servers; the
  /// answer stays within `ControlClient.queueLimit`.
  static let volleyLimit = 8_000
  /// Bytes of a volley that are shown in hex. We chose it: an UPDATE of the ordinary size.
  static let hexLimit = 4_096
  /// UPDATEs of a volley whose sizes are told.
  static let chunkLimit = 256

  static func answer(_ request: Request, _ engine: borrowing Engine) -> [UInt8] {
    guard request.words.count <= 1 else {
      return JSONLine.end(id: request.id, code: .usage, message: "volleys takes one VIP at most")
    }
    let plan = engine.plan
    var chosen = plan.vips.indices.map { VIPSlot($0) }
    if let name = request.words.first {
      chosen = chosen.filter { plan.vips[$0.index].name == name }
      guard !chosen.isEmpty else {
        return JSONLine.end(
          id: request.id, code: .failure, message: UnknownName.vip(name, plan))
      }
    }
    var bytes: [UInt8] = []
    var told = 0
    var omitted = 0
    for vip in chosen {
      for peer in plan.routeServers.peers.indices {
        for armed in engine.speaker.magazine.armed(vip, for: PeerSlot(peer)) {
          guard told < volleyLimit else {
            omitted += 1
            continue
          }
          told += 1
          bytes += record(
            request.id, engine, vip, PeerSlot(peer), armed.volley, armed.announcement,
            withBytes: !request.words.isEmpty)
        }
      }
    }
    let rest = omitted == 0 ? "" : "\(omitted) more volleys are armed; name a VIP to see its own"
    return bytes + JSONLine.end(id: request.id, code: .ok, message: rest)
  }

  private static func record(
    _ id: String, _ engine: borrowing Engine, _ slot: VIPSlot, _ peer: PeerSlot,
    _ volley: VolleyID, _ announcement: Announcement, withBytes: Bool
  ) -> [UInt8] {
    let plan = engine.plan
    let vip = plan.vips[slot.index]
    var line = JSONLine(id: id, type: "volley")
    line.add("vip", vip.name)
    line.add("route-server", plan.routeServers.peers[peer.index].description)
    line.add("rung", announcement.word)
    let stands = engine.speaker.standing(slot).map { engine.speaker.announcement(slot, $0) }
    line.add("stands", stands == announcement)
    let ipv4 = volley.only(.ipv4Unicast)
    let ipv6 = volley.only(.ipv6Unicast)
    let content = engine.speaker.magazine.content(of: slot)
    let hasIPv4 = engine.speaker.magazine.count(of: ipv4) > 0
    let hasIPv6 = engine.speaker.magazine.count(of: ipv6) > 0
    let nextHops = announcement.isWithdrawal ? nil : announcement.nextHops
    line.add("next-hop", hasIPv4 ? nextHops?.ipv4.description : nil)
    line.add("next-hop6", hasIPv6 ? nextHops?.ipv6?.description : nil)
    line.add("asn", plan.local.asn.value)
    // A withdrawal has no path.
    if announcement.isWithdrawal {
      line.addNull("path-length")
    } else {
      line.add("path-length", announcement.rung.pathLength)
    }
    if let med = vip.attributes.med { line.add("med", med) }
    line.add("communities", vip.attributes.communities.map(\.description))
    line.add("large-communities", vip.attributes.largeCommunities.map(\.description))
    let told6 = hasIPv6 ? content.ipv6.count : 0
    line.add("prefixes", (hasIPv4 ? content.ipv4.count : 0) + told6)
    line.add("prefixes6", told6)
    line.add("updates", engine.speaker.magazine.messages(of: volley))
    line.add("updates6", engine.speaker.magazine.messages(of: ipv6))
    line.add("bytes", engine.speaker.magazine.count(of: volley))
    if withBytes {
      let shown = engine.withBytes(of: volley) { (sizes: sizes($0), hex: hex($0)) }
      line.add("update-bytes", shown.sizes)
      line.add("hex", shown.hex)
    }
    return line.finish()
  }

  /// The length of each UPDATE, from its own header (RFC 4271 section 4.1).
  private static func sizes(_ bytes: Span<UInt8>) -> [Int] {
    var sizes: [Int] = []
    var offset = 0
    while offset + Framing.headerLength <= bytes.count, sizes.count < chunkLimit {
      let size = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
      sizes.append(size)
      offset += max(size, Framing.headerLength)
    }
    return sizes
  }

  private static func hex(_ bytes: Span<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * min(bytes.count, hexLimit))
    for index in 0..<min(bytes.count, hexLimit) {
      text.append(digits[Int(bytes[index] >> 4)])
      text.append(digits[Int(bytes[index] & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
