// What a relay has at either end: an interface of the forwarding namespace, or a host's tap.

import Linux

/// Where frames are taken from and left.
protocol FrameEnd: AnyObject {
  /// To be watched for reading.
  var raw: Int32 { get }
  /// The next frame; false when none waits.
  func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Bool
  /// False when the kernel has no room for it now.
  func send(_ frame: Span<UInt8>) throws(Errno) -> Bool
}

/// An interface that nobody else listens on.
final class CableEnd: FrameEnd {
  private let socket: FrameSocket

  init(interface: String) throws(Errno) { socket = try FrameSocket(interface: interface) }

  var raw: Int32 { socket.raw }

  func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Bool {
    try socket.next(into: &buffer)
  }

  func send(_ frame: Span<UInt8>) throws(Errno) -> Bool { try socket.send(frame) }
}

/// A host's tap. As with a real NIC its carrier is not its administrator's to switch, and the
/// kernel tells of a carrier that is lost when it sees fit.
final class TapEnd: FrameEnd {
  private let tap: TapDevice

  /// The tap is there already, in the namespace of the host.
  init(_ name: String, in namespace: String) throws(Errno) {
    tap = try NetworkNamespace.open(namespace).run { () throws(Errno) in
      try TapDevice(name: name, withHeaders: true)
    }
  }

  var raw: Int32 { tap.raw }

  func next(into buffer: inout ReceiveBuffer) throws(Errno) -> Bool {
    try tap.next(into: &buffer)
  }

  func send(_ frame: Span<UInt8>) throws(Errno) -> Bool { try tap.send(frame) }

  func setCarrier(_ carries: Bool) throws(Errno) { try tap.setCarrier(carries) }
}
