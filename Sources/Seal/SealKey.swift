// The key of a group: it seals what leaves, and tells what came from somebody who has it.

import CSodium

/// A key of keyed BLAKE2b (RFC 7693), through libsodium. The tag authenticates a body; it hides
/// nothing: what speakers tell each other, Route Server tells everybody.
package struct SealKey: Equatable, Sendable {
  /// Bytes of a key, and of a tag: 128 bits, which nobody guesses.
  package static let size = 32
  package static let tagSize = 16

  private let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == SealKey.size, "a key has 32 bytes")
    precondition(
      SealKey.size >= Int(crypto_generichash_KEYBYTES_MIN)
        && SealKey.size <= Int(crypto_generichash_KEYBYTES_MAX)
        && SealKey.tagSize >= Int(crypto_generichash_BYTES_MIN), "libsodium knows these sizes")
    // Chooses the fastest BLAKE2b of this processor; 1 when that was done before.
    precondition(sodium_init() >= 0, "libsodium has no random numbers")
    self.bytes = bytes
  }

  /// Adds the tag of everything in `datagram` to its end. Nothing is allocated when there is room.
  package func seal(_ datagram: inout [UInt8]) {
    let tag = tag(of: datagram.span)
    for index in tag.indices { datagram.append(tag[index]) }
  }

  /// The bytes before the tag, when the tag is right; nil otherwise. How long it takes says nothing
  /// about how much of the tag was right.
  package func open(_ datagram: Span<UInt8>) -> Range<Int>? {
    guard datagram.count >= SealKey.tagSize else { return nil }
    let body = 0..<datagram.count - SealKey.tagSize
    let expected = tag(of: datagram.extracting(body))
    let given = datagram.extracting(last: SealKey.tagSize)
    let difference = unsafe given.withUnsafeBufferPointer { given in
      unsafe expected.span.withUnsafeBufferPointer { expected in
        unsafe sodium_memcmp(given.baseAddress, expected.baseAddress, SealKey.tagSize)
      }
    }
    return difference == 0 ? body : nil
  }

  private func tag(of body: Span<UInt8>) -> [16 of UInt8] {
    var tag = [16 of UInt8](repeating: 0)
    let result = unsafe body.withUnsafeBufferPointer { body in
      unsafe withUnsafeMutableBytes(of: &tag) { tag in
        guard let tag = tag.baseAddress else { return Int32(-1) }
        return unsafe crypto_generichash(
          tag.assumingMemoryBound(to: UInt8.self), SealKey.tagSize, body.baseAddress,
          UInt64(body.count), bytes, SealKey.size)
      }
    }
    precondition(result == 0, "libsodium takes these sizes")
    return tag
  }
}
