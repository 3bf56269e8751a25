// What every connected byte stream does alike: read what is there, write what fits, never wait.

import CLinux
import Model

/// Calls on a borrowed stream descriptor.
enum StreamSocket {
  /// Reads once: how many bytes came, 0 at the end of the stream, nil when nothing is there yet.
  @inline(__always)
  static func receive(
    _ descriptor: Int32, into buffer: inout ReceiveBuffer
  ) throws(Errno) -> Int? {
    do throws(Errno) {
      try unsafe buffer.fill { memory, capacity in
        unsafe clinux_recv(descriptor, memory, capacity, Int32(MSG_DONTWAIT))
      }
    } catch {
      if error == .again { return nil }
      throw error
    }
    return buffer.count
  }

  /// Writes once: how many bytes the kernel took, 0 when it would have had to wait.
  @inline(__always)
  static func send(_ descriptor: Int32, _ bytes: Span<UInt8>) throws(Errno) -> Int {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    do throws(Errno) {
      return try system {
        unsafe bytes.withUnsafeBufferPointer { bytes in
          unsafe clinux_send(descriptor, bytes.baseAddress, bytes.count, flags)
        }
      }
    } catch {
      if error == .again { return 0 }
      throw error
    }
  }

  /// Waits until the descriptor is ready, in error, or the time is over; true unless the time was
  /// over.
  static func wait(_ descriptor: Int32, _ interest: Interest, for length: Nanoseconds) -> Bool {
    let deadline = Clock.monotonic() + length
    let events =
      (interest.contains(.read) ? Int16(POLLIN) : 0)
      | (interest.contains(.write) ? Int16(POLLOUT) : 0)
    do throws(Errno) {
      let ready = try system {
        // Inside, so that an interrupted wait goes on for what is left.
        let left = max((deadline - Clock.monotonic()).count, 0)
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        var timeout = timespec(
          tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        return unsafe clinux_poll(&entry, 1, &timeout)
      }
      return ready > 0
    } catch {
      // One entry and a checked length leave the kernel nothing to refuse.
      preconditionFailure("ppoll refused")
    }
  }
}
