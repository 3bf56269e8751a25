// What a hello carries beside its entries: framed by length, so that an older reader skips it.

/// One trailer: where its value lies in the body.
///
///      0               1               2               3
///     +---------------+---------------+---------------+---------------+
///     |             kind              |       bytes of the value      |
///     +---------------+---------------+---------------+---------------+
///     |  value                                                        |
package struct HelloTrailer: Equatable, Sendable {
  /// Who does not know the kind goes on behind the value.
  package var kind: UInt16
  package var value: Range<Int>

  package init(kind: UInt16, value: Range<Int>) {
    self.kind = kind
    self.value = value
  }
}
