// Requests to Azure and to the metadata service: on the wire, and what came of them.

import Azure
import HTTPS
import Linux
import Model

extension Loop {
  /// Starts a request; answers why it could not be.
  func send(_ call: OfficeCall, _ request: Request, at now: Instant) -> Loss? {
    var token: String?
    if request.needsToken {
      token = office.token(at: now)
      guard token != nil else { return .notSent(.noToken) }
    }
    var outgoing = Outgoing(
      Outgoing.Method(request.method), request.url, headers: request.headers, token: token,
      body: request.body, bodyLimit: Answer.bodyLimit)
    if request.isForMetadata { outgoing.connectLimit = Metadata.connectLimit }
    if let limit = office.limit(of: call) { outgoing.limit = limit }
    guard let id = transport.start(outgoing) else { return .notSent(.cancelled) }
    calls[id] = call
    traffic.begin()
    // The first bytes leave now, not after the next wait.
    transport.timerFired()
    noteTimer()
    return nil
  }

  func abandon(_ call: OfficeCall) {
    guard let id = calls.first(where: { $0.value == call })?.key else { return }
    calls[id] = nil
    transport.cancel(id)
    noteTimer()
  }

  func readExchange(_ position: Int) {
    let event = epoll.event(at: position)
    let descriptor = Int32(event.token.slot)
    // Of another life of that number: it was closed in this same turn.
    guard sockets[descriptor] == event.token.generation else { return }
    transport.ready(
      descriptor, reads: event.readable, writes: event.writable,
      error: event.error || event.hangup)
    noteTimer()
    collect()
  }

  func fireTimer() {
    if let due = exchangeDue, Clock.monotonic() >= due {
      exchangeDue = nil
      transport.timerFired()
      noteTimer()
    }
    collect()
  }

  private func noteTimer() {
    guard transport.timerSettings != exchangeSettings else { return }
    exchangeSettings = transport.timerSettings
    exchangeDue = transport.timer.map { Clock.monotonic() + $0 }
  }

  private func collect() {
    for (id, result) in transport.takeFinished() {
      guard let call = calls.removeValue(forKey: id) else { continue }
      switch result {
      case .success(let incoming):
        traffic.answered(Int(incoming.status))
        give(.answer(call, Answer(incoming)))
      case .failure(let failure):
        traffic.lose()
        give(.lost(call, Loss(failure)))
      }
    }
  }

  /// Called by the transport before it closes a descriptor.
  func watch(_ socket: SocketWatch) {
    do throws(Errno) {
      let descriptor = socket.descriptor
      guard !socket.isOver else {
        if sockets.removeValue(forKey: descriptor) != nil { try epoll.remove(descriptor) }
        return
      }
      guard let slot = UInt16(exactly: descriptor) else { throw .invalidArgument }
      var interest: Interest = []
      if socket.reads { interest.insert(.read) }
      if socket.writes { interest.insert(.write) }
      if let known = sockets[descriptor] {
        try epoll.modify(
          descriptor, token: Loop.token(.exchange, slot, known), interest: interest)
        return
      }
      lastSocket &+= 1
      sockets[descriptor] = lastSocket
      try epoll.add(
        descriptor, token: Loop.token(.exchange, slot, lastSocket), interest: interest)
    } catch {
      failure = error
    }
  }
}

extension Outgoing.Method {
  init(_ method: Request.Method) {
    switch method {
    case .get: self = .get
    case .put: self = .put
    case .post: self = .post
    case .delete: self = .delete
    }
  }
}

extension Answer {
  init(_ incoming: Incoming) {
    self.init(
      status: incoming.status, headers: incoming.headers.map { Header($0.name, $0.value) },
      body: incoming.body)
  }
}

extension Loss {
  init(_ failure: Failure) {
    switch failure {
    case .noAddress: self = .notSent(.noAddress)
    case .refused: self = .notSent(.refused)
    case .certificate: self = .notSent(.certificate)
    case .secureChannel: self = .notSent(.secureChannel)
    case .badURL: self = .notSent(.unreadable)
    case .timeout(let mayHaveArrived):
      self = mayHaveArrived ? .unanswered(.timeout) : .notSent(.timeout)
    case .broken(let mayHaveArrived):
      self = mayHaveArrived ? .unanswered(.broken) : .notSent(.broken)
    case .tooLong: self = .unanswered(.tooLong)
    case .other: self = .unanswered(.unreadable)
    }
  }
}
