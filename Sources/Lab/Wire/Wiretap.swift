// Listens on a host's interface and reads the BGP that passes.

import Linux
import Model

/// A capture that runs as long as the value lives; the kernel stamps and keeps the frames until
/// they are read.
package final class Wiretap {
  package let host: String
  private let capture: PacketCapture
  private var buffer = ReceiveBuffer()
  /// What was read so far.
  package private(set) var reader = WireReader()
  /// Frames that the kernel could not keep: a capture with a hole proves nothing.
  package private(set) var drops: UInt32 = 0

  package init(_ lab: Lab, on host: String) throws(LabError) {
    self.host = host
    do throws(Errno) {
      // Opened inside the namespace, and it stays there.
      let namespace = try NetworkNamespace.open(lab.namespace(of: host))
      capture = try namespace.run { () throws(Errno) in try PacketCapture(interface: Lab.interface)
      }
    } catch {
      throw .system(error, doing: "capturing on \(host)")
    }
  }

  /// Reads everything that waits.
  package func drain() throws(LabError) {
    do throws(Errno) {
      while let frame = try capture.next(into: &buffer) {
        let bytes = buffer.withBytes { span in
          var copy: [UInt8] = []
          copy.reserveCapacity(span.count)
          for index in span.indices { copy.append(span[index]) }
          return copy
        }
        let moment = Moment(nanoseconds: frame.stamp.nanoseconds)
        reader.read(CapturedFrame(moment: moment, bytes: bytes))
      }
      drops += try capture.drops()
    } catch {
      throw .system(error, doing: "reading the capture on \(host)")
    }
  }

  /// Everything read so far, for a verdict.
  package func judge() throws(LabError) -> WireJudge {
    try drain()
    if drops > 0 {
      throw .unsuitable("the capture on \(host) lost \(drops) frames, so it proves nothing")
    }
    return WireJudge(instance: host, reader: reader)
  }
}
