// Delivers a row of the vectors to a session and compares what came of it with the label.

import BGP
import Bytes
import Model

enum VectorDelivery: CaseIterable {
  case whole
  case byteByByte
  /// With a KEEPALIVE before it and one behind, in one piece.
  case glued

  /// In OpenSent and OpenConfirm a KEEPALIVE in front would be another story: there only the one
  /// behind is glued on. Behind a message that is not complete nothing can be glued.
  func suits(_ row: VectorRow) -> Bool { self != .glued || row.expect.class != "wait-for-more" }
}

/// What a session did with a row.
struct VectorReaction: Equatable, CustomStringConvertible {
  /// UPDATEs and refreshes it reported.
  private(set) var reports: [SessionAction] = []
  /// The body of the NOTIFICATION it sent.
  private(set) var notification: [UInt8]?
  private(set) var down: DownReason?
  private(set) var isClosed = false
  private(set) var becameEstablished = false
  private(set) var keepalives = 0
  private(set) var isConsistent = true

  var description: String {
    "reports \(reports), NOTIFICATION \(notification.map(Wire.text) ?? "none"), "
      + "down \(down.map { "\($0)" } ?? "no")"
  }

  init(to row: VectorRow, _ delivery: VectorDelivery) {
    let bench = Bench(row.settings)
    guard bench.reach(row.state, open: row.peerOpen) else {
      isConsistent = false
      return
    }
    var bytes = row.bytes
    if delivery == .glued {
      bytes = (row.state == .established ? Wire.keepalive : []) + bytes + Wire.keepalive
    }
    var actions: [SessionAction] = []
    if delivery == .byteByByte {
      for byte in bytes { actions += bench.receive([byte]) }
    } else {
      actions = bench.receive(bytes)
    }
    // An OPEN or KEEPALIVE glued behind may lead on to Established; the others do it here.
    if delivery != .glued, bench.state != .established {
      actions += bench.receive(Wire.keepalive)
    }
    note(actions, bench.sent)
    if isClosed != (bench.state == .idle) { isConsistent = false }
  }

  private mutating func note(_ actions: [SessionAction], _ sent: [[UInt8]]) {
    var messages = sent[...]
    for action in actions {
      if down != nil { isConsistent = false }
      switch action {
      case .update, .refreshRequested: reports.append(action)
      case .established: becameEstablished = true
      case .close: isClosed = true
      case .down(let reason):
        if !isClosed { isConsistent = false }
        down = reason
      case .connect, .accept, .refuse: isConsistent = false
      case .send:
        guard let message = messages.popFirst(), message.count >= 19 else {
          isConsistent = false
          continue
        }
        if message[18] == 4 {
          keepalives += 1
        } else if message[18] == 3, notification == nil {
          notification = Array(message[19...])
        } else {
          isConsistent = false
        }
      }
    }
  }

  func satisfies(_ row: VectorRow) -> Bool {
    if satisfies(row.expect.class, row.expect.notification, row.expect.data, row) { return true }
    return (row.expect.alsoAllowed ?? []).contains { allowed in
      switch allowed {
      case .kind(let name): satisfies(name, nil, nil, row)
      case .notification(let numbers): isNotification(numbers, nil)
      }
    }
  }

  private func satisfies(
    _ kind: String, _ numbers: [Int?]?, _ data: String?, _ row: VectorRow
  ) -> Bool {
    switch kind {
    case "accept": isAcceptance(of: row)
    case "end-of-rib": isUp && reports == [.update(.endOfRIB)]
    case "treat-as-withdraw": isUp && reports == [.update(.treatAsWithdraw)]
    case "attribute-discard": isUp && reports == [.update(.attributeDiscard)]
    case "ignore":
      isUp && (row.type == "UPDATE" ? reports == [.update(.ignored)] : reports.isEmpty)
    case "session-reset", "notification": isNotification(numbers ?? [nil, nil], data)
    case "notification-received", "session-closed":
      notification == nil && isClosed && down == row.receivedReason
    case "accept-or-notification": isAcceptance(of: row) || isNotification(numbers ?? [], data)
    case "stay-up": isUp && reports.count == 1
    case "no-crash", "unlabelled": true
    default: false
    }
  }

  private var isUp: Bool { !isClosed && down == nil && notification == nil }

  private func isNotification(_ numbers: [Int?], _ data: String?) -> Bool {
    guard let notification, isClosed, numbers.count == 2 else { return false }
    if let code = numbers[0], Int(notification[0]) != code { return false }
    if let subcode = numbers[1], Int(notification[1]) != subcode { return false }
    if let data, Wire.text(Array(notification[2...])) != data { return false }
    return
      down == .notificationSent(code: notification[0], subcode: notification[1])
  }

  private func isAcceptance(of row: VectorRow) -> Bool {
    guard isUp else { return false }
    switch row.type {
    case "OPEN": return becameEstablished && keepalives == 1 && reports.isEmpty
    case "UPDATE":
      if reports == [.update(.accept)] { return true }
      // The sources call the End-of-RIB marker accepted as well; and where a row names no session,
      // its family may be one we do not speak (RFC 4760 section 7: ignored).
      if reports == [.update(.endOfRIB)] { return row.isEndOfRIB }
      return reports == [.update(.ignored)] && row.session?.state == nil && row.namesOtherFamily
    case "ROUTE-REFRESH":
      // Only a plain request for a family of the session makes us send routes (RFC 2918 section 4).
      switch row.bytes.suffix(4) {
      case [0, 1, 0, 1]: return reports == [.refreshRequested(.ipv4Unicast)]
      case [0, 2, 0, 1]: return reports == [.refreshRequested(.ipv6Unicast)]
      default: return reports.isEmpty
      }
    default: return reports.isEmpty
    }
  }
}

// The session a row is meant for.
extension VectorRow {
  var state: SessionState {
    switch session?.state {
    case "opensent": .openSent
    case "openconfirm": .openConfirm
    case "established": .established
    default: type == "OPEN" ? .openSent : .established
    }
  }

  /// LOCAL_PREF stands only in UPDATEs within one AS (RFC 4271 section 5.1.5): a row without a
  /// session that has it was made for such a session.
  private var isInternal: Bool {
    session?.peer.map { $0 == "ibgp" } ?? attributeCodes.contains(5)
  }

  private var peerASN: UInt32 {
    if isInternal { return 65000 }
    guard type == "OPEN", session == nil else { return 65001 }
    let bytes = bytes
    // The four-octet AS capability, wherever it stands; else the field.
    for index in bytes.indices.dropFirst(29).dropLast(5)
    where bytes[index] == 65 && bytes[index + 1] == 4 {
      return bytes[(index + 2)..<(index + 6)].reduce(0) { $0 << 8 | UInt32($1) }
    }
    return UInt32(bytes[20]) << 8 | UInt32(bytes[21])
  }

  var settings: SessionSettings {
    SessionSettings(
      localASN: ASNumber(65000), localIdentifier: IPv4Address(10, 0, 0, 1),
      peerASN: ASNumber(peerASN), holdTime: .seconds(180),
      families: [.ipv4Unicast, .ipv6Unicast])
  }

  var peerOpen: [UInt8] {
    Wire.open(
      asn: peerASN, as4: session?.as4 ?? true,
      extended: session?.extendedMessages ?? (session == nil && bytes.count > 4096), ipv6: true)
  }

  var receivedReason: DownReason {
    .notificationReceived(code: bytes[19], subcode: bytes[20])
  }

  var isEndOfRIB: Bool {
    bytes.count == 23 || attributeCodes == [15] && [6, 7].contains(bytes[22])
  }

  /// There is a multiprotocol attribute for another family than IPv4 and IPv6 unicast.
  var namesOtherFamily: Bool {
    attributes.contains { code, value in
      (code == 14 || code == 15) && value.count >= 3
        && ![[0, 1, 1], [0, 2, 1]].contains(Array(value.prefix(3)))
    }
  }

  private var attributeCodes: [UInt8] { attributes.map(\.0) }

  /// The attributes of an UPDATE as far as they can be told apart.
  private var attributes: [(UInt8, [UInt8])] {
    let bytes = bytes
    guard type == "UPDATE", bytes.count >= 23 else { return [] }
    var offset = 21 + (Int(bytes[19]) << 8 | Int(bytes[20]))
    guard offset + 2 <= bytes.count else { return [] }
    let end = min(offset + 2 + (Int(bytes[offset]) << 8 | Int(bytes[offset + 1])), bytes.count)
    offset += 2
    var found: [(UInt8, [UInt8])] = []
    while offset + 3 <= end {
      let isLong = bytes[offset] & 0x10 != 0
      guard !isLong || offset + 4 <= end else { break }
      let length =
        isLong ? Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]) : Int(bytes[offset + 2])
      let start = offset + (isLong ? 4 : 3)
      guard start + length <= end else { break }
      found.append((bytes[offset + 1], Array(bytes[start..<(start + length)])))
      offset = start + length
    }
    return found
  }
}
