// One GET and what its answer says: fed with bytes as they come, it judges as early as it can.

import Bytes
package import Model

/// What is asked and expected, made once from the Plan.
package struct HTTPCheck: Equatable, Sendable {
  package let request: [UInt8]
  let statuses: ClosedRange<UInt16>
  let text: [UInt8]
  /// For each position of `text` how much of its beginning also ends there (Knuth, Morris, Pratt).
  let borders: [Int]

  package init(_ fetch: Plan.Probe.Fetch) {
    // `Connection: close`: a connection for each probe, so that the whole way is asked every time.
    request = Array(
      ("GET \(fetch.path) HTTP/1.1\r\nHost: \(fetch.authority)\r\nUser-Agent: hopshift\r\n"
        + "Accept: */*\r\nConnection: close\r\n\r\n").utf8)
    statuses = fetch.statuses
    text = Array((fetch.text ?? "").utf8)
    var borders = [Int](repeating: 0, count: text.count)
    var length = 0
    for index in text.indices.dropFirst() {
      while length > 0, text[index] != text[length] { length = borders[length - 1] }
      if text[index] == text[length] { length += 1 }
      borders[index] = length
    }
    self.borders = borders
  }
}

/// The answer to one request, as far as it has come.
package struct HTTPExchange: Sendable {
  /// A status line that is longer is none: RFC 9112 section 3 lets us choose.
  package static let lineLimit = 1_024
  /// The text has to be found within so many bytes of the answer.
  package static let byteLimit = 65_536

  package enum Verdict: Hashable, Sendable {
    /// Not decided yet.
    case open
    case good
    case bad
  }

  private enum Part: UInt8, Hashable, Sendable {
    case statusLine
    case header
    case body
  }

  private var part = Part.statusLine
  /// Bytes of the present line, or of the answer's body.
  private var count = 0
  private var total = 0
  private var status: UInt16 = 0
  private var matched = 0

  package init() {}

  /// The status code, once it was read.
  package var code: UInt16? { status >= 100 ? status : nil }

  package mutating func read(_ bytes: Span<UInt8>, _ check: HTTPCheck) -> Verdict {
    for index in bytes.indices {
      let verdict = read(bytes[index], check)
      if verdict != .open { return verdict }
    }
    return .open
  }

  private mutating func read(_ byte: UInt8, _ check: HTTPCheck) -> Verdict {
    total += 1
    guard total <= HTTPExchange.byteLimit else { return .bad }
    switch part {
    case .statusLine: return readStatusLine(byte, check)
    case .header: return readHeader(byte)
    case .body: return readBody(byte, check)
    }
  }

  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  /// What a status line begins with; `?` is a digit, and three more digits and a space follow.
  private static let pattern = [UInt8]("HTTP/1.? ???".utf8)

  /// RFC 9112 section 4: HTTP-version SP status-code SP [reason-phrase]. Some servers leave out the
  /// second space together with the reason.
  private mutating func readStatusLine(_ byte: UInt8, _ check: HTTPCheck) -> Verdict {
    let position = count
    count += 1
    let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    if position < HTTPExchange.pattern.count {
      let expected = HTTPExchange.pattern[position]
      guard expected == UInt8(ascii: "?") ? isDigit : byte == expected else { return .bad }
      if position >= 9 { status = status * 10 + UInt16(byte - UInt8(ascii: "0")) }
      return .open
    }
    if position == HTTPExchange.pattern.count {
      guard
        byte == UInt8(ascii: " ") || byte == HTTPExchange.carriageReturn
          || byte == HTTPExchange.newline, check.statuses.contains(status)
      else { return .bad }
      if check.text.isEmpty { return .good }
    }
    if byte == HTTPExchange.newline {
      part = .header
      count = 0
      return .open
    }
    return count < HTTPExchange.lineLimit ? .open : .bad
  }

  /// The body begins behind an empty line. A text is looked for in the body only.
  private mutating func readHeader(_ byte: UInt8) -> Verdict {
    switch byte {
    case HTTPExchange.newline:
      if count == 0 { part = .body }
      count = 0
    case HTTPExchange.carriageReturn: break
    default: count += 1
    }
    return .open
  }

  private mutating func readBody(_ byte: UInt8, _ check: HTTPCheck) -> Verdict {
    while matched > 0, check.text[matched] != byte { matched = check.borders[matched - 1] }
    if check.text[matched] == byte { matched += 1 }
    return matched == check.text.count ? .good : .open
  }
}

extension HTTPExchange {
  mutating func keep(in keeper: inout Keeper) {
    keeper.keep(&part)
    keeper.keep(&count)
    keeper.keep(&total)
    keeper.keep(&status)
    keeper.keep(&matched)
  }
}
