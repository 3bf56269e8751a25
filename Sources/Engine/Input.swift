// What goes into the machine: one thing that happened; its bytes travel beside it.

package import BGP
package import Failover
package import Model
package import Probes

/// One thing that happened. The cases marked "bytes" come with the bytes received.
package enum Input: Equatable, Sendable {
  /// A kernel socket is open and subscribed; `port` is its address.
  case opened(KernelClass, port: UInt32)
  /// The socket of this class could not be opened; `code` is the errno, positive.
  case openFailed(KernelClass, code: Int32)
  /// A datagram from the kernel. Bytes.
  case kernel(KernelClass)
  /// The kernel dropped messages of this class: what is known of it may be wrong.
  case overrun(KernelClass)
  /// The socket of this class was read until it was empty.
  case drained(KernelClass)
  /// The request for a dump could not be sent; `code` is the errno, positive.
  case dumpFailed(KernelClass, code: Int32)
  /// A monitor listens to this class, or none does any more.
  case watched(KernelClass)
  case unwatched(KernelClass)
  /// Something that needs this link has failed: what the kernel said of it may be old.
  case doubted(InterfaceIndex)
  case connected(PeerSlot)
  case connectFailed(PeerSlot)
  /// A route server has opened a connection, which waits to be accepted or refused.
  case accepted(PeerSlot)
  /// Part of a route server's stream. Bytes.
  case received(ConnectionSlot)
  case closed(ConnectionSlot)
  /// TCP has not taken all that was sent; told again for each message that leaves meanwhile.
  case held(ConnectionSlot)
  /// After `held`: TCP has taken everything.
  case taken(ConnectionSlot)
  /// The route server's TCP has acknowledged everything that was sent. Told only to an engine that
  /// wants it (`Engine.wantsAcknowledgements`).
  case acknowledged(ConnectionSlot)
  /// A datagram of another speaker, authenticated and newer than those before. Bytes: its body.
  case hello(FellowSlot)
  /// This process ran so much later than it had meant to. It comes before what was read then.
  case paused(Nanoseconds)
  /// Something happened to the probes; some of it comes with bytes.
  case probe(ProbeEvent)
  /// What was kept by the run before. It comes before everything else. Bytes.
  case recalled(isSameBoot: Bool)
  /// An operator's wish; `Engine.lastAnswer` says what became of it.
  case command(OperatorCommand)
  /// The platform is about to do something to this machine, or no longer.
  case doomed(Bool)
  /// A deadline may have passed.
  case turn
  /// The outputs of the inputs before were carried out: what can wait is done now (arming).
  case idle
  /// Leave in order.
  case stop
}
