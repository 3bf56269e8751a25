// The socket of one class of kernel news: open while somebody needs it, drained within a budget.

import Engine
import Linux
import Model

/// Owns a netlink socket. What it brings goes to the engine, which alone knows what it means.
final class KernelSource {
  let kernelClass: KernelClass
  private var socket: NetlinkSocket?
  /// Counts sockets: an event for an earlier one is dropped.
  private(set) var generation: UInt32 = 0
  private var lastDrops: UInt32 = 0
  /// The last turn ended before the socket was seen empty.
  var isUnfinished = false
  /// Datagrams received since the daemon started.
  private(set) var datagrams: UInt64 = 0
  private var foreignBefore: UInt64 = 0

  init(_ kernelClass: KernelClass) { self.kernelClass = kernelClass }

  var isOpen: Bool { socket != nil }
  var receiveBufferSize: Int? { socket?.receiveBufferSize }
  /// Datagrams of others that were dropped.
  var foreign: UInt64 { foreignBefore + (socket?.foreign ?? 0) }
  /// What the kernel could not queue since the socket was opened.
  var drops: UInt32 { lastDrops }

  /// Datagrams that the class gets in one wake-up: links and addresses decide, the others can wait
  /// for each other.
  var budget: Int { kernelClass == .interfaces ? Loop.kernelBudget : Loop.streamBudget }

  var byteBudget: Int { kernelClass == .interfaces ? .max : Loop.streamBytes }

  private var groups: NetlinkSocket.Groups {
    switch kernelClass {
    case .interfaces: .interfaces
    case .routes: .routes
    case .neighbours: .neighbours
    }
  }

  /// Opens the socket and answers its descriptor and its address.
  func open() throws(Errno) -> (raw: Int32, port: UInt32) {
    close()
    let fresh = try NetlinkSocket(groups: groups)
    generation &+= 1
    lastDrops = 0
    let place = (fresh.raw, fresh.portID)
    socket = consume fresh
    return place
  }

  func close() {
    foreignBefore = foreign
    isUnfinished = false
    socket = nil
  }

  /// Takes one datagram, if there is one.
  func receive(into buffer: inout ReceiveBuffer) throws(Errno) -> NetlinkSocket.Received {
    guard let received = try socket?.receive(into: &buffer) else { return .empty }
    if case .datagram = received { datagrams += 1 }
    return received
  }

  /// Whether the kernel's count of what it dropped has moved since the last question: after ENOBUFS
  /// further losses are silent until the socket is empty (net/netlink/af_netlink.c,
  /// netlink_overrun).
  func dropsMoved() throws(Errno) -> Bool {
    guard let drops = try socket?.drops(), drops != lastDrops else { return false }
    lastDrops = drops
    return true
  }

  func request(_ what: DumpRequest, sequence: UInt32) throws(Errno) {
    let dump: NetlinkSocket.Dump =
      switch what {
      case .links: .links
      case .addresses: .addresses
      case .nextHops: .nextHops
      case .ipv4Routes: .ipv4Routes(table: 0)
      case .ipv6Routes: .ipv6Routes(table: 0)
      case .neighbours: .neighbours
      }
    try socket?.requestDump(dump, sequence: sequence)
  }

  func ask(for link: InterfaceIndex, sequence: UInt32) throws(Errno) {
    try socket?.requestLink(link.value, sequence: sequence)
  }
}
