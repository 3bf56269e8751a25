// Puts an IPv4 address on an interface or takes it off, and tells exactly when the kernel did it.

import CLab
package import Model

/// One request to the kernel's table of addresses, made in the calling thread's network namespace.
package enum AddressRequest {
  /// The moments on CLOCK_REALTIME just before the request and just after the kernel's answer: the
  /// event lies between. Starting ip(8) for it would blur that by milliseconds.
  package struct Bracket: Sendable {
    package var before: Instant
    package var after: Instant
  }

  /// Adds `address`/32 to an interface.
  package static func add(_ address: IPv4Address, to interface: String) throws(Errno) -> Bracket {
    try run(type: UInt16(RTM_NEWADDR), extra: clab_create_flags, address, interface)
  }

  /// Removes `address`/32 from an interface.
  package static func remove(_ address: IPv4Address, from interface: String) throws(Errno)
    -> Bracket
  {
    try run(type: UInt16(RTM_DELADDR), extra: 0, address, interface)
  }

  private static func run(
    type: UInt16, extra: Int, _ address: IPv4Address, _ interface: String
  ) throws(Errno) -> Bracket {
    let index = unsafe if_nametoindex(interface)
    guard index != 0 else { throw Errno(code: ENODEV) }
    let socket = Descriptor(adopting: Int32(try system { clab_netlink_socket() }))
    let raw = socket.raw
    var request = clab_address_request()
    let size = MemoryLayout<clab_address_request>.size
    request.header.nlmsg_len = UInt32(size)
    request.header.nlmsg_type = type
    request.header.nlmsg_flags = UInt16(clab_request_flags | extra)
    request.header.nlmsg_seq = 1
    request.address.ifa_family = UInt8(AF_INET)
    request.address.ifa_prefixlen = 32
    request.address.ifa_index = index
    let attribute = UInt16(clab_attribute_length)
    request.local_head = rtattr(rta_len: attribute, rta_type: UInt16(IFA_LOCAL))
    request.local = address.bits.bigEndian
    request.whole_head = rtattr(rta_len: attribute, rta_type: UInt16(IFA_ADDRESS))
    request.whole = address.bits.bigEndian
    let before = Clock.wall()
    try system { unsafe clab_send(raw, &request, size) }
    // The kernel handles the request inside send(2), so the answer is already there.
    let after = Clock.wall()
    var answer = [UInt8](repeating: 0, count: 256)
    var stamp: Int64 = 0
    let count = try system { unsafe clab_receive_stamped(raw, &answer, answer.count, &stamp) }
    let code = try verdict(answer[..<count])
    if code != 0 { throw Errno(code: code) }
    return Bracket(before: before, after: after)
  }

  /// The errno of an NLMSG_ERROR, positive; 0 is the acknowledgement. It follows the header of 16
  /// bytes.
  static func verdict(_ answer: ArraySlice<UInt8>) throws(Errno) -> Int32 {
    guard answer.count >= 20 else { throw .inputOutput }
    let type = UInt16(answer[4]) | UInt16(answer[5]) << 8
    guard type == UInt16(NLMSG_ERROR) else { throw .inputOutput }
    var bits: UInt32 = 0
    for index in 0..<4 { bits |= UInt32(answer[16 + index]) << UInt32(8 * index) }
    return -Int32(bitPattern: bits)
  }
}
