// A request of the control protocol: one line `1 ID VERB WORDS...`, strictly read and written.

/// What may be asked of the daemon.
package enum Verb: String, Hashable, Sendable, CaseIterable {
  /// Everything the daemon knows now.
  case status
  /// What it has counted since it started.
  case metrics
  /// A stream of what happens from now on; the words choose the kinds of records.
  case monitor
  /// What is armed; a word names one VIP.
  case volleys
  /// What route servers have told; words name one of them, and whether the errors are wanted
  /// alone.
  case received
  /// Which of the kernel's routes are announced and which are held back; words name one rule, and
  /// whether only those that are held back are wanted.
  case routes
  /// How one VIP stands and why; the word names it.
  case explain
  /// Moves a VIP: its name, where to, and what qualifies the wish.
  case `switch`
  /// Takes VIPs out of service on this machine, or back: `on` or `off`, and names.
  case maintenance
  /// The configuration is read again and followed from then on: with `confirm` and a number of
  /// milliseconds, only if `keep` comes within them; `rollback` does not wait.
  case reload
  /// What is followed, as a whole configuration.
  case configuration = "config"
  /// The shifts that were; a word names one of them.
  case history
  /// The journal of what went into the engine, and then what goes into it; with the word `past`
  /// only what is known now.
  case record
  /// What route tables should say; with the word `follow`, and then each change.
  case desired
  /// What became of a route, from whoever writes it: VIP, generation, stage, durability, words.
  case report
  /// What Azure is about to do to this machine, as a whole: `none`, or `KIND:STATE:ID` for each.
  case events
  /// What in Azure will hurt; the courier looks and answers on its own socket.
  case inspect
  case version

  /// It changes something, so reading rights are not enough.
  package var isWriting: Bool {
    self == .switch || self == .maintenance || self == .reload || isTelling
  }

  /// It says what became of something outside, and asks for nothing.
  package var isTelling: Bool { self == .report || self == .events }
}

/// One request. A value that exists keeps every limit of the protocol.
package struct Request: Hashable, Sendable {
  package let id: String
  package let verb: Verb
  package let words: [String]

  /// Checks what is to be asked before it is encoded.
  package init(id: String, verb: Verb, words: [String] = []) throws(RequestError) {
    guard Request.isIdentifier(Array(id.utf8)[...]) else {
      throw RequestError(.badIdentifier, at: 0)
    }
    guard words.count <= ControlLimits.words else {
      throw RequestError(.tooManyWords, at: 0, id: id)
    }
    for word in words where word.isEmpty || word.utf8.contains(0) {
      throw RequestError(.badWord, at: 0, id: id)
    }
    self.id = id
    self.verb = verb
    self.words = words
    guard encoded().count - 1 <= ControlLimits.requestLine else {
      throw RequestError(.lineTooLong, at: ControlLimits.requestLine, id: id)
    }
  }

  /// Reads a line without its newline.
  package init(line: Span<UInt8>) throws(RequestError) {
    guard line.count <= ControlLimits.requestLine else {
      throw RequestError(.lineTooLong, at: ControlLimits.requestLine)
    }
    let pieces = try Request.split(line)
    guard pieces[0].elementsEqual("\(ControlLimits.version)".utf8) else {
      throw RequestError(.unknownVersion, at: 0)
    }
    guard pieces.count >= 2, Request.isIdentifier(pieces[1]) else {
      throw RequestError(.badIdentifier, at: min(pieces[0].endIndex + 1, line.count))
    }
    let id = String(decoding: pieces[1], as: UTF8.self)
    guard pieces.count >= 3, let verb = Verb(rawValue: String(decoding: pieces[2], as: UTF8.self))
    else { throw RequestError(.unknownVerb, at: min(pieces[1].endIndex + 1, line.count), id: id) }
    guard pieces.count - 3 <= ControlLimits.words else {
      throw RequestError(.tooManyWords, at: pieces[3 + ControlLimits.words].startIndex, id: id)
    }
    var words: [String] = []
    for piece in pieces[3...] {
      guard let word = PercentEncoding.decode(piece) else {
        throw RequestError(.badWord, at: piece.startIndex, id: id)
      }
      words.append(word)
    }
    self.id = id
    self.verb = verb
    self.words = words
  }

  /// The line that asks this, newline included.
  package func encoded() -> [UInt8] {
    var bytes = Array("\(ControlLimits.version) \(id) \(verb.rawValue)".utf8)
    for word in words {
      bytes.append(Request.space)
      PercentEncoding.encode(word, into: &bytes)
    }
    bytes.append(0x0a)
    return bytes
  }

  private static let space: UInt8 = 0x20

  /// Cuts at single spaces; the indices of each piece are offsets in the line.
  private static func split(_ line: Span<UInt8>) throws(RequestError) -> [ArraySlice<UInt8>] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.count)
    for offset in line.indices {
      guard (space...0x7e).contains(line[offset]) else { throw RequestError(.badByte, at: offset) }
      bytes.append(line[offset])
    }
    let pieces = bytes.split(separator: space, omittingEmptySubsequences: false)
    for piece in pieces where piece.isEmpty {
      throw RequestError(.emptyWord, at: piece.startIndex)
    }
    return pieces
  }

  /// ASCII letters, digits, '-', '_' and '.', the first one a letter or a digit.
  private static func isIdentifier(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first, bytes.count <= ControlLimits.identifier,
      PercentEncoding.isAlphanumeric(first)
    else { return false }
    return bytes.allSatisfy {
      PercentEncoding.isAlphanumeric($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f
    }
  }
}
