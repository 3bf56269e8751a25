// Why bytes are no hello.

/// What is wrong with a body. Nothing of such a body is used.
package enum HelloError: Error, Equatable, Sendable {
  /// It ends before its header does, or before what the header says.
  case tooShort
  /// There is more of it than the header says, or than any hello has.
  case tooLong
  /// It does not begin as a hello does.
  case noHello
  /// A hello of a version that we do not read.
  case otherVersion(UInt8)
  /// The part is not one of the parts.
  case badPart
  /// More entries than a datagram holds.
  case tooManyEntries
  /// A rung that is not on the ladder.
  case badRung
  /// Trailers that do not fill their space exactly.
  case badTrailer
}
