// Why a request line was refused, and the answer that says so.

/// A refused request: the reason, the offset in the line, and the identifier if it was read.
package struct RequestError: Error, Hashable, Sendable {
  package let reason: Reason
  package let offset: Int
  /// `noIdentifier` when the line was refused before its identifier was known.
  package let id: String

  /// Stands for an identifier that nobody read; no request can have it.
  package static let noIdentifier = "-"

  package enum Reason: Hashable, Sendable, CaseIterable {
    case lineTooLong, badByte, emptyWord, unknownVersion, badIdentifier, unknownVerb, tooManyWords
    case badWord
  }

  init(_ reason: Reason, at offset: Int, id: String = RequestError.noIdentifier) {
    self.reason = reason
    self.offset = offset
    self.id = id
  }

  /// What a person is told.
  package var message: String {
    switch reason {
    case .lineTooLong: "the request is longer than \(ControlLimits.requestLine) bytes"
    case .badByte: "byte \(offset) of the request is not printable ASCII"
    case .emptyWord: "word at byte \(offset) of the request is empty"
    case .unknownVersion: "only version \(ControlLimits.version) of the control protocol is spoken"
    case .badIdentifier:
      "the identifier must be 1 to \(ControlLimits.identifier) letters, digits, '-', '_' or '.'"
    case .unknownVerb:
      "unknown verb; known are " + Verb.allCases.map(\.rawValue).joined(separator: ", ")
    case .tooManyWords: "more than \(ControlLimits.words) words"
    case .badWord: "word at byte \(offset) of the request is not percent-encoded UTF-8"
    }
  }

  /// The whole answer to the refused line.
  package var answer: [UInt8] { JSONLine.end(id: id, code: .usage, message: message) }
}
