// What each message does in each state, and how messages are cut out of the stream.

import Bytes
package import Model

extension Session {
  /// Takes the next bytes of the stream, cut anywhere. Bytes of a connection that is over, or was
  /// ended by what came before them, are dropped.
  package mutating func receive(
    _ bytes: Span<UInt8>, at now: Instant, into output: inout SessionOutput
  ) {
    var offset = 0
    while offset < bytes.count, hasConnection {
      offset =
        reassembly.isEmpty
        ? takeWhole(bytes, from: offset, now, &output)
        : takePiece(bytes, from: offset, now, &output)
    }
  }

  private var hasConnection: Bool {
    switch state {
    case .openSent, .openConfirm, .established: true
    case .idle, .connect, .active: false
    }
  }

  private var messageLimit: Int { negotiated?.messageLimit ?? Framing.ordinaryLimit }

  /// Reads one message where it lies, or begins to keep one that is not all there. Gives the
  /// offset of what comes next.
  private mutating func takeWhole(
    _ bytes: Span<UInt8>, from offset: Int, _ now: Instant, _ output: inout SessionOutput
  ) -> Int {
    let left = bytes.count - offset
    if left >= Framing.headerLength {
      let rest = bytes.extracting(offset..<bytes.count)
      do throws(Notification) {
        let header = try Framing.read(rest, limit: messageLimit)
        if header.length <= left {
          dispatch(rest.extracting(0..<header.length), header.type, now, &output)
          return offset + header.length
        }
      } catch {
        refuse(error, rest, now, &output)
        return bytes.count
      }
    }
    for index in offset..<bytes.count { reassembly.append(bytes[index]) }
    return bytes.count
  }

  /// Adds to the message that is kept, first to the end of its header, then to its own end.
  private mutating func takePiece(
    _ bytes: Span<UInt8>, from offset: Int, _ now: Instant, _ output: inout SessionOutput
  ) -> Int {
    // The buffer is taken out while it is read, so that the session can be changed meanwhile.
    var held: [UInt8] = []
    swap(&held, &reassembly)
    var next = offset
    Session.fill(&held, upTo: Framing.headerLength, from: bytes, &next)
    if held.count >= Framing.headerLength {
      do throws(Notification) {
        let header = try Framing.read(held.span, limit: messageLimit)
        Session.fill(&held, upTo: header.length, from: bytes, &next)
        if held.count == header.length {
          dispatch(held.span, header.type, now, &output)
          held.removeAll(keepingCapacity: true)
        }
      } catch {
        refuse(error, held.span, now, &output)
        held.removeAll(keepingCapacity: true)
      }
    }
    swap(&held, &reassembly)
    return next
  }

  private static func fill(
    _ held: inout [UInt8], upTo count: Int, from bytes: Span<UInt8>, _ next: inout Int
  ) {
    while held.count < count, next < bytes.count {
      held.append(bytes[next])
      next += 1
    }
  }

  private mutating func dispatch(
    _ message: Span<UInt8>, _ type: MessageType, _ now: Instant, _ output: inout SessionOutput
  ) {
    counters.messagesReceived += 1
    do throws(Notification) {
      switch state {
      case .openSent: try receiveInOpenSent(message, type, now, &output)
      case .openConfirm: try receiveInOpenConfirm(message, type, now, &output)
      case .established: try receiveInEstablished(message, type, now, &output)
      case .idle, .connect, .active: break
      }
    } catch {
      refuse(error, message, now, &output)
    }
  }

  private mutating func receiveInOpenSent(
    _ message: Span<UInt8>, _ type: MessageType, _ now: Instant, _ output: inout SessionOutput
  ) throws(Notification) {
    switch type {
    case .open:
      // [19] BGPOpen: KEEPALIVE, the agreed timers, to OpenConfirm. A bad one [22] throws, and so
      // does one that loses a collision [23].
      let agreed = try Open(message).check(against: settings)
      if losesCollision(agreed) { throw .cease(.connectionCollisionResolution) }
      negotiated = agreed
      enter(.openConfirm, now)
      restartHold(at: now)
      sendKeepalive(now, &output)
    case .notification:
      // [24] NotifMsgVerErr: to Idle. Section 8.2.2 would answer any other [25] with an FSM error,
      // but section 6.4 forbids a NOTIFICATION about a NOTIFICATION.
      receiveNotification(message, now, &output)
    case .update, .keepalive, .routeRefresh:
      // [26, 27] and all else: Finite State Machine Error.
      throw .unexpectedMessage(in: .openSent, type: type.rawValue)
    }
  }

  /// RFC 4271 section 6.8: an Established session stays; between this connection and one in
  /// OpenConfirm, the one stays that was opened by the speaker with the higher identifier.
  private func losesCollision(_ agreed: Negotiated) -> Bool {
    switch rival {
    case .established: true
    case .openConfirm: settings.preferredSide(against: agreed.peerIdentifier) != side
    case .idle, .connect, .active, .openSent: false
    }
  }

  private mutating func receiveInOpenConfirm(
    _ message: Span<UInt8>, _ type: MessageType, _ now: Instant, _ output: inout SessionOutput
  ) throws(Notification) {
    switch type {
    case .keepalive:
      // [26] KeepAliveMsg: restart the hold timer, to Established.
      counters.keepalivesReceived += 1
      restartHold(at: now)
      epoch &+= 1
      failures = 0
      enter(.established, now)
      output.add(.established)
    case .notification:
      // [24, 25] to Idle.
      receiveNotification(message, now, &output)
    case .open, .update, .routeRefresh:
      // [27] and all else: Finite State Machine Error. A collision comes on the other
      // connection to the peer, never as a second OPEN on this one.
      throw .unexpectedMessage(in: .openConfirm, type: type.rawValue)
    }
  }

  private mutating func receiveInEstablished(
    _ message: Span<UInt8>, _ type: MessageType, _ now: Instant, _ output: inout SessionOutput
  ) throws(Notification) {
    switch type {
    case .keepalive:
      // [26] KeepAliveMsg: restart the hold timer.
      counters.keepalivesReceived += 1
      restartHold(at: now)
    case .update:
      // [27] UpdateMsg: restart the hold timer. A bad one [28] throws.
      let reading = try UpdateReader.read(message, in: updateContext)
      restartHold(at: now)
      received.apply(reading, message, in: updateContext, at: now)
      note(reading, message, now)
      counters.count(reading.kind)
      output.add(.update(reading.kind))
    case .routeRefresh:
      receiveRefresh(message, &output)
    case .notification:
      // [24, 25] to Idle.
      receiveNotification(message, now, &output)
    case .open:
      // [19]: we do not look for collisions in Established (CollisionDetectEstablishedState), and
      // all else is a Finite State Machine Error.
      throw .unexpectedMessage(in: .established, type: type.rawValue)
    }
  }

  /// Remembers an UPDATE of which something was left out.
  private mutating func note(
    _ reading: UpdateReading, _ message: Span<UInt8>, _ now: Instant
  ) {
    let outcome: MessageFault.Outcome
    switch reading.kind {
    case .accept, .endOfRIB, .ignored: return
    case .attributeDiscard: outcome = .attributeDiscard
    case .treatAsWithdraw: outcome = .treatAsWithdraw
    }
    let code = reading.subcode == 0 ? 0 : Notification.Code.updateMessage.rawValue
    faultRing.add(
      MessageFault(
        at: now, outcome: outcome, type: MessageType.update.rawValue, length: message.count,
        attribute: reading.culprit, code: code, subcode: reading.subcode))
  }

  ///      +--------------+-----------------------+--------------+
  ///      | AFI (2)      | Message Subtype (1)   | SAFI (1)     |
  ///      +--------------+-----------------------+--------------+
  ///
  /// RFC 2918 section 3, with the subtype of RFC 7313 section 3.2.
  private mutating func receiveRefresh(_ message: Span<UInt8>, _ output: inout SessionOutput) {
    counters.refreshesReceived += 1
    let body = Framing.headerLength
    // More than four octets are Outbound Route Filters (RFC 5291), which we did not offer.
    guard message.count == body + 4, let afi = message.bigEndian16(at: body) else { return }
    // Subtypes 1 and 2 mark the ends of a refresh by a peer that we did not ask for one; others
    // are ignored (RFC 7313 section 5).
    guard message[body + 2] == 0 else { return }
    // RFC 2918 section 4: a family that was not negotiated is ignored.
    let family = Families(afi: afi, safi: message[body + 3])
    if !family.isEmpty, updateContext.families.contains(family) {
      output.add(.refreshRequested(family))
    }
  }

  private mutating func receiveNotification(
    _ message: Span<UInt8>, _ now: Instant, _ output: inout SessionOutput
  ) {
    let code = message[Framing.headerLength]
    let subcode = message[Framing.headerLength + 1]
    communication.removeAll()
    // RFC 9003 section 2: only these two carry text.
    if code == Notification.Code.cease.rawValue,
      subcode == CeaseReason.administrativeShutdown.rawValue
        || subcode == CeaseReason.administrativeReset.rawValue
    {
      communication.read(message)
    }
    output.add(.close)
    leave(.notificationReceived(code: code, subcode: subcode), to: .idle, now, &output)
    restartConnectRetry(at: now)
  }

  /// [21] BGPHeaderErr, [22] BGPOpenMsgErr, [28] UpdateMsgErr and what is unexpected: the
  /// NOTIFICATION, drop the connection, to Idle.
  private mutating func refuse(
    _ notification: Notification, _ message: Span<UInt8>, _ now: Instant,
    _ output: inout SessionOutput
  ) {
    send(notification, refusing: message, &output)
    output.add(.close)
    let reason = DownReason.notificationSent(
      code: notification.code.rawValue, subcode: notification.subcode)
    if !reason.isCollision {
      counters.sessionResets += 1
      faultRing.add(
        MessageFault(
          at: now, outcome: .sessionReset, type: message.byte(at: Framing.typeOffset) ?? 0,
          length: message.count, attribute: nil, code: notification.code.rawValue,
          subcode: notification.subcode))
    }
    leave(reason, to: .idle, now, &output)
    restartConnectRetry(at: now)
  }
}
